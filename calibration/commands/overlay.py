"""The base that a calibration starts from, the overlay that it writes, and the options that name them."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import click
from pydantic import ValidationError

from stairline import hwmodels
from stairline.calibration.records.errors import NotFittedError
from stairline.hwmodels import Platform, PlatformError
from stairline.hwmodels.commands.show import show
from stairline.hwmodels.overlay import Change, OverlayFile
from stairline.hwmodels.provenance import Source
from stairline.hwmodels.schema import NAME_PATTERN

if TYPE_CHECKING:
    from stairline.calibration.overlays.calibrated import Calibrated
    from stairline.calibration.overlays.contents import OverlayHeader, Result

Option = Callable[[Callable[..., Any]], Callable[..., Any]]

title_option = click.option("--title", help="Its title, for lists.")
conditions_option = click.option(
    "--condition",
    "conditions",
    multiple=True,
    metavar="KEY=VALUE",
    help="A condition of the measurements, such as threads=1; may repeat. It is written to the file unchanged.",
)
report_option = click.option(
    "--report",
    "page",
    type=click.Path(path_type=Path),
    metavar="REPORT.html",
    help="Write a page with figures as well.",
)


force_option = click.option(
    "--force",
    is_flag=True,
    help="Write the overlay even where its base predicts better, or in place of a file that is no platform.",
)


def output_option(what: str = "the calibrated platform") -> Option:
    """The option that names the overlay file to write."""
    help_text = f"Where {what} is written."
    return click.option("-o", "--output", required=True, metavar="OVERLAY.toml", help=help_text)


def name_option(what: str = "the calibrated platform") -> Option:
    """The option that names the platform in the overlay."""
    return click.option("--name", "own_name", help=f"Name of {what}; the output file's where left out.")


class Target(NamedTuple):
    """The overlay to be written, as the command line describes it."""

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
        *,
        why: Source | None = None,
        force: bool = False,
    ) -> OverlayFile:
        """Write the overlay of a calibration, see that it loads, and print how good it is.

        ``omitted`` operators and ``numbers`` by dotted key are what the calibrated platform states otherwise than BASE,
        and ``why`` is where the numbers come from: the command line, where it is None.
        Raises NotFittedError, after the report, for one that predicts worse than its base, unless ``force``.
        """
        # Numerics are loaded by the verbs that fit only: the others start in a fraction of the time.
        from stairline.calibration.overlays.fitted import fitted_overlay
        from stairline.calibration.report import blocks as report

        residual = self.path.with_suffix(".residual.json")
        with self.complaining():
            written = fitted_overlay(done, self.header(done, "fitted to", conditions), residual.name, omitted)
            overlay = _stating(written, numbers, why)
        worse = next((fact for fact in done.verdict if fact.name == "worse_than_base"), None)
        if worse is not None and not force:
            show(report.calibration(done, self.name, "nowhere: it is worse than its base"))
            raise NotFittedError(f"{self.path}: not written: {worse.found}; {worse.remedy}, or give --force")
        self.save(overlay, done.trained.raw if done.trained else b"")
        show(report.calibration(done, self.name, str(self.path)))
        return overlay

    def header(self, done: Result, how: str, conditions: Mapping[str, str]) -> OverlayHeader:
        """The name, title, parent and conditions of the overlay; the title is composed where none was given."""
        from stairline.calibration.overlays.contents import OverlayHeader

        title = self.title or f"{done.base.file.title}, {how} {done.records.name}"
        return OverlayHeader(self.name, title, self._parent, conditions)

    @contextmanager
    def complaining(self) -> Iterator[None]:
        """A context in which an overlay that no file can hold raises PlatformError, not ValidationError."""
        try:
            yield
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(map(str, first["loc"]))
            found = ascii(first["input"])[-60:]
            raise PlatformError(f"{self.path}: not written: {key}: {first['msg']}, not {found}") from None

    def save(self, overlay: OverlayFile, residual: bytes = b"") -> None:
        """Write an overlay and the file of its residual, and see that they load.

        Raises PlatformError for an overlay that a file cannot hold, or that does not load; earlier files of these names
        are then as they were.
        """
        from stairline.hwmodels.files.replacing import replace_files
        from stairline.hwmodels.files.writing import overlay_text

        contents = {self.path: overlay_text(overlay).encode()}
        if overlay.residual is not None:
            contents = {self.path.with_name(overlay.residual.file): residual, **contents}
        earlier = {path: path.read_bytes() for path in contents if path.exists()}
        replace_files(contents)
        try:
            hwmodels.load(self.path)
        except PlatformError:
            replace_files(earlier)
            for path in contents.keys() - earlier.keys():
                path.unlink()
            raise

    @property
    def _parent(self) -> str:
        """How the overlay names its base: a shipped platform by its name, a file by its path from the overlay."""
        platform = hwmodels.load(self.base)
        if not self.base.endswith(".toml") and "/" not in self.base:
            return platform.name
        return f"./{os.path.relpath(platform.path, self.path.parent)}"


def _stating(overlay: OverlayFile, numbers: Mapping[str, float], why: Source | None) -> OverlayFile:
    """The overlay with further numbers, except those that were fitted after all, and with their source."""
    own = {key: value for key, value in numbers.items() if key not in overlay.values}
    if not own:
        return overlay
    name = f"stated-{overlay.calibration.records_digest[:8]}"
    cite = f"stated, not fitted, of what {overlay.calibration.records} was measured on"
    source = why or Source(kind="assumed", cite=cite)
    return overlay.model_copy(
        update={
            "values": {key: Change(value=value, source=name) for key, value in own.items()} | overlay.values,
            "sources": overlay.sources | {name: source},
        }
    )


def target(output: str, base: str, platform: Platform, name: str | None, title: str | None, *, force: bool) -> Target:
    """The overlay to write, named after its file where ``name`` is None.

    Raises UsageError for an unusable name, and for an output that cannot be written or is there and no platform file,
    unless ``force``.
    """
    verify_text("--output", output)
    verify_text("--title", title or "")
    path = _writable(output, platform, force=force)
    return Target(path, base, _name(name or _derived(path.stem)), title)


def _derived(stem: str) -> str:
    """A platform's name made of a file's: "my_board" gives "my-board"."""
    return re.sub(r"[^a-z0-9.]+", "-", stem.lower()).strip("-.")


def base_platform(name: str) -> Platform:
    """The platform to fit. Raises PlatformError for an overlay, since overlays lie over platforms only."""
    platform = hwmodels.load(name)
    if platform.overlay is not None:
        raise PlatformError(f"{platform.name}: an overlay itself; fit over its parent, -p {platform.overlay.parent}")
    return platform


def stated_conditions(texts: Sequence[str]) -> dict[str, str]:
    """The values of ``--condition`` by their keys. Raises UsageError for one that is no pair, or stated twice."""
    found: dict[str, str] = {}
    for text in texts:
        verify_text("--condition", text)
        key, _, value = (part.strip() for part in text.partition("="))
        if not key or not value or key in found:
            raise click.UsageError(f"--condition '{text}': give KEY=VALUE, such as threads=1, and each key once")
        found[key] = value
    return found


def verify_text(option: str, text: str) -> None:
    """Raises UsageError for a text that an overlay cannot hold, before time is spent on what goes into it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise click.UsageError(f"{option} {text!a}: holds bytes that are not UTF-8; write it in UTF-8") from None


def _writable(output: str, base: Platform, *, force: bool) -> Path:
    path = Path(output)
    if path.suffix != ".toml":
        raise click.UsageError(f"--output '{output}': a platform file ends in .toml")
    if path.resolve() == Path(base.path).resolve():
        raise click.UsageError(f"--output '{output}': is the base itself; write the overlay to another file")
    if not os.access(path.parent, os.W_OK) or path.is_dir() or (path.exists() and not os.access(path, os.W_OK)):
        raise click.UsageError(f"--output '{output}': cannot be written; name a file in a directory that can")
    if path.exists() and not force and not _is_platform_file(path):
        raise click.UsageError(f"--output '{output}': is there and no platform file; name another, or give --force")
    return path


def _is_platform_file(path: Path) -> bool:
    """Whether a file states a platform or an overlay, in whatever state it is otherwise."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return "schema" in found and ("parent" in found or "kernels" in found)


def _name(name: str) -> str:
    if not re.match(NAME_PATTERN, name):
        raise click.UsageError(f"--name '{name}': use small letters, digits, '-' and '.', such as board-chip-runtime")
    return name
