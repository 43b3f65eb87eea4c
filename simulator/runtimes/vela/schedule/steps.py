"""The nodes of a network with their blocks, computed as a whole or in stripes of rows."""

from __future__ import annotations

from typing import NamedTuple

from stairline.hwmodels.platform import PlatformError
from stairline.simulator.runtimes.vela.blocks import u55, u85, u85_engine
from stairline.simulator.runtimes.vela.blocks.query import Block, Query
from stairline.simulator.runtimes.vela.network.network import Node
from stairline.simulator.runtimes.vela.network.operator import Operator
from stairline.simulator.runtimes.vela.weights.encoding import encode

from .estimate import Estimate, engine, estimate


class Step(NamedTuple):
    """A node that computes a number of rows at a time, with all tensors in the memories where they are stored."""

    op: Operator
    rows: int
    input_rows: int
    reference: Estimate
    """Vela's estimate without buffered weights."""
    cycles: int
    """The engine's cycles for the whole output."""
    cascade: int = -1
    """Position of the last node of its cascade; -1 where it is in none."""
    first: bool = False
    """Whether it is the first node of its cascade."""
    buffer_bytes: int = 0
    """Fast memory that a copy of all its weights takes; 0 where they are not copied."""


def step(node: Node, rows: int) -> Step:
    """The node computing ``rows`` of its output at a time. Raises ValueError where no block fits."""
    work = node.op.work
    rows = rows if node.striped else int(work.h_out)
    taken = int(min((rows - 1) * work.stride_h + (work.kernel_h - 1) * work.dilation_h + 1, work.h_in))
    whole = rows == work.h_out
    op = _with_block(node, _block(node, int(work.h_in) if whole else taken, rows))
    return Step(
        op,
        rows,
        int(work.h_in) if whole else taken,
        estimate(op, (0, int(work.c_out)), rows=rows),
        0 if node.stages else int(engine(op).cycles),  # Vela counts no cycles for a copy that it adds itself.
    )


def _block(node: Node, input_rows: int, rows: int) -> Block:
    work, roof = node.op.work, node.op.roof
    first, output = (input_rows, int(work.w_in), int(work.c_in)), (rows, int(work.w_out), int(work.c_out))
    query = Query(
        "conv" if node.kind == "rows" else node.kind,
        first,
        first if node.kind == "turned" else output,
        (int(work.kernel_h), int(work.kernel_w)),
        (int(work.stride_h), int(work.stride_w)),
        (int(work.dilation_h), int(work.dilation_w)),
        (min(input_rows, node.second[0]), node.second[1], node.second[2]) if node.second else None,
        node.table,
        int(roof.element_bytes),
        _macs(node),
        node.upscale,
    )
    search = u55.find_block if node.op.p.generation == 55.0 else u85.find_block
    found: Block = search(query)
    return found


def _macs(node: Node) -> int:
    """The engine's products of 8-bit numbers in a cycle. Raises PlatformError for a size that Vela lacks."""
    roof = node.op.roof
    macs = round(roof.macs_per_s / roof.clock_hz * roof.element_bytes)
    sizes = u55.CONFIGURATIONS if node.op.p.generation == 55.0 else u85_engine.ENGINES
    if macs not in sizes:
        known = ", ".join(map(str, sizes))
        raise PlatformError(f"macs_per_cycle: {macs}: Vela's blocks are known of engines with {known} MACs per cycle")
    return macs


def _with_block(node: Node, block: Block) -> Operator:
    op = node.op
    p = op.p._replace(
        block_h=float(block.output[0]),
        block_w=float(block.output[1]),
        block_c=float(block.output[2]),
        input_block_h=float(block.first[0]),
        input_block_w=float(block.first[1]),
        input_block_c=float(block.first[2]),
        unit_h=float(block.unit[0]),
        unit_w=float(block.unit[1]),
        unit_c=float(block.unit[2]),
        kernel_first=float(block.kernel_first),
    )
    if op.weighted:
        weights = encode(op._replace(p=p), op.work.c_out)
        p = p._replace(weight_bytes=float(weights.weights), scale_bytes=float(weights.scales))
    return op._replace(p=p)
