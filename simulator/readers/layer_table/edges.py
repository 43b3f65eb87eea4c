"""Which tensors each row of a table without edges reads.

A row reads the previous one. Where its stated input does not fit, and where operators join, the edges follow from
how networks are built:

* a branch reads the nearest *boundary* of fitting shape: a pool, a concat, a channel shuffle, an add (after its
  activation) or a linear projection, because blocks begin and end there, not at the tensors inside them;
* a tensor that nothing has read is joined first (shortcut convolutions, the branches of Inception and SqueezeNet);
* otherwise ``add`` joins the boundary behind it when the body between them has an activation (residual), ``concat``
  the boundary whose channels fill the stated width (DenseNet), and ``mul`` with a 1x1 gate the latest tensor of its
  shape (squeeze-and-excitation);
* a row that reads half of a channel shuffle reads the second half of a split, and the first half waits for the next
  concat (ShuffleNetV2);
* an ``add`` with nothing to join is a hard-swish: nn-Meter's tables write its multiply so.

What a block has joined lies behind its dominator and is never read again, so the walk back follows dominators.
"""

from __future__ import annotations

from typing import NamedTuple

from stairline.simulator.graph.ops import ACTIVATIONS

from .format import JOINS

Read = tuple[int, ...]
"""Tensors that a row reads: 0 is the network's input, i + 1 the output of row i, beyond that the halves of splits."""


class Rows(NamedTuple):
    """The rows of one network: spatial sizes as codes (equal code, equal height and width) and channels."""

    op: list[str]
    space_in: list[int]
    c_in: list[int]
    space_out: list[int]
    c_out: list[int]
    activated: list[bool]
    """Whether the row itself ends in an activation: by its operator or by the column ``activation``."""
    boundary: list[bool]
    unit_space: int
    """Code of 1x1."""


class Edges(NamedTuple):
    """What differs from reading the previous row."""

    reads: dict[int, Read]
    swishes: set[int]
    """Rows that say ``add`` and are a hard-swish."""
    splits: dict[int, int]
    """Row to the channels of the half it reads; the halves are the next two tensors beyond the rows'."""
    unread: Read
    """Tensors, besides the last, that nothing reads."""


class UnresolvedError(ValueError):
    """A row that no earlier row fits; ``row`` counts from the network's first."""

    def __init__(self, row: int, reason: str) -> None:
        super().__init__(reason)
        self.row = row


def infer_edges(rows: Rows, events: list[int]) -> Edges:
    """Edges of the rows in ``events``: those that join, or whose input is not the previous row's output.

    Raises UnresolvedError.
    """
    walk = _Walk(rows)
    for row in events:
        if rows.op[row] in JOINS:
            walk.join(row)
        else:
            walk.branch(row)
    return walk.edges._replace(unread=tuple(walk.dangling))


