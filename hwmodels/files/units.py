"""Numbers with units, as people write and read them: the suffix of a platform file's key says which units it takes."""

from __future__ import annotations

import re
from decimal import Decimal
from math import isfinite
from typing import NamedTuple

from stairline.hwmodels.quantities import without_dtype

_SI = {"p": -12, "n": -9, "u": -6, "µ": -6, "m": -3, "": 0, "k": 3, "K": 3, "M": 6, "G": 9, "T": 12}
"""Prefixes by their powers of ten."""
_BINARY = {"Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40}
_SMALL, _LARGE = ("p", "n", "u", "m", ""), ("", "k", "M", "G", "T")


class _Unit(NamedTuple):
    """A unit, the prefixes that it takes, and a number with it."""

    name: str
    prefixes: tuple[str, ...]
    example: str


_UNITS: dict[str, _Unit] = {
    "_hz": _Unit("Hz", ("", "k", "K", "M", "G"), "1.2GHz"),
    "bytes_per_s": _Unit("B/s", (*_LARGE, "K", *_BINARY), "12.8GB/s"),
    "_s_per_element": _Unit("s", (*_SMALL, "µ"), "2ns"),
    "_bytes": _Unit("B", (*_LARGE, "K", *_BINARY), "16MiB"),
    "_s": _Unit("s", (*_SMALL, "µ"), "5ms"),
    "_w": _Unit("W", ("m", ""), "2W"),
}
"""By the endings of keys, the first that fits."""
_NONE = _Unit("", ("",), "")
_NUMBER = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(\S*)\s*")


def parsed(key: str, text: str) -> float:
    """The number that a text such as "16MiB", "1.2 GHz" or "40e9" states for a key of a platform file, in its unit.

    Raises ValueError, saying which unit the key takes, for a text that is no such number.
    """
    found, unit = _NUMBER.fullmatch(text), _unit_of(key)
    example = f": write {unit.example}, or a number of {unit.name}" if unit.name else ""
    if found is None:
        raise ValueError(f"'{text}' is no number{example}")
    number, named = found.groups()
    prefix = named.removesuffix(unit.name) if named else ""
    if named and (not unit.name or not named.endswith(unit.name) or prefix not in unit.prefixes):
        takes = f"it is in {unit.name}{example}" if unit.name else "it is a number without a unit"
        raise ValueError(f"'{text}' has the unit '{named}'; {takes}")
    # A power of ten is applied to the digits, so that 5us is 5e-6 to the last bit.
    value = float(number) * _BINARY[prefix] if prefix in _BINARY else float(Decimal(number).scaleb(_SI[prefix]))
    if not isfinite(value):
        raise ValueError(f"'{text}' is too large")
    return value


def written(key: str, value: float) -> str:
    """A number of a platform file for people, with the prefix that leaves one to three digits before the point."""
    unit = _unit_of(key)
    if not unit.name:
        return f"{value:.6g}"
    if unit.name == "B" and value >= 1024.0 and value % 1024.0 == 0.0:
        prefix = next(p for p in reversed(_BINARY) if value >= _BINARY[p])
        return f"{value / _BINARY[prefix]:.5g} {prefix}B"
    usual = [prefix for prefix in (*_SMALL, *_LARGE[1:]) if prefix in unit.prefixes]
    prefix = next((p for p in reversed(usual) if abs(value) >= 10.0 ** _SI[p]), usual[0] if value else "")
    per = "/element" if without_dtype(key).endswith("_per_element") else ""
    return f"{value / 10.0 ** _SI[prefix]:.4g} {prefix}{unit.name}{per}"


def _unit_of(key: str) -> _Unit:
    name = without_dtype(key).rpartition(".")[2]
    return next((unit for ending, unit in _UNITS.items() if name.endswith(ending)), _NONE)
