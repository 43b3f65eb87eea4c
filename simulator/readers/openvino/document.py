"""What an OpenVINO .xml file states, taken out of its XML: layers with their data, ports and edges.

The document may be a stranger's: one with a document type, which is what declares entities, is refused, and its size
and its depth are bounded.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from stairline.simulator.readers.assemble import Dimensions
from stairline.simulator.readers.errors import ReadError

_LARGEST_BYTES = 256 * 1024 * 1024
_DEEPEST = 64
_VERSIONS = ("10", "11")


class Port(NamedTuple):
    """One output of a layer: its precision and dimensions as the file states them, None for an open one."""

    id: str
    precision: str
    dimensions: Dimensions


class IrLayer(NamedTuple):
    """One layer: its ``inputs`` are (layer id, port id) of what it reads, in the order of its ports."""

    id: str
    name: str
    kind: str
    data: dict[str, str]
    inputs: tuple[tuple[str, str], ...]
    outputs: tuple[Port, ...]

    @property
    def where(self) -> str:
        """The name and operator of the layer, with which a message begins."""
        return f"layer '{self.name}' ({self.kind})"

    def text(self, key: str, default: str = "") -> str:
        """An attribute in lower case."""
        return self.data.get(key, default).lower()

    def numbers(self, key: str) -> tuple[int, ...]:
        """The integers of an attribute, which are separated by commas; () where it is missing."""
        return tuple(_integer(part, f"{self.where}: {key}") for part in self.data.get(key, "").split(",") if part)

    def number(self, key: str, default: int) -> int:
        """The one integer of an attribute."""
        return _integer(self.data[key], f"{self.where}: {key}") if key in self.data else default

    def flag(self, key: str) -> bool:
        """Whether an attribute is set."""
        return self.text(key) in ("true", "1")

    def real(self, key: str, default: float) -> float:
        """The one number of an attribute, which need not be whole."""
        try:
            return float(self.data.get(key, default))
        except ValueError:
            raise ReadError(f"{self.where}: {key} '{self.data[key]}' is no number: save the model again") from None


def layers(path: Path) -> list[IrLayer]:
    """The layers of the network in the file's order. Raises ReadError for a file that is no IR of version 10 or 11."""
    root = _root(path)
    if root.tag != "net":
        raise ReadError(f"its first element is <{root.tag}>, that of an OpenVINO model is <net>: not an OpenVINO model")
    if root.get("version") not in _VERSIONS:
        raise ReadError(f"IR version {root.get('version')}: versions 10 and 11 are read: convert the model again")
    sources: dict[tuple[str, str], tuple[str, str]] = {}
    for edge in root.iterfind("edges/edge"):
        to = (edge.get("to-layer", ""), edge.get("to-port", ""))
        sources[to] = (edge.get("from-layer", ""), edge.get("from-port", ""))
    found = [_layer(element, sources) for element in root.iterfind("layers/layer")]
    if not found:
        raise ReadError("holds no layers: it is no OpenVINO model, or damaged: save the model again")
    return found


def _layer(element: Element, sources: dict[tuple[str, str], tuple[str, str]]) -> IrLayer:
    own, name, kind = element.get("id", ""), element.get("name", ""), element.get("type", "")
    data = element.find("data")
    where = f"layer '{name}' ({kind})"
    inputs = []
    for port in element.iterfind("input/port"):
        source = sources.get((own, port.get("id", "")))
        if source is None:
            raise ReadError(f"{where}: no edge leads to its port {port.get('id')}: save the model again")
        inputs.append(source)
    outputs = tuple(
        Port(port.get("id", ""), port.get("precision", ""), _dimensions(port, where))
        for port in element.iterfind("output/port")
    )
    return IrLayer(own, name, kind, {} if data is None else dict(data.attrib), tuple(inputs), outputs)


def _dimensions(port: Element, where: str) -> Dimensions:
    sizes = [_integer(dim.text or "", f"{where}: dimension") for dim in port.iterfind("dim")]
    return tuple(None if size < 0 else size for size in sizes)


def _integer(text: str, what: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ReadError(f"{what} '{text.strip()[:40]}' is no integer: save the model again") from None


def _root(path: Path) -> Element:
    """The document's first element, with all that it holds."""
    if path.stat().st_size > _LARGEST_BYTES:
        raise ReadError(
            f"has {path.stat().st_size} bytes; an OpenVINO .xml of at most {_LARGEST_BYTES} is read: its weights "
            "belong into the .bin file"
        )
    builder, depth = TreeBuilder(), 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise ReadError(f"elements stand more than {_DEEPEST} deep: it is no OpenVINO model, or damaged")
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    def refused(*_: object) -> None:
        raise ReadError("states a document type, which an OpenVINO model never does: save the model again")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refused
    try:
        with path.open("rb") as file:
            parser.ParseFile(file)
    except (expat.ExpatError, UnicodeDecodeError, LookupError) as error:
        raise ReadError(f"is no XML document, or damaged: {error}: save the model again") from None
    return builder.close()
