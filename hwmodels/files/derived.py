"""Platforms derived from one that was read: with other values, other bounds of a fit, or operators left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from stairline.hwmodels.clocks import with_cycles_kept
from stairline.hwmodels.platform import Platform, PlatformError
from stairline.hwmodels.quantities import quantities

from .loading import changed, omitting, parse


def with_values(platform: Platform, values: Mapping[str, float]) -> Platform:
    """A platform with other values: ``values`` maps dotted keys (as in ``quantities``) to numbers in the key's unit.

    Another clock moves what takes so many cycles, too, unless ``values`` states it; see ``clocks``. Raises
    PlatformError for a key that the platform does not have or a value that its unit does not allow.
    """
    return _changed(platform, {key: {"value": value} for key, value in cycles_kept(platform, values).items()})


def cycles_kept(platform: Platform, values: Mapping[str, float]) -> dict[str, float]:
    """``values`` and what a clock among them makes of numbers that are cycles; see ``clocks``. Raises PlatformError."""
    try:
        return with_cycles_kept(platform.file, values)
    except ValueError as error:
        raise PlatformError(f"{platform.name}: {error}") from None


def with_fit_bounds(platform: Platform, bounds: Mapping[str, tuple[float, float]]) -> Platform:
    """A platform on which a fit may change these quantities, each within its bounds (least, greatest).

    A value outside its bounds is moved to the nearer one. Raises PlatformError for a key that the platform lacks.
    """
    values = {key: quantity.value for key, quantity in quantities(platform.file)}
    changes = {
        key: {"fit": True, "min": low, "max": high, "value": min(max(values.get(key, low), low), high)}
        for key, (low, high) in bounds.items()
    }
    return _changed(platform, changes)


def without_residual(platform: Platform) -> Platform:
    """The analytical part of a calibrated platform; the platform itself where it carries no residual."""
    if platform.residual is None or platform.overlay is None:
        return platform
    stated = platform.overlay.analytical_uncertainty or platform.file.uncertainty
    analytical = platform.file.model_copy(update={"uncertainty": stated})
    return replace(platform, residual=None, file=analytical, changed_from=platform.as_read)


def without_operators(platform: Platform, omitted: tuple[str, ...]) -> Platform:
    """A platform on which these operators take no time. Raises PlatformError for one that has no rule of its own."""
    if not omitted:
        return platform
    data = without_residual(platform).file.model_dump(by_alias=True, exclude_none=True)
    left_out = tuple(dict.fromkeys((*platform.omitted, *omitted)))
    return replace(_parsed_anew(platform, omitting(data, omitted, platform.path)), omitted=left_out)


def _changed(platform: Platform, changes: Mapping[str, Mapping[str, object]]) -> Platform:
    analytical = without_residual(platform)
    return _parsed_anew(analytical, changed(analytical.file, changes, platform.name))


def _parsed_anew(platform: Platform, data: Mapping[str, Any]) -> Platform:
    """The platform of changed data. It carries no residual, which corrected the errors of other numbers."""
    return replace(parse(data, platform.path), changed_from=platform.as_read, omitted=platform.omitted)
