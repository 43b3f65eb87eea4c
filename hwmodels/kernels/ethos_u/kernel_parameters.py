"""Parameters of kernels on Arm's Ethos-U: the engine as the platform file gives it, and what the compiler decided.

Vela decides for each kernel what block it works in, where its tensors are kept and how its weights arrive. The schedule
of a simulated network takes the same decisions and fills in the parameters of the types ``Decided...``, which no
platform file states. Cycles are the engine's, sizes of blocks are in elements.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from stairline.hwmodels.kernels.parameters import Amount, Count, CountOrNone, Decided, Range, Ratio

Flag = Annotated[float, Range(0.0, 1.0, whole=True)]
"""1 where something is so, else 0."""
DecidedSize = Annotated[float, Decided]
"""A number of elements, cycles or bytes."""
DecidedFlag = Annotated[float, Decided]
"""1 where something is so for this kernel, else 0."""


class EthosU(NamedTuple):
    """A kernel of an Ethos-U: its engine, and what Vela decided for this kernel."""

    generation: Annotated[float, Range(55.0, 85.0, whole=True)]
    """55 or 85."""
    output_cycles: Amount
    """Cycles per output element of the operator on the output unit."""
    activation_cycles: Amount
    """Cycles per output element of a clipping activation, done in the same pass."""
    table_cycles: Amount
    """Cycles per output element of an activation that looks up a table, done in the same pass."""
    fast_burst_bytes: float
    """Bytes of one burst to or from the fast memory."""
    fast_read_cycles: Amount
    """Latency of a read from the fast memory."""
    fast_write_cycles: Amount
    """Latency of a write to the fast memory."""
    fast_requests: Count
    """Reads, and as many writes, that are under way at one time over all ports to the fast memory."""
    slow_burst_bytes: float
    """Bytes of one burst to or from the slow memory."""
    slow_read_cycles: Amount
    """Latency of a read from the slow memory."""
    slow_write_cycles: Amount
    """Latency of a write to the slow memory."""
    slow_reads: Count
    """Reads that are under way at one time to the slow memory."""
    slow_writes: CountOrNone
    """Writes that are under way at one time to the slow memory; 0 where nothing is written to it."""
    weight_ratio: Ratio
    """Size of encoded weights whose values a network's file does not hold, over that of uniform ones."""
    cores: Count = 1.0
    """Cores that share the products of each block."""
    weight_streams: Count = 1.0
    """Streams that weights are split into, which are decoded at one time."""
    empty_taps: CountOrNone = 0.0
    """Zeros that are stored behind every ten taps of a depthwise kernel."""
    delay_cycles: Amount = 2.0
    """Cycles in which a single unit of output waits for its own sums, after each of its steps."""
    window_cycles: Amount = 4.0
    """Cycles in which a pooling takes one element of its window for a unit of output."""
    maps_slow: Flag = 0.0
    """1 where feature maps are in the slow memory unless the schedule puts them into the fast one."""
    copy_words: CountOrNone = 0.0
    """Words of 16 bytes that the copy channel and that for element-wise inputs have under way; 0: no limit."""
    weight_words: CountOrNone = 0.0
    """Words of 16 bytes that the channel for weights has under way; 0: no limit."""
    input_words: CountOrNone = 0.0
    """Words of 16 bytes that the channel for inputs of products and windows has under way; 0: as that for weights."""
    scale_words: CountOrNone = 0.0
    """Words of 16 bytes that the channel for scales and biases has under way; 0: no limit."""
    block_h: DecidedSize = 1.0
    """Height of an output block."""
    block_w: DecidedSize = 1.0
    """Width of an output block."""
    block_c: DecidedSize = 1.0
    """Channels of an output block."""
    input_block_h: DecidedSize = 1.0
    """Height of the input block behind an output block."""
    input_block_w: DecidedSize = 1.0
    """Width of the input block behind an output block."""
    input_block_c: DecidedSize = 1.0
    """Channels of the input block that are read at one time."""
    unit_h: DecidedSize = 1.0
    """Rows of output that the multipliers work on at one time."""
    unit_w: DecidedSize = 1.0
    """Columns of output that the multipliers work on at one time."""
    unit_c: DecidedSize = 1.0
    """Channels of output that the multipliers work on at one time."""
    mixes: DecidedFlag = 0.0
    """1 where every output channel needs all input channels."""
    kernel_first: DecidedFlag = 0.0
    """1 where four taps of eight channels are multiplied at one time rather than 32 or more channels of one tap."""
    input_fast: DecidedFlag = 0.0
    """1 where the first input is in the fast memory."""
    input_bricks: DecidedFlag = 0.0
    """1 where the first input is stored in bricks of 16 channels."""
    output_fast: DecidedFlag = 0.0
    """1 where the output is in the fast memory."""
    output_bricks: DecidedFlag = 0.0
    """1 where the output is stored in bricks of 16 channels."""
    output_stored: DecidedFlag = 1.0
    """0 where a chained operator takes the output straight from this one."""
    second_h: DecidedSize = 0.0
    """Height of the second input; 0 where there is none."""
    second_w: DecidedSize = 0.0
    """Width of the second input; 0 where there is none."""
    second_c: DecidedSize = 0.0
    """Channels of the second input; 0 where there is none."""
    second_fast: DecidedFlag = 0.0
    """1 where the second input is in the fast memory."""
    second_bricks: DecidedFlag = 0.0
    """1 where the second input is stored in bricks of 16 channels."""
    chained_cycles: DecidedSize = 0.0
    """Cycles per output element of the chained operators."""
    table: DecidedFlag = 0.0
    """1 where an activation is fused that looks up a table."""
    clipped: DecidedFlag = 0.0
    """1 where a clipping activation is fused."""
    weight_bytes: DecidedSize = 0.0
    """Weights as encoded."""
    scale_bytes: DecidedSize = 0.0
    """Scales and biases as encoded."""
    buffered: DecidedFlag = 0.0
    """1 where weights are copied to the fast memory before use."""
    buffered_early_bytes: DecidedSize = 0.0
    """Weights and scales copied while the kernel before still runs."""
    copy_visible_cycles: DecidedSize = 0.0
    """Cycles of the first copy, and of loading a table, that nothing hides."""
    copy_cycles: DecidedSize = 0.0
    """Cycles of copying all weights less what the kernel before hides, with the slack of this one."""
    input_copy_cycles: DecidedSize = 0.0
    """Cycles of copying the whole input to the fast memory before the kernel starts."""
    chained_fast_read_bytes: DecidedSize = 0.0
    """Bytes that chained operators read from the fast memory besides this kernel's output."""
    chained_fast_written_bytes: DecidedSize = 0.0
    """Bytes that the last chained operator writes to the fast memory."""
    chained_slow_read_bytes: DecidedSize = 0.0
    """Bytes that chained operators read from the slow memory besides this kernel's output."""
    chained_slow_written_bytes: DecidedSize = 0.0
    """Bytes that the last chained operator writes to the slow memory."""
