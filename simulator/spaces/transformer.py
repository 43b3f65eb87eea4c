"""A space of vision transformers: depth, and the width, heads and hidden sizes of their layers."""

from __future__ import annotations

from functools import partial

from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.zoo.parts import CLASSES

from .space import Space
from .structure import Choice, Flow, Position, settling

_PATCH, _HEAD_CHANNELS, _MAX_DEPTH = 16, 64, 14


def vision_transformer(resolution: int = 224) -> Space:
    """AutoFormer's smallest space: 12 to 14 layers, 192 to 240 channels, 3 or 4 heads, hidden sizes of 3.5 or 4 times.

    Source: Chen et al. 2021, table 1 (supernet-tiny), with heads of 64 channels and a class token.
    """
    embeddings = tuple(Choice(str(c), partial(_embed, resolution, c), (c,)) for c in (192, 216, 240))
    positions = [Position("channels", embeddings), settling("depth", (12, 13, 14))]
    for number in range(_MAX_DEPTH):
        layers = tuple(
            Choice(f"h{heads} r{ratio}", partial(_layer, number, heads, ratio), (heads, ratio))
            for heads in (3, 4)
            for ratio in (3.5, 4.0)
        )
        positions.append(Position(f"layer {number + 1}", layers))
    return Space("vision_transformer", (*positions, Position("head", (Choice("head", _head),))))


def _embed(size: int, channels: int, b: GraphBuilder, _flow: Flow) -> Flow:
    x = b.conv2d(b.input((1, size, size, 3)), channels, _PATCH, _PATCH, padding="valid")
    tokens = (size // _PATCH) ** 2
    x = b.layer("concat", b.constant((1, 1, channels)), b.layer("reshape", x, sizes=(1, tokens, channels)), axis=1)
    return Flow(b.layer("add", x, b.constant((1, tokens + 1, channels))))


def _layer(number: int, heads: int, ratio: float, b: GraphBuilder, flow: Flow) -> Flow:
    """One layer of attention and two dense ones, or nothing where the network is not that deep."""
    (depth,) = flow.settled
    settled = () if number == _MAX_DEPTH - 1 else flow.settled
    if isinstance(depth, int) and number >= depth:
        return Flow(flow.tensor, settled)
    x, channels = flow.tensor, b.shape(flow.tensor)[-1]
    x = b.layer("add", x, _attention(b, b.layer("layer_norm", x), heads))
    hidden = b.dense(b.layer("layer_norm", x), int(channels * ratio), activation="gelu")
    return Flow(b.layer("add", x, b.dense(hidden, channels)), settled)


def _attention(b: GraphBuilder, x: int, heads: int) -> int:
    _, tokens, channels = b.shape(x)
    inner = heads * _HEAD_CHANNELS

    def in_heads(axes: tuple[int, ...]) -> int:
        split = b.layer("reshape", b.dense(x, inner), sizes=(1, tokens, heads, _HEAD_CHANNELS))
        return b.layer("transpose", split, axes=axes)

    queries, keys, values = in_heads((0, 2, 1, 3)), in_heads((0, 2, 3, 1)), in_heads((0, 2, 1, 3))
    weights = b.layer("softmax", b.layer("mul", b.layer("matmul", queries, keys), b.constant((1,))))
    joined = b.layer("transpose", b.layer("matmul", weights, values), axes=(0, 2, 1, 3))
    return b.dense(b.layer("reshape", joined, sizes=(1, tokens, inner)), channels)


def _head(b: GraphBuilder, flow: Flow) -> Flow:
    x = b.layer("layer_norm", flow.tensor)
    channels = b.shape(x)[-1]
    token = b.layer("slice", x, begin=(0, 0, 0), sizes=(1, 1, channels))
    return Flow(b.dense(b.layer("reshape", token, sizes=(1, channels)), CLASSES))
