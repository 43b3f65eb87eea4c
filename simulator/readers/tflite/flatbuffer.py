"""A bounded cursor over a flatbuffer, the container of .tflite files.

Flatbuffers offers no verifier in Python, and its generated accessors follow whatever offset a file holds. Here every
offset is checked against the size of the file, and every entry that is read is charged to a budget, because a file of
a few bytes may state a million tables that all lie in the same place. Layout: the internals page of the FlatBuffers
documentation (little endian; a table starts with the signed distance back to its vtable; offset 0 is an absent field).
"""

from __future__ import annotations

import struct
from mmap import mmap

from stairline.simulator.readers.errors import ReadError

BUDGET = 16_000_000
"""Vector entries and characters read before a file is called malformed: the largest real models need about 1e6."""

_SCALARS = {kind: struct.Struct(f"<{kind}") for kind in "bBhHiIqQ?"}


class Flatbuffer:
    """The bytes of a file and what may still be read of them."""

    def __init__(self, data: mmap | bytes) -> None:
        self.data, self.size, self.budget = data, len(data), BUDGET

    def root(self) -> Table:
        """The table that the file starts with."""
        return Table(self, self.scalar("I", 0))

    def scalar(self, kind: str, position: int) -> int:
        """The number of struct type ``kind`` at ``position`` (bytes). Raises ReadError outside the file."""
        layout = _SCALARS[kind]
        if position < 0 or position + layout.size > self.size:
            raise ReadError(f"byte {position}: outside the {self.size} bytes of the file: truncated or damaged")
        return int(layout.unpack_from(self.data, position)[0])

    def vector(self, position: int, width: int) -> tuple[int, int]:
        """Where the entries of the vector at ``position`` start, and how many of ``width`` bytes there are."""
        count, start = self.scalar("I", position), position + 4
        if start + count * width > self.size:
            raise ReadError(f"byte {position}: a vector of {count} entries leaves the file: truncated or damaged")
        return start, count

    def charge(self, entries: int) -> None:
        """Account for ``entries`` that are about to be read."""
        self.budget -= entries
        if self.budget < 0:
            raise ReadError(f"more than {BUDGET} entries to read: damaged or not a network")


class Table:
    """One table; fields are addressed by their id in the schema and absent ones give the default."""

    __slots__ = ("_buffer", "_fields", "_position", "_vtable")

    def __init__(self, buffer: Flatbuffer, position: int) -> None:
        self._buffer, self._position = buffer, position
        self._vtable = position - buffer.scalar("i", position)
        self._fields = (buffer.scalar("H", self._vtable) - 4) // 2

    def scalar(self, field: int, kind: str = "i", default: int = 0) -> int:
        """Number of struct type ``kind``."""
        position = self._at(field)
        return self._buffer.scalar(kind, position) if position else default

    def table(self, field: int) -> Table | None:
        """Sub-table, None when absent."""
        position = self._target(field)
        return Table(self._buffer, position) if position else None

    def tables(self, field: int) -> list[Table]:
        """Vector of tables."""
        starts = self._entries(field, 4)
        return [Table(self._buffer, at + self._buffer.scalar("I", at)) for at in starts]

    def integers(self, field: int, kind: str = "i") -> tuple[int, ...] | None:
        """Vector of numbers; None when absent, which an empty vector is not."""
        if not self._at(field):
            return None
        return tuple(self._buffer.scalar(kind, at) for at in self._entries(field, _SCALARS[kind].size))

    def bytes(self, field: int, limit: int) -> bytes | None:
        """Vector of bytes; None when it is absent or longer than ``limit``, so that weights are never copied."""
        position = self._target(field)
        if not position:
            return None
        start, count = self._buffer.vector(position, 1)
        if count > limit:
            return None
        self._buffer.charge(count)
        return self._buffer.data[start : start + count]

    def place(self, field: int) -> tuple[int, int]:
        """Where a vector of bytes starts in the file, and its length."""
        position = self._target(field)
        return self._buffer.vector(position, 1) if position else (0, 0)

    def length(self, field: int, width: int = 1) -> int:
        """Number of entries of a vector of ``width``-byte entries, without reading them."""
        position = self._target(field)
        return self._buffer.vector(position, width)[1] if position else 0

    def text(self, field: int) -> str:
        """String; bytes that are not UTF-8 are shown as replacement characters."""
        position = self._target(field)
        if not position:
            return ""
        start, count = self._buffer.vector(position, 1)
        self._buffer.charge(count)
        return self._buffer.data[start : start + count].decode("utf-8", "replace")

    def _at(self, field: int) -> int:
        if field >= self._fields:
            return 0
        offset = self._buffer.scalar("H", self._vtable + 4 + 2 * field)
        return self._position + offset if offset else 0

    def _target(self, field: int) -> int:
        position = self._at(field)
        return position + self._buffer.scalar("I", position) if position else 0

    def _entries(self, field: int, width: int) -> range:
        position = self._target(field)
        if not position:
            return range(0)
        start, count = self._buffer.vector(position, width)
        self._buffer.charge(count)
        return range(start, start + count * width, width)
