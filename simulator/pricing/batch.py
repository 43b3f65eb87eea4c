"""Predictions of many networks at once, whose cost functions are compiled and run over arrays of kernels."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice

import numpy as np
from numpy.typing import NDArray

from stairline.hwmodels.kernels.base import Work
from stairline.hwmodels.platform import Machine, Rule
from stairline.simulator.graph.graph import Graph, GraphError
from stairline.simulator.mapping.plan import Plan, UnknownOperatorError, require_models
from stairline.simulator.readers.errors import ReadError
from stairline.simulator.walk import plan
from stairline.simulator.zoo import ZooError

from .predict import summarize, transfers
from .prediction import Summary
from .residual import plans_corrections

CHUNK_NETWORKS = 512
"""Networks priced together: enough to amortise a call, few enough to stay within tens of MB."""


Unpriced = GraphError | ReadError | UnknownOperatorError | ZooError
"""Why a network has no prediction: it cannot be read or lowered, or holds an operator without a model."""


def predict_many(graphs: Iterable[Graph], machine: Machine, *, allow_unknown: bool = False) -> Iterator[Summary]:
    """Predict networks one after the other, in order; equal to ``predict`` to the last bit.

    Raises UnknownOperatorError as ``predict`` does.
    """
    for found in predict_each(graphs, machine, allow_unknown=allow_unknown):
        if not isinstance(found, Summary):
            raise found
        yield found


def predict_each(
    graphs: Iterable[Graph | Unpriced], machine: Machine, *, allow_unknown: bool = False
) -> Iterator[Summary | Unpriced]:
    """As ``predict_many``, but in the place of a network without a prediction stands the error that says why.

    An error among the ``graphs`` stands for a network that could not be read, and is handed on in its place.
    """
    remaining = iter(graphs)
    while chunk := _planned(remaining, machine, allow_unknown):
        summaries = _summaries([planned for planned in chunk if isinstance(planned, Plan)])
        for planned in chunk:
            yield next(summaries) if isinstance(planned, Plan) else planned


def _planned(graphs: Iterator[Graph | Unpriced], machine: Machine, allow_unknown: bool) -> list[Plan | Unpriced]:
    with collector_paused():
        return [_plan(graph, machine, allow_unknown) for graph in islice(graphs, CHUNK_NETWORKS)]


def _plan(graph: Graph | Unpriced, machine: Machine, allow_unknown: bool) -> Plan | Unpriced:
    if not isinstance(graph, Graph):
        return graph
    try:
        planned = plan(graph, machine)
        if not allow_unknown:
            require_models(planned)
    except (GraphError, UnknownOperatorError) as error:
        return error
    return planned


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the garbage collector: graphs and plans hold no cycles, yet by the million they make it search for some."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def _summaries(plans: list[Plan]) -> Iterator[Summary]:
    kernels = [[k for k in planned.kernels if k.rule is not None] for planned in plans]
    rules = [k.rule for k in chain.from_iterable(kernels) if k.rule is not None]
    works = np.fromiter(
        chain.from_iterable(k.work for k in chain.from_iterable(kernels)),
        np.float64,
        sum(map(len, kernels)) * len(Work._fields),
    ).reshape(-1, len(Work._fields))
    latencies_s = priced(works, rules)
    factors = plans_corrections(plans, works, latencies_s).tolist()
    first, times_s = 0, latencies_s.tolist()
    for planned, own in zip(plans, kernels):
        moved_s = [t.cost.latency_s for t in transfers(planned)]
        last = first + len(own)
        yield summarize(planned, times_s[first:last], factors[first:last], moved_s)
        first = last


def priced(works: NDArray[np.float64], rules: Sequence[Rule]) -> NDArray[np.float64]:
    """Latency of every kernel in seconds: ``works`` (kernels, fields of Work), each under its own of the ``rules``."""
    unique: dict[int, tuple[int, Rule]] = {}
    for rule in rules:
        if id(rule) not in unique:
            unique[id(rule)] = len(unique), rule
    rows = np.fromiter((unique[id(rule)][0] for rule in rules), np.int64, len(rules))
    return price(works, rows, [rule for _, rule in unique.values()])


def price(works: NDArray[np.float64], rows: NDArray[np.int64], rules: list[Rule]) -> NDArray[np.float64]:
    """Latency of every kernel in seconds: ``works`` (kernels, fields of Work), each under ``rules[rows[kernel]]``."""
    from .compiled import kernel_latencies_s

    roofs = np.array([rule.roof for rule in rules], dtype=np.float64)
    parameters = np.zeros((len(rules), max((len(rule.parameters) for rule in rules), default=0)))
    for row, rule in zip(parameters, rules):
        row[: len(rule.parameters)] = rule.parameters
    latencies_s = np.empty(len(works))
    for model in {rule.model for rule in rules}:
        own = np.array([rule.model == model for rule in rules])[rows]
        found = np.empty(np.count_nonzero(own))
        kernel_latencies_s(model)(works[own], rows[own], roofs, parameters, found)
        latencies_s[own] = found
    return latencies_s
