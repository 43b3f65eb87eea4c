"""A network changed: some layers with other attributes, some left out, another batch, and the shapes that follow.

The layers are appended anew one by one, so that every shape is inferred and verified again. What cannot follow is
refused, and the outputs of the network keep their shapes but for the batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .attributes import Attributes
from .builder import GraphBuilder
from .graph import Graph, GraphError, Layer
from .ops import Shape, is_canonical

NO_LAYERS: Mapping[int, Layer] = MappingProxyType({})
NONE_LEFT_OUT: Mapping[int, int] = MappingProxyType({})

_OWN_SIZES = frozenset({"resize", "conv2d_transpose", "conv3d", "topk"})
"""Operators that state sizes which no size of their input decides."""


def changed(
    graph: Graph,
    layers: Mapping[int, Layer] = NO_LAYERS,
    leaving_out: Mapping[int, int] = NONE_LEFT_OUT,
    *,
    batch: int = 1,
) -> Graph:
    """The network with ``layers`` in place of those with the same index, and ``batch`` times the batch.

    ``leaving_out`` gives, by the index of a layer that is left out, the tensor that takes the place of its output.
    Layers that nothing reads any more are left out as well. Raises GraphError where a layer does not accept what it
    then reads, and where an output of the network would get another shape.
    """
    alive = _alive(graph, leaving_out)
    builder = GraphBuilder(graph.name, graph.dtype, graph.source, graph.notes)
    new: dict[int, int] = {}
    for tensor in graph.inputs:
        held = graph.tensors[tensor]
        new[tensor] = builder.input((held.shape[0] * batch, *held.shape[1:]), held.name, held.dtype)
    for index, layer in enumerate(graph.layers):
        if index in leaving_out:
            new[layer.outputs[0]] = new[leaving_out[index]]
        elif index in alive:
            _append(builder, graph, layers.get(index, layer), new)
    built = builder.build([new[tensor] for tensor in graph.outputs])
    _verify_outputs(graph, built, batch)
    return built


def part(graph: Graph, layers: frozenset[int]) -> Graph:
    """The network of these layers alone: it reads what others produced, and gives what others or the user read."""
    chosen = tuple(graph.layers[index] for index in sorted(layers))
    written = {tensor for layer in chosen for tensor in layer.outputs}
    read = dict.fromkeys(t for layer in chosen for t in layer.inputs if t not in written and not _is_stored(graph, t))
    outer = [t for t in written if t in graph.outputs or any(i not in layers for i in graph.consumers[t])]
    unread = [t for t in written if not graph.consumers[t]]
    outputs = sorted({*outer, *unread})
    return Graph(graph.name, graph.tensors, chosen, tuple(read), tuple(outputs), graph.dtype, graph.source)


def with_batch(graph: Graph, batch: int) -> Graph:
    """The network for ``batch`` times as many images at once. Raises GraphError where a layer states its batch."""
    return graph if batch == 1 else changed(graph, batch=batch)


def _is_stored(graph: Graph, tensor: int) -> bool:
    return graph.tensors[tensor].constant


def _alive(graph: Graph, leaving_out: Mapping[int, int]) -> frozenset[int]:
    """The layers that the network needs, and those that it never needed: its file has them all the same."""
    before, after = _needed(graph, NONE_LEFT_OUT), _needed(graph, leaving_out)
    return frozenset(i for i in range(len(graph.layers)) if i in after or i not in before)


def _needed(graph: Graph, leaving_out: Mapping[int, int]) -> set[int]:
    wanted, found = set(graph.outputs), set()
    for index in reversed(range(len(graph.layers))):
        layer = graph.layers[index]
        if wanted.isdisjoint(layer.outputs):
            continue
        found.add(index)
        wanted.update((leaving_out[index],) if index in leaving_out else layer.inputs)
    return found


def _append(builder: GraphBuilder, graph: Graph, layer: Layer, new: dict[int, int]) -> None:
    old = graph.shapes(layer.inputs)
    inputs = [new[t] if t in new else _stored(builder, graph, layer, t, new) for t in layer.inputs]
    shapes = tuple(builder.shape(t) for t in inputs)
    if not is_canonical(layer.op) and shapes != old:
        raise GraphError(f"layer '{layer.name}': what '{layer.op}' makes of other shapes is not known")
    outputs = builder.layers(
        layer.op,
        inputs,
        layer.attributes if shapes == old else _following(layer, old[0], shapes[0]),
        name=layer.name,
        stated=() if is_canonical(layer.op) else graph.shapes(layer.outputs),
        dtype=graph.tensors[layer.outputs[0]].dtype,
        weights=layer.weights,
        spelling=layer.spelling if shapes == old else _respelled(layer.spelling, shapes[0]),
    )
    new.update(zip(layer.outputs, outputs))


def _respelled(spelling: Graph | None, shape: Shape) -> Graph | None:
    """The layers for which a named operator stands, where its operand has another shape."""
    if spelling is None:
        return None
    builder = GraphBuilder(spelling.name, spelling.dtype)
    operand = spelling.tensors[spelling.inputs[0]]
    new = {spelling.inputs[0]: builder.input(shape, operand.name, operand.dtype)}
    for layer in spelling.layers:
        _append(builder, spelling, layer, new)
    return builder.build([new[tensor] for tensor in spelling.outputs])


def _stored(builder: GraphBuilder, graph: Graph, layer: Layer, tensor: int, new: Mapping[int, int]) -> int:
    """A stored operand, with the channels of the operand that it meets where it had as many as that one."""
    held, shape = graph.tensors[tensor], graph.tensors[tensor].shape
    for other in layer.inputs:
        if other in new and shape[-1] == graph.tensors[other].shape[-1]:
            shape = (*shape[:-1], builder.shape(new[other])[-1])
    return builder.constant(shape, held.name, held.dtype, held.value)


def _following(layer: Layer, old: Shape, new: Shape) -> Attributes:
    """The layer's attributes where its first input has the shape ``new`` in place of ``old``."""
    a = layer.attributes
    if layer.op == "reshape":
        return a._replace(sizes=_reshaped(layer, a.sizes, old, new))
    if layer.op == "split":
        axis = a.axis % len(old)
        return a._replace(sizes=tuple(_scaled(layer, size, new[axis], old[axis]) for size in a.sizes))
    if layer.op == "slice":
        return a._replace(sizes=_sliced(layer, old, new))
    if layer.op not in _OWN_SIZES and (a.sizes or a.begin or a.end):
        raise GraphError(f"layer '{layer.name}' ({layer.op}): states sizes, which do not follow its input to {new}")
    return a


