"""PyTorch's operators that move data, restated as those of ONNX."""

from __future__ import annotations

from stairline.simulator.readers.assemble import FileNode
from stairline.simulator.readers.errors import ReadError

from .program import Call
from .rules import Restated, Rule, node, number, numbers, on_data, part


def _transposed(s: Restated, c: Call, x: str, order: tuple[int, ...]) -> list[FileNode]:
    shape, target = s.shape(x), s.shape(c.outputs[0])
    if tuple(shape[axis] for axis in order) != target:
        raise ReadError(f"{c.where}: axes {order} of {shape} do not give {target}: export the module again")
    return [node(c, "Transpose", (x,), perm=order)]


def _permute(s: Restated, c: Call) -> list[FileNode]:
    x = s.data(c)
    order = tuple(s.axis(c, axis, len(s.shape(x))) for axis in numbers(c, "dims"))
    return _transposed(s, c, x, order)


def _swap(first: str, second: str) -> Rule:
    """Two axes change places; by default the last two."""

    def rule(s: Restated, c: Call) -> list[FileNode]:
        x = s.data(c)
        order = list(range(len(s.shape(x))))
        if len(order) < 2:
            return [node(c, "Identity", (x,))]
        a, b = (s.axis(c, number(c, name, default), len(order)) for name, default in ((first, -2), (second, -1)))
        order[a], order[b] = order[b], order[a]
        return _transposed(s, c, x, tuple(order))

    return rule


def _move(s: Restated, c: Call) -> list[FileNode]:
    x = s.data(c)
    rank = len(s.shape(x))
    sources, targets = ([s.axis(c, a, rank) for a in numbers(c, name)] for name in ("source", "destination"))
    order = [axis for axis in range(rank) if axis not in sources]
    for target, source in sorted(zip(targets, sources)):
        order.insert(target, source)
    return _transposed(s, c, x, tuple(order))


def _reversed(s: Restated, c: Call) -> list[FileNode]:
    x = s.data(c)
    return _transposed(s, c, x, tuple(reversed(range(len(s.shape(x))))))


def _expand(s: Restated, c: Call) -> list[FileNode]:
    """Axes of one element that are repeated; nothing where the shape stays."""
    x = s.data(c)
    return [node(c, "Identity" if s.shape(x) == s.shape(c.outputs[0]) else "Expand", (x,))]


def _concat(s: Restated, c: Call) -> list[FileNode]:
    """Tensors of no elements, such as an empty cache of keys, add nothing."""
    names = tuple(name for name in s.several(c, "tensors") if 0 not in s.shape(name))
    if not names:
        raise ReadError(f"{c.where}: joins tensors without elements: export the module again")
    axis = s.axis(c, number(c, "dim", 0), len(s.shape(c.outputs[0])))
    return [node(c, "Concat", names, axis=axis)] if len(names) > 1 else [node(c, "Identity", names)]


def _stack(s: Restated, c: Call) -> list[FileNode]:
    """Every tensor gets an axis, and along it they are joined."""
    axis = s.axis(c, number(c, "dim", 0), len(s.shape(c.outputs[0])))
    nodes, parts = [], []
    for place, name in enumerate(s.several(c, "tensors")):
        shape = s.shape(name)
        parts.append(s.between(c, f"part{place}", (*shape[:axis], 1, *shape[axis:])))
        nodes.append(part(c, f"part{place}", "Unsqueeze", (name,), parts[-1]))
    return [*nodes, node(c, "Concat", tuple(parts), axis=axis)]


def _split(s: Restated, c: Call) -> list[FileNode]:
    x = s.data(c)
    return [node(c, "Split", (x,), c.outputs, axis=s.axis(c, number(c, "dim", 0), len(s.shape(x))))]


def _unbind(s: Restated, c: Call) -> list[FileNode]:
    """Parts of one element along an axis, which loses the axis."""
    x = s.data(c)
    shape = s.shape(x)
    axis = s.axis(c, number(c, "dim", 0), len(shape))
    one = (*shape[:axis], 1, *shape[axis + 1 :])
    parts = tuple(s.between(c, f"part{place}", one) for place in range(len(c.outputs)))
    whole = FileNode(f"{c.name}/split", "Split", (x,), parts, {"axis": axis})
    squeezed = [node(c, "Squeeze", (name,), (output,)) for name, output in zip(parts, c.outputs)]
    return [whole, *squeezed]


def _slice(s: Restated, c: Call) -> list[FileNode]:
    x = s.data(c)
    axis = s.axis(c, number(c, "dim", 0), len(s.shape(x)))
    size, step = s.shape(x)[axis], number(c, "step", 1)
    if step < 1:
        raise ReadError(f"{c.where}: step {step} must be at least 1: export the module again")
    taken = range(*slice(number(c, "start", 0), number(c, "end", size), step).indices(size))
    if len(taken) == size:
        return [node(c, "Identity", (x,))]
    return [node(c, "Slice", (x,), starts=(taken.start,), ends=(taken.stop,), axes=(axis,), steps=(step,))]


