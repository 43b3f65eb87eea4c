"""The one value of a small stored tensor, by which spelled-out operators are told apart."""

from __future__ import annotations

import struct

from .flatbuffer import Table

_FORMATS = {"float32": "f", "float16": "e", "int8": "b", "uint8": "B", "int16": "h", "int32": "i"}
_MOST = 64
"""Elements of a tensor up to which it is looked at: the numbers of a formula are one, or one for each channel."""


def uniform(tensor: Table, dtype: str, stored: bytes | None) -> float | None:
    """The value of all elements of a tensor with these ``stored`` bytes, dequantised; None where it is not one."""
    kind = _FORMATS.get(dtype)
    if not stored or kind is None:
        return None
    width = struct.calcsize(kind)
    if len(stored) % width or len(stored) > _MOST * width or stored != stored[:width] * (len(stored) // width):
        return None
    value = float(struct.unpack_from(f"<{kind}", stored)[0])
    quantization = None if kind in "fe" else tensor.table(4)
    if quantization is None:
        return value
    scales, zeros = quantization.floats(2), quantization.integers(3, "q") or ()
    if len(scales) != 1 or len(zeros) > 1:
        return None if scales else value
    return (value - (zeros[0] if zeros else 0)) * scales[0]
