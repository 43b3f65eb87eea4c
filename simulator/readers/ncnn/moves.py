"""ncnn layers that move data, converted to canonical layers."""

from __future__ import annotations

from math import prod

from stairline.simulator.graph.attributes import Attributes
from stairline.simulator.graph.ops import Shape
from stairline.simulator.readers.errors import ReadError

from .state import Blob, Converter, NcnnState, axis, from_graph, to_graph
from .text import NcnnLayer

_PERMUTATIONS = (
    *((0, 1, 2), (0, 2, 1), (1, 0, 2)),
    *((1, 2, 0), (2, 0, 1), (2, 1, 0)),
)
"""The axes (c, h, w) of the input in the order of the output's, outermost first, by ncnn's number of an order."""


def _concat(s: NcnnState, n: NcnnLayer) -> tuple[Blob, ...]:
    blobs = [s.blob(n, place) for place in range(len(n.inputs))]
    along = axis(n, n.whole(0), blobs[0].shape)
    return (s.add(n, "concat", [blob.tensor for blob in blobs], Attributes(axis=along)),)


def _slice(s: NcnnState, n: NcnnLayer) -> tuple[Blob, ...]:
    """Parts of the stated sizes, where -233 is an equal share of what is left."""
    x, number = s.blob(n), n.whole(1)
    along = axis(n, number, x.shape)
    left, sizes = x.shape[number], []
    stated = n.array(0) or (-233,) * len(n.outputs)
    for place, size in enumerate(stated):
        sizes.append(left // (len(stated) - place) if size == -233 else size)
        left -= sizes[-1]
    parts = s.builder.layers("split", [x.tensor], Attributes(axis=along, sizes=tuple(sizes)), name=n.name)
    return tuple(Blob(part, from_graph(s.builder.shape(part))) for part in parts)


def _reshape(s: NcnnState, n: NcnnLayer) -> tuple[Blob, ...]:
    x = s.blob(n)
    stated = [n.whole(number, -233) for number in (2, 11, 1, 0)]
    sizes = [size for size in stated if size != -233]
    # A 0 keeps the input's axis of the same place, counted from the innermost.
    for place in range(1, len(sizes) + 1):
        if sizes[-place] == 0 and place <= len(x.shape):
            sizes[-place] = x.shape[-place]
    known = prod(size for size in sizes if size != -1)
    sizes = [prod(x.shape) // known if size == -1 and known else size for size in sizes]
    if not sizes or prod(sizes) != prod(x.shape) or sizes.count(-1):
        raise ReadError(f"{n.where}: cannot reshape {x.shape} to {tuple(sizes)}")
    return (_as(s, n, x, tuple(sizes)),)


def _as(s: NcnnState, n: NcnnLayer, x: Blob, shape: Shape) -> Blob:
    return s.add(n, "reshape", [x.tensor], Attributes(sizes=to_graph(shape)))


def _flatten(s: NcnnState, n: NcnnLayer) -> tuple[Blob, ...]:
    x = s.blob(n)
    return (x,) if len(x.shape) == 1 else (_as(s, n, x, (prod(x.shape),)),)


def _squeeze(s: NcnnState, n: NcnnLayer) -> tuple[Blob, ...]:
    x = s.blob(n)
    axes = {number % len(x.shape) for number in n.array(3)}
    dropped = axes or {place for place, size in enumerate(x.shape) if size == 1}
    shape = tuple(size for place, size in enumerate(x.shape) if size != 1 or place not in dropped) or (1,)
    return (x,) if shape == x.shape else (_as(s, n, x, shape),)


def _expand_dims(s: NcnnState, n: NcnnLayer) -> tuple[Blob, ...]:
    x, shape = s.blob(n), list(s.blob(n).shape)
    for number in sorted(number % (len(shape) + 1) for number in n.array(3)):
        shape.insert(number, 1)
    return (x,) if tuple(shape) == x.shape else (_as(s, n, x, tuple(shape)),)


def _permute(s: NcnnState, n: NcnnLayer) -> tuple[Blob, ...]:
    x, number, rank = s.blob(n), n.whole(0), len(s.blob(n).shape)
    if rank == 2:
        return (s.add(n, "transpose", [x.tensor], Attributes(axes=(0, 2, 1))) if number == 1 else x,)
    if rank != 3 or not 0 <= number < len(_PERMUTATIONS):
        raise ReadError(f"{n.where}: order {number} of a blob of shape {x.shape} is not read")
    order = _PERMUTATIONS[number]
    stored = [1, 2, 0]
    moved = tuple(1 + stored.index(order[place]) for place in stored)
    return (x,) if moved == (1, 2, 3) else (s.add(n, "transpose", [x.tensor], Attributes(axes=(0, *moved))),)


def _padding(s: NcnnState, n: NcnnLayer) -> tuple[Blob, ...]:
    x = s.image(n)
    pads = ((0, 0), (n.whole(0), n.whole(1)), (n.whole(2), n.whole(3)), (n.whole(7), n.whole(8)))
    return (s.add(n, "pad", [x.tensor], Attributes(pads=pads)),)


def _crop(s: NcnnState, n: NcnnLayer) -> tuple[Blob, ...]:
    """The part of a blob between offsets, of a stated size, or of the size of another blob."""
    x, rank = s.blob(n), len(s.blob(n).shape)
    begin, sizes = [0] * rank, list(x.shape)
    if n.array(9):
        axes = n.array(11) or tuple(range(len(n.array(9))))
        for number, start, end in zip(axes, n.array(9), n.array(10)):
            kept = range(*slice(start, end if end != -233 else None).indices(x.shape[number % rank]))
            begin[number % rank], sizes[number % rank] = kept.start, len(kept)
    else:
        like = s.blob(n, 1).shape if len(n.inputs) > 1 else ()
        for place in range(rank):
            innermost = rank - 1 - place
            offset, size, back = (n.whole(number) for number in ((0, 3, 6), (1, 4, 7), (2, 5, 8))[min(innermost, 2)])
            size = like[place] if len(like) == rank else size
            begin[place] = max(offset, 0)
            sizes[place] = size if size not in (0, -233) else x.shape[place] - begin[place] - max(back, 0)
    stored = Attributes(begin=(0, *_channels_last(begin)), sizes=(1, *_channels_last(sizes)))
    return (s.add(n, "slice", [x.tensor], stored),)


def _channels_last(values: list[int]) -> list[int]:
    return [*values[1:], values[0]] if len(values) >= 3 else values


_INTERPOLATIONS = {1: "nearest", 2: "linear", 3: "cubic"}
"""Interp's resize_type."""


def _interp(s: NcnnState, n: NcnnLayer) -> tuple[Blob, ...]:
    x = s.image(n)
    _, h, w = x.shape
    like = s.image(n, 1).shape[1:] if len(n.inputs) > 1 else (0, 0)
    high = like[0] or n.whole(3) or int(h * n.number(1, 1.0))
    wide = like[1] or n.whole(4) or int(w * n.number(2, 1.0))
    mode = _INTERPOLATIONS.get(n.whole(0), "linear")
    return (s.add(n, "resize", [x.tensor], Attributes(sizes=(high, wide), interpolation=mode)),)


def _softmax(s: NcnnState, n: NcnnLayer) -> tuple[Blob, ...]:
    x = s.blob(n)
    return (s.add(n, "softmax", [x.tensor], Attributes(axis=axis(n, n.whole(0), x.shape))),)


def _shuffle(s: NcnnState, n: NcnnLayer) -> tuple[Blob, ...]:
    x, groups = s.image(n), n.whole(0, 1)
    if n.whole(1) and groups > 0:
        groups = x.shape[0] // groups
    return (s.add(n, "channel_shuffle", [x.tensor], Attributes(groups=groups)),)


def _blocks(op: str) -> Converter:
    return lambda s, n: (s.add(n, op, [s.image(n).tensor], Attributes(stride=(n.whole(0, 1),) * 2)),)


def _priors(s: NcnnState, n: NcnnLayer) -> tuple[Blob, ...]:
    """The boxes of a detector's grid, which are known before the network runs: a box and four variances each."""
    _, h, w = s.image(n).shape
    ratios = n.count(2) * (2 if n.whole(3, 1) else 1)
    shape = (2, 4 * h * w * (n.count(0) * (1 + ratios) + n.count(1)))
    return (Blob(s.builder.constant(to_graph(shape), n.outputs[0]), shape),)


def _embed(s: NcnnState, n: NcnnLayer) -> tuple[Blob, ...]:
    table = s.builder.constant((max(n.whole(1), 1), n.whole(0)))
    words = s.builder.layers("gather", [table, s.blob(n).tensor], Attributes(axis=0, keepdims=True), name=n.name)[0]
    return (Blob(words, s.builder.shape(words)[1:]),)


def _product(s: NcnnState, n: NcnnLayer) -> tuple[Blob, ...]:
    x, y = s.blob(n, 0), s.blob(n, 1)
    if len(x.shape) != 2 or len(y.shape) != 2:
        raise ReadError(f"{n.where}: products of {x.shape} and {y.shape} are not read: both need two axes")
    transpose = bool(n.whole(0)) if n.kind == "MatMul" else bool(n.whole(3))
    return (s.add(n, "matmul", [x.tensor, y.tensor], Attributes(transpose_b=transpose)),)


MOVES: dict[str, Converter] = {
    "Concat": _concat,
    "Slice": _slice,
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Squeeze": _squeeze,
    "ExpandDims": _expand_dims,
    "Permute": _permute,
    "Padding": _padding,
    "Crop": _crop,
    "Interp": _interp,
    "Softmax": _softmax,
    "ShuffleChannel": _shuffle,
    "PixelShuffle": _blocks("depth_to_space"),
    "Reorg": _blocks("space_to_depth"),
    "PriorBox": _priors,
    "Embed": _embed,
    "MatMul": _product,
    "Gemm": _product,
}
"""Conversion of each layer, by its type in ncnn."""