class _Walk:
    """Tensors seen so far, by index: shape, boundary, dominator, and those that nothing has read."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.space = [rows.space_in[0], *rows.space_out]
        self.channels = [rows.c_in[0], *rows.c_out]
        self.boundary = [True, *rows.boundary]
        self.activated = [False, *rows.activated]
        self.dominator = list(range(-1, len(rows.op)))
        self.dangling: list[int] = []
        self.edges = Edges({}, set(), {}, ())

    def fits(self, tensor: int, row: int) -> bool:
        return self.space[tensor] == self.rows.space_in[row] and self.channels[tensor] == self.rows.c_in[row]

    def branch(self, row: int) -> None:
        """A row that does not read the previous one."""
        half = self.rows.c_in[row]
        shuffled = row > 0 and self.rows.op[row - 1] == "channel_shuffle" and self.space[row] == self.rows.space_in[row]
        if shuffled and self.channels[row] == 2 * half:
            first = len(self.space)
            self.space += [self.space[row]] * 2
            self.channels += [half] * 2
            self.boundary += [True] * 2
            self.activated += [False] * 2
            self.dominator += [row] * 2
            self.dangling.append(first)
            self.edges.reads[row] = (first + 1,)
            self.edges.splits[row] = half
            return
        source = self._fork(row)
        self.dangling.append(row)
        self.dominator[row + 1] = source
        self.edges.reads[row] = (source,)

    def join(self, row: int) -> None:
        """An element-wise operator or a concat."""
        earlier = self._branches(row) if self.rows.op[row] == "concat" else self._operand(row)
        if not earlier:
            self._alone(row)
            return
        self.dangling = [t for t in self.dangling if t not in earlier]
        fork = row
        for tensor in earlier:
            fork = self._common(fork, tensor)
        self.dominator[row + 1] = fork
        # A residual keeps the previous row first: runtimes fuse an add into the producer of its first operand.
        first = self.rows.op[row] == "concat" or not self.fits(row, row)
        self.edges.reads[row] = (*earlier, row) if first else (row, *earlier)

    def _fork(self, row: int) -> int:
        """The nearest boundary if it fits, else the nearest tensor of the block, an earlier boundary, a branch end."""
        inside, tensor = -1, row
        while (source := self.dominator[tensor]) >= 0:
            fits = self.fits(source, row)
            if self.boundary[source] and (fits or inside >= 0):
                return source if fits else inside
            if fits and inside < 0 and not self._feeds_activation(tensor):
                inside = source
            tensor = source
        for unread in reversed(self.dangling):
            if inside < 0 and self.fits(unread, row):
                self.dangling.remove(unread)
                return unread
        if inside < 0:
            raise UnresolvedError(row, "no earlier row gives its input")
        return inside

    def _branches(self, row: int) -> Read:
        left, taken = self.rows.c_in[row] - self.channels[row], []
        for tensor in reversed(self.dangling):
            if self.space[tensor] == self.rows.space_in[row] and self.channels[tensor] <= left:
                taken.append(tensor)
                left -= self.channels[tensor]
        if left == 0 and taken:
            return tuple(reversed(taken))
        if not taken and (boundary := self._skip(row, left, boundary=True)):
            return boundary
        for end in (row, *taken):
            if (hidden := self._hidden_branch(row, end, left)) >= 0:
                return tuple(sorted((*taken, hidden)))
        return () if taken else self._skip(row, left, boundary=False)

    def _hidden_branch(self, row: int, end: int, channels: int) -> int:
        """A branch end that the next branch seems to read, because it has the shape of the fork: give it back."""
        tensor = end
        while (source := self.dominator[tensor]) >= 0 and not self.boundary[source]:
            wide = self.space[source] == self.rows.space_in[row] and self.channels[source] == channels
            if wide and self.activated[source] and not self._feeds_activation(tensor):
                fork = self.dominator[source]
                while fork >= 0 and not self._could_fork(fork, source):
                    fork = self.dominator[fork]
                if fork >= 0:
                    self.dominator[tensor] = fork
                    self.edges.reads[tensor - 1] = (fork,)
                    return source
            tensor = source
        return -1

    def _could_fork(self, tensor: int, like: int) -> bool:
        shape = (self.space[tensor], self.channels[tensor])
        return shape == (self.space[like], self.channels[like]) and (self.activated[tensor] or self.boundary[tensor])

    def _skip(self, row: int, channels: int, *, boundary: bool) -> Read:
        """The tensor behind the previous row that fills a concat: the nearest boundary, or the farthest before it."""
        found, tensor = -1, row
        while (source := self.dominator[tensor]) >= 0:
            fitting = self.space[source] == self.rows.space_in[row] and self.channels[source] == channels
            if self.boundary[source]:
                return (source,) if fitting else ((found,) if found >= 0 else ())
            if fitting and not boundary and not self._feeds_activation(tensor):
                found = source
            tensor = source
        return () if found < 0 else (found,)

    def _operand(self, row: int) -> Read:
        if not self.fits(row, row):
            gate = self.space[row] == self.rows.unit_space and self.channels[row] == self.rows.c_in[row]
            return self._latest(row) if gate else ()
        for tensor in reversed(self.dangling):
            if self.fits(tensor, row):
                return (tensor,)
        return self._residual(row)

    def _latest(self, row: int) -> Read:
        tensor = row
        while tensor >= 0 and not self.fits(tensor, row):
            tensor = self.dominator[tensor]
        return () if tensor < 0 else (tensor,)

    def _residual(self, row: int) -> Read:
        """The skip of an identity residual. None closes on a depthwise convolution, or spans no activation."""
        core = self.dominator[row] if row and self.rows.op[row - 1] == "mul" else row
        if core < 1 or self.rows.op[core - 1] == "dwconv2d":
            return ()
        nonlinear, fallback, tensor = False, -1, row
        while (source := self.dominator[tensor]) >= 0:
            nonlinear |= self.activated[tensor]
            fitting = nonlinear and self.fits(source, row)
            if self.boundary[source]:
                if fitting:
                    return (source,)
                break
            if fitting and not self._feeds_activation(tensor):
                fallback = source
            tensor = source
        return () if fallback < 0 else (fallback,)

    def _feeds_activation(self, tensor: int) -> bool:
        return self.rows.op[tensor - 1] in ACTIVATIONS or tensor - 1 in self.edges.swishes

    def _alone(self, row: int) -> None:
        if self.rows.op[row] != "add" or not self.fits(row, row):
            raise UnresolvedError(row, "no earlier row fits the join")
        self.edges.swishes.add(row)
        self.activated[row + 1] = True
        self.boundary[row + 1] = False

    def _common(self, a: int, b: int) -> int:
        while a != b:
            if a > b:
                a = self.dominator[a]
            else:
                b = self.dominator[b]
        return a
