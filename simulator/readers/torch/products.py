"""PyTorch's products of matrices and attention, restated as operators of ONNX."""

from __future__ import annotations

from stairline.simulator.graph.ops import Shape
from stairline.simulator.readers.assemble import FileNode
from stairline.simulator.readers.errors import ReadError

from .program import Call, Name
from .rules import Restated, Rule, node, part


def _linear(s: Restated, c: Call) -> list[FileNode]:
    """A fully connected layer, or a product where its weights are computed while it runs."""
    x, weights = s.tensor(c, "input"), s.tensor(c, "weight")
    op = "Gemm" if s.tensors[weights].constant else "com.microsoft.FusedMatMul"
    return [node(c, op, (x, weights), transB=1)]


def _with_sum(first: str, second: str) -> Rule:
    """A product to which something is added: with stored weights its bias, which belongs to a fully connected layer."""

    def rule(s: Restated, c: Call) -> list[FileNode]:
        added, x, y = s.tensor(c, "self"), s.tensor(c, first), s.tensor(c, second)
        if s.tensors[y].constant and s.tensors[added].constant:
            return [node(c, "Gemm", (x, y))]
        product = s.between(c, "product", s.shape(c.outputs[0]))
        return [part(c, "product", "MatMul", (x, y), product), node(c, "Add", (product, added))]

    return rule


def _product(second: str) -> Rule:
    return lambda s, c: [node(c, "MatMul", (s.tensor(c, "self"), s.tensor(c, second)))]


def _einsum(s: Restated, c: Call) -> list[FileNode]:
    equation = c.arguments.get("equation")
    if not isinstance(equation, str):
        raise ReadError(f"{c.where}: equation {equation!r} is no text: export the module again")
    return [node(c, "Einsum", s.several(c, "tensors"), equation=equation)]


def _attention(s: Restated, c: Call) -> list[FileNode]:
    """Scaled queries times scaled keys, a mask where there is one, the softmax, and that times the values.

    Scaling both operands rather than their product is what PyTorch's own plain implementation does, and its exporters
    to ONNX write.
    """
    queries, keys, values = (s.tensor(c, argument) for argument in ("query", "key", "value"))
    shape, other = s.shape(queries), s.shape(keys)
    if len(shape) < 2 or len({len(shape), len(other), len(s.shape(values))}) != 1:
        raise ReadError(
            f"{c.where}: queries {shape} and keys {other} must have as many axes, two or more: export it again"
        )
    shared: list[FileNode] = []
    if len(shape) > 2 and shape[-3] != other[-3]:
        shared = [*_shared(s, c, "keys", keys, shape), *_shared(s, c, "values", values, shape)]
        keys, values = (found.outputs[0] for found in shared[2::3])
    scores = (*shape[:-1], other[-2])
    turned = s.between(c, "turned", (*s.shape(keys)[:-2], other[-1], other[-2]))
    scaled, small = s.between(c, "queries", shape), s.between(c, "scaled", s.shape(turned))
    raw, weights = s.between(c, "scores", scores), s.between(c, "weights", scores)
    factor = s.number(f"{c.outputs[0]}/scale", shape[-1] ** -0.25)
    order = (*range(len(s.shape(keys)) - 2), len(s.shape(keys)) - 1, len(s.shape(keys)) - 2)
    mask, masked = _mask(s, c, scores), s.between(c, "masked", scores)
    return [
        *shared,
        part(c, "queries", "Mul", (queries, factor), scaled),
        part(c, "keys", "Transpose", (keys,), turned, perm=order),
        part(c, "scaled", "Mul", (turned, factor), small),
        part(c, "scores", "MatMul", (scaled, small), raw),
        *([part(c, "mask", "Add", (raw, mask), masked)] if mask else []),
        part(c, "softmax", "Softmax", (masked if mask else raw,), weights, axis=-1),
        node(c, "MatMul", (weights, values)),
    ]


def _mask(s: Restated, c: Call, scores: Shape) -> str:
    """What is added to the scores: the mask that is given, or the one that leaves out all later steps; or nothing."""
    if isinstance(c.arguments.get("attn_mask"), Name):
        return s.tensor(c, "attn_mask")
    return s.parameter(f"{c.outputs[0]}/causal", scores[-2:]) if c.arguments.get("is_causal") is True else ""


def _shared(s: Restated, c: Call, what: str, given: str, queries: Shape) -> list[FileNode]:
    """Keys or values that several heads of the queries share, repeated for each of them."""
    *batch, heads, steps, channels = s.shape(given)
    times = queries[-3] // max(heads, 1)
    if times * heads != queries[-3]:
        raise ReadError(f"{c.where}: {heads} heads of {what} do not divide the {queries[-3]} heads of the queries")
    repeated = s.between(c, f"{what}/repeated", (*batch, heads, times, steps, channels))
    joined = s.between(c, f"{what}/heads", (*batch, heads * times, steps, channels))
    one = s.between(c, f"{what}/one", (*batch, heads, 1, steps, channels))
    apart = part(c, f"{what}/one", "Unsqueeze", (given,), one)
    return [
        apart,
        part(c, f"{what}/repeated", "Expand", (one,), repeated),
        part(c, f"{what}/heads", "Reshape", (repeated,), joined),
    ]


PRODUCTS: dict[str, Rule] = {
    "linear": _linear,
    "matmul": _product("other"),
    "mm": _product("mat2"),
    "bmm": _product("mat2"),
    "mv": _product("vec"),
    "addmm": _with_sum("mat1", "mat2"),
    "baddbmm": _with_sum("batch1", "batch2"),
    "einsum": _einsum,
    "scaled_dot_product_attention": _attention,
    "_scaled_dot_product_flash_attention_for_cpu": _attention,
}
"""The restatement of each operator, by its name in PyTorch."""
