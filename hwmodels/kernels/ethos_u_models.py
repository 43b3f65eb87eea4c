"""Parameters of kernels on Arm's Ethos-U: the engine as the platform file gives it, and what the compiler decided.

Vela decides for each kernel what block it works in, where its tensors are kept and how its weights arrive;
``simulator.ethos_u.schedule`` takes the same decisions and writes them into the second half of the list. Cycles are the
engine's, sizes of blocks are in elements, and flags are 0 or 1.
"""

from __future__ import annotations

from typing import NamedTuple


class EthosU(NamedTuple):
    """A kernel of an Ethos-U. Fields from ``block_h`` on are set by the schedule and stay out of a platform file."""

    generation: float
    """55 or 85."""
    output_cycles: float
    """Per output element of the operator on the output unit."""
    activation_cycles: float
    """Per output element of a clipping activation, done in the same pass."""
    table_cycles: float
    """Per output element of an activation that looks up a table, done in the same pass."""
    fast_burst_bytes: float
    fast_read_cycles: float
    """Latency of a read from the fast memory."""
    fast_write_cycles: float
    fast_requests: float
    """Reads, and as many writes, that are under way at one time over all ports to the fast memory."""
    slow_burst_bytes: float
    slow_read_cycles: float
    slow_write_cycles: float
    slow_reads: float
    slow_writes: float
    weight_ratio: float
    """Size of encoded weights whose values a network's file does not hold, over that of uniform ones."""
    maps_slow: float = 0.0
    """1 where feature maps are in the slow memory unless the schedule puts them into the fast one."""
    copy_words: float = 0.0
    """Words of 16 bytes that the copy channel and that for element-wise inputs have under way; 0: no limit."""
    weight_words: float = 0.0
    """The same for weights and for the inputs of products and windows."""
    scale_words: float = 0.0
    """The same for scales and biases."""
    block_h: float = 1.0
    block_w: float = 1.0
    block_c: float = 1.0
    input_block_h: float = 1.0
    input_block_w: float = 1.0
    input_block_c: float = 1.0
    unit_h: float = 1.0
    """Output elements that the multipliers work on at one time."""
    unit_w: float = 1.0
    unit_c: float = 1.0
    mixes: float = 0.0
    """1 where every output channel needs all input channels."""
    kernel_first: float = 0.0
    """1 where four taps of eight channels are multiplied at one time rather than 32 or more channels of one tap."""
    input_fast: float = 0.0
    """1 where the first input is in the fast memory."""
    input_bricks: float = 0.0
    """1 where the first input is stored in bricks of 16 channels."""
    output_fast: float = 0.0
    output_bricks: float = 0.0
    output_stored: float = 1.0
    """0 where an operator chained behind takes the output straight from this one."""
    second_h: float = 0.0
    """Size of the second input; 0 where there is none."""
    second_w: float = 0.0
    second_c: float = 0.0
    second_fast: float = 0.0
    second_bricks: float = 0.0
    chained_cycles: float = 0.0
    """Per output element of operators chained behind."""
    table: float = 0.0
    """1 where an activation is fused that looks up a table."""
    clipped: float = 0.0
    """1 where a clipping activation is fused."""
    weight_bytes: float = 0.0
    """Weights as encoded."""
    scale_bytes: float = 0.0
    buffered: float = 0.0
    """1 where weights are copied to the fast memory before use."""
    buffered_early_bytes: float = 0.0
    """Weights and scales copied while the kernel before still runs."""
    copy_visible_cycles: float = 0.0
    """Cycles of the first copy, and of loading a table, that nothing hides."""
    copy_cycles: float = 0.0
    """Cycles of copying all weights less what the kernel before hides, with the slack of this one."""
    input_copy_cycles: float = 0.0
    """Cycles of copying the whole input to the fast memory before the kernel starts."""
    beside_fast_read_bytes: float = 0.0
    """Bytes that operators chained behind read from the fast memory."""
    beside_fast_written_bytes: float = 0.0
    beside_slow_read_bytes: float = 0.0
    beside_slow_written_bytes: float = 0.0


class EthosUSoftmax(NamedTuple):
    """A softmax, which an Ethos-U runs as some twenty-five element-wise operators on rows of classes."""

    kernel_cycles: float
    """Of what runs once for each row: the reciprocal of its sum."""
    element_cycles: float
