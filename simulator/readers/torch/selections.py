"""PyTorch's operators that select, search and reduce, restated as those of ONNX."""

from __future__ import annotations

from stairline.simulator.readers.assemble import FileNode
from stairline.simulator.readers.errors import ReadError

from .program import Call, Name
from .rules import Restated, Rule, node, number, numbers, on_data, part, real


def _axes(s: Restated, c: Call) -> tuple[int, ...]:
    """The axes that a reduction names, or all."""
    rank = len(s.shape(s.data(c)))
    return tuple(s.axis(c, axis, rank) for axis in numbers(c, "dim")) or tuple(range(rank))


def _kept(c: Call) -> int:
    return int(c.arguments.get("keepdim") is True)


def _reduction(op: str) -> Rule:
    """A reduction; the mean of all pixels is a global pooling, as in files that PyTorch exports to ONNX."""
    return lambda s, c: [node(c, op, (s.data(c),), axes=_axes(s, c), keepdims=_kept(c))]


def _largest(op: str, pair: str, search: str) -> Rule:
    """The larger of two tensors, or along an axis the largest element and, where it is read, its position."""

    def rule(s: Restated, c: Call) -> list[FileNode]:
        if "other" in c.arguments:
            return [node(c, pair, (s.data(c), s.operand(c, "other")))]
        values, positions = (*s.used(c), "")[:2]
        x, axes, kept = s.data(c), _axes(s, c), _kept(c)
        nodes = [node(c, op, (x,), (values,), axes=axes, keepdims=kept)] if values else []
        found = [part(c, "position", search, (x,), positions, axis=axes[0], keepdims=kept)] if positions else []
        return nodes + found

    return rule


def _search(op: str) -> Rule:
    """The position of an element along an axis, or among all elements in a row."""

    def rule(s: Restated, c: Call) -> list[FileNode]:
        x = s.data(c)
        if c.arguments.get("dim") is not None:
            axis = s.axis(c, number(c, "dim", 0), len(s.shape(x)))
            return [node(c, op, (x,), axis=axis, keepdims=_kept(c))]
        elements = 1
        for size in s.shape(x):
            elements *= size
        row = s.between(c, "row", (elements,), s.tensors[x].dtype)
        return [part(c, "row", "Reshape", (x,), row), node(c, op, (row,), axis=0, keepdims=0)]

    return rule


def _best(s: Restated, c: Call) -> list[FileNode]:
    """The first k elements in order; of a sort, all."""
    x = s.data(c)
    axis = s.axis(c, number(c, "dim", -1), len(s.shape(x)))
    k = number(c, "k", s.shape(x)[axis])
    return [node(c, "TopK", (x,), c.outputs, axis=axis, k=k)]


def _variance(s: Restated, c: Call) -> list[FileNode]:
    """The mean of squared differences from the mean, and for a deviation its root."""
    x, axes = s.data(c), _axes(s, c)
    shape = s.shape(x)
    centre = tuple(1 if axis in axes else size for axis, size in enumerate(shape))
    mean, apart, squares = s.between(c, "mean", centre), s.between(c, "apart", shape), s.between(c, "squares", shape)
    rooted = c.op == "std"
    spread = s.between(c, "variance", s.shape(c.outputs[0])) if rooted else c.outputs[0]
    return [
        part(c, "mean", "ReduceMean", (x,), mean, axes=axes, keepdims=1),
        part(c, "apart", "Sub", (x, mean), apart),
        part(c, "squares", "Mul", (apart, apart), squares),
        part(c, "variance", "ReduceMean", (squares,), spread, axes=axes, keepdims=_kept(c)),
        *([node(c, "Sqrt", (spread,))] if rooted else []),
    ]


def _norm(s: Restated, c: Call) -> list[FileNode]:
    order = real(c, "ord" if "ord" in c.arguments else "p", 2.0)
    op = {1.0: "ReduceL1", 2.0: "ReduceL2"}.get(order)
    if op is None:
        return [node(c, c.target, (s.data(c),))]
    return [node(c, op, (s.data(c),), axes=_axes(s, c), keepdims=_kept(c))]


def _along(op: str) -> Rule:
    def rule(s: Restated, c: Call) -> list[FileNode]:
        x = s.data(c)
        return [node(c, op, (x,), axis=s.axis(c, number(c, "dim", -1), len(s.shape(x))))]

    return rule


def _embedding(s: Restated, c: Call) -> list[FileNode]:
    return [node(c, "Gather", (s.tensor(c, "weight"), s.tensor(c, "indices")), axis=0)]


def _index_select(s: Restated, c: Call) -> list[FileNode]:
    x = s.data(c)
    axis = s.axis(c, number(c, "dim", 0), len(s.shape(x)))
    return [node(c, "Gather", (x, s.tensor(c, "index")), axis=axis)]


