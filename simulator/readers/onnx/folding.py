"""ONNX graphs whose shapes are computed as far as they are known before the network runs.

ONNX's own inference gives the shapes that follow from other shapes. In turns with it, the values by which files compute
shapes are computed and stored, the branch of an If whose condition is known takes its place, and operators whose output
size depends on the data get the largest size that it can have.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stairline.simulator.graph.ops import Shape

from .arithmetic import LARGEST, NotComputedError, computed
from .contents import dimensions, small_values
from .infer import inferred

Array = NDArray[Any]

_ROUNDS = 12
"""Turns of inference and folding: files nest shape arithmetic, and branches, a few levels deep."""

SAME_SHAPE = frozenset(
    {
        *("LayerNormalization", "GroupNormalization", "RMSNormalization", "Gelu", "Swish", "QuickGelu", "HardSwish"),
        *("Mish", "MultiHeadAttention", "RotaryEmbedding"),
    }
)
"""Operators that keep the shape of their first operand, and that ONNX's inference of older operator sets lacks."""


def folded(model: Any) -> tuple[Any, tuple[str, ...]]:
    """The model with all shapes that can be known, and what had to be taken for the others, each a sentence.

    An If whose condition depends on the data comes last, when nothing else can be computed: its larger branch is taken.
    """
    notes: dict[str, None] = {}
    stated = list(model.graph.value_info)
    # Before this version a stored tensor counts only where it is listed among the inputs as well.
    model.ir_version = max(model.ir_version, 4)
    for _ in range(_ROUNDS):
        # What an earlier turn inferred may rest on less than is known now.
        del model.graph.value_info[:]
        model.graph.value_info.extend(stated)
        model = inferred(model)
        if not (_fold(model.graph, stated, notes) or _branch_taken(model.graph, notes)):
            break
    return model, tuple(notes)


def _branch_taken(graph: Any, notes: dict[str, None]) -> bool:
    """Put the branch with more stored values in the place of the first If; whether there was one."""
    for place, node in enumerate(graph.node):
        branches = [attribute.g for attribute in node.attribute if attribute.name in ("then_branch", "else_branch")]
        if node.op_type == "If" and len(branches) == 2:
            larger = max(branches, key=_stored_elements)
            rest = [*graph.node[:place], *_inlined(node, larger, graph), *graph.node[place + 1 :]]
            del graph.node[:]
            graph.node.extend(rest)
            name = node.name or node.output[0]
            notes[f"node '{name}' (If): its condition depends on the data: the branch with more weights is taken"] = (
                None
            )
            return True
    return False


def _stored_elements(graph: Any) -> int:
    """Elements of all tensors that a graph stores, those of its nodes' graphs included; then its number of nodes."""
    found: int = sum(prod(tensor.dims) for tensor in graph.initializer) + len(graph.node)
    for node in graph.node:
        for attribute in node.attribute:
            found += prod(attribute.t.dims) if attribute.HasField("t") else 0
            found += _stored_elements(attribute.g) if attribute.HasField("g") else 0
    return found


