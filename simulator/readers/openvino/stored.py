"""Small stored operands of an OpenVINO model, such as the order of a transposition, out of the .bin file beside it.

Weights are never read: a layer of the .xml file states their shape.
"""

from __future__ import annotations

from math import prod
from pathlib import Path

import numpy as np

from .document import IrLayer

_SMALL_BYTES = 1024

DTYPES = {
    "f64": "float64",
    "f32": "float32",
    "f16": "float16",
    "bf16": "bfloat16",
    "i64": "int64",
    "i32": "int32",
    "i16": "int16",
    "i8": "int8",
    "u64": "uint64",
    "u32": "uint32",
    "u16": "uint16",
    "u8": "uint8",
    "boolean": "bool",
}
"""Precisions by their names in the attributes of layers."""

PORTS = {
    **{name.upper().replace("F", "FP").replace("BFP", "BF"): dtype for name, dtype in DTYPES.items()},
    "BOOL": "bool",
}
"""Precisions by their names at ports."""


def small_values(path: Path, constants: list[IrLayer]) -> dict[str, tuple[float, ...]]:
    """The elements of each stored tensor of at most 1024 bytes, by the layer's id; {} where there is no .bin file."""
    weights = path.with_suffix(".bin")
    if not weights.is_file():
        return {}
    found: dict[str, tuple[float, ...]] = {}
    total = weights.stat().st_size
    with weights.open("rb") as file:
        for layer in constants:
            dtype = DTYPES.get(layer.text("element_type"), "")
            offset, size = layer.number("offset", 0), layer.number("size", 0)
            if dtype in ("", "bfloat16") or not 0 < size <= _SMALL_BYTES or not 0 <= offset <= total - size:
                continue
            if prod(layer.numbers("shape")) * np.dtype(dtype).itemsize != size:
                continue
            file.seek(offset)
            found[layer.id] = tuple(np.frombuffer(file.read(size), np.dtype(dtype).newbyteorder("<")).tolist())
    return found