def _reshaped(layer: Layer, sizes: Shape, old: Shape, new: Shape) -> Shape:
    """The target of a reshape whose batch and channels grow as those of its input do."""
    batch, *between, channels = sizes if len(sizes) > 1 else (1, *sizes)
    batch = batch if batch == -1 else _scaled(layer, batch, new[0], old[0])
    channels = channels if channels == -1 else _scaled(layer, channels, new[-1], old[-1])
    return (batch, *between, channels) if len(sizes) > 1 else (channels,)


def _sliced(layer: Layer, old: Shape, new: Shape) -> Shape:
    """The extents of a slice, which must take all of the axes that change."""
    a = layer.attributes
    for axis, (was, now) in enumerate(zip(old, new)):
        if was != now and (a.begin[axis], a.sizes[axis]) != (0, was):
            raise GraphError(
                f"layer '{layer.name}' (slice): takes a part of axis {axis}, which goes from {was} to {now}"
            )
    return tuple(size if was == now else now for size, was, now in zip(a.sizes, old, new))


def _scaled(layer: Layer, size: int, new: int, old: int) -> int:
    if size * new % old:
        raise GraphError(f"layer '{layer.name}' ({layer.op}): its size {size} does not follow from {old} to {new}")
    return size * new // old


def _verify_outputs(old: Graph, new: Graph, batch: int) -> None:
    wanted = tuple((shape[0] * batch, *shape[1:]) for shape in old.shapes(old.outputs))
    if new.shapes(new.outputs) != wanted:
        raise GraphError(
            f"{old.name}: outputs become {list(new.shapes(new.outputs))}, but must stay {list(wanted)}: change others"
        )
