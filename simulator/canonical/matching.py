"""The one matcher: whether the layers behind a tensor compute a formula, in any order that the formula stands for."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import NamedTuple

from stairline.simulator.graph.graph import Graph, Layer

from .found import Found, is_private, plain, single_reader
from .terms import Applied, Number, Operand, Product, Stored, Sum, Term

_TOLERANCE = 2e-3
"""Relative difference up to which two numbers are the same: files round 1 / 6, sqrt(2 / pi) and the like to 3 digits,
and to those of their precision."""
_MOST_FACTORS = 6
_COMMUTES = frozenset({"add", "mul", "maximum", "minimum", "max", "min"})
_OVER_CHANNELS = frozenset({"reduce_sum", "reduce_max"})


class State(NamedTuple):
    """What a match has found so far: the tensor that is x, -1 before it is met, and the layers that it takes."""

    x: int
    members: frozenset[int]


class Factors(NamedTuple):
    """A product taken apart: its stored numbers multiplied, the tensors of its other factors, and its layers."""

    number: float
    tensors: tuple[int, ...]
    members: frozenset[int]


def match(graph: Graph, index: int, op: str, formula: Term) -> Found | None:
    """The operator ``op`` in place of the layers that end in one and compute its formula; None where they do not.

    All of them but the last must be read by one another only.
    """
    result = graph.layers[index].outputs[0]
    for state in _matches(graph, result, formula, State(-1, frozenset())):
        x = graph.tensors[state.x]
        same = x.shape == graph.tensors[result].shape and not x.constant
        if same and graph.producer[state.x] not in state.members and is_private(graph, state.members, index):
            return Found(state.members, index, state.x, op)
    return None


def _matches(graph: Graph, tensor: int, formula: Term, state: State) -> Iterator[State]:
    """Every way in which the layers behind ``tensor`` compute the formula, given what was found before."""
    if isinstance(formula, Operand):
        if state.x in (-1, tensor):
            yield state._replace(x=tensor)
    elif isinstance(formula, Number | Stored):
        if _is_stored(graph, tensor, formula):
            yield state
    elif isinstance(formula, Product):
        yield from _products(graph, tensor, formula, state)
    elif graph.producer[tensor] >= 0:
        layer = graph.layers[graph.producer[tensor]]
        inside = state._replace(members=state.members | {graph.producer[tensor]})
        if isinstance(formula, Sum):
            yield from _sums(graph, layer, formula, inside)
        elif isinstance(formula, Applied) and plain(layer.op) == formula.op:
            yield from _operands(graph, layer, formula, inside)


def _operands(graph: Graph, layer: Layer, formula: Applied, state: State) -> Iterator[State]:
    if len(layer.inputs) != len(formula.operands):
        return
    if formula.op in _OVER_CHANNELS and not _reduces_channels(graph, layer):
        return
    yield from _in_order(graph, layer.inputs, formula.operands, state)
    if formula.op in _COMMUTES:
        yield from _in_order(graph, layer.inputs[::-1], formula.operands, state)


def _in_order(graph: Graph, tensors: tuple[int, ...], formulas: tuple[Term, ...], state: State) -> Iterator[State]:
    if not tensors:
        yield state
        return
    for further in _matches(graph, tensors[0], formulas[0], state):
        yield from _in_order(graph, tensors[1:], formulas[1:], further)


def _sums(graph: Graph, layer: Layer, formula: Sum, state: State) -> Iterator[State]:
    if layer.op not in ("add", "sub") or len(layer.inputs) != 2:
        return
    if len(formula.terms) == 2:
        if layer.op == "add" and formula.number == 0:
            for order in (layer.inputs, layer.inputs[::-1]):
                yield from _in_order(graph, order, formula.terms, state)
        return
    for x, stored in (layer.inputs, layer.inputs[::-1])[: 2 if layer.op == "add" else 1]:
        if _is_number(graph, stored, formula.number if layer.op == "add" else -formula.number):
            yield from _matches(graph, x, formula.terms[0], state)


def _products(graph: Graph, tensor: int, formula: Product, state: State) -> Iterator[State]:
    for found in _taken_apart(graph, tensor):
        if len(found.tensors) == len(formula.factors) and _close(found.number, formula.number):
            inside = state._replace(members=state.members | found.members)
            for order in set(permutations(found.tensors)):
                yield from _in_order(graph, order, formula.factors, inside)


def _taken_apart(graph: Graph, tensor: int) -> Iterator[Factors]:
    """A product as its factors, then with more and more factors that are products themselves taken apart."""
    found: Factors | None = _factors(graph, tensor)
    while found is not None and len(found.tensors) <= _MOST_FACTORS:
        yield found
        found = _one_more(graph, found)


def _one_more(graph: Graph, found: Factors) -> Factors | None:
    for place, tensor in enumerate(found.tensors):
        inner = _factors(graph, tensor) if single_reader(graph, tensor) else None
        if inner is not None:
            tensors = (*found.tensors[:place], *inner.tensors, *found.tensors[place + 1 :])
            return Factors(found.number * inner.number, tensors, found.members | inner.members)
    return None


def _factors(graph: Graph, tensor: int) -> Factors | None:
    """The factors of the layer that writes a tensor; None where it is no product, quotient by a number, or power."""
    index = graph.producer[tensor]
    if index < 0:
        return None
    layer, members = graph.layers[index], frozenset({index})
    op, numbers = plain(layer.op), [graph.tensors[t].value for t in layer.inputs]
    if op == "square":
        return Factors(1.0, layer.inputs * 2, members)
    if len(layer.inputs) != 2:
        return None
    x, divisor = layer.inputs[0], numbers[1]
    if op == "div" and divisor:
        return Factors(1.0 / divisor, (x,), members)
    if op == "pow" and divisor in (2.0, 3.0):
        return Factors(1.0, (x,) * int(divisor), members)
    if op != "mul":
        return None
    number = 1.0
    for value in numbers:
        number *= 1.0 if value is None else value
    return Factors(number, tuple(t for t, value in zip(layer.inputs, numbers) if value is None), members)


def _reduces_channels(graph: Graph, layer: Layer) -> bool:
    """Whether a layer reduces the last axis alone and keeps it with one element."""
    shape = graph.tensors[layer.inputs[0]].shape
    reduced = {axis % len(shape) for axis in layer.attributes.axes}
    return reduced == {len(shape) - 1} and graph.tensors[layer.outputs[0]].shape == (*shape[:-1], 1)


def _is_stored(graph: Graph, tensor: int, formula: Number | Stored) -> bool:
    if isinstance(formula, Number):
        return _is_number(graph, tensor, formula.value)
    held = graph.tensors[tensor]
    if formula.bounds is not None:
        low, high = formula.bounds
        return held.value is not None and low <= held.value <= high
    return held.constant and all(size == 1 for size in held.shape[:-1])


def _is_number(graph: Graph, tensor: int, number: float) -> bool:
    value = graph.tensors[tensor].value
    return value is not None and _close(value, number)


def _close(found: float, expected: float) -> bool:
    return abs(found - expected) <= _TOLERANCE * abs(expected)
