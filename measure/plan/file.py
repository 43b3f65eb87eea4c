"""The plan file: a list of what is to be measured, in TOML that people read and edit (docs/measure.md)."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from stairline.measure.timing.errors import MeasureError

from .configuration import AS_STORED, KINDS, Configuration, configuration

SCHEMA = 1
MOST_VALUES = 100_000
"""Number of values that one sweep may have."""
_ZOO_SETTINGS = ("input", "width")


class PlanError(MeasureError):
    """A plan file that cannot be read: the message names the file, the entry, the value and the rule."""


class SweptSetting(NamedTuple):
    """A setting that takes several values, written "first:last:step" (both ends included) or "a,b,c"."""

    setting: str
    text: str

    @property
    def values(self) -> tuple[int, ...]:
        """The values in the order of the text. Raises PlanError for a text of neither form."""
        parts = self.text.split(":")
        if len(parts) == 3 and all(part.isdecimal() for part in parts):
            first, last, step = map(int, parts)
            if 1 <= first <= last and step >= 1 and (last - first) // step < MOST_VALUES:
                return tuple(range(first, last + 1, step))
        numbers = [number.strip() for number in self.text.split(",")]
        if len(numbers) > 1 and all(number.isdecimal() and int(number) >= 1 for number in numbers):
            return tuple(map(int, numbers))
        raise PlanError(
            f"sweep {self.setting}={self.text}: write first:last:step or a list in whole numbers from 1 up, such as "
            f"8:264:8 or 32,64,96, and at most {MOST_VALUES} of them"
        )


class Entry(NamedTuple):
    """One entry of a plan: a configuration, or one for each value of a sweep."""

    kind: str
    name: str
    settings: dict[str, Any]
    dtype: str
    sweep: SweptSetting | None = None

    def configurations(self) -> list[Configuration]:
        """All configurations that this entry asks for."""
        if self.sweep is None:
            return [configuration(self.kind, self.name, self.settings, self.dtype)]
        return [
            configuration(self.kind, self.name, self.settings | {self.sweep.setting: value}, self.dtype)
            for value in self.sweep.values
        ]


def configurations(entries: Iterable[Entry]) -> tuple[Configuration, ...]:
    """All configurations that a plan asks for, each once."""
    return tuple(dict.fromkeys(c for entry in entries for c in entry.configurations()))


def sample(configurations: Sequence[Configuration], count: int, seed: int = 0) -> tuple[Entry, ...]:
    """``count`` different configurations drawn at random, as one entry each. Raises PlanError where there are fewer."""
    from random import Random

    if not 0 < count <= len(configurations):
        raise PlanError(f"--sample {count}: there are {len(configurations)} configurations; give 1 to that")
    drawn = Random(seed).sample(list(configurations), count)
    return tuple(Entry(one.kind, one.name, dict(one.settings), one.dtype) for one in drawn)


def swept_setting(setting: str, text: str) -> SweptSetting:
    """A setting with the values that "first:last:step" or "a,b,c" gives. Raises PlanError."""
    found = SweptSetting(setting, text)
    _ = found.values
    return found


def write(entries: Sequence[Entry]) -> str:
    """The content of a plan file with these entries."""
    return "\n".join([f"schema = {SCHEMA}", *(f"\n[[measure]]\n{_entry_text(entry)}" for entry in entries), ""])


def read(path: Path) -> tuple[Entry, ...]:
    """The entries of a plan file. Raises PlanError; a network that cannot be built is found by measuring."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PlanError(f"{path}: cannot be read: {error.strerror}; 'stairline measure plan' writes one") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PlanError(f"{path}: not TOML: {error}") from None
    if document.get("schema") != SCHEMA:
        raise PlanError(f"{path}: schema = {document.get('schema')}: this version reads plans of schema = {SCHEMA}")
    stated = document.get("measure")
    surplus = sorted(document.keys() - {"schema", "measure"})
    if surplus or not isinstance(stated, list) or not stated:
        what = f"has '{surplus[0]}'" if surplus else "asks for nothing"
        raise PlanError(f"{path}: {what}; a plan is one [[measure]] table or more below its schema")
    return tuple(_entry(f"{path}: measure {number}", table) for number, table in enumerate(stated, 1))


def verified(place: str, entry: Entry) -> Entry:
    """The entry unchanged. Raises PlanError where it has settings that its kind does not take."""
    names = [*entry.settings, *([entry.sweep.setting] if entry.sweep else [])]
    if entry.kind == "file" and (names or entry.dtype != AS_STORED):
        found = names[0] if names else f"dtype {entry.dtype}"
        raise PlanError(f"{place}: a model file is measured as it is: leave {found} out")
    if entry.kind == "model" and (wrong := [name for name in names if name not in _ZOO_SETTINGS]):
        raise PlanError(f"{place}: '{wrong[0]}': a network of the zoo takes {' and '.join(_ZOO_SETTINGS)}")
    if entry.sweep and entry.sweep.setting in entry.settings:
        raise PlanError(f"{place}: '{entry.sweep.setting}' is set and swept: leave one out")
    return entry


def _entry(place: str, table: Any) -> Entry:
    kinds = [kind for kind in KINDS if isinstance(table, dict) and kind in table]
    if len(kinds) != 1:
        raise PlanError(f"{place}: name what to measure by exactly one of {', '.join(KINDS)}")
    kind = kinds[0]
    settings = {key: value for key, value in table.items() if key not in (kind, "dtype", "sweep")}
    dtype = table.get("dtype", AS_STORED if kind == "file" else "float32")
    for key, value in ((kind, table[kind]), ("dtype", dtype)):
        if not isinstance(value, str):
            raise PlanError(f"{place}: {key} = {value!r}: write text in quotes")
    for key, value in settings.items():
        if not isinstance(value, int | float | str):
            raise PlanError(f"{place}: {key} = {value!r}: write a number or text; one value per entry, or a sweep")
    return verified(place, Entry(kind, table[kind], settings, dtype, _sweep(place, table.get("sweep"))))


def _sweep(place: str, table: Any) -> SweptSetting | None:
    if table is None:
        return None
    if not isinstance(table, dict) or len(table) != 1 or not all(isinstance(text, str) for text in table.values()):
        raise PlanError(f'{place}: sweep = {table!r}: vary one setting, as in sweep = {{ cout = "8:264:8" }}')
    try:
        return next(swept_setting(setting, text) for setting, text in table.items())
    except PlanError as error:
        raise PlanError(f"{place}: {error}") from None


def _entry_text(entry: Entry) -> str:
    pairs = {entry.kind: entry.name, **entry.settings, "dtype": entry.dtype}
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in pairs.items()]
    if entry.sweep:
        lines.append(f'sweep = {{ {entry.sweep.setting} = "{entry.sweep.text}" }}')
    return "\n".join(lines)
