"""Vela's decisions for a whole network, written into the parameters of its kernels.

Source: Vela 5.2 (Arm, Apache-2.0), regor/compiler/scheduler.cpp: Process and what it calls; decisions that the modules
of this package take one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hwmodels.ethos_u_models import EthosU

from ..cost import Work
from ..cost.ethos_u_memory import copied_cycles
from ..graph import Graph
from ..ops import ACTIVATIONS, as_nhwc
from . import blocks_u55
from .blocks import Block, Kind, Query
from .buffering import Buffered, Place, Slack, propose
from .encoding import encode
from .estimate import WEIGHTED, Estimate, Operator, engine, estimate
from .layout import Layout, layout

if TYPE_CHECKING:
    from ..plan import Kernel

TABLE_BYTES = 256
"""A table of an 8-bit activation."""
UNLIMITED_BYTES = 1 << 30
CLIPS = frozenset({"relu", "relu6"})
KINDS: dict[str, Kind] = {
    "ethos_u_conv": "conv",
    "ethos_u_dwconv": "depthwise",
    "ethos_u_pool": "pool",
    "ethos_u_elementwise": "elementwise",
}


def schedule(graph: Graph, kernels: Sequence[Kernel], fast_bytes: float) -> list[Kernel]:
    """The kernels with blocks, layouts and copies decided; others than an Ethos-U's are left as they are."""
    stored = layout(graph)
    done, before = list(kernels), None
    for index in execution_order(graph, kernels):
        kernel = kernels[index]
        if kernel.rule is None or not isinstance(kernel.rule.parameters, EthosU):
            continue
        found = _blocked(graph, kernel, stored)
        op = Operator(found.rule.model, found.work, found.rule.roof, found.rule.parameters)
        p, before = _buffered(op, before, UNLIMITED_BYTES)
        done[index] = found._replace(rule=found.rule._replace(parameters=p))
    return done


def execution_order(graph: Graph, kernels: Sequence[Kernel]) -> list[int]:
    """Kernels as Vela runs them: each after what it reads, the last input's branch before the first's."""
    of_layer = {layer: number for number, kernel in enumerate(kernels) for layer in kernel.layers}
    order: list[int] = []
    seen: set[int] = set()
    waiting = [(of_layer[graph.producer[t]], False) for t in graph.outputs if graph.producer[t] >= 0]
    while waiting:
        number, ready = waiting.pop()
        if ready:
            order.append(number)
        elif number not in seen:
            seen.add(number)
            waiting.append((number, True))
            read = [t for layer in kernels[number].layers for t in graph.layers[layer].inputs]
            sources = [of_layer[graph.producer[t]] for t in read if graph.producer[t] >= 0]
            waiting += [(source, False) for source in sources if source != number]
    return order


def _blocked(graph: Graph, kernel: Kernel, stored: Layout) -> Kernel:
    """The kernel with its block and the layout of its tensors."""
    first, last = graph.layers[kernel.layers[0]], graph.layers[kernel.layers[-1]]
    work, p = _whole_window(first.op, kernel.work), kernel.rule.parameters
    assert isinstance(p, EthosU)
    activations = {graph.layers[i].op for i in kernel.layers} & ACTIVATIONS
    second = [t for t in first.inputs[1:2]] if kernel.rule.model == "ethos_u_elementwise" else []
    block = _block(first.op, kernel.rule.model, work, as_nhwc(graph.tensors[second[0]].shape) if second else None,
                   bool(activations - CLIPS))
    elementwise = kernel.rule.model == "ethos_u_elementwise"
    p = p._replace(
        block_h=float(block.output[0]),
        block_w=float(block.output[1]),
        block_c=float(block.output[2]),
        input_block_h=float(block.first[0]),
        input_block_w=float(block.first[1]),
        input_block_c=float(block.first[2]),
        unit_h=0.0 if elementwise else float(block.unit[0]),
        unit_w=float(block.unit[1]),
        unit_c=float(block.unit[2]),
        mixes=_mixes(kernel),
        kernel_first=float(block.kernel_first),
        input_fast=1.0,
        output_fast=1.0,
        second_fast=1.0,
        input_bricks=float(stored.bricks[first.inputs[0]]),
        output_bricks=float(stored.bricks[last.outputs[0]]),
        table=float(bool(activations - CLIPS)),
        clipped=float(bool(activations & CLIPS)),
    )
    if kernel.rule.model in WEIGHTED:
        weights = encode(work, p, work.c_out)
        p = p._replace(weight_bytes=float(weights.weights), scale_bytes=float(weights.scales))
    if second:
        _, h, w, c = as_nhwc(graph.tensors[second[0]].shape)
        p = p._replace(second_h=float(h), second_w=float(w), second_c=float(c),
                       second_bricks=float(stored.bricks[second[0]]))
    return kernel._replace(rule=kernel.rule._replace(parameters=p), work=work)


def _whole_window(op: str, work: Work) -> Work:
    """A global pooling as a window of the whole map."""
    if op in ("globalavgpool2d", "globalmaxpool2d", "mean"):
        return work._replace(kernel_h=work.h_in, kernel_w=work.w_in)
    return work


def _mixes(kernel: Kernel) -> float:
    return float(kernel.rule.model == "ethos_u_conv")


def _block(op: str, model: str, work: Work, second: tuple[int, int, int, int] | None, table: bool) -> Block:
    kind: Kind = "dense" if op == "dense" else KINDS[model]
    return blocks_u55.find_block(
        Query(
            kind,
            (int(work.h_in), int(work.w_in), int(work.c_in)),
            (int(work.h_out), int(work.w_out), int(work.c_out)),
            (int(work.kernel_h), int(work.kernel_w)),
            (int(work.stride_h), int(work.stride_w)),
            (int(work.dilation_h), int(work.dilation_w)),
            second[1:] if second else None,
            table,
        )
    )


def _buffered(op: Operator, before: Slack | None, free_bytes: int) -> tuple[EthosU, Slack]:
    """Parameters with the copies of weights and tables, and the slack that is left to the next kernel."""
    p, lead = op.p, before.cycles if before else 0
    own = Slack(int(engine(op).cycles), free_bytes)
    found: Buffered | None = None
    if op.weighted:
        found = propose(op, Place(before, free_bytes), reference(op))
    table = copied_cycles(p, op.roof, TABLE_BYTES) if p.table > 0.0 else 0.0
    if found is None:
        return p._replace(copy_visible_cycles=max(table - lead, 0.0)), own
    early = encode(op.work, p, found.slices[1]).bytes
    first = copied_cycles(p, op.roof, early)
    sizes = [encode(op.work, p, end - start) for start, end in zip(found.slices, found.slices[1:])]
    weights, scales = sum(size.weights for size in sizes), sum(size.scales for size in sizes)
    transfer = copied_cycles(p, op.roof, encode(op.work, p, op.work.c_out).bytes)
    return p._replace(
        buffered=1.0,
        weight_bytes=float(weights),
        scale_bytes=float(scales),
        buffered_early_bytes=float(early) if found.early else 0.0,
        copy_visible_cycles=max(first - lead, 0.0) + table,
        copy_cycles=transfer - lead + found.slack.cycles + table,
    ), found.slack


def reference(op: Operator) -> Estimate:
    """The operator's estimate with its weights where they are stored."""
    return estimate(op, (0, int(op.work.c_out)), rows=int(op.work.h_out))
