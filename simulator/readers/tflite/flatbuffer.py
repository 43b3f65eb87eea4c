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
    """The bytes of a file, and the number of entries that may still be read from it."""

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
        """First byte and number of the ``width``-byte entries of the vector at ``position``."""
        count, start = self.scalar("I", position), position + 4
        if start + count * width > self.size:
            raise ReadError(f"byte {position}: a vector of {count} entries leaves the file: truncated or damaged")
        return start, count

    def charge(self, entries: int) -> None:
        """Subtract ``entries`` that are about to be read from the budget. Raises ReadError where it is spent."""
        self.budget -= entries
        if self.budget < 0:
            raise ReadError(f"more than {BUDGET} entries to read: damaged or not a network")


class Table:
    """One table of a flatbuffer; a field is addressed by its id in the schema, and an absent one has its default."""

    __slots__ = ("_buffer", "_fields", "_position", "_vtable")

    def __init__(self, buffer: Flatbuffer, position: int) -> None:
        self._buffer, self._position = buffer, position
        self._vtable = position - buffer.scalar("i", position)
        self._fields = (buffer.scalar("H", self._vtable) - 4) // 2

    def scalar(self, field: int, kind: str = "i", default: int = 0) -> int:
        """The number of struct type ``kind`` in a field, or ``default`` where the field is absent."""
        position = self._at(field)
        return self._buffer.scalar(kind, position) if position else default

    def table(self, field: int) -> Table | None:
        """The table in a field, or None where the field is absent."""
        position = self._target(field)
        return Table(self._buffer, position) if position else None

    def tables(self, field: int) -> list[Table]:
        """The tables in the vector of a field; none where the field is absent."""
        starts = self._entries(field, 4)
        return [Table(self._buffer, at + self._buffer.scalar("I", at)) for at in starts]

    def integers(self, field: int, kind: str = "i") -> tuple[int, ...] | None:
        """The numbers in the vector of a field; None where the field is absent, () where the vector is empty."""
        if not self._at(field):
            return None
        return tuple(self._buffer.scalar(kind, at) for at in self._entries(field, _SCALARS[kind].size))

    def floats(self, field: int) -> tuple[float, ...]:
        """The 32-bit floating-point numbers in the vector of a field; none where the field is absent."""
        position = self._target(field)
        if not position:
            return ()
        start, count = self._buffer.vector(position, 4)
        self._buffer.charge(count)
        return struct.unpack_from(f"<{count}f", self._buffer.data, start)

    def bytes(self, field: int, limit: int) -> bytes | None:
        """The bytes in the vector of a field; None where it is absent or longer than ``limit``, as weights are."""
        position = self._target(field)
        if not position:
            return None
        start, count = self._buffer.vector(position, 1)
        if count > limit:
            return None
        self._buffer.charge(count)
        return self._buffer.data[start : start + count]

    def place(self, field: int) -> tuple[int, int]:
        """Position in the file, and length in bytes, of the vector of bytes in a field."""
        position = self._target(field)
        return self._buffer.vector(position, 1) if position else (0, 0)

    def length(self, field: int, width: int = 1) -> int:
        """The number of ``width``-byte entries in the vector of a field, without reading them."""
        position = self._target(field)
        return self._buffer.vector(position, width)[1] if position else 0

    def text(self, field: int) -> str:
        """The string in a field, "" where it is absent; bytes that are not UTF-8 become replacement characters."""
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
