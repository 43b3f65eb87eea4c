"""Squeeze-and-excite, channel shuffles and other operators that a platform pays for or does not run itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod

from stairline.hwmodels.spelling import first
from stairline.simulator.graph.changes import changed
from stairline.simulator.graph.graph import Graph, GraphError, Layer

from .case import Candidate, Case
from .findings import NON_CONVOLUTIONS, SUPPORT, Reason

_DEEPEST_GATE = 8
"""Layers between the pooling of a squeeze-and-excite and its multiplication, at most."""
_POOLS = frozenset({"globalavgpool2d", "mean"})
_OUTSIDE = frozenset({"softmax", "log_softmax", "argmax", "l2_norm"})
"""Operators behind a network's scores, which the application can compute."""


def block_changes(case: Case) -> Iterator[list[Candidate]]:
    """The network without its squeeze-and-excite blocks, and without its channel shuffles."""
    gates = squeeze_excites(case.graph)
    if gates:
        what = "Leave out the squeeze-and-excite of {}"
        yield from _changed(case, {}, gates, "squeeze-and-excite", what, NON_CONVOLUTIONS)
    shuffles = _sources(case.graph, lambda layer: layer.op == "channel_shuffle")
    if shuffles:
        yield from _changed(case, {}, shuffles, "channel shuffle", "Leave out {}", NON_CONVOLUTIONS)


def refused_changes(case: Case) -> Iterator[list[Candidate]]:
    """Where the platform does not run the network itself: the network without what may be refused."""
    if not case.before.reasons:
        return
    grouped = _ungrouped(case.graph)
    if grouped:
        yield from _changed(
            case, grouped, {}, "grouped convolution", "Convolve all channels, not groups, in {}", SUPPORT
        )
    last = _sources(case.graph, lambda layer: layer.op in _OUTSIDE and layer.outputs[0] in case.graph.outputs)
    if last:
        yield from _changed(case, {}, last, "last operator", "Leave {} to the application", SUPPORT)
    shuffles = _sources(case.graph, lambda layer: layer.op == "channel_shuffle")
    if grouped and shuffles:
        what = "Convolve all channels, not groups, and leave out the shuffles between them, in {}"
        yield from _changed(case, grouped, shuffles, "grouped convolution", what, SUPPORT)


def squeeze_excites(graph: Graph) -> dict[int, int]:
    """The multiplications that end a squeeze-and-excite, by their index, and the map that each scales."""
    found = {}
    for index, layer in enumerate(graph.layers):
        if layer.op == "mul" and len(layer.inputs) == 2:
            for scaled, gate in (layer.inputs, layer.inputs[::-1]):
                if _is_gate_of(graph, gate, scaled):
                    found[index] = scaled
    return found


def _is_gate_of(graph: Graph, gate: int, scaled: int) -> bool:
    """Whether a tensor of one value for each channel is computed from the averages of the channels of another one."""
    if prod(graph.tensors[gate].shape[1:-1]) > 1:
        return False
    tensor = gate
    for _ in range(_DEEPEST_GATE):
        source = graph.producer[tensor]
        if source < 0:
            return False
        layer = graph.layers[source]
        if layer.op in _POOLS:
            return layer.inputs[0] == scaled
        tensor = layer.inputs[0]
    return False


def _sources(graph: Graph, wanted: Callable[[Layer], bool]) -> dict[int, int]:
    """The layers that are wanted, by their index, and the tensor that each reads first."""
    return {index: layer.inputs[0] for index, layer in enumerate(graph.layers) if wanted(layer)}


def _ungrouped(graph: Graph) -> dict[int, Layer]:
    """The convolutions in groups, by their index, with one group in place of several."""
    return {
        index: layer._replace(attributes=layer.attributes._replace(groups=1))
        for index, layer in enumerate(graph.layers)
        if layer.op == "conv2d" and layer.attributes.groups > 1
    }


def _changed(
    case: Case, layers: dict[int, Layer], leaving_out: dict[int, int], kind: str, what: str, why: Reason
) -> Iterator[list[Candidate]]:
    try:
        graph = changed(case.graph, layers, leaving_out)
    except GraphError:  # What remains does not fit together.
        return
    names = tuple(case.graph.layers[index].name for index in sorted({*layers, *leaving_out}))
    caution = "" if kind == "last operator" else "train it again"
    yield [Candidate(kind, what.format(first(names, "layers")), why, graph, case.dtype, names, caution=caution)]
