"""A space of networks: positions one after the other, at each of which one of several fragments is chosen.

A network of the space is a code: the index of the choice at each position. What a choice settles for later positions,
such as how many blocks a stage has, flows along with the tensor that the next fragment reads.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import prod
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph
from stairline.simulator.graph.ops import Shape

from .errors import SpaceError

Codes = NDArray[np.uint8]
"""(networks, positions): the index of the choice at each position of each network."""


class Flow(NamedTuple):
    """What a fragment hands to the next one: its tensor, and what the choices so far have settled."""

    tensor: int
    """Index of the tensor in the builder; -1 before the fragment that declares the network's input."""
    settled: tuple[Hashable, ...] = ()


class State(NamedTuple):
    """What the fragment of a position reads: a fragment appends equal layers in equal states."""

    shape: Shape
    """The shape of the flow's tensor; empty before the network's input is declared."""
    settled: tuple[Hashable, ...]


class Grown(NamedTuple):
    """A network of a space, and for each position the number of layers up to its end and the state behind it."""

    graph: Graph
    ends: tuple[int, ...]
    states: tuple[State, ...]


Fragment = Callable[[GraphBuilder, Flow], Flow]
"""Appends layers behind the flow's tensor and returns the flow behind them."""


class Choice(NamedTuple):
    """One fragment that may stand at a position, with the label that users read."""

    label: str
    fragment: Fragment
    sizes: tuple[float, ...] = ()
    """What the fragment can express, such as its kernel and expansion; empty where no other choice compares to it."""

    def exceeds(self, other: Choice) -> bool:
        """Whether the fragment can express all that another one can, and more."""
        same = len(self.sizes) == len(other.sizes)
        return same and self.sizes != other.sizes and all(a >= b for a, b in zip(self.sizes, other.sizes))


class Position(NamedTuple):
    """A place in the networks of a space, and what may stand there."""

    name: str
    choices: tuple[Choice, ...]


def settling(name: str, values: Sequence[str] | Sequence[float]) -> Position:
    """A position that adds no layers: its choice settles a value, which later fragments find last in ``settled``.

    A greater number can express more; texts do not compare.
    """
    sizes = [() if isinstance(value, str) else (float(value),) for value in values]
    choices = (Choice(str(value), partial(_settle, value), size) for value, size in zip(values, sizes))
    return Position(name, tuple(choices))


def _settle(value: Hashable, _builder: GraphBuilder, flow: Flow) -> Flow:
    return flow._replace(settled=(*flow.settled, value))


@dataclass(frozen=True, eq=False)
class Structure:
    """The networks that result from one choice at each position, without their latencies.

    Raises SpaceError for a space without positions, and for a position that has no choice or more than 256.
    """

    name: str
    positions: tuple[Position, ...]

    def __post_init__(self) -> None:
        if not self.positions:
            raise SpaceError(f"space '{self.name}' has no positions: give it at least one")
        for position in self.positions:
            if not 1 <= len(position.choices) <= 256:
                raise SpaceError(
                    f"space '{self.name}', position '{position.name}': has {len(position.choices)} choices; "
                    "a position has 1 to 256"
                )

    @property
    def widths(self) -> tuple[int, ...]:
        """The number of choices at each position."""
        return tuple(len(position.choices) for position in self.positions)

    @property
    def size(self) -> int:
        """The number of codes; codes that differ only in choices without effect give equal networks."""
        return prod(self.widths)

    def graph(self, code: Sequence[int] | Codes) -> Graph:
        """The network with this code. Raises SpaceError as ``valid`` does."""
        return self.grown(code).graph

    def grown(self, code: Sequence[int] | Codes) -> Grown:
        """The network with this code and how it grew. Raises SpaceError as ``valid`` does."""
        (row,) = self.valid([code])
        builder, flow = GraphBuilder("-".join(map(str, row)), source=f"space:{self.name}"), Flow(-1)
        ends, reached = [], []
        for position, choice in zip(self.positions, row):
            flow = position.choices[choice].fragment(builder, flow)
            ends.append(len(builder))
            reached.append(State(() if flow.tensor < 0 else builder.shape(flow.tensor), flow.settled))
        return Grown(builder.build(flow.tensor), tuple(ends), tuple(reached))

    def labels(self, code: Sequence[int] | Codes) -> dict[str, str]:
        """The label of the choice at each position, by the position's name."""
        (row,) = self.valid([code])
        return {position.name: position.choices[choice].label for position, choice in zip(self.positions, row)}

    def sample(self, count: int, seed: int) -> Codes:
        """(count, positions): codes drawn with equal chances, with repetition; equal for equal seeds."""
        drawn = np.random.default_rng(seed).integers(0, self.widths, size=(count, len(self.positions)))
        return drawn.astype(np.uint8)

    def neighbours(self, code: Sequence[int] | Codes) -> Codes:
        """(neighbours, positions): all codes that differ from this one in exactly one position."""
        (row,) = self.valid([code])
        return np.array(list(_changed_once(row, self.widths)), dtype=np.uint8).reshape(-1, len(row))

    def valid(self, codes: Sequence[Sequence[int] | Codes] | Codes) -> Codes:
        """The codes as an array, where each is one of this space.

        Raises SpaceError naming the first row and position that is not.
        """
        rows = np.asarray(codes)
        if rows.ndim != 2 or rows.shape[1] != len(self.positions):
            raise SpaceError(
                f"space '{self.name}': codes of shape {rows.shape}; a code has {len(self.positions)} positions"
            )
        if rows.dtype.kind not in "iu":
            raise SpaceError(f"space '{self.name}': codes are {rows.dtype}; give integers")
        widths = np.array(self.widths)
        if len(rows) and ((rows.max(axis=0) >= widths).any() or (rows.min(axis=0) < 0).any()):
            row, place = np.argwhere((rows < 0) | (rows >= widths))[0]
            raise SpaceError(
                f"space '{self.name}', row {row}, position '{self.positions[place].name}': choice {rows[row, place]} "
                f"does not exist; it has choices 0 to {self.widths[place] - 1}"
            )
        return rows.astype(np.uint8, copy=False)


def _changed_once(code: Codes, widths: Sequence[int]) -> Iterator[Codes]:
    for place, width in enumerate(widths):
        for choice in range(width):
            if choice != code[place]:
                changed = code.copy()
                changed[place] = choice
                yield changed


def read_codes(space: Structure, path: str | Path) -> Codes:
    """The codes in a text file: one a line, its choices between hyphens.

    Raises SpaceError naming the first line that holds none.
    """
    rows: list[list[int]] = []
    with Path(path).open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            parts = line.strip().split("-")
            if len(parts) != len(space.positions) or not all(part.isascii() and part.isdigit() for part in parts):
                raise SpaceError(
                    f"{path}, line {number}: '{line.strip()[:60]}' is no code of '{space.name}': give "
                    f"{len(space.positions)} whole numbers between hyphens"
                )
            rows.append([int(part) for part in parts])
    if not rows:
        raise SpaceError(f"{path}: no codes; give one a line")
    return space.valid(rows)
