"""Attention that files state as one operator, as the products and element operations that it runs as."""

from __future__ import annotations

from collections.abc import Sequence

from stairline.simulator.graph.builder import GraphBuilder

from .errors import ReadError


def attended(b: GraphBuilder, name: str, parts: Sequence[int], heads: int) -> int:
    """Attention of queries, keys and values (batch, steps, channels) in ``heads`` heads, which are joined again.

    Raises ReadError where the heads do not divide the channels.
    """
    shapes = [b.shape(part) for part in parts]
    if heads < 1 or any(shape[2] % heads for shape in shapes):
        raise ReadError(f"layer '{name}': {heads} heads do not divide the channels of {shapes}: export it again")
    split = [_in_heads(b, f"{name}/{what}", part, heads) for what, part in zip("qkv", parts)]
    joined = b.layer("transpose", weighed(b, name, split), name=f"{name}/joined", axes=(0, 2, 1, 3))
    return b.layer("reshape", joined, name=name, sizes=(*shapes[0][:2], shapes[2][2]))


def weighed(b: GraphBuilder, name: str, parts: Sequence[int]) -> int:
    """Values (batch, heads, steps, channels) weighed by how queries and keys agree; ``parts`` are these three."""
    queries, keys, values = parts
    scores = b.layer("matmul", queries, keys, name=f"{name}/scores", transpose_b=True)
    return b.layer("matmul", b.layer("softmax", scores, name=f"{name}/softmax"), values, name=f"{name}/values")


def _in_heads(b: GraphBuilder, name: str, part: int, heads: int) -> int:
    batch, steps, channels = b.shape(part)
    split = b.layer("reshape", part, name=f"{name}/heads", sizes=(batch, steps, heads, channels // heads))
    return b.layer("transpose", split, name=f"{name}/first", axes=(0, 2, 1, 3))
