"""Formulas in which spellings are written down: numbers, operators and the operand x, combined by Python's operators.

A product is kept as one number and its other factors, a sum as one number and its other terms, so that a formula
stands for every order in which a file may write them.
"""

from __future__ import annotations

from dataclasses import dataclass


class Term:
    """A formula. ``*``, ``/`` and ``**`` make products, ``+`` and ``-`` make sums."""

    def __mul__(self, other: Term | float) -> Product:
        mine = self if isinstance(self, Product) else Product(1.0, (self,))
        if not isinstance(other, Term):
            return Product(mine.number * other, mine.factors)
        its = other if isinstance(other, Product) else Product(1.0, (other,))
        return Product(mine.number * its.number, (*mine.factors, *its.factors))

    __rmul__ = __mul__

    def __truediv__(self, other: float) -> Product:
        return self * (1.0 / other)

    def __pow__(self, exponent: int) -> Product:
        return Product(1.0, (self,) * exponent)

    def __add__(self, other: Term | float) -> Sum:
        return Sum(0.0, (self, other)) if isinstance(other, Term) else Sum(float(other), (self,))

    __radd__ = __add__


@dataclass(frozen=True)
class Operand(Term):
    """The operand x of the operator that a formula spells out."""


@dataclass(frozen=True)
class Number(Term):
    """A stored operand whose elements all have one value."""

    value: float


@dataclass(frozen=True)
class Stored(Term):
    """A stored operand of one element, or of one for each channel; within bounds where both ends of them are known."""

    bounds: tuple[float, float] | None = None


@dataclass(frozen=True)
class Product(Term):
    """A number times factors, in any order."""

    number: float
    factors: tuple[Term, ...]


@dataclass(frozen=True)
class Sum(Term):
    """A number plus one term, or two terms."""

    number: float
    terms: tuple[Term, ...]


@dataclass(frozen=True)
class Applied(Term):
    """An operator, by its name, applied to operands; in any order where the operator gives the same in all of them.

    A reduction is one over the channels whose result keeps its rank.
    """

    op: str
    operands: tuple[Term, ...]


def applied(op: str, *operands: Term | float) -> Applied:
    """The formula of an operator applied to formulas and numbers."""
    return Applied(op, tuple(o if isinstance(o, Term) else Number(float(o)) for o in operands))
