"""Network inputs that Vela first copies to the fast memory, because a window reads them several times.

Source: Vela 5.2 (Arm, Apache-2.0), CreateInitialSchedule of its scheduler, as the released library runs it.
"""

from __future__ import annotations

from stairline.hwmodels.kernels.ethos_u.memory import copied_cycles
from stairline.hwmodels.kernels.ethos_u.traffic import blocks_across
from stairline.simulator.runtimes.vela.blocks.query import round_up
from stairline.simulator.runtimes.vela.network.network import Network, Node, Stored, connected
from stairline.simulator.runtimes.vela.network.operator import Operator
from stairline.simulator.runtimes.vela.weights.encoding import encode

from .buffering import SPLIT_DEPTH
from .estimate import engine, input_cycles, weight_cycles
from .steps import Step, step

WINDOWS = frozenset({"conv", "depthwise"})


def staged(net: Network, limit: int) -> Network:
    """The network with a copy of its input before every node that a copy speeds up.

    The copies take at most ``limit`` bytes of the fast memory together.
    """
    nodes: list[Node] = []
    copies: dict[int, Stored] = {}
    for node in net.nodes:
        source = net.tensors[node.inputs[0]]
        if node.kind in WINDOWS and source.outside and not source.writers and len(source.readers) == 1:
            copy, one = _copy(node, -1 - len(copies)), step(node, int(node.op.work.h_out))
            if one.reference.input_bytes <= limit and _quicker(one, copy):
                nodes.append(copy)
                copies[copy.output] = source._replace(outside=False)
                limit -= source.bytes
                op = node.op._replace(p=node.op.p._replace(input_fast=1.0))
                node = node._replace(inputs=(copy.output,), op=op)
        nodes.append(node)
    return Network(tuple(nodes), connected(nodes, {**net.tensors, **copies})) if copies else net


def _copy(node: Node, output: int) -> Node:
    """A node that copies the input of ``node``: a pooling with a window of one element."""
    work, p = node.op.work, node.op.p
    work = work._replace(
        h_out=work.h_in,
        w_out=work.w_in,
        c_out=work.c_in,
        kernel_h=1.0,
        kernel_w=1.0,
        stride_h=1.0,
        stride_w=1.0,
        dilation_h=1.0,
        dilation_w=1.0,
    )
    p = p._replace(
        mixes=0.0,
        table=0.0,
        clipped=0.0,
        chained_cycles=0.0,
        output_stored=1.0,
        output_fast=1.0,
        output_bricks=p.input_bricks,
    )
    return node._replace(
        kind="copy",
        op=Operator("ethos_u_pool", work, node.op.roof, p),
        chained_operands=(),
        output=output,
        table=False,
        chained=False,
        striped=False,
        stages=True,
    )


def _quicker(one: Step, copy: Node) -> bool:
    """Whether an operator waits for its input rather than for the engine or its weights, and a copy takes less time."""
    op, estimate = one.op, one.reference
    if estimate.input_read_bytes <= estimate.input_bytes or estimate.engine_bound:
        return False
    sizes = encode(op, op.work.c_out)
    slice_cycles = 0
    if estimate.weight_read_cycles > estimate.input_read_cycles:
        slices = round_up(int(op.work.c_out), SPLIT_DEPTH) // SPLIT_DEPTH
        slice_cycles = int(copied_cycles(op.p, op.roof, sizes.weights // slices))
    weights = weight_cycles(op, sizes.bytes * int(blocks_across(op.work, op.p)), True)
    if weights > slice_cycles + estimate.input_read_cycles:
        return False
    copying = int(engine(step(copy, int(copy.op.work.h_out)).op).cycles)
    return copying + input_cycles(op, estimate.input_read_bytes, True) < estimate.input_read_cycles
