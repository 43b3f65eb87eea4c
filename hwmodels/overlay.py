"""Overlays: a calibrated platform as its parent's name, the numbers that change, and how good they are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from stairline.hwmodels.reports.text import did_you_mean

from .domain import Domain
from .provenance import Closed, Quantity, Source
from .residual import ResidualRecord
from .schema import Dtype, Name, PlatformFile, Uncertainty


class Change(Closed):
    """Another value for a number of the parent, and where it comes from."""

    value: float
    source: str


class Scores(Closed):
    """Shares of networks predicted within 10 and 20 % and mean absolute error, all by fits that had not seen them.

    Those of families are means over families, each predicted by a fit to all the others.
    """

    within_10: float
    within_20: float
    mape: float
    families: int = 0
    """Families the names of the networks tell apart; below 2 none was left out."""
    family_within_10: float | None = None
    family_within_20: float | None = None
    family_mape: float | None = None


class Calibration(Closed):
    """What was fitted to what, under which conditions, and with what result."""

    records: str
    """The name of the file of measurements."""
    records_digest: str
    networks: int
    dtypes: Annotated[tuple[Dtype, ...], Field(min_length=1)]
    """Precisions that were measured: the only ones of the calibrated platform, the first being its default."""
    conditions: dict[str, str] = Field(default_factory=dict)
    """As the user states them: device, runtime, threads, clocks."""
    verdict: tuple[str, ...]
    scores: Scores
    """Of the platform as it is: with its residual, where it has one."""
    analytical: Scores | None = None
    """Of the analytical part alone, where there is a residual."""


class OverlayFile(Closed):
    """A whole overlay file."""

    schema_: Literal[1] = Field(alias="schema")
    name: Name
    aliases: tuple[str, ...] = ()
    title: str
    parent: Annotated[str, Field(min_length=1)]
    """A platform by name, or a ``.toml`` file by its path from the overlay's directory."""
    parent_digest: str
    omitted: tuple[str, ...] = ()
    """Operators whose time the measurements do not hold: they take none here, for predictions to be comparable."""
    values: dict[str, Change]
    """By dotted key, such as ``kernels.conv2d.efficiency.float32``."""
    calibration: Calibration
    uncertainty: Uncertainty | None = None
    analytical_uncertainty: Uncertainty | None = None
    """Where there is a residual: that of the models alone."""
    domain: Domain | None = None
    residual: ResidualRecord | None = None
    notes: tuple[str, ...] = ()
    sources: dict[str, Source] = Field(default_factory=dict)


def differences(overlay: OverlayFile, parent: PlatformFile) -> dict[str, Any]:
    """The top-level keys of a platform file that an overlay gives anew, its changed numbers aside."""
    about = parent.platform.model_dump(by_alias=True, exclude_none=True)
    dtypes = overlay.calibration.dtypes
    found = {
        "name": overlay.name,
        "aliases": overlay.aliases,
        "title": overlay.title,
        "platform": about | {"dtypes": dtypes, "default_dtype": dtypes[0]},
        "notes": (*parent.notes, *overlay.notes),
        "sources": {key: source.model_dump() for key, source in (parent.sources | overlay.sources).items()},
    }
    if overlay.uncertainty is not None:
        found["uncertainty"] = overlay.uncertainty.model_dump()
    return found


def omitting(data: dict[str, Any], omitted: tuple[str, ...]) -> dict[str, Any]:
    """The data of a platform file in which these operators take no time. Raises ValueError saying which cannot."""
    kernels = dict(data["kernels"])
    for op in omitted:
        if op not in kernels:
            shared = next((key for key in kernels if op in key.split("|")), None)
            why = f"shares its rule with others ({shared})" if shared else f"has no rule{did_you_mean(op, kernels)}"
            raise ValueError(f"omitted: '{op}' {why}; only an operator with a rule of its own can be left out")
        kernels[op] = {"model": "free", "parameters": {}}
    return data | {"kernels": kernels}


def parent_problems(overlay: OverlayFile, parent: PlatformFile, digest: str) -> Iterator[str]:
    """What keeps an overlay from lying over a parent with this digest, each with what to do."""
    if overlay.parent_digest != digest:
        yield (
            f"parent_digest: '{overlay.parent}' has changed since: its digest is {digest}, the overlay was fitted over "
            f"{overlay.parent_digest or 'none'}; fit again ('stairline fit'), or go back to that state of the parent"
        )
    for dtype in overlay.calibration.dtypes:
        if dtype not in parent.platform.dtypes:
            yield f"calibration.dtypes: '{overlay.parent}' has no {dtype}; it has {', '.join(parent.platform.dtypes)}"


def overlay_lines(overlay: OverlayFile) -> Iterator[str]:
    """The file that says this, line by line."""
    yield "schema = 1"
    yield from _pairs({"name": overlay.name, "title": overlay.title})
    yield from _pairs({"aliases": overlay.aliases, "notes": overlay.notes} if overlay.aliases or overlay.notes else {})
    yield from _pairs({"parent": overlay.parent, "parent_digest": overlay.parent_digest})
    yield from _pairs({"omitted": overlay.omitted} if overlay.omitted else {})
    yield from ("", "[values]", *_pairs({key: change.model_dump() for key, change in overlay.values.items()}))
    calibration = overlay.calibration.model_dump(exclude_none=True)
    yield from ("", "[calibration]", *_pairs(calibration))
    for key in ("uncertainty", "analytical_uncertainty"):
        yield from _uncertainty_lines(key, getattr(overlay, key))
    if overlay.domain is not None:
        yield from ("", "[domain]", *_pairs(overlay.domain.model_dump()))
    if overlay.residual is not None:
        yield from ("", "[residual]", *_pairs(overlay.residual.model_dump()))
    yield from ("", "[sources]", *_pairs({key: source.model_dump() for key, source in overlay.sources.items()}))


def _uncertainty_lines(key: str, stated: Uncertainty | None) -> Iterator[str]:
    if stated is None:
        return
    by_dtype = {"factor": stated.factor} if isinstance(stated.factor, Quantity) else stated.factor
    yield from ("", f"[{key}]")
    for name, quantity in by_dtype.items():
        yield f"{name if name == 'factor' else f'factor.{name}'} = {_toml(quantity.model_dump(exclude_defaults=True))}"
    yield from _pairs(stated.model_dump(exclude={"factor"}, exclude_defaults=True))


def _pairs(table: dict[str, Any]) -> Iterator[str]:
    return (f"{_key(key)} = {_toml(value)}" for key, value in table.items())


def _key(key: str) -> str:
    return key if key.replace("_", "").replace("-", "").isalnum() and key.isascii() else _toml(key)


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(_pairs(value)) + " }" if value else "{}"
    if isinstance(value, tuple) and value and isinstance(value[0], float):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, tuple):
        return "[" + "".join(f"\n    {_toml(item)}," for item in value) + "\n]" if value else "[]"
    if isinstance(value, float):
        short = f"{value:g}"
        return short if float(short) == value else repr(value)
    # A JSON string is a TOML string but for the control character DEL.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
