"""Every fragment of a space in every situation, found by planning whole networks that lead there.

The networks of a space are the paths of an automaton that is far smaller than the space: its states are the situations
at each position. Each planned network teaches one node, a fragment in a situation, at every position; networks are
planned until every node that one can reach is known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from stairline.hwmodels.platform import Machine

from .errors import NotComposableError, SpaceError
from .parts import Part, Situation, parts_of
from .structure import State, Structure

MAX_NODES = 500_000
"""Fragments in situations that a space may have: their prices take some tens of MB."""


class Node(NamedTuple):
    """A choice at a position, in a situation given by its number there."""

    position: int
    situation: int
    choice: int


class Exploration:
    """What is known of a space on a machine; ``explore`` makes it complete."""

    def __init__(self, space: Structure, machine: Machine) -> None:
        self.space, self.machine = space, machine
        self.parts: dict[Node, Part] = {}
        self.situations: list[dict[Situation, int]] = [{} for _ in range(len(space.positions) + 1)]
        """The situations of each position, and those behind the last one, with their numbers."""
        self._ways: dict[tuple[int, int], Node] = {}
        """For each position and situation but the first, a node that leads there."""
        self._unknown: dict[Node, None] = {}
        """Nodes that can be reached and were not planned, in the order in which they were found."""
        self._planned: Counter[tuple[int, int]] = Counter()
        """How often each choice was planned at each position."""
        self._found(0, Situation(State((), ()), elsewhere=False))

    def explore(self) -> None:
        """Plan networks until every node is known. Raises NotComposableError and SpaceError as ``learn`` does."""
        while self._unknown:
            self.learn(self._led_to(next(iter(self._unknown))))

    def learn(self, code: Sequence[int]) -> None:
        """Plan one network and record its nodes.

        Raises NotComposableError where a node was planned before and has other kernels now, and SpaceError where the
        space has more than ``MAX_NODES`` nodes.
        """
        situation = 0
        for place, (choice, part) in enumerate(zip(code, parts_of(self.space, code, self.machine))):
            node = Node(place, situation, choice)
            if self.parts.setdefault(node, part) != part:
                raise NotComposableError(
                    f"space '{self.space.name}' on {self.machine.name}: the kernels of position "
                    f"'{self.space.positions[place].name}' depend on more than the tensor that they read"
                )
            self._unknown.pop(node, None)
            self._planned[place, choice] += 1
            situation = self._found(place + 1, part.behind, node)

    def first_behind(self, node: Node) -> Node:
        """The first node of the situation that a node leads to."""
        behind = self.situations[node.position + 1][self.parts[node].behind]
        return Node(node.position + 1, behind, 0)

    def _found(self, place: int, situation: Situation, through: Node | None = None) -> int:
        """The number of a situation, whose nodes are unknown if it is new."""
        numbers = self.situations[place]
        if situation not in numbers:
            numbers[situation] = len(numbers)
            if through is not None:
                self._ways[place, numbers[situation]] = through
            if place < len(self.space.positions):
                choices = range(len(self.space.positions[place].choices))
                self._unknown.update(dict.fromkeys(Node(place, numbers[situation], choice) for choice in choices))
            if len(self.parts) + len(self._unknown) > MAX_NODES:
                raise SpaceError(
                    f"space '{self.space.name}': more than {MAX_NODES} fragments in situations; take fewer choices "
                    "that change the shapes of later ones, such as resolutions"
                )
        return numbers[situation]

    def _led_to(self, node: Node) -> list[int]:
        """A code that leads to a node, then on through the choices that were planned least often."""
        code = [node.choice]
        while node.position:
            node = self._ways[node.position, node.situation]
            code.insert(0, node.choice)
        return [*code, *(self._least_planned(place) for place in range(len(code), len(self.space.positions)))]

    def _least_planned(self, place: int) -> int:
        choices = range(len(self.space.positions[place].choices))
        return min(choices, key=lambda choice: self._planned[place, choice])
