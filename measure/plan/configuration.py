"""A configuration, which is one thing to measure: a network of the zoo, a model file, or an operator or block."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from textwrap import shorten
from typing import Any, NamedTuple

from stairline.measure.timing.errors import MeasureError
from stairline.simulator import zoo
from stairline.simulator.graph.graph import Graph

_MOST_CHARACTERS = 72
KINDS = ("model", "file", "op")
AS_STORED = "file"
"""In place of a precision, for a model file, which has its own."""

_OPERATORS = {"conv2d": "conv", "dwconv2d": "dwconv"}
_ZOO_WORDS = {"input": "input_size"}
_BLOCK_WORDS = {"cin": "channels", "cout": "c_out"}
DEEPEST = 1_000
"""Copies of an operator or block that a stack may have: the paper's have 40."""
_ORDER = ("hw", "cin", "cout", "kernel", "stride", "depth")


class Configuration(NamedTuple):
    """One thing to measure. ``settings`` are name and value, in one fixed order; see ``configuration``."""

    kind: str
    name: str
    settings: tuple[tuple[str, Any], ...]
    dtype: str

    @property
    def label(self) -> str:
        """The configuration as people read it, such as "conv2d hw=28 cin=320 cout=64 kernel=3"."""
        return " ".join([self.name, *(f"{key}={value}" for key, value in self.settings)])

    @property
    def short_label(self) -> str:
        """The label for tables, where a long chain of operators is cut to its beginning."""
        return shorten(self.label, _MOST_CHARACTERS, placeholder=" ...")

    @property
    def digest(self) -> str:
        """A hash of what is measured, without the precision; the content of a model file counts as well as its name."""
        content = sha256(Path(self.name)) if self.kind == "file" and Path(self.name).is_file() else ""
        text = json.dumps([self.kind, self.name, self.settings, content])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def graph(self) -> Graph:
        """The network. Raises ZooError, GraphError and, for a model file, ReadError saying what cannot be."""
        if self.kind == "imported":
            raise MeasureError(f"{self.name}: was imported: its layers are not known; give a table of them")
        if self.kind == "file":
            # Most plans have no file that has to be read, and readers take time to import.
            from stairline.simulator.readers.dispatch import read

            return read(self.name)
        if self.kind == "model":
            return zoo.build(self.name, **self._words(_ZOO_WORDS))
        return _stack(_OPERATORS.get(self.name, self.name), **self._words(_BLOCK_WORDS))

    def _words(self, words: dict[str, str]) -> dict[str, Any]:
        return {words.get(key, key): value for key, value in self.settings}


def _stack(name: str, depth: int = 1, **settings: Any) -> Graph:
    """``depth`` copies of an operator or block in a row. Raises ZooError where it changes the shape, or is too deep."""
    if depth > DEEPEST:
        raise zoo.ZooError(f"{name}: depth {depth}: a stack has {DEEPEST} copies at most")
    graph = zoo.build_stack(name, depth, **settings)
    entered, left = graph.tensors[graph.inputs[0]].shape, graph.tensors[graph.outputs[0]].shape
    if depth > 1 and entered != left:
        raise zoo.ZooError(f"{name}: depth {depth}: gives {left} of {entered}; only what keeps its shape piles up")
    return graph


def depth_difference_s(deep_s: float, deep: int, shallow_s: float, shallow: int) -> float:
    """Time in seconds of one layer from stacks of two depths: what entering and leaving the network costs drops out.

    Source: Tang et al., MLSys 2021, appendix A, with depths of 40 and 10.
    """
    if deep <= shallow:
        raise MeasureError(f"depths {deep} and {shallow}: the first stack must be the deeper one")
    return (deep_s - shallow_s) / (deep - shallow)


def configuration(kind: str, name: str, settings: dict[str, Any], dtype: str) -> Configuration:
    """A configuration whose settings are in the order that makes equal ones equal."""
    places = {key: place for place, key in enumerate(_ORDER)}
    ordered = sorted(settings.items(), key=lambda item: (places.get(item[0], len(places)), item[0]))
    return Configuration(kind, name, tuple(ordered), dtype)


def sha256(path: Path) -> str:
    """The SHA-256 of a file's content; for an OpenVINO .xml file it covers the weights in the .bin file beside it."""
    found = hashlib.sha256()
    weights = path.with_suffix(".bin")
    for part in (path, weights) if path.suffix == ".xml" and weights.is_file() else (path,):
        with part.open("rb") as file:
            found.update(hashlib.file_digest(file, "sha256").digest())
    return found.hexdigest()
