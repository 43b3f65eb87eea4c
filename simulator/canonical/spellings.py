"""Operators that files spell out, and the formulas in which they do: the table to extend by a further spelling.

A formula stands for all orders of its factors and terms, for a division in place of a multiplication, and for powers
in place of products. A later formula may use an operator that an earlier one has named, since layers are visited again
until nothing more is found.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import pi, sqrt
from typing import NamedTuple

from stairline.simulator.graph.graph import Graph

from .found import Found, plain
from .matching import match
from .terms import Applied, Operand, Product, Sum, Term, applied

x = Operand()
SPELLINGS: tuple[tuple[str, Term], ...] = (
    ("relu", applied("maximum", x, 0)),
    ("relu", applied("max", x, 0)),
    ("relu6", applied("minimum", applied("relu", x), 6)),
    ("relu6", applied("minimum", applied("maximum", x, 0), 6)),
    ("relu6", applied("maximum", applied("minimum", x, 6), 0)),
    ("relu6", applied("clip", x, 0, 6)),
    ("hard_sigmoid", applied("relu6", x + 3) / 6),
    ("hard_sigmoid", applied("clip", x / 6 + 0.5, 0, 1)),
    ("hard_sigmoid", applied("relu_0_to_1", x / 6 + 0.5)),
    ("hard_sigmoid", applied("minimum", applied("relu", x / 6 + 0.5), 1)),
    ("hard_sigmoid", applied("minimum", applied("maximum", x / 6 + 0.5, 0), 1)),
    ("hard_sigmoid", applied("maximum", applied("minimum", x / 6 + 0.5, 1), 0)),
    ("hard_swish", applied("hard_sigmoid", x) * x),
    ("hard_swish", applied("relu6", x + 3) * x / 6),
    ("swish", applied("sigmoid", x) * x),
    ("softplus", applied("log", applied("exp", x) + 1)),
    ("mish", applied("tanh", applied("softplus", x)) * x),
    ("gelu", (applied("erf", x / sqrt(2)) + 1) * x / 2),
    ("gelu", (applied("tanh", sqrt(2 / pi) * (x + 0.044715 * x**3)) + 1) * x / 2),
    ("gelu", (applied("tanh", sqrt(2 / pi) * x * (0.044715 * x**2 + 1)) + 1) * x / 2),
)
"""(operator, formula). Sources: A. Howard et al., "Searching for MobileNetV3" (hard-swish and hard-sigmoid);
D. Hendrycks and K. Gimpel, "Gaussian Error Linear Units" (both forms); P. Ramachandran et al., "Searching for
Activation Functions" (swish); D. Misra, "Mish"."""


def _ends(formula: Term) -> Iterator[str]:
    """Operators of the layers in which a formula's spellings may end."""
    if isinstance(formula, Product):
        yield from ("mul", "div")
    elif isinstance(formula, Sum):
        yield from ("add", "sub")
    elif isinstance(formula, Applied):
        yield formula.op


def _needs(formula: Term) -> frozenset[str]:
    """Operators of the factors of a product, one layer of each of which must be there; of no other formula."""
    factors = formula.factors if isinstance(formula, Product) else ()
    applied_ones = {factor.op for factor in factors if isinstance(factor, Applied)}
    return frozenset(applied_ones | {"add" for factor in factors if isinstance(factor, Sum)})


class Entry(NamedTuple):
    """A row of the table, and the operators without which a product cannot be what it spells."""

    op: str
    formula: Term
    needs: frozenset[str]


_BY_END: dict[str, tuple[Entry, ...]] = {}
for _op, _formula in SPELLINGS:
    for _end in _ends(_formula):
        _BY_END[_end] = (*_BY_END.get(_end, ()), Entry(_op, _formula, _needs(_formula)))

ANCHORS = (*_BY_END, "onnx:Clip", "onnx:Max", "onnx:Min", "tflite:RELU_0_TO_1")
"""Operators in which a spelling may end."""


def spelled(graph: Graph, index: int) -> Found | None:
    """The first spelling that ends in a layer."""
    behind = _operators_behind(graph, index)
    for op, formula, needs in _BY_END.get(plain(graph.layers[index].op), ()):
        if needs <= behind:
            found = match(graph, index, op, formula)
            if found is not None:
                return found
    return None


def _operators_behind(graph: Graph, index: int) -> set[str]:
    """Operators that write the factors of a product, those of its own products included."""
    found: set[str] = set()
    waiting = [index]
    while waiting:
        for tensor in graph.layers[waiting.pop()].inputs:
            source = graph.producer[tensor]
            if source >= 0:
                op = graph.layers[source].op
                found.add(op)
                if op in _PRODUCTS and len(graph.consumers[tensor]) == 1:
                    waiting.append(source)
    return {plain(op) for op in found}


_PRODUCTS = frozenset({"mul", "div"})