def _narrow(s: Restated, c: Call) -> list[FileNode]:
    x = s.data(c)
    axis, start = s.axis(c, number(c, "dim", 0), len(s.shape(x))), number(c, "start", 0)
    start %= max(s.shape(x)[axis], 1)
    return [node(c, "Slice", (x,), starts=(start,), ends=(start + number(c, "length", 0),), axes=(axis,))]


def _roll(s: Restated, c: Call) -> list[FileNode]:
    """Along each axis the end comes before the beginning; without axes, along that of all elements in a row."""
    x, shifts, dims = s.data(c), numbers(c, "shifts"), numbers(c, "dims")
    shape = s.shape(x)
    if len(shifts) != len(dims) or not shape:
        return [node(c, c.target, (x,))]
    nodes, last = [], x
    for place, (shift, dim) in enumerate(zip(shifts, dims)):
        axis = s.axis(c, dim, len(shape))
        cut = (-shift) % shape[axis]
        output = s.between(c, f"rolled{place}", shape) if place < len(dims) - 1 else c.outputs[0]
        nodes += _turned(s, c, f"{place}", last, output, axis, cut)
        last = output
    return nodes


def _turned(s: Restated, c: Call, suffix: str, x: str, output: str, axis: int, cut: int) -> list[FileNode]:
    """A tensor whose parts before and behind ``cut`` change places."""
    shape = s.shape(x)
    if cut == 0:
        return [part(c, f"same{suffix}", "Identity", (x,), output)]
    ends = (*shape[:axis], shape[axis] - cut, *shape[axis + 1 :]), (*shape[:axis], cut, *shape[axis + 1 :])
    behind, before = s.between(c, f"behind{suffix}", ends[0]), s.between(c, f"before{suffix}", ends[1])
    return [
        part(c, f"behind{suffix}", "Slice", (x,), behind, starts=(cut,), ends=(shape[axis],), axes=(axis,)),
        part(c, f"before{suffix}", "Slice", (x,), before, starts=(0,), ends=(cut,), axes=(axis,)),
        part(c, f"joined{suffix}", "Concat", (behind, before), output, axis=axis),
    ]


def _pad(argument: str) -> Rule:
    """Paddings from the last axis to the first, two each."""

    def rule(s: Restated, c: Call) -> list[FileNode]:
        x, flat = s.data(c), numbers(c, argument)
        rank = len(s.shape(x))
        if len(flat) % 2 or len(flat) > 2 * rank:
            raise ReadError(f"{c.where}: paddings {flat} do not fit {s.shape(x)}: export the module again")
        pairs = [(0, 0)] * (rank - len(flat) // 2) + [*zip(flat[::2], flat[1::2])][::-1]
        if min((0, *flat)) < 0:
            return [node(c, c.target, (x,))]
        pads = (*(before for before, _ in pairs), *(after for _, after in pairs))
        return [node(c, "Pad", (x,), pads=pads)]

    return rule


_RESHAPES = (
    *("view", "reshape", "_unsafe_view", "view_as", "reshape_as", "flatten", "unflatten"),
    *("squeeze", "unsqueeze", "squeeze_copy", "view_copy"),
)
_PADS = [f"{mode}_pad{axes}d" for mode in ("reflection", "replication") for axes in (1, 2, 3)]

MOVES: dict[str, Rule] = {
    **dict.fromkeys(_RESHAPES, on_data("Reshape")),
    "permute": _permute,
    "transpose": _swap("dim0", "dim1"),
    "swapaxes": _swap("axis0", "axis1"),
    "t": _swap("", ""),
    "mT": _swap("", ""),
    "numpy_T": _reversed,
    "movedim": _move,
    **dict.fromkeys(("expand", "expand_as", "broadcast_to"), _expand),
    **dict.fromkeys(("repeat", "tile", "repeat_interleave"), on_data("Tile")),
    **dict.fromkeys(("cat", "concat", "concatenate"), _concat),
    "stack": _stack,
    **dict.fromkeys(("split", "split_with_sizes", "chunk", "tensor_split", "unsafe_split", "unsafe_chunk"), _split),
    "unbind": _unbind,
    "slice": _slice,
    "narrow": _narrow,
    "roll": _roll,
    "pad": _pad("pad"),
    "constant_pad_nd": _pad("pad"),
    **dict.fromkeys(_PADS, _pad("padding")),
}
"""The restatement of each operator, by its name in PyTorch."""
