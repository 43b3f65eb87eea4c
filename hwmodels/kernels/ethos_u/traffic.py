"""What a kernel of an Ethos-U moves between its engine and each memory.

Source: Vela 5.2 (Arm, Apache-2.0), regor/architecture/ethosu85/ethos_u85_performance.cpp: MeasureElementAccess and
ElementTransferToBytes, and their namesakes for the U55.
"""

from __future__ import annotations

from stairline.hwmodels.kernels.base import Roof, Work, ceil

from .engine import SUBKERNEL
from .kernel_parameters import EthosU
from .memory import Map, Moved, input_map, output_map, second_map, stored_elements, transferred_bytes


def maps_moved(work: Work, roof: Roof, p: EthosU, fast: float, streamed: float) -> Moved:
    """Feature maps that a kernel reads from and writes to one memory.

    ``streamed`` is 1 where inputs pass once, element by element, and 0 where windows read them.
    """
    read, passed = 0.0, p.chained_fast_read_bytes if fast > 0.0 else p.chained_slow_read_bytes
    written = p.chained_fast_written_bytes if fast > 0.0 else p.chained_slow_written_bytes
    block = Map(p.input_block_h, p.input_block_w, p.input_block_c, 0.0, 0.0)
    if p.input_fast == fast:
        elements = work.n * stored_elements(input_map(work, p)) if streamed > 0.0 else window_elements(work, p)
        moved = transferred_bytes(p, roof.element_bytes, input_map(work, p), block, 1.0, elements)
        read += 0.0 if streamed > 0.0 else moved
        passed += moved if streamed > 0.0 else 0.0
    if p.second_c > 0.0 and p.second_fast == fast:
        passed += transferred_bytes(p, roof.element_bytes, second_map(p), block, 1.0, second_elements(work, roof, p))
    if p.output_stored > 0.0 and p.output_fast == fast:
        m = output_map(work, p)
        block = Map(p.block_h, p.block_w, p.block_c, 0.0, 0.0)
        written += transferred_bytes(p, roof.element_bytes, m, block, 0.0, work.n * stored_elements(m))
    return Moved(read, passed, written, 0.0, 0.0, 0.0, 0.0)


def weights_moved(work: Work, p: EthosU, fast: float) -> Moved:
    """Weights and scales, read once for every block across; copied beforehand where they are buffered."""
    readings = work.n * blocks_across(work, p)
    copied = max(p.weight_bytes - p.buffered_early_bytes, 0.0) if p.buffered > 0.0 else 0.0
    weights = readings * p.weight_bytes if p.buffered == fast else 0.0
    if fast > 0.0:
        return Moved(0.0, 0.0, 0.0, copied, 0.0, weights, 0.0)
    return Moved(0.0, 0.0, 0.0, 0.0, copied, weights, readings * p.scale_bytes)


def both(first: Moved, second: Moved) -> Moved:
    """Two kinds of traffic to one memory together."""
    return Moved(
        first.read + second.read,
        first.streamed + second.streamed,
        first.written + second.written,
        first.copied_in + second.copied_in,
        first.copied_out + second.copied_out,
        first.weights + second.weights,
        first.scales + second.scales,
    )


def window_elements(work: Work, p: EthosU) -> float:
    """Elements of the input that are read by blocks of windows, which overlap."""
    pieces = ceil(work.kernel_h / SUBKERNEL) * ceil(work.kernel_w / SUBKERNEL)
    layers = ceil(work.c_out / min(work.c_out, p.block_c)) if p.mixes > 0.0 else 1.0
    h, w = min(work.h_in, p.input_block_h), min(work.w_in, p.input_block_w)
    each = stored_elements(Map(h, w, work.c_in, p.input_fast, p.input_bricks))
    return work.n * each * pieces * blocks_across(work, p) * layers


def second_elements(work: Work, roof: Roof, p: EthosU) -> float:
    """Elements of the second input, of which a single one is part of the command, on the U55 if it has one byte.

    The U55 is charged for the whole output however often they repeat.
    """
    if p.second_h * p.second_w * p.second_c == 1.0:
        return stored_elements(second_map(p)) if p.generation == 55.0 and roof.element_bytes > 1.0 else 0.0
    if p.generation == 55.0:
        return work.n * stored_elements(Map(work.h_out, work.w_out, work.c_out, 0.0, p.input_bricks))
    return stored_elements(second_map(p))


def blocks_across(work: Work, p: EthosU) -> float:
    """Blocks along height and width, which are as many readings of all weights."""
    return ceil(work.h_out / min(work.h_out, p.block_h)) * ceil(work.w_out / min(work.w_out, p.block_w))
