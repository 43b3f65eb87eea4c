"""The same platform but for something: other numbers, other bounds, operators that take no time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from .loading import changed, omitting, parse
from .platform import Platform
from .quantities import quantities


def with_values(platform: Platform, values: Mapping[str, float]) -> Platform:
    """The same platform with other numbers: ``values`` maps dotted keys (as in ``quantities``) to values.

    Raises PlatformError for a key the platform does not have or a value that its unit does not allow.
    """
    changes = {key: {"value": value} for key, value in values.items()}
    return parse(changed(platform.file, changes, platform.name), platform.path, platform.digest)


def with_free(platform: Platform, bounds: Mapping[str, tuple[float, float]]) -> Platform:
    """The same platform with these quantities free to be fitted, between a least and a greatest value each.

    What lies outside is moved to the nearer bound. Raises PlatformError for a key the platform does not have.
    """
    values = {key: quantity.value for key, quantity in quantities(platform.file)}
    changes = {
        key: {"fit": True, "min": low, "max": high, "value": min(max(values.get(key, low), low), high)}
        for key, (low, high) in bounds.items()
    }
    return parse(changed(platform.file, changes, platform.name), platform.path, platform.digest)


def without_residual(platform: Platform) -> Platform:
    """The analytical part of a calibrated platform alone; the same object where that is all there is."""
    if platform.residual is None or platform.overlay is None:
        return platform
    stated = platform.overlay.analytical_uncertainty or platform.file.uncertainty
    return replace(platform, residual=None, file=platform.file.model_copy(update={"uncertainty": stated}))


def without_operators(platform: Platform, omitted: tuple[str, ...]) -> Platform:
    """The same platform on which these operators take no time. Raises PlatformError for one that has no own rule."""
    data = platform.file.model_dump(by_alias=True, exclude_none=True)
    return parse(omitting(data, omitted, platform.path), platform.path, platform.digest) if omitted else platform
