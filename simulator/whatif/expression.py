"""Expressions over the numbers of a platform, such as a cost: parsed, held to a whitelist, never run as code."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from stairline.hwmodels import Platform, quantities
from stairline.hwmodels.files.settings import require_key

from .errors import WhatIfError

MOST_CHARACTERS = 500
"""The longest expression."""
_DEEPEST = 100

_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}


class Expression(NamedTuple):
    """A checked expression and the keys in it."""

    text: str
    keys: tuple[str, ...]
    tree: ast.expr

    def value(self, values: Mapping[str, Any]) -> Any:
        """The value where the keys have these values, numbers or arrays, each a float. Raises WhatIfError."""
        try:
            return _value(self.tree, values)
        except (ArithmeticError, TypeError) as error:
            raise WhatIfError(f"'{self.text}' has no value here: {error}") from None


def expression(text: str) -> Expression:
    """The expression in a text: numbers, keys, ``+ - * / **`` and parentheses.

    A key is written as it is, or in quotes where it holds another sign than letters, digits and dots, such as
    ``'kernels.conv2d|dense.efficiency'``. Raises WhatIfError for anything else.
    """
    if len(text) > MOST_CHARACTERS:
        raise WhatIfError(f"an expression of {len(text)} characters; at most {MOST_CHARACTERS}")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        keys = tuple(dict.fromkeys(_keys(tree, text)))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if isinstance(error, WhatIfError):
            raise
        raise WhatIfError(f"'{text}' is no expression: write keys, numbers, + - * / ** and parentheses") from None
    return Expression(text, keys, tree)


def keys_of(platform: Platform, found: Expression) -> dict[str, float]:
    """The values on a platform of the keys of an expression. Raises PlatformError for a key that it lacks."""
    for key in found.keys:
        require_key(platform, key)
    return {key: quantity.value for key, quantity in quantities(platform.file) if key in found.keys}


def _keys(node: ast.expr, text: str, depth: int = 0) -> list[str]:
    """The keys in a part of an expression; raises WhatIfError for a part that is not on the whitelist."""
    if depth > _DEEPEST:
        raise WhatIfError(f"an expression nested more than {_DEEPEST} deep")
    match node:
        case ast.BinOp(left, op, right) if type(op) in _OPERATORS:
            return _keys(left, text, depth + 1) + _keys(right, text, depth + 1)
        case ast.UnaryOp(ast.USub() | ast.UAdd(), operand):
            return _keys(operand, text, depth + 1)
        case ast.Constant(bool()):
            pass
        case ast.Constant(int() | float()):
            return []
        case _ if key := _key(node):
            return [key]
    part = ast.get_source_segment(text.strip(), node) or text
    raise WhatIfError(
        f"'{part}' cannot stand in an expression: write keys, numbers, + - * / ** and parentheses; "
        "a key with other signs stands in quotes"
    )


def _key(node: ast.expr) -> str:
    """The key that a part of an expression is; empty where it is none."""
    match node:
        case ast.Constant(str(key)) | ast.Name(key):
            return key
        case ast.Attribute(inner, name):
            before = "" if isinstance(inner, ast.Constant) else _key(inner)
            return f"{before}.{name}" if before else ""
    return ""


def _value(node: ast.expr, values: Mapping[str, Any]) -> Any:
    match node:
        case ast.BinOp(left, op, right):
            return _OPERATORS[type(op)](_value(left, values), _value(right, values))
        case ast.UnaryOp(ast.USub(), operand):
            return -_value(operand, values)
        case ast.UnaryOp(_, operand):
            return _value(operand, values)
        case ast.Constant(int() | float() as number):
            return float(number)
    return values[_key(node)]
