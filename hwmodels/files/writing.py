"""The text of an overlay file: TOML with one line for each number, so that people can read and compare files."""

from __future__ import annotations

from math import isfinite
from typing import Any

import tomlkit
from tomlkit.items import Array, InlineTable, Table

from stairline.hwmodels.overlay import OverlayFile
from stairline.hwmodels.platform import PlatformError

_WHOLE = 1e15
"""Magnitude below which a whole number is written without its decimal point."""


def overlay_text(overlay: OverlayFile) -> str:
    """The content of the file that states this overlay; reading it gives an equal overlay.

    Raises PlatformError for a number that is not finite and for a text that UTF-8 cannot hold.
    """
    data = overlay.model_dump(by_alias=True, exclude_none=True, exclude_defaults=True)
    document = tomlkit.document()
    for key, value in data.items():
        if not isinstance(value, dict):
            document[key] = item(key, value)
    for key, value in data.items():
        if isinstance(value, dict):
            document[key] = _table(key, value)
    text = tomlkit.dumps(document)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        unfit = ascii(text[max(error.start - 20, 0) : error.end])
        raise PlatformError(f"{overlay.name}: {unfit}: UTF-8 has no such character; write another text") from None
    return text


def _table(key: str, values: dict[str, Any]) -> Table:
    table = tomlkit.table()
    for name, value in values.items():
        table[name] = item(f"{key}.{name}", value)
    return table


def item(key: str, value: Any) -> Any:
    """A value as an item of TOML; sequences have one line for each element, tables lie within one line."""
    if isinstance(value, dict):
        inline: InlineTable = tomlkit.inline_table()
        for name, child in value.items():
            inline[name] = item(f"{key}.{name}", child)
        return inline
    if isinstance(value, tuple):
        lines: Array = tomlkit.array()
        for child in value:
            lines.append([_number(key, x) for x in child] if isinstance(child, tuple) else item(key, child))
        return lines.multiline(bool(value))
    return _number(key, value) if isinstance(value, float) else value


def _number(key: str, value: float) -> float | int:
    if not isfinite(value):
        unfit = f"{ascii(key)[1:-1]}: {value}"
        raise PlatformError(f"{unfit} is no number that a platform can have; fit to other measurements")
    return int(value) if value.is_integer() and abs(value) < _WHOLE else value
