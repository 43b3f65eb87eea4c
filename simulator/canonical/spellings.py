"""Operators that files spell out, and the formulas in which they do: the table to extend by a further spelling.

A formula stands for all orders of its factors and terms, for a division in place of a multiplication, and for powers
in place of products. A later formula may use an operator that an earlier one has named, since layers are visited again
until nothing more is found.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from math import pi, sqrt
from typing import NamedTuple

from stairline.simulator.graph.graph import Graph

from .found import Found, plain
from .matching import match
from .terms import Applied, Operand, Product, Stored, Sum, Term, applied

x = Operand()
_SMALL = Stored((0.0, 1e-3))
"""What is added to a divisor, or is its least value, so that nothing is divided by zero."""


def _exponentials() -> Iterator[Term]:
    """exp(-x), by a sign or by a product."""
    yield applied("exp", applied("neg", x))
    yield applied("exp", x * -1)


def _powers() -> Iterator[Term]:
    """exp(x), or exp(x - max(x)), which gives the same quotients and no overflow."""
    yield applied("exp", applied("sub", x, applied("reduce_max", x)))
    yield applied("exp", x)


def _lengths(root: str) -> Iterator[Term]:
    """The root of the sum of squares over the channels, kept from zero in each usual way."""
    squares = applied("reduce_sum", x**2)
    yield applied(root, squares)
    for bound in ("add", "maximum", "clip"):
        yield applied(root, applied(bound, squares, _SMALL))
        if root == "sqrt":
            yield applied(bound, applied(root, squares), _SMALL)


def _negative_parts() -> Iterator[Term]:
    """min(x, 0), or its negative, times a stored slope."""
    halved = applied("sub", x, applied("abs", x))
    yield applied("mul", applied("relu", applied("neg", x)), Stored())
    yield applied("mul", applied("relu", x * -1), Stored())
    yield applied("mul", applied("neg", applied("relu", applied("neg", x))), Stored())
    yield applied("mul", applied("minimum", x, 0), Stored())
    yield applied("mul", applied("mul", halved, Stored()), 0.5)
    yield applied("mul", applied("mul", halved, 0.5), Stored())


_SPELLED_BY_SEVERAL: tuple[tuple[str, Term], ...] = (
    *(("sigmoid", applied("div", 1, e + 1)) for e in _exponentials()),
    *(("swish", applied("div", x, e + 1)) for e in _exponentials()),
    *(("l2_norm", applied("div", x, length)) for length in _lengths("sqrt")),
    *(("l2_norm", applied("mul", x, length)) for length in _lengths("rsqrt")),
    *(("l2_norm", applied("mul", x, applied("div", 1, length))) for length in _lengths("sqrt")),
    *(("prelu", applied(op, applied("relu", x), part)) for op in ("add", "sub") for part in _negative_parts()),
)

SPELLINGS: tuple[tuple[str, Term], ...] = (
    ("square", applied("pow", x, 2)),
    ("relu", applied("maximum", x, 0)),
    ("relu", applied("max", x, 0)),
    ("relu6", applied("minimum", applied("relu", x), 6)),
    ("relu6", applied("minimum", applied("maximum", x, 0), 6)),
    ("relu6", applied("maximum", applied("minimum", x, 6), 0)),
    ("relu6", applied("clip", x, 0, 6)),
    ("relu6", applied("relu", applied("minimum", x, 6))),
    ("leaky_relu", applied("maximum", x, applied("mul", x, Stored((1e-6, 1.0))))),
    ("softmax", applied("exp", applied("log_softmax", x))),
    *(("softmax", applied("div", e, applied("reduce_sum", e))) for e in _powers()),
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
    *_SPELLED_BY_SEVERAL,
)
"""(operator, formula). Sources: A. Howard et al., "Searching for MobileNetV3" (hard-swish and hard-sigmoid);
D. Hendrycks and K. Gimpel, "Gaussian Error Linear Units" (both forms); P. Ramachandran et al., "Searching for
Activation Functions" (swish); K. He et al., "Delving Deep into Rectifiers" (PReLU); D. Misra, "Mish". Compilers that
name them: OpenVINO (common_optimizations: SwishFusion, MishFusion, PReluFusion, SoftmaxFusion, NormalizeL2Fusion),
TensorFlow's converter (lite/transforms/optimize_patterns.td: PReLU, hard-swish, L2 normalisation) and Vela
(convert_mul_max_to_abs_or_lrelu)."""


def _ends(formula: Term) -> Iterator[str]:
    """Operators of the layers in which a formula's spellings may end."""
    if isinstance(formula, Product):
        yield from ("mul", "div")
    elif isinstance(formula, Sum):
        yield from ("add", "sub")
    elif isinstance(formula, Applied):
        yield formula.op


def _needs(formula: Term) -> frozenset[str]:
    """Operators of the factors of a product or of the operands of an operator: one layer of each must be there."""
    factors = formula.factors if isinstance(formula, Product) else ()
    if isinstance(formula, Applied):
        factors = formula.operands
    applied_ones = {factor.op for factor in factors if isinstance(factor, Applied)}
    return frozenset(applied_ones | {"add" for factor in factors if isinstance(factor, Sum)})


def _applied_in(formula: Term) -> frozenset[str]:
    """All operators that a formula applies by name."""
    if isinstance(formula, Applied):
        return frozenset({formula.op}).union(*map(_applied_in, formula.operands))
    parts = formula.factors if isinstance(formula, Product) else formula.terms if isinstance(formula, Sum) else ()
    return frozenset[str]().union(*map(_applied_in, parts))


class Entry(NamedTuple):
    """A row of the table, the operators behind its last layer, and those that a network must have somewhere."""

    op: str
    formula: Term
    needs: frozenset[str]
    applied: frozenset[str]


_BY_END: dict[str, tuple[Entry, ...]] = {}
for _op, _formula in SPELLINGS:
    for _end in _ends(_formula):
        _BY_END[_end] = (*_BY_END.get(_end, ()), Entry(_op, _formula, _needs(_formula), _applied_in(_formula)))

ANCHORS = (*_BY_END, "onnx:Clip", "onnx:Max", "onnx:Min", "tflite:RELU_0_TO_1")
"""Operators in which a spelling may end."""


@lru_cache(maxsize=256)
def _possible(operators: frozenset[str]) -> dict[str, tuple[Entry, ...]]:
    """The rows that a network of these operators may spell, by the operators in which they may end."""
    names = {plain(op) for op in operators}
    ends = ((op, _BY_END.get(plain(op), ())) for op in operators)
    return {op: tuple(entry for entry in entries if entry.applied <= names) for op, entries in ends}


def spelled(graph: Graph, index: int) -> Found | None:
    """The first spelling that ends in a layer."""
    entries = _possible(graph.operators).get(graph.layers[index].op)
    if not entries:
        return None
    behind, gated = _operators_behind(graph, index), _broadcasts(graph, index)
    for op, formula, needs, _ in entries:
        if needs <= behind and not (gated and isinstance(formula, Product)):
            found = match(graph, index, op, formula)
            if found is not None:
                return found
    return None


def _broadcasts(graph: Graph, index: int) -> bool:
    """Whether a computed operand has another shape than the result, as the gate of a squeeze-and-excite has.

    All factors of a product that spells an operator have the shape of x.
    """
    layer = graph.layers[index]
    shape = graph.tensors[layer.outputs[0]].shape
    return any(graph.tensors[t].shape != shape and not graph.tensors[t].constant for t in layer.inputs)


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
