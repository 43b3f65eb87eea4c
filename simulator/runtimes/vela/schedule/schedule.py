"""Vela's decisions for a whole network, written into the parameters of its kernels.

Source: Vela 5.2 (Arm, Apache-2.0), regor/compiler/scheduler.cpp: Process and what it calls; the modules beside
this one take the decisions one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from stairline.hwmodels.kernels.ethos_u.ethos_u_pool import ethos_u_pool
from stairline.hwmodels.kernels.ethos_u.kernel_parameters import EthosU
from stairline.hwmodels.kernels.ethos_u.memory import Map, copied_cycles, stored_elements, transferred_bytes
from stairline.hwmodels.platform import Machine
from stairline.simulator.graph.graph import Graph
from stairline.simulator.mapping.plan import Kernel
from stairline.simulator.runtimes.vela.blocks.query import Size, volume
from stairline.simulator.runtimes.vela.network.build import network
from stairline.simulator.runtimes.vela.network.layout import layout
from stairline.simulator.runtimes.vela.network.network import Network, Node
from stairline.simulator.runtimes.vela.network.operator import Operator
from stairline.simulator.runtimes.vela.weights.encoding import encode

from .buffering import Place, Slack, propose
from .spilling import Decision, spilled
from .staging import staged
from .steps import step

TABLE_BYTES = 256
"""A table of an 8-bit activation."""
UNLIMITED_BYTES = 1 << 30


def schedule(graph: Graph, kernels: Sequence[Kernel], machine: Machine) -> list[Kernel]:
    """The kernels with blocks, memories and copies decided; kernels that no Ethos-U runs are left as they are.

    The capacity of ``machine`` is that of the fast memory.
    """
    host = [graph.layers[i] for kernel in kernels if kernel.machine is not machine for i in kernel.layers]
    borders = {*graph.inputs, *graph.outputs, *(t for layer in host for t in (*layer.inputs, *layer.outputs))}
    net = network(graph, kernels, layout(graph, borders), borders, machine.element_bytes)
    if any(node.op.p.maps_slow > 0.0 for node in net.nodes):
        fast_bytes = int(machine.capacity_bytes)
        net = staged(net, fast_bytes)
        decisions, fast = spilled(net, fast_bytes)
    else:
        decisions, fast = _unlimited(net), {t for t, stored in net.tensors.items() if not stored.constant}
    done, before, staging_cycles = list(kernels), None, 0.0
    for node, decision in zip(net.nodes, decisions):
        kernel = kernels[node.number]
        assert kernel.rule is not None
        parameters = _completed(net, node, decision, fast, before)
        before = decision.slack
        if node.stages:
            copy = ethos_u_pool(node.op.work, node.op.roof, parameters)
            staging_cycles = copy.latency_s * node.op.roof.clock_hz
            continue
        rule = kernel.rule._replace(parameters=parameters._replace(input_copy_cycles=staging_cycles))
        done[node.number] = kernel._replace(rule=rule, work=node.op.work)
        staging_cycles = 0.0
    return done


def _unlimited(net: Network) -> list[Decision]:
    """Decisions where all maps fit the fast memory as a whole: weights are buffered where that is no slower."""
    decisions: list[Decision] = []
    for node in net.nodes:
        one = step(node, int(node.op.work.h_out))
        before = decisions[-1].slack if decisions else None
        proposal = (
            propose(one.op, Place(before, UNLIMITED_BYTES, shared=node.shared), one.reference)
            if one.op.weighted
            else None
        )
        decisions.append(Decision(one, proposal, proposal.slack if proposal else Slack(one.cycles, UNLIMITED_BYTES)))
    return decisions


def _completed(net: Network, node: Node, decision: Decision, fast: set[int], before: Slack | None) -> EthosU:
    """A kernel's parameters, completed by the memories that its tensors are in and by the copies that it waits for."""
    op, lead = decision.step.op, before.cycles if before else 0
    p = _with_chained_operands(net, node, op, fast)._replace(
        input_fast=float(node.inputs[0] in fast),
        output_fast=float(node.output in fast and not node.chained),
        second_fast=float(len(node.inputs) > 1 and node.inputs[1] in fast),
    )
    table = max(copied_cycles(p, op.roof, TABLE_BYTES) - lead, 0.0) if node.table else 0.0
    found = decision.buffered
    if found is None:
        return p._replace(copy_visible_cycles=table)
    sizes = [encode(op._replace(p=p), end - start) for start, end in pairwise(found.slices)]
    return p._replace(
        buffered=1.0,
        weight_bytes=float(sum(size.weights for size in sizes)),
        scale_bytes=float(sum(size.scales for size in sizes)),
        buffered_early_bytes=float(sizes[0].bytes) if found.early else 0.0,
        copy_visible_cycles=max(copied_cycles(p, op.roof, sizes[0].bytes) - lead, table),
        copy_cycles=copied_cycles(p, op.roof, encode(op._replace(p=p), op.work.c_out).bytes)
        - lead
        + found.slack.cycles
        + table,
    )


def _with_chained_operands(net: Network, node: Node, op: Operator, fast: set[int]) -> EthosU:
    """Parameters with the bytes that the operators chained behind a node read and write."""
    read = {True: 0.0, False: 0.0}
    for tensor, size in node.chained_operands:
        if volume(size) == 1:
            continue  # A single value is part of the command.
        read[tensor in fast] += _moved(op, size, net.tensors[tensor].bricks, tensor in fast, True)
    written = {True: 0.0, False: 0.0}
    if node.chained:
        work = op.work
        size = int(work.h_out), int(work.w_out), int(work.c_out)
        bricks = net.tensors[node.output].bricks
        written[node.output in fast] = _moved(op, size, bricks, node.output in fast, False)
    return op.p._replace(
        chained_fast_read_bytes=read[True],
        chained_slow_read_bytes=read[False],
        chained_fast_written_bytes=written[True],
        chained_slow_written_bytes=written[False],
    )


def _moved(op: Operator, size: Size, bricks: bool, fast: bool, read: bool) -> float:
    """Bytes that a kernel transfers to read or write a map of that size, block by block."""
    m, p = Map(*size, float(fast), float(bricks)), op.p
    h, w, c = (p.input_block_h, p.input_block_w, p.input_block_c) if read else (p.block_h, p.block_w, p.block_c)
    block = Map(h, w, c, 0.0, 0.0)
    return transferred_bytes(p, op.roof.element_bytes, m, block, float(read), stored_elements(m))
