"""Overlay files: a calibrated platform as the name of its parent, the numbers that differ, and its scores."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from .domain import Domain
from .provenance import Closed, Source
from .residual import ResidualRecord
from .schema import Dtype, Name, PlatformFile, Uncertainty
from .spelling import did_you_mean


class Change(Closed):
    """The value that replaces a number of the parent, in the unit of its key, and the source that it comes from."""

    value: float
    source: str


class Scores(Closed):
    """How well a calibrated platform predicts networks that its fit had not seen.

    ``within_10`` and ``within_20`` are the shares of networks predicted within 10 and 20 % (0 to 1), ``mape`` is the
    mean absolute relative error. The ``family_*`` scores are means over families of networks, each family predicted by
    a fit to all the others.
    """

    within_10: float
    within_20: float
    mape: float
    families: int = 0
    """The number of families that the networks' names distinguish; below 2, no family was left out."""
    family_within_10: float | None = None
    family_within_20: float | None = None
    family_mape: float | None = None


class Calibration(Closed):
    """What a platform was calibrated to, under which conditions, and with what result."""

    records: str
    """The name of the file of measurements."""
    records_digest: str
    """The first 16 hexadecimal digits of the SHA-256 of the measurements."""
    networks: int
    dtypes: Annotated[tuple[Dtype, ...], Field(min_length=1)]
    """The precisions that were measured. The calibrated platform has no others, and the first is its default."""
    conditions: dict[str, str] = Field(default_factory=dict)
    """What the user states of the measurements: device, runtime, threads, clocks."""
    verdict: tuple[str, ...]
    scores: Scores
    """The scores of the platform as it is, with its residual where it carries one."""
    analytical: Scores | None = None
    """The scores of the analytical part alone; None where the platform carries no residual."""


class OverlayFile(Closed):
    """The whole of an overlay file."""

    schema_: Literal[2] = Field(alias="schema")
    name: Name
    aliases: tuple[str, ...] = ()
    title: str
    parent: Annotated[str, Field(min_length=1)]
    """The name of a platform, or the path of a ``.toml`` file from the overlay's directory."""
    parent_digest: str
    """The digest of the parent that the overlay was fitted over; see ``hwmodels.digest``."""
    omitted: tuple[str, ...] = ()
    """Operators whose time the measurements do not include. They take none, so that predictions compare to these."""
    values: dict[str, Change]
    """The numbers that replace the parent's, by dotted key, such as ``kernels.conv2d.efficiency.float32``."""
    calibration: Calibration
    uncertainty: Uncertainty | None = None
    analytical_uncertainty: Uncertainty | None = None
    """The uncertainty of the analytical part alone; None where the platform carries no residual."""
    domain: Domain | None = None
    residual: ResidualRecord | None = None
    notes: tuple[str, ...] = ()
    sources: dict[str, Source] = Field(default_factory=dict)


def differences(overlay: OverlayFile, parent: PlatformFile) -> dict[str, Any]:
    """The top-level keys of a platform file that an overlay replaces, beside the numbers that it changes."""
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
    """The data of a platform file, such that these operators take no time.

    Raises ValueError naming an operator that has no rule of its own.
    """
    kernels = dict(data["kernels"])
    for op in omitted:
        if op not in kernels:
            shared = next((key for key in kernels if op in key.split("|")), None)
            why = f"shares its rule with others ({shared})" if shared else f"has no rule{did_you_mean(op, kernels)}"
            raise ValueError(f"omitted: '{op}' {why}; only an operator with a rule of its own can be left out")
        kernels[op] = {"model": "free", "parameters": {}}
    return data | {"kernels": kernels}


def parent_problems(overlay: OverlayFile, parent: PlatformFile, digest: str) -> Iterator[str]:
    """What keeps an overlay from lying over a parent that has this digest, each problem with what to do."""
    if overlay.parent_digest != digest:
        yield (
            f"parent_digest: '{overlay.parent}' has changed since: its digest is {digest}, the overlay was fitted over "
            f"{overlay.parent_digest or 'none'}; fit again ('stairline fit'), or go back to that state of the parent "
            f'(only if no number or rule of it changed: write parent_digest = "{digest}")'
        )
    for dtype in overlay.calibration.dtypes:
        if dtype not in parent.platform.dtypes:
            yield f"calibration.dtypes: '{overlay.parent}' has no {dtype}; it has {', '.join(parent.platform.dtypes)}"
