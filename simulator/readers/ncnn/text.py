"""What an ncnn .param file states: its layers with their blobs and numbered parameters.

Format: ncnn, docs/developer-guide/param-and-model-file-structure.md. The first line is the number 7767517, the second
the counts of layers and blobs; each further line is a layer: type, name, number of inputs and outputs, their names, and
parameters KEY=VALUE. The key of an array is -23300 less its number, and its first value is its length.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from stairline.simulator.readers.errors import ReadError

MAGIC = "7767517"
MAX_BYTES = 16 << 20
"""Size of the largest file that is read; those of published networks have some tens of kB."""

Value = int | float | tuple[int | float, ...]
_ARRAYS = -23300
_LARGEST = 2**40


class NcnnLayer(NamedTuple):
    """One line of the file."""

    kind: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    parameters: dict[int, Value]

    @property
    def where(self) -> str:
        """The name and type of the layer, with which a message begins."""
        return f"layer '{self.name}' ({self.kind})"

    def whole(self, number: int, default: int = 0) -> int:
        """A parameter that is a whole number. Raises ReadError where it is none."""
        value = self.parameters.get(number, default)
        if isinstance(value, float) and value == int(value):
            value = int(value)
        if not isinstance(value, int):
            raise ReadError(f"{self.where}: parameter {number} is {value}, not a whole number")
        return value

    def number(self, number: int, default: float) -> float:
        """A parameter that is a number. Raises ReadError where it is an array."""
        value = self.parameters.get(number, default)
        if isinstance(value, tuple):
            raise ReadError(f"{self.where}: parameter {number} is an array, not a number")
        return float(value)

    def array(self, number: int) -> tuple[int, ...]:
        """A parameter that is an array of whole numbers; () where the file leaves it out."""
        value = self.parameters.get(number, ())
        if not isinstance(value, tuple):
            raise ReadError(f"{self.where}: parameter {number} is {value}, not an array")
        return tuple(int(item) for item in value)

    def count(self, number: int) -> int:
        """The number of values of a parameter that is an array; 0 where the file leaves it out."""
        value = self.parameters.get(number, ())
        return len(value) if isinstance(value, tuple) else 1


def layers(path: Path) -> list[NcnnLayer]:
    """The layers of a .param file. Raises ReadError for a file that is none, naming the line."""
    if path.stat().st_size > MAX_BYTES:
        raise ReadError(f"has {path.stat().st_size} bytes, a .param file at most {MAX_BYTES}: is it the .bin file?")
    lines = path.read_bytes().decode("utf-8", "replace").split("\n")
    if lines[0].strip() != MAGIC:
        raise ReadError(f"begins with '{lines[0].strip()[:20]}', a .param file with {MAGIC}: convert the network again")
    found = [_layer(number, line.split()) for number, line in enumerate(lines[2:], 3) if line.strip()]
    if not found:
        raise ReadError("holds no layer: convert the network again")
    return found


def _layer(number: int, parts: list[str]) -> NcnnLayer:
    try:
        kind, name, tops_from, tops = parts[0], parts[1], int(parts[2]), int(parts[3])
        blobs = parts[4 : 4 + tops_from + tops]
        if min(tops_from, tops) < 0 or len(blobs) != tops_from + tops:
            raise ValueError(f"{len(blobs)} names for {tops_from} inputs and {tops} outputs")
        parameters = dict(_parameter(part) for part in parts[4 + len(blobs) :])
    except (IndexError, ValueError) as error:
        raise ReadError(f"line {number}: is no layer of an ncnn network: {error}") from None
    return NcnnLayer(kind, name, tuple(blobs[:tops_from]), tuple(blobs[tops_from:]), parameters)


def _parameter(text: str) -> tuple[int, Value]:
    key, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"'{text[:40]}' is no parameter KEY=VALUE")
    number = int(key)
    if number > _ARRAYS:
        return number, _number(value)
    values = [_number(item) for item in value.split(",")]
    if len(values) - 1 != values[0]:
        raise ValueError(f"array '{text[:40]}' states {values[0]} values and has {len(values) - 1}")
    return _ARRAYS - number, tuple(values[1:])


def _number(text: str) -> int | float:
    try:
        value: int | float = int(text)
    except ValueError:
        value = float(text)
    if not abs(value) < _LARGEST and not abs(value) > 1e37:
        raise ValueError(f"{text[:40]} is no number of a layer")
    return value
