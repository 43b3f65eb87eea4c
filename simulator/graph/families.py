"""Operators that compute element by element or along axes, in families, with the operations of one element.

An operation is one step of a vector unit: an exponential or a logarithm counts as six multiply-adds (the order of the
polynomial that vector libraries evaluate), a division or a root as two, a comparison as one.
"""

from __future__ import annotations

UNARY = {
    "abs": 1,
    "neg": 1,
    "sign": 1,
    "floor": 1,
    "ceil": 1,
    "round": 1,
    "logical_not": 1,
    "square": 1,
    "clip": 2,
    "sqrt": 2,
    "rsqrt": 3,
    "exp": 6,
    "log": 6,
    "sin": 6,
    "cos": 6,
    "erf": 8,
    "elu": 8,
    "softplus": 12,
    "mish": 23,
}
"""Operators of one operand, and their operations for each element; the output has the operand's shape."""

BINARY = {
    "squared_difference": 2,
    "floor_div": 3,
    "mod": 3,
    "pow": 12,
    "greater": 1,
    "greater_equal": 1,
    "less": 1,
    "less_equal": 1,
    "equal": 1,
    "not_equal": 1,
    "logical_and": 1,
    "logical_or": 1,
    "where": 1,
}
"""Operators of operands that broadcast to one shape, and their operations for each element of the output."""

ALONG_AXES = {
    "l2_norm": 3,
    "lrn": 4,
    "log_softmax": 16,
    "cumsum": 1,
    "transform_points": 8,
}
"""Operators of one operand that keep its shape, but need its neighbours along an axis for each element."""

REDUCTIONS = ("reduce_sum", "reduce_max", "reduce_min", "reduce_prod", "reduce_any", "reduce_all")
"""Operators that reduce ``axes``, with one operation for each element of the operand, as mean does."""

SEARCHES = {"argmax": 1, "argmin": 1, "topk": 2, "landmarks_to_matrix": 2}
"""Operators that search along ``axis``, and their operations for each element of the operand."""
