"""ONNX products of matrices, converted to canonical layers."""

from __future__ import annotations

from math import prod

from stairline.simulator.graph.attributes import Attributes
from stairline.simulator.graph.ops import Shape
from stairline.simulator.readers.assemble import FileNode
from stairline.simulator.readers.errors import ReadError

from .state import Converter, OnnxState, option, unknown, where


def _gemm(s: OnnxState, n: FileNode) -> tuple[int, ...]:
    transpose_a, transpose_b = bool(option(n, "transA", 0)), bool(option(n, "transB", 0))
    if s.is_constant(n, 1) and not transpose_a:
        return _dense(s, n, 1, 0 if transpose_b else 1)
    attributes = Attributes(transpose_a=transpose_a, transpose_b=transpose_b)
    return s.add(n, "matmul", [s.plain(n, 0), s.plain(n, 1)], attributes, plain=True)


def _matmul(right: int) -> Converter:
    def rule(s: OnnxState, n: FileNode) -> tuple[int, ...]:
        if s.is_constant(n, right) and len(s.constant_shape(n, right)) == 2 and not s.is_constant(n, 0):
            return _dense(s, n, right, 1)
        return s.add(n, "matmul", [s.plain(n, 0), s.plain(n, right)], plain=True)

    return rule


def _fused_matmul(s: OnnxState, n: FileNode) -> tuple[int, ...]:
    attributes = Attributes(transpose_a=bool(option(n, "transA", 0)), transpose_b=bool(option(n, "transB", 0)))
    return s.add(n, "matmul", [s.plain(n, 0), s.plain(n, 1)], attributes, plain=True)


def _dense(s: OnnxState, n: FileNode, right: int, c_out_axis: int) -> tuple[int, ...]:
    x, weights = s.plain(n, 0), s.constant_shape(n, right)
    if len(weights) != 2 or weights[1 - c_out_axis] != s.builder.shape(x)[-1]:
        raise ReadError(f"{where(n)}: weights {weights} do not fit the input {s.builder.shape(x)}")
    return s.add(n, "dense", [x], Attributes(c_out=weights[c_out_axis]), plain=True)


def _packed_weights(s: OnnxState, n: FileNode) -> tuple[int, ...]:
    """A product with weights of a few bits, packed; attributes state its size."""
    return s.add(n, "dense", [s.plain(n, 0)], Attributes(c_out=option(n, "N", 0)), plain=True)


def _einsum(s: OnnxState, n: FileNode) -> tuple[int, ...]:
    """A sum of products of two operands, as one product of matrices: indices that both have and that remain are its
    batch, those that do not remain are its reduction.

    Other equations become a layer outside the canonical set whose ``sizes`` are those of its indices.
    """
    left, arrow, result = option(n, "equation", "").replace(" ", "").partition("->")
    terms, shapes = left.split(","), [_shape(s, name) for name in n.inputs]
    sizes: dict[str, int] = {}
    for term, shape in zip(terms, shapes):
        if shape is None or len(term) != len(shape) or "." in term:
            return unknown(s, n)
        sizes.update(zip(term, shape))
    plain = (
        len(terms) == 2 and len(n.inputs) == 2 and bool(arrow) and all(len(set(term)) == len(term) for term in terms)
    )
    if not plain or not all(index in result or (index in terms[0] and index in terms[1]) for index in sizes):
        return unknown(s, n, Attributes(sizes=tuple(sizes.values())))
    return _product(s, n, terms[0], terms[1], result, sizes)


def _product(s: OnnxState, n: FileNode, a: str, b: str, result: str, sizes: dict[str, int]) -> tuple[int, ...]:
    both = [index for index in a if index in b]
    batch, reduced = [i for i in both if i in result], [i for i in both if i not in result]
    rows, columns = [i for i in a if i not in b], [i for i in b if i not in a]

    def size(indices: list[str]) -> int:
        return prod(sizes[index] for index in indices)

    x = _arranged(s, n, 0, a, (batch, rows, reduced), sizes)
    y = _arranged(s, n, 1, b, (batch, reduced, columns), sizes)
    found = s.builder.layer("matmul", x, y, name=n.name)
    order = [*batch, *rows, *columns]
    shape = tuple(sizes[index] for index in order) or (1,)
    if s.builder.shape(found) != shape:
        found = s.builder.layer("reshape", found, name=f"{n.name}/indices", sizes=shape)
    if order != list(result):
        axes = tuple(order.index(index) for index in result)
        found = s.builder.layer("transpose", found, name=f"{n.name}/order", axes=axes)
    return (found,)


def _arranged(
    s: OnnxState, n: FileNode, position: int, term: str, groups: tuple[list[str], ...], sizes: dict[str, int]
) -> int:
    """An operand with its indices in the order of the groups, each of which becomes one axis."""
    x, order = s.plain(n, position), [index for group in groups for index in group]
    if order != list(term):
        axes = tuple(term.index(index) for index in order)
        x = s.builder.layer("transpose", x, name=f"{n.name}/operand{position}", axes=axes)
    shape = tuple(prod(sizes[index] for index in group) for group in groups)
    if s.builder.shape(x) == shape:
        return x
    return s.builder.layer("reshape", x, name=f"{n.name}/matrix{position}", sizes=shape)


def _shape(s: OnnxState, name: str) -> Shape | None:
    file_tensor = s.file_tensors.get(name)
    return None if file_tensor is None else file_tensor.shape


PRODUCTS: dict[str, Converter] = {
    "Gemm": _gemm,
    "MatMul": _matmul(1),
    "MatMulInteger": _matmul(1),
    "QLinearMatMul": _matmul(3),
    "Einsum": _einsum,
    "com.microsoft.FusedMatMul": _fused_matmul,
    "com.microsoft.TransposeMatMul": _fused_matmul,
    "com.microsoft.MatMulNBits": _packed_weights,
}
"""Conversion of each operator, by its name in ONNX."""