def _fold(graph: Any, stated: list[Any], notes: dict[str, None]) -> bool:
    """Compute what can be computed, in place, and add to the ``stated`` shapes; whether anything was found."""
    shapes = {info.name: _fixed(info) for info in (*graph.input, *graph.value_info, *graph.output)}
    shapes |= {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    values, doubtful = small_values(graph), set[str]()
    kept: list[Any] = []
    changed = False
    for node in graph.node:
        branch = _branch(node, values)
        if branch is not None:
            kept += _inlined(node, branch, graph)
            changed = True
            continue
        # ONNX's inference gives axes that it cannot compute 0 elements: what depends on them is wrong.
        if not doubtful.isdisjoint(node.input) or any(0 in (shapes.get(name) or ()) for name in node.output):
            doubtful.update(node.output)
            shapes.update(dict.fromkeys(node.output))
        value = _value(node, shapes, values)
        if value is not None:
            name = node.output[0]
            values[name], shapes[name] = value, value.shape
            doubtful.discard(name)
            graph.initializer.append(_stored(name, value))
            changed = True
            continue
        changed |= _bounded(graph, node, shapes, values, stated, notes)
        kept.append(node)
    if changed:
        del graph.node[:]
        graph.node.extend(kept)
    return changed


def _fixed(info: Any) -> Shape | None:
    """The shape of a tensor; None where a dimension of it is open."""
    found = dimensions(info.type)
    return None if found is None or None in found else tuple(d for d in found if d is not None)


def _value(node: Any, shapes: Mapping[str, Shape | None], values: Mapping[str, Array]) -> Array | None:
    """The value that a node computes from shapes and known values alone; None where it depends on anything else."""
    if node.domain not in ("", "ai.onnx") or len(node.output) != 1 or node.op_type == "Constant":
        return None
    if node.op_type in ("Shape", "Size"):
        shape = shapes.get(node.input[0])
        if shape is None:
            return None
        bounds = {a.name: a.i for a in node.attribute}
        part = shape[bounds.get("start", 0) : bounds.get("end", len(shape))]
        return np.array(part if node.op_type == "Shape" else prod(shape), dtype=np.int64)
    if not all(name in values for name in node.input if name):
        return None
    try:
        return computed(node.op_type, [values.get(name) for name in node.input], _options(node))
    except NotComputedError:
        return None


def _options(node: Any) -> dict[str, Any]:
    import onnx.helper
    import onnx.numpy_helper

    found = {}
    for attribute in node.attribute:
        value = onnx.helper.get_attribute_value(attribute)
        if attribute.type == onnx.AttributeProto.TENSOR:
            value = onnx.numpy_helper.to_array(value) if prod(value.dims) <= LARGEST else None
        found[attribute.name] = value
    return found


def _stored(name: str, value: Array) -> Any:
    import onnx.numpy_helper

    return onnx.numpy_helper.from_array(np.ascontiguousarray(value).reshape(value.shape), name)


def _branch(node: Any, values: Mapping[str, Array]) -> Any:
    """The graph that an If runs; None for another node, and where its condition is not known."""
    if node.op_type != "If" or node.domain not in ("", "ai.onnx") or node.input[0] not in values:
        return None
    wanted = "then_branch" if values[node.input[0]].ravel()[:1].any() else "else_branch"
    return next((a.g for a in node.attribute if a.name == wanted), None)


def _inlined(node: Any, branch: Any, graph: Any) -> Iterable[Any]:
    """The nodes of a branch under names of their own; its stored tensors join those of the graph around it."""
    prefix = node.name or node.output[0]
    renamed = {inner.name: outer for inner, outer in zip(branch.output, node.output)}
    own = {name for part in branch.node for name in part.output} | {tensor.name for tensor in branch.initializer}
    passed = [(inner, outer) for inner, outer in renamed.items() if inner not in own]
    names = {name: renamed.get(name, f"{prefix}/{name}") for name in own if name}
    for tensor in branch.initializer:
        tensor.name = names[tensor.name]
        graph.initializer.append(tensor)
    for part in branch.node:
        part.name = f"{prefix}/{part.name}" if part.name else ""
        _rename(part, names)
        yield part
    for inner, outer in passed:
        yield _identity(inner, outer)


def _rename(node: Any, names: Mapping[str, str]) -> None:
    node.input[:] = [names.get(name, name) for name in node.input]
    node.output[:] = [names.get(name, name) for name in node.output]
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            for part in graph.node:
                _rename(part, names)
            for output in graph.output:
                output.name = names.get(output.name, output.name)


def _identity(source: str, target: str) -> Any:
    import onnx.helper

    return onnx.helper.make_node("Identity", [source], [target])


def _bounded(
    graph: Any,
    node: Any,
    shapes: dict[str, Shape | None],
    values: Mapping[str, Array],
    stated: list[Any],
    notes: dict[str, None],
) -> bool:
    """State the output shape of an operator that ONNX's inference does not know; whether there was one."""
    name = node.output[0] if node.output else ""
    if not name or shapes.get(name) is not None:
        return False
    first = shapes.get(node.input[0]) if node.input else None
    shape = first if node.op_type in SAME_SHAPE else _bound(node, first, shapes, values)
    shape = shape or _product(node, first, shapes)
    if shape is None:
        return False
    if node.op_type in _DATA_SIZED:
        sizes = " x ".join(map(str, shape))
        notes[f"node '{node.name or name}' ({node.op_type}): its output is taken at its largest, {sizes}"] = None
    shapes[name] = shape
    _declare(graph, stated, name, shape, 7 if node.op_type in ("NonZero", "NonMaxSuppression") else 1)
    return True


_DATA_SIZED = frozenset({"NonZero", "Unique", "Compress", "NonMaxSuppression"})
"""Operators whose output size depends on the data."""


def _product(node: Any, first: Shape | None, shapes: Mapping[str, Shape | None]) -> Shape | None:
    """The output of ONNX Runtime's products, which ONNX's inference does not know; None for another operator."""
    options = {attribute.name: attribute.i for attribute in node.attribute}
    second = shapes.get(node.input[1]) if len(node.input) > 1 else None
    if first is None or len(first) < 2:
        return None
    if node.op_type == "MatMulNBits":
        return (*first[:-1], options["N"]) if "N" in options else None
    if second is None or len(second) < 2:
        return None
    if node.op_type in ("Attention", "QAttention") and len(second) == 2:
        return *first[:-1], second[1] // 3
    if node.op_type in ("FusedMatMul", "TransposeMatMul"):
        rows = first[-1] if options.get("transA") else first[-2]
        return *first[:-2], rows, second[-2] if options.get("transB") else second[-1]
    return None


def _bound(
    node: Any, first: Shape | None, shapes: Mapping[str, Shape | None], values: Mapping[str, Array]
) -> Shape | None:
    """The largest output of an operator whose output size depends on the data; None for another operator."""
    if first is None:
        return None
    if node.op_type == "NonZero":
        return len(first), prod(first)
    if node.op_type in ("Unique", "Compress"):
        return (prod(first),)
    if node.op_type == "NonMaxSuppression" and len(node.input) > 1:
        scores = shapes.get(node.input[1])
        if scores is None or len(scores) != 3 or len(first) != 3:
            return None
        most = values[node.input[2]] if len(node.input) > 2 and node.input[2] in values else np.array(first[1])
        return scores[0] * scores[1] * min(int(most.ravel()[0]), first[1]), 3
    return None


def _declare(graph: Any, stated: list[Any], name: str, shape: Shape, kind: int) -> None:
    """Add the shape of a tensor, or give it to the output of the graph that the tensor is."""
    import onnx.helper

    own = next((info for info in graph.output if info.name == name), None)
    if own is None:
        stated.append(onnx.helper.make_tensor_value_info(name, kind, shape))
        return
    dims = own.type.tensor_type.shape.dim
    del dims[:]
    for size in shape:
        dims.add().dim_value = size
