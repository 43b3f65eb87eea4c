"""Names in the TFLite schema: operators, tensor types, and the operators that a graph cannot express."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path

from stairline.simulator.readers.errors import ReadError

DTYPES = {
    0: "float32",
    1: "float16",
    2: "int32",
    3: "uint8",
    4: "int64",
    5: "string",
    6: "bool",
    7: "int16",
    8: "complex64",
    9: "int8",
    10: "float64",
    11: "complex128",
    12: "uint64",
    13: "resource",
    14: "variant",
    15: "uint32",
    16: "uint16",
    17: "int4",
    18: "bfloat16",
}
"""Tensor type code to name. Source: TensorFlow's schema.fbs, enumeration TensorType."""


@cache
def operator_names() -> dict[int, str]:
    """The name of each builtin operator code, from the ``tflite`` package.

    Only the package's module of names is loaded: the package itself imports two hundred generated modules, which takes
    ten times as long as reading a network.
    """
    package = find_spec("tflite")
    if package is None or not package.submodule_search_locations:
        raise ReadError("needs the package 'tflite': pip install stairline")
    place = Path(package.submodule_search_locations[0]) / "utils.py"
    spec = spec_from_file_location("stairline_tflite_names", place)
    if spec is None or spec.loader is None:
        raise ReadError(f"{place} is not a module: install the package 'tflite' again")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    names: dict[int, str] = module.BUILTIN_OPCODE2NAME
    return names
