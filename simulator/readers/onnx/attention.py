"""Attention in ONNX files, converted to the products and element operations that it runs as."""

from __future__ import annotations

from stairline.simulator.graph.attributes import Attributes
from stairline.simulator.graph.ops import Shape
from stairline.simulator.readers.assemble import FileNode
from stairline.simulator.readers.errors import ReadError

from .state import Converter, OnnxState, option, unknown, where


def _packed(s: OnnxState, n: FileNode) -> tuple[int, ...]:
    """One product of (batch, steps, channels) with stored weights gives queries, keys and values, side by side."""
    weights, x = s.file_tensors.get(s.name(n, 1)), s.plain(n, 0)
    if weights is None or weights.shape is None or len(weights.shape) != 2 or len(s.builder.shape(x)) != 3:
        return unknown(s, n)
    wide = weights.shape[1]
    sizes = option(n, "qkv_hidden_sizes", ()) or (wide // 3,) * 3
    if len(sizes) != 3 or sum(sizes) != wide:
        raise ReadError(f"{where(n)}: weights {weights.shape} hold no queries, keys and values of {sizes} channels")
    together = s.builder.layer("dense", x, name=f"{n.name}/qkv", c_out=wide)
    parts = s.builder.layers("split", [together], Attributes(axis=-1, sizes=tuple(sizes)), name=f"{n.name}/split")
    return (_attended(s, n, parts, option(n, "num_heads", 1)), *_absent(n))


def _separate(heads: str) -> Converter:
    """Queries, keys and values are operands: (batch, steps, channels), or (batch, heads, steps, channels)."""

    def rule(s: OnnxState, n: FileNode) -> tuple[int, ...]:
        if len([name for name in n.inputs[:3] if name]) < 3:
            return unknown(s, n)
        operands = tuple(s.plain(n, place) for place in range(3))
        ranks = {len(s.builder.shape(x)) for x in operands}
        if ranks == {3} and option(n, heads, 0) > 0:
            return (_attended(s, n, operands, option(n, heads, 0)), *_absent(n))
        if ranks == {4}:
            return (_weighed(s, n, operands, transpose_b=True), *_absent(n))
        return unknown(s, n)

    return rule


def _absent(n: FileNode) -> tuple[int, ...]:
    """Nothing, where the operator's other outputs, its cache of keys and values, are not used."""
    if [name for name in n.outputs[1:] if name]:
        raise ReadError(f"{where(n)}: its outputs behind the first, keys and values kept for later, are not read")
    return ()


def _attended(s: OnnxState, n: FileNode, parts: tuple[int, ...], heads: int) -> int:
    """Attention of queries, keys and values (batch, steps, channels) in ``heads`` heads, which are joined again."""
    shapes = [s.builder.shape(part) for part in parts]
    if any(shape[2] % heads for shape in shapes):
        raise ReadError(f"{where(n)}: {heads} heads do not divide the channels of {shapes}")
    queries, keys, values = (
        _in_heads(s, n, what, part, shape, heads) for what, part, shape in zip("qkv", parts, shapes)
    )
    weighed = _weighed(s, n, (queries, keys, values), transpose_b=True)
    joined = s.builder.layer("transpose", weighed, name=f"{n.name}/joined", axes=(0, 2, 1, 3))
    return s.builder.layer("reshape", joined, name=n.name, sizes=(*shapes[0][:2], shapes[2][2]))


def _in_heads(s: OnnxState, n: FileNode, what: str, part: int, shape: Shape, heads: int) -> int:
    sizes = (*shape[:2], heads, shape[2] // heads)
    split = s.builder.layer("reshape", part, name=f"{n.name}/{what}/heads", sizes=sizes)
    return s.builder.layer("transpose", split, name=f"{n.name}/{what}/first", axes=(0, 2, 1, 3))


def _weighed(s: OnnxState, n: FileNode, operands: tuple[int, int, int] | tuple[int, ...], transpose_b: bool) -> int:
    queries, keys, values = operands
    scores = s.builder.layer("matmul", queries, keys, name=f"{n.name}/scores", transpose_b=transpose_b)
    weights = s.builder.layer("softmax", scores, name=f"{n.name}/softmax")
    return s.builder.layer("matmul", weights, values, name=f"{n.name}/values")


ATTENTION: dict[str, Converter] = {
    "com.microsoft.Attention": _packed,
    "com.microsoft.QAttention": _packed,
    "com.microsoft.MultiHeadAttention": _separate("num_heads"),
    "Attention": _separate("q_num_heads"),
}
"""Conversion of each operator, by its name in ONNX."""
