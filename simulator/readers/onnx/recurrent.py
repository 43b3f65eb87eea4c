"""Recurrent ONNX operators, converted to a canonical layer over all steps."""

from __future__ import annotations

from stairline.simulator.graph.attributes import Attributes
from stairline.simulator.graph.ops import Shape
from stairline.simulator.readers.assemble import FileNode
from stairline.simulator.readers.errors import ReadError

from .state import Converter, OnnxState, option, unknown, where

_GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


def _recurrent(op: str, gates: int) -> Converter:
    def rule(s: OnnxState, n: FileNode) -> tuple[int, ...]:
        weights = s.file_tensors.get(s.name(n, 1))
        x = s.plain(n, 0)
        shape = s.builder.shape(x)
        if weights is None or weights.shape is None or len(shape) != 3:
            return unknown(s, n)
        cells, directions = (
            option(n, "hidden_size", 0),
            2 if option(n, "direction", "forward") == "bidirectional" else 1,
        )
        if cells < 1 or gates * cells not in weights.shape or directions not in weights.shape:
            raise ReadError(f"{where(n)}: weights {weights.shape} do not fit {directions} x {gates} gates of {cells}")
        attributes = Attributes(c_out=cells, multiplier=gates, groups=directions)
        (all_steps,) = s.builder.layers(op, [x], attributes, name=n.name)
        return tuple(_result(s, n, place, all_steps, shape, cells, directions) for place in _used(n))

    return rule


def _used(n: FileNode) -> list[int]:
    return [place for place, name in enumerate(n.outputs) if name]


def _result(s: OnnxState, n: FileNode, place: int, all_steps: int, shape: Shape, cells: int, directions: int) -> int:
    """The output at a place in ONNX's arrangement; a runtime writes each where it belongs, so nothing moves."""
    batch_first = bool(option(n, "layout", 0))
    batch, steps = (shape[0], shape[1]) if batch_first else (shape[1], shape[0])
    if place == 0:
        sizes = (batch, steps, directions, cells) if batch_first else (steps, directions, batch, cells)
        return s.builder.layer("reshape", all_steps, name=f"{n.name}/all", sizes=sizes)
    wide = directions * cells
    last = (batch, 1, wide) if batch_first else (1, batch, wide)
    begin = (0, steps - 1, 0) if batch_first else (steps - 1, 0, 0)
    state = s.builder.layer("slice", all_steps, name=f"{n.name}/last", begin=begin, sizes=last)
    final = (batch, directions, cells) if batch_first else (directions, batch, cells)
    return s.builder.layer("reshape", state, name=f"{n.name}/state", sizes=final)


RECURRENT: dict[str, Converter] = {
    "LSTM": _recurrent("lstm", _GATES["LSTM"]),
    "GRU": _recurrent("gru", _GATES["GRU"]),
    "RNN": _recurrent("rnn", _GATES["RNN"]),
    "com.microsoft.DynamicQuantizeLSTM": _recurrent("lstm", _GATES["LSTM"]),
}
"""Conversion of each operator, by its name in ONNX."""
