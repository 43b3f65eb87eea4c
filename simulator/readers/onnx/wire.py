"""ONNX files without their weights, whose bytes are skipped at the level of the protobuf wire format.

A message of at most SMALL_BYTES is copied unchanged. Of a larger one each field is copied in turn, and a stored tensor
in it loses its data and keeps name, type and dimensions. Field numbers are those of onnx.proto3; the wire format is
that of the protobuf encoding page (a tag is field << 3 | wire type, lengths are varints).
"""

from __future__ import annotations

from os import SEEK_END
from typing import BinaryIO

from stairline.simulator.readers.errors import ReadError

SMALL_BYTES = 1024
"""Stored tensors up to this size are kept, because shapes may depend on them (targets, axes, paddings)."""

_MAX_DEPTH = 64

_PARTS = {
    "model": {7: "graph", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
"""The fields, by number, of each kind of message that are messages which may hold weights themselves."""

_PAYLOAD = frozenset({4, 5, 6, 7, 9, 10, 11})
"""The fields of a TensorProto that hold data: float_, int32_, string_, int64_, raw_, double_ and uint64_data."""

_BLOCK_BYTES = 1 << 16


class _Blocks:
    """Random access to a file through one block of memory; a memory map would keep pages around every tensor loaded."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._start, self._block = file, 0, b""

    def byte(self, position: int) -> int:
        """The byte at ``position``. Raises IndexError beyond the end of the file."""
        if not self._start <= position < self._start + len(self._block):
            self._start, self._block = position, self.slice(position, position + _BLOCK_BYTES)
        return self._block[position - self._start]

    def slice(self, start: int, end: int) -> bytes:
        """The bytes from ``start`` up to ``end``."""
        self._file.seek(start)
        return self._file.read(end - start)


def without_payloads(file: BinaryIO) -> bytes:
    """The serialized ModelProto in ``file`` with every large stored tensor emptied. Raises ReadError."""
    return _copy(_Blocks(file), 0, file.seek(0, SEEK_END), "model", 0)


def _copy(data: _Blocks, position: int, end: int, kind: str, depth: int) -> bytes:
    if depth > _MAX_DEPTH:
        raise ReadError(f"byte {position}: nested deeper than {_MAX_DEPTH} levels: damaged or not a network")
    parts, pieces = _PARTS[kind], []
    while position < end:
        start = position
        tag, position = _varint(data, position, end)
        content, position = _skip(data, position, end, tag & 7)
        if kind == "tensor" and tag >> 3 in _PAYLOAD:
            continue
        part = parts.get(tag >> 3) if tag & 7 == 2 else None
        if part is None or position - content <= SMALL_BYTES:
            pieces.append(data.slice(start, position))
        else:
            inner = _copy(data, content, position, part, depth + 1)
            pieces += [_as_varint(tag), _as_varint(len(inner)), inner]
    return b"".join(pieces)


def _skip(data: _Blocks, position: int, end: int, wire: int) -> tuple[int, int]:
    """Start and end of the content of a field of wire type ``wire``, in bytes. Raises ReadError beyond ``end``."""
    if wire == 0:
        _, stop = _varint(data, position, end)
    elif wire == 1:
        stop = position + 8
    elif wire == 2:
        length, position = _varint(data, position, end)
        stop = position + length
    elif wire == 5:
        stop = position + 4
    else:
        raise ReadError(f"byte {position}: wire type {wire} is unknown: not an ONNX model, or damaged")
    if stop > end:
        raise ReadError(
            f"byte {position}: a field of {stop - position} bytes exceeds its message: truncated or damaged"
        )
    return position, stop


def _varint(data: _Blocks, position: int, end: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if position >= end:
            break
        byte = data.byte(position)
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise ReadError(f"byte {position}: a number has no end: not an ONNX model, or truncated")


def _as_varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
