"""PyTorch's recurrent operators, each of their layers restated as one operator of ONNX.

The arrangement is that of the files that PyTorch exports to ONNX: steps first, and an axis of directions that is joined
with the cells behind each layer.
"""

from __future__ import annotations

from typing import NamedTuple

from stairline.simulator.readers.assemble import FileNode
from stairline.simulator.readers.errors import ReadError

from .program import Call
from .rules import Restated, Rule, number, part


class _Stack(NamedTuple):
    """Recurrent layers one upon the other; sizes in elements."""

    op: str
    gates: int
    cells: int
    layers: int
    directions: int
    batch: int
    steps: int


def _recurrent(op: str, gates: int) -> Rule:
    """As many operators as layers. States that are given to begin with change no product, so they are not read."""

    def rule(s: Restated, c: Call) -> list[FileNode]:
        if c.target.split(".")[2:] != ["input"]:
            return [FileNode(c.name, c.target, c.tensors()[:1], c.outputs, {})]
        x, batch_first = s.tensor(c, "input"), c.arguments.get("batch_first") is True
        k = _stack(s, c, op, gates, batch_first)
        nodes, output = [], c.outputs[0]
        if batch_first:
            turned = s.between(c, "turned", (k.steps, k.batch, s.shape(x)[-1]))
            nodes.append(part(c, "turned", "Transpose", (x,), turned, perm=(1, 0, 2)))
            x, output = turned, s.between(c, "steps", (k.steps, k.batch, k.directions * k.cells))
        for layer in range(k.layers):
            wide = (k.steps, k.batch, k.directions * k.cells)
            result = output if layer == k.layers - 1 else s.between(c, f"layer{layer}", wide)
            nodes += _layer(s, c, k, layer, x, result)
            x = result
        if batch_first:
            nodes.append(part(c, "turned_back", "Transpose", (x,), c.outputs[0], perm=(1, 0, 2)))
        return [*nodes, *(part for place in range(1, len(c.outputs)) for part in _states(s, c, k, place))]

    return rule


def _stack(s: Restated, c: Call, op: str, gates: int, batch_first: bool) -> _Stack:
    """The sizes of the layers. Raises ReadError where they do not fit together, as with projected states."""
    shape, weights = s.shape(s.tensor(c, "input")), s.shape(s.several(c, "params")[0])
    layers, directions = number(c, "num_layers", 1), 2 if c.arguments.get("bidirectional") is True else 1
    cells = weights[0] // gates if weights else 0
    if len(shape) != 3 or not 1 <= layers <= 1024 or s.shape(c.outputs[0])[-1:] != (cells * directions,):
        raise ReadError(
            f"{c.where}: {layers} layers of {cells} cells on {shape} that give {s.shape(c.outputs[0])} are not read"
        )
    batch, steps = (shape[0], shape[1]) if batch_first else (shape[1], shape[0])
    return _Stack(op, gates, cells, layers, directions, batch, steps)


def _layer(s: Restated, c: Call, k: _Stack, layer: int, x: str, output: str) -> list[FileNode]:
    """One layer, whose directions are joined."""
    at = f"layer{layer}"
    apart = s.between(c, f"{at}/directions", (k.steps, k.directions, k.batch, k.cells))
    weights = s.parameter(f"{c.outputs[0]}/{at}/weights", (k.directions, k.gates * k.cells, s.shape(x)[-1]))
    ends = tuple(_end(s, c, k, layer, place) for place in range(1, len(c.outputs)))
    options = {"hidden_size": k.cells, "direction": "bidirectional" if k.directions == 2 else "forward"}
    nodes = [FileNode(f"{c.name}/{at}" if k.layers > 1 else c.name, k.op, (x, weights), (apart, *ends), options)]
    if k.directions == 2:
        beside = s.between(c, f"{at}/beside", (k.steps, k.batch, k.directions, k.cells))
        nodes.append(part(c, f"{at}/beside", "Transpose", (apart,), beside, perm=(0, 2, 1, 3)))
        apart = beside
    return [*nodes, part(c, f"{at}/joined", "Reshape", (apart,), output)]


def _end(s: Restated, c: Call, k: _Stack, layer: int, place: int) -> str:
    """The name of a layer's state behind the last step; empty where nothing reads it."""
    read = s.used(c)[place]
    return s.between(c, f"layer{layer}/state{place}", (k.directions, k.batch, k.cells)) if read else ""


def _states(s: Restated, c: Call, k: _Stack, place: int) -> list[FileNode]:
    """The states of all layers behind the last step, joined."""
    if not s.used(c)[place]:
        return []
    names = tuple(f"{c.outputs[0]}/layer{layer}/state{place}" for layer in range(k.layers))
    if len(names) == 1:
        return [part(c, f"state{place}", "Identity", names, c.outputs[place])]
    return [part(c, f"state{place}", "Concat", names, c.outputs[place], axis=0)]


RECURRENT: dict[str, Rule] = {
    "lstm": _recurrent("LSTM", 4),
    "gru": _recurrent("GRU", 3),
    "rnn_tanh": _recurrent("RNN", 1),
    "rnn_relu": _recurrent("RNN", 1),
}
"""The restatement of each operator, by its name in PyTorch."""
