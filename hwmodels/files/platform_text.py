"""The text of a platform file: TOML with a line for each number, for people to read, compare and edit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import tomlkit

from stairline.hwmodels.schema import ELEMENT_BYTES, PlatformFile

from .writing import item

Path = tuple[str, ...]


def platform_text(file: PlatformFile, comments: Mapping[str, str] | None = None) -> str:
    """The content of a platform file, with these comments above the tables and numbers that their keys name.

    Reading it gives an equal platform. Raises PlatformError for a number that is not finite.
    """
    data = file.model_dump(by_alias=True, exclude_none=True, exclude_defaults=True)
    for rule in data["kernels"].values():
        rule |= rule.pop("parameters")
    return "\n".join(_lines((), data, comments or {})).strip() + "\n"


def _lines(path: Path, table: dict[str, Any], comments: Mapping[str, str]) -> Iterator[str]:
    """The lines of a table: its values, then the tables in it, each under a header."""
    inner = {key: value for key, value in table.items() if _has_header(path, value)}
    for key, value in table.items():
        if key not in inner:
            yield from _commented((*path, key), comments)
            yield from _value_lines((*path, key), value)
    for key, value in inner.items():
        for entry in value if isinstance(value, tuple) else (value,):
            yield from _section((*path, key), entry, isinstance(value, tuple), comments)


def _section(path: Path, table: dict[str, Any], is_of_many: bool, comments: Mapping[str, str]) -> Iterator[str]:
    """A table under its header, which one that holds tables alone does without."""
    if not table or not all(_has_header(path, value) for value in table.values()):
        header = ".".join(map(_key, path))
        yield ""
        yield from _commented(path, comments)
        yield f"[[{header}]]" if is_of_many else f"[{header}]"
    yield from _lines(path, table, comments)


def _has_header(path: Path, value: Any) -> bool:
    """Whether a value stands under a header: a table that is no number, or a list of such."""
    if isinstance(value, tuple):
        return bool(value) and isinstance(value[0], dict)
    return isinstance(value, dict) and path[:1] != ("sources",) and not _numbers(value)


def _numbers(value: dict[str, Any]) -> dict[Path, dict[str, Any]]:
    """The number that a table is, or its numbers by precision, each with the rest of its key; else none."""
    if "value" in value:
        return {(): value}
    found: dict[Path, dict[str, Any]] = {(key,): one for key, one in value.items() if key in ELEMENT_BYTES}
    return found if len(found) == len(value) and all("value" in one for one in found.values()) else {}


def _value_lines(path: Path, value: Any) -> Iterator[str]:
    found = _numbers(value) if isinstance(value, dict) else {}
    for rest, one in (found or {(): value}).items():
        yield f"{'.'.join(map(_key, (path[-1], *rest)))} = {_plain(path, one)}"


def _key(part: str) -> str:
    return tomlkit.key(part).as_string()


def _plain(path: Path, value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_plain(path, child) for child in value)}]"
    return str(tomlkit.item(item(".".join(path), value)).as_string())


def _commented(path: Path, comments: Mapping[str, str]) -> Iterator[str]:
    yield from (f"# {line}" for line in comments.get(".".join(path), "").splitlines())
