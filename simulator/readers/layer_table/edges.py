"""Edges of a layer table that states none are inferred: the tensors that each row reads.

A row reads the previous one. Where its stated input does not fit the previous output, and where operators join
tensors, the edges follow from how networks are built:

* a branch reads the nearest *boundary* of fitting shape: a pool, a concat, a channel shuffle, an add (after its
  activation) or a linear projection, because blocks begin and end there, not at the tensors inside them;
* a tensor that nothing has read is joined first (shortcut convolutions, the branches of Inception and SqueezeNet);
* otherwise ``add`` joins the boundary behind it when the body between them has an activation (residual), ``concat``
  the boundary whose channels fill the stated width (DenseNet), and ``mul`` with a 1x1 gate the latest tensor of its
  shape (squeeze-and-excitation);
* a row that reads half of a channel shuffle reads the second half of a split, and the first half waits for the next
  concat (ShuffleNetV2);
* an ``add`` with nothing to join is a hard-swish: nn-Meter's tables write its multiply so.

Tensors that a block has joined are never read again. The search for an operand therefore goes back from dominator to
dominator: the dominator of a tensor is the nearest earlier one that every path from the network's input passes.
"""

from __future__ import annotations

from typing import NamedTuple

from stairline.simulator.graph.ops import ACTIVATIONS

from .columns import JOINS

Operands = tuple[int, ...]
"""Tensors that a row reads: 0 is the network's input, i + 1 the output of row i; higher numbers are parts of splits."""


class Rows(NamedTuple):
    """The rows of one network. ``space_in`` and ``space_out`` are codes: equal codes mean equal height and width."""

    op: list[str]
    space_in: list[int]
    c_in: list[int]
    space_out: list[int]
    c_out: list[int]
    activated: list[bool]
    """Whether the row ends in an activation, by its operator or by the column ``activation``."""
    boundary: list[bool]
    """Whether a block of the network begins or ends at the row's output."""
    unit_space: int
    """Code of 1x1."""


class Edges(NamedTuple):
    """The inferred edges of one network, where they differ from reading the previous row."""

    reads: dict[int, Operands]
    swishes: set[int]
    """Rows whose operator is written ``add`` and is a hard-swish."""
    splits: dict[int, int]
    """Channels of the half that a row reads, by row; the two halves are the next tensors after those of the rows."""
    unread: Operands
    """Tensors, other than the last, that no row reads."""


class UnresolvedError(ValueError):
    """A row whose input no earlier row gives; ``row`` counts from the network's first row, which is 0."""

    def __init__(self, row: int, reason: str) -> None:
        super().__init__(reason)
        self.row = row


def infer_edges(rows: Rows, events: list[int]) -> Edges:
    """The edges of the rows in ``events``, which join tensors or do not read the previous row's output.

    Raises UnresolvedError for a row whose input no earlier row gives.
    """
    walk = _Walk(rows)
    for row in events:
        if rows.op[row] in JOINS:
            walk.join(row)
        else:
            walk.branch(row)
    return walk.edges._replace(unread=tuple(walk.dangling))


class _Walk:
    """State of the inference: shape, boundary and dominator of each tensor so far, and the tensors not read yet."""

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
        """Infer the operand of a row that does not read the previous one."""
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
        """Infer the operands of an element-wise operator or a concat."""
        earlier = self._branches(row) if self.rows.op[row] == "concat" else self._operand(row)
        if not earlier:
            self._as_hard_swish(row)
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
        """The tensor that a new branch reads.

        It is the nearest boundary where that fits; else the nearest tensor of the block, an earlier boundary, or the
        end of another branch, in this order.
        """
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

    def _branches(self, row: int) -> Operands:
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
        """The end of a branch with the fork's shape, which the next branch was taken to read, or -1.

        The next branch is made to read the fork instead.
        """
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

    def _skip(self, row: int, channels: int, *, boundary: bool) -> Operands:
        """The earlier tensor whose channels complete a concat, or ().

        It is the nearest boundary where that fits; else, unless only a ``boundary`` is asked for, the earliest fitting
        tensor after it.
        """
        found, tensor = -1, row
        while (source := self.dominator[tensor]) >= 0:
            fitting = self.space[source] == self.rows.space_in[row] and self.channels[source] == channels
            if self.boundary[source]:
                return (source,) if fitting else ((found,) if found >= 0 else ())
            if fitting and not boundary and not self._feeds_activation(tensor):
                found = source
            tensor = source
        return () if found < 0 else (found,)

    def _operand(self, row: int) -> Operands:
        if not self.fits(row, row):
            gate = self.space[row] == self.rows.unit_space and self.channels[row] == self.rows.c_in[row]
            return self._latest(row) if gate else ()
        for tensor in reversed(self.dangling):
            if self.fits(tensor, row):
                return (tensor,)
        return self._residual(row)

    def _latest(self, row: int) -> Operands:
        tensor = row
        while tensor >= 0 and not self.fits(tensor, row):
            tensor = self.dominator[tensor]
        return () if tensor < 0 else (tensor,)

    def _residual(self, row: int) -> Operands:
        """The skip connection of an identity residual, or ().

        No residual ends in a depthwise convolution, and none spans a body without an activation.
        """
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

    def _as_hard_swish(self, row: int) -> None:
        """Take an ``add`` with nothing to join as a hard-swish. Raises UnresolvedError for another operator."""
        if self.rows.op[row] != "add" or not self.fits(row, row):
            raise UnresolvedError(row, "no earlier row fits the join")
        self.edges.swishes.add(row)
        self.activated[row + 1] = True
        self.boundary[row + 1] = False

    def _common(self, a: int, b: int) -> int:
        """The nearest common dominator of two tensors."""
        while a != b:
            if a > b:
                a = self.dominator[a]
            else:
                b = self.dominator[b]
        return a
