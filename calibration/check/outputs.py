"""A check for continuous integration: JUnit XML, what is new since an earlier check, and what is accepted."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

from stairline.calibration.records.errors import RecordsError

from .causes import CAUSES
from .result import SCHEMA_VERSION, Check, Description

_WORSE = 1.1
"""Factor by which a description's loss of time must have grown to be called worse."""
_KEYS = frozenset({"cause", "op", "until", "reason"})


class Since(NamedTuple):
    """What changed since an earlier check: the texts of descriptions."""

    new: tuple[str, ...]
    gone: tuple[str, ...]
    worse: tuple[str, ...]


def junit(found: Check) -> str:
    """JUnit XML: a test case for each network, a failure for each that has rows that diverge."""
    nets = dict.fromkeys(found.nets)
    failed: dict[str, list[str]] = {}
    for row, cause in zip(found.rows, found.causes):
        if row.diverges:
            what = row.joined.kernel or "the network"
            text = f"{what}: {100 * (row.error or 0.0):+.0f} % off ({cause or 'no cause found'})"
            failed.setdefault(found.nets[row.joined.net], []).append(text)
    suite = ElementTree.Element(
        "testsuite", name=f"stairline check {found.platform}", tests=str(len(nets)), failures=str(len(failed))
    )
    for net in nets:
        case = ElementTree.SubElement(suite, "testcase", classname=found.platform, name=net)
        if net in failed:
            failure = ElementTree.SubElement(case, "failure", message=f"{len(failed[net])} rows diverge")
            failure.text = "\n".join(failed[net])
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def since(found: Check, path: Path) -> Since:
    """Compare with an earlier check's JSON. Raises RecordsError where the file is no such JSON."""
    try:
        earlier = json.loads(path.read_text(encoding="utf-8"))
        if earlier["schema_version"] != SCHEMA_VERSION:
            raise RecordsError(f"{path}: schema_version {earlier['schema_version']!r}; this version reads 1")
        before = {_key(one): one for one in earlier["descriptions"]}
    except OSError as error:
        raise RecordsError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (ValueError, LookupError, TypeError):
        raise RecordsError(f"{path}: not what 'check --json' prints; give the output of an earlier check") from None
    now = {_key(one): one for one in found.to_json()["descriptions"]}
    worse = [
        one["text"]
        for key, one in now.items()
        if key in before and abs(one["time_lost_ms"]) > _WORSE * abs(before[key]["time_lost_ms"])
    ]
    return Since(
        tuple(one["text"] for key, one in now.items() if key not in before),
        tuple(one["text"] for key, one in before.items() if key not in now),
        tuple(worse),
    )


def _key(one: dict[str, Any]) -> tuple[Any, ...]:
    """What makes two descriptions the same: the first cause, the operator and the quantities of its ranges."""
    return one["reasons"][0]["cause"], one["op"], *sorted(one["ranges"])


class Accepted(NamedTuple):
    """A kind of description that is accepted until a day."""

    cause: str
    op: str | None
    until: date

    def covers(self, one: Description, today: date) -> bool:
        """Whether a description is of this kind, and the day has not passed."""
        return today <= self.until and one.reasons[0].cause == self.cause and self.op in (None, one.op)


def read_accepted(path: Path) -> tuple[Accepted, ...]:
    """Read a TOML file of ``[[ignore]]`` tables: cause, until (a date), optionally op and reason.

    Raises RecordsError naming the file, the entry and the key.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8")).get("ignore", [])
    except OSError as error:
        raise RecordsError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RecordsError(f"{path}: not TOML: {error}") from None
    if not isinstance(tables, list) or not tables:
        raise RecordsError(f"{path}: no [[ignore]] table; each states cause and until, and optionally op and reason")
    return tuple(_accepted(f"{path}: ignore {place}", table) for place, table in enumerate(tables, 1))


def _accepted(place: str, table: dict[str, Any]) -> Accepted:
    for key in table:
        if key not in _KEYS:
            raise RecordsError(f"{place}: unknown key '{key}'; it may have {', '.join(sorted(_KEYS))}")
    cause, until = table.get("cause"), table.get("until")
    if cause not in CAUSES:
        raise RecordsError(f"{place}: cause {cause!r} is none; a cause is one of {', '.join(CAUSES)}")
    if type(until) is not date:
        raise RecordsError(f"{place}: until {until!r} is no date; every entry expires: write until = 2030-01-31")
    return Accepted(str(cause), table.get("op"), until)


def accepting(found: Check, accepted: Sequence[Accepted], today: date) -> Check:
    """The check without the descriptions that are accepted; where none is left, the verdict is that they agree."""
    left = tuple(one for one in found.descriptions if not any(entry.covers(one, today) for entry in accepted))
    if len(left) == len(found.descriptions):
        return found
    return replace(found, descriptions=left, verdict=found.verdict if left else "agrees")
