"""Attention in ONNX files, converted to the products and element operations that it runs as."""

from __future__ import annotations

from stairline.simulator.graph.attributes import Attributes
from stairline.simulator.readers.assemble import FileNode
from stairline.simulator.readers.attention import attended, weighed
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
    return (attended(s.builder, n.name, parts, option(n, "num_heads", 1)), *_absent(n))


def _separate(heads: str) -> Converter:
    """Queries, keys and values are operands: (batch, steps, channels), or (batch, heads, steps, channels)."""

    def rule(s: OnnxState, n: FileNode) -> tuple[int, ...]:
        if len([name for name in n.inputs[:3] if name]) < 3:
            return unknown(s, n)
        operands = tuple(s.plain(n, place) for place in range(3))
        ranks = {len(s.builder.shape(x)) for x in operands}
        if ranks == {3} and option(n, heads, 0) > 0:
            return (attended(s.builder, n.name, operands, option(n, heads, 0)), *_absent(n))
        if ranks == {4}:
            return (weighed(s.builder, n.name, operands), *_absent(n))
        return unknown(s, n)

    return rule


def _absent(n: FileNode) -> tuple[int, ...]:
    """Nothing, where the operator's other outputs, its cache of keys and values, are not used."""
    if [name for name in n.outputs[1:] if name]:
        raise ReadError(f"{where(n)}: its outputs behind the first, keys and values kept for later, are not read")
    return ()


ATTENTION: dict[str, Converter] = {
    "com.microsoft.Attention": _packed,
    "com.microsoft.QAttention": _packed,
    "com.microsoft.MultiHeadAttention": _separate("num_heads"),
    "Attention": _separate("q_num_heads"),
}
"""Conversion of each operator, by its name in ONNX."""