def _select(s: Restated, c: Call) -> list[FileNode]:
    """One element along an axis, which loses the axis; both exporters to ONNX write it as a Gather."""
    x = s.data(c)
    axis = s.axis(c, number(c, "dim", 0), len(s.shape(x)))
    place = s.number(f"{c.outputs[0]}/index", number(c, "index", 0), "int64")
    return [node(c, "Gather", (x, place), axis=axis)]


def _index(s: Restated, c: Call) -> list[FileNode]:
    """Along one axis a Gather, whatever the rank of the positions; along several, elements at broadcast positions."""
    x, given = s.data(c), c.arguments.get("indices")
    if not isinstance(given, tuple):
        raise ReadError(f"{c.where}: argument 'indices' is {given!r}, not tensors: export the module again")
    axes = [axis for axis, name in enumerate(given) if isinstance(name, Name)]
    names = [name for name in given if isinstance(name, Name)]
    if any(s.tensors[name].dtype == "bool" for name in names):
        return [node(c, c.target, (x, *names))]
    if len(axes) == 1:
        return [node(c, "Gather", (x, names[0]), axis=axes[0])]
    return _at_positions(s, c, x, names, axes)


def _at_positions(s: Restated, c: Call, x: str, names: list[Name], axes: list[int]) -> list[FileNode]:
    """Elements at positions along the first axes, which are joined to one tensor of positions."""
    outer = len(s.shape(x)) - len(axes)
    if axes != list(range(len(axes))):
        return [node(c, c.target, (x, *names))]
    shape = s.shape(c.outputs[0])
    places = shape[: len(shape) - outer]
    nodes, parts = [], []
    for place, name in enumerate(names):
        wide = s.between(c, f"wide{place}", places, "int64")
        parts.append(s.between(c, f"position{place}", (*places, 1), "int64"))
        nodes.append(part(c, f"wide{place}", "Identity" if s.shape(name) == places else "Expand", (name,), wide))
        nodes.append(part(c, f"position{place}", "Unsqueeze", (wide,), parts[-1]))
    joined = s.between(c, "positions", (*places, len(names)), "int64")
    nodes.append(part(c, "positions", "Concat", tuple(parts), joined, axis=len(places)))
    return [*nodes, node(c, "GatherND", (x, joined))]


def _replaced(op: str) -> Rule:
    """A copy of a tensor in which other elements stand at some positions."""

    return lambda _s, c: [node(c, op, c.tensors())]


def _put(s: Restated, c: Call) -> list[FileNode]:
    """A copy of a tensor with other values at some positions; whatever their number of axes, they are data once."""
    x, *positions = c.tensors()
    return [node(c, "ScatterND", (x, *positions[:1], s.tensor(c, "values")))]


def _grid_sample(s: Restated, c: Call) -> list[FileNode]:
    return [node(c, "GridSample", (s.tensor(c, "input"), s.tensor(c, "grid")))]


SELECTIONS: dict[str, Rule] = {
    "mean": _reduction("ReduceMean"),
    "sum": _reduction("ReduceSum"),
    "amax": _reduction("ReduceMax"),
    "amin": _reduction("ReduceMin"),
    "prod": _reduction("ReduceProd"),
    "any": _reduction("ReduceMax"),
    "all": _reduction("ReduceMin"),
    "max": _largest("ReduceMax", "Max", "ArgMax"),
    "min": _largest("ReduceMin", "Min", "ArgMin"),
    "argmax": _search("ArgMax"),
    "argmin": _search("ArgMin"),
    "topk": _best,
    "sort": _best,
    "var": _variance,
    "std": _variance,
    "norm": _norm,
    "linalg_vector_norm": _norm,
    **dict.fromkeys(("softmax", "_softmax", "_safe_softmax"), _along("Softmax")),
    **dict.fromkeys(("log_softmax", "_log_softmax"), _along("LogSoftmax")),
    "cumsum": _along("CumSum"),
    "cumprod": _along("CumProd"),
    "embedding": _embedding,
    "index_select": _index_select,
    "select": _select,
    "index": _index,
    "index_put": _put,
    "one_hot": on_data("OneHot"),
    "logsumexp": _reduction("ReduceLogSumExp"),
    "gather": _replaced("GatherElements"),
    "scatter": _replaced("ScatterElements"),
    "scatter_add": _replaced("ScatterElements"),
    "flip": on_data("ReverseSequence"),
    "tril": on_data("Trilu"),
    "triu": on_data("Trilu"),
    **dict.fromkeys(("grid_sampler", "grid_sampler_2d"), _grid_sample),
}
"""The restatement of each operator, by its name in PyTorch."""
