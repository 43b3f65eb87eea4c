"""Numbers with units, as people write and read them: the suffix of a platform file's key says which units it takes."""

from __future__ import annotations

import re
from math import isfinite

from .quantities import without_dtype

_SI = {
    "p": 1e-12,
    "n": 1e-9,
    "u": 1e-6,
    "µ": 1e-6,
    "m": 1e-3,
    "": 1.0,
    "k": 1e3,
    "K": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
}
_BINARY = {"Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40}
_SMALL, _LARGE = ("p", "n", "u", "m", ""), ("", "k", "M", "G", "T")
_PER_ELEMENT = "/element"

# The ending of a key, the unit that it stands for, and the prefixes that the unit takes.
_UNITS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("_hz", "Hz", ("", "k", "K", "M", "G")),
    ("bytes_per_s", "B/s", (*_LARGE, "K", *_BINARY)),
    ("_s_per_element", "s", (*_SMALL, "µ")),
    ("_bytes", "B", (*_LARGE, "K", *_BINARY)),
    ("_s", "s", (*_SMALL, "µ")),
    ("_w", "W", ("m", "")),
)
_NUMBER = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(\S*)\s*")


def parsed(key: str, text: str) -> float:
    """The number that a text such as "16MiB", "1.2 GHz" or "40e9" states for a key of a platform file, in its unit.

    Raises ValueError, saying which units the key takes, for a text that is no such number.
    """
    found = _NUMBER.fullmatch(text)
    unit, prefixes = _unit_of(key)
    if found is None:
        raise ValueError(f"{key}: '{text}' is no number{_such_as(unit, prefixes)}")
    number, named = found.groups()
    factors = {f"{prefix}{unit}": (_SI | _BINARY)[prefix] for prefix in prefixes} if unit else {}
    if named and named not in factors:
        takes = f"it is in {unit}{_such_as(unit, prefixes)}" if unit else "it is a number without a unit"
        raise ValueError(f"{key}: '{text}' has the unit '{named}'; {takes}")
    value = float(number) * factors.get(named, 1.0)
    if not isfinite(value):
        raise ValueError(f"{key}: '{text}' is too large")
    return value


def written(key: str, value: float) -> str:
    """A number of a platform file for people, with the prefix that leaves one to three digits before the point."""
    unit, prefixes = _unit_of(key)
    per = _PER_ELEMENT if without_dtype(key).endswith("s_per_element") else ""
    if not unit:
        return f"{value:.6g}"
    if unit == "B" and value >= 1024.0 and value % 1024.0 == 0.0:
        prefix = next(p for p in reversed(_BINARY) if value >= _BINARY[p])
        return f"{value / _BINARY[prefix]:.5g} {prefix}{unit}"
    usual = [prefix for prefix in (*_SMALL, *_LARGE[1:]) if prefix in prefixes]
    prefix = next((p for p in reversed(usual) if abs(value) >= _SI[p]), usual[0] if value else "")
    return f"{value / _SI[prefix]:.4g} {prefix}{unit}{per}"


def _unit_of(key: str) -> tuple[str, tuple[str, ...]]:
    name = without_dtype(key).rpartition(".")[2]
    found = ((unit, prefixes) for ending, unit, prefixes in _UNITS if name.endswith(ending))
    return next(found, ("", ()))


def _such_as(unit: str, prefixes: tuple[str, ...]) -> str:
    return f": write it as 2{prefixes[-1]}{unit}, or as a number of {unit}" if unit else ""
