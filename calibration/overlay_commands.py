"""Where a calibration ends: the base it starts from, and the overlay that it writes."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import click

import hwmodels
from hwmodels import Platform, PlatformError
from hwmodels.commands import show
from hwmodels.overlay import Change, OverlayFile, overlay_lines
from hwmodels.provenance import Source
from hwmodels.schema import NAME_PATTERN

if TYPE_CHECKING:
    from .calibrate import Calibrated


class Target(NamedTuple):
    """The overlay to be written, as the command line names it."""

    path: Path
    base: str
    name: str
    title: str | None

    def write(
        self,
        done: Calibrated,
        conditions: Mapping[str, str],
        omitted: tuple[str, ...] = (),
        numbers: Mapping[str, float] = MappingProxyType({}),
    ) -> OverlayFile:
        """Write the overlay of a calibration, see that it loads, and print how good it is.

        ``omitted`` operators and ``numbers`` by dotted key are what the calibrated platform states otherwise than BASE.
        """
        # Numerics are loaded by the verbs that fit only: the others start in a fraction of the time.
        from . import report
        from .calibrate import overlay_of

        title = self.title or f"{done.base.file.title}, fitted to {done.records.name}"
        residual = self.path.with_suffix(".residual.json")
        overlay = overlay_of(done, self.name, title, self.parent, conditions, residual.name)
        overlay = _stating(overlay.model_copy(update={"omitted": omitted}), numbers)
        if done.trained:
            residual.write_bytes(done.trained.raw)
        self.save(overlay)
        show(report.calibration(done, self.name, str(self.path)))
        return overlay

    def save(self, overlay: OverlayFile) -> None:
        """Write an overlay and see that it loads."""
        self.path.write_text("\n".join(overlay_lines(overlay)) + "\n", encoding="utf-8")
        hwmodels.load(self.path)

    @property
    def parent(self) -> str:
        """A shipped base by its name, a file by its path from the overlay."""
        platform = hwmodels.load(self.base)
        if not self.base.endswith(".toml") and "/" not in self.base:
            return platform.name
        return f"./{os.path.relpath(platform.path, self.path.parent)}"


def _stating(overlay: OverlayFile, numbers: Mapping[str, float]) -> OverlayFile:
    """The overlay with numbers that were stated beside the fit, but for those that it went on to fit."""
    own = {key: value for key, value in numbers.items() if key not in overlay.values}
    if not own:
        return overlay
    name = f"stated-{overlay.calibration.records_digest[:8]}"
    cite = f"stated, not fitted, of what {overlay.calibration.records} was measured on"
    return overlay.model_copy(
        update={
            "values": {key: Change(value=value, source=name) for key, value in own.items()} | overlay.values,
            "sources": overlay.sources | {name: Source(kind="assumed", cite=cite)},
        }
    )


def target(output: str, base: str, platform: Platform, name: str | None, title: str | None) -> Target:
    """Raises UsageError for an output that cannot be written and for a name that cannot be."""
    path = _writable(output, platform)
    return Target(path, base, _name(name or path.stem), title)


def base_platform(name: str) -> Platform:
    platform = hwmodels.load(name)
    if platform.overlay is not None:
        raise PlatformError(f"{platform.name}: an overlay itself; fit over its parent, -p {platform.overlay.parent}")
    return platform


def _writable(output: str, base: Platform) -> Path:
    path = Path(output)
    if path.suffix != ".toml":
        raise click.UsageError(f"--output '{output}': a platform file ends in .toml")
    if path.resolve() == Path(base.path).resolve():
        raise click.UsageError(f"--output '{output}': is the base itself; write the overlay to another file")
    if not os.access(path.parent, os.W_OK) or path.is_dir() or (path.exists() and not os.access(path, os.W_OK)):
        raise click.UsageError(f"--output '{output}': cannot be written; name a file in a directory that can")
    return path


def _name(name: str) -> str:
    if not re.match(NAME_PATTERN, name):
        raise click.UsageError(f"--name '{name}': use small letters, digits, '-' and '.', such as board-chip-runtime")
    return name
