"""Reading platforms by name or path. Every complaint is one line: the file, the key, the problem, what to do."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from stairline.hwmodels import overlay as overlays
from stairline.hwmodels import schema
from stairline.hwmodels.overlay import OverlayFile, differences, parent_problems
from stairline.hwmodels.platform import Platform, PlatformError
from stairline.hwmodels.problems import problems
from stairline.hwmodels.provenance import Closed, Quantity
from stairline.hwmodels.quantities import quantities
from stairline.hwmodels.residual import MAX_BYTES, ResidualRecord, read_residual
from stairline.hwmodels.schema import PlatformFile
from stairline.hwmodels.spelling import did_you_mean

from .migrate import SCHEMA, copied_keys, upgraded

MAX_FILE_BYTES = 1 << 20
"""Largest platform file accepted, in bytes; the shipped ones are 100 times smaller."""

File = TypeVar("File", PlatformFile, OverlayFile)

_PLATFORMS = Path(__file__).parent.parent / "platforms"


def load(name: str | Path) -> Platform:
    """The platform of this name, of this alias in any case, or in this ``.toml`` file. Raises PlatformError."""
    return load_file(_path_of(str(name)))


def available() -> tuple[Platform, ...]:
    """All shipped platforms, in the order of Table 2 of the study (Tang et al., MLSys 2021), then by name."""
    order = {alias: i for i, alias in enumerate(("CPU", "GPU", "DSP", "VPU", "TPU", "KPU", "NPU"))}
    platforms = [load_file(path) for path in sorted(_PLATFORMS.glob("*.toml"))]
    return tuple(sorted(platforms, key=lambda p: (min((order.get(a, 99) for a in p.file.aliases), default=99), p.name)))


def load_file(path: Path) -> Platform:
    """Read and validate one platform file. Raises PlatformError."""
    raw = _read(path)
    overlay = _overlay(str(path), raw)
    if overlay is None:
        return _parsed(str(path), raw)
    platform = _overlaid(str(path), raw, *_parent(overlay, path))
    return platform if overlay.residual is None else _corrected(platform, path, overlay.residual)


def _path_of(name: str) -> Path:
    if _is_path(name):
        return Path(name)
    shipped = _shipped()
    found = shipped.get(name) or shipped.get(name.lower())
    if found is None:
        raise PlatformError(f"unknown platform '{name}'{_meant(name, shipped)}; 'stairline platforms' lists them all")
    return found


def _meant(name: str, shipped: Mapping[str, Path], most: int = 5) -> str:
    """The end of a complaint on an unknown platform: those that hold every part of its name, else the nearest name."""
    parts = re.findall("[a-z]+|[0-9]+", name.lower())
    near = [known for known in sorted({p.stem for p in shipped.values()}) if parts and all(p in known for p in parts)]
    if not near:
        return did_you_mean(name, shipped)
    others = f" or {len(near) - most} more" * (len(near) > most)
    return f"; did you mean {', '.join(near[:most])}{others}?"


def _is_path(name: str) -> bool:
    return name.endswith(".toml") or "/" in name


def _read(path: Path, most_bytes: int = MAX_FILE_BYTES) -> bytes:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise PlatformError(f"{path}: cannot be read: {error.strerror or error}") from None
    if len(raw) > most_bytes:
        raise PlatformError(f"{path}: {len(raw)} bytes; such a file has at most {most_bytes}")
    return raw


def _corrected(platform: Platform, path: Path, record: ResidualRecord) -> Platform:
    """The platform with the residual whose file lies beside its overlay. Raises PlatformError."""
    file = path.with_name(record.file)
    try:
        return _with_residual(platform, _read(file, MAX_BYTES), record)
    except PlatformError as error:
        raise PlatformError(f"{path}: residual: {error}") from None
    except ValueError as error:
        raise PlatformError(f"{path}: residual: {file}: {error}") from None


@lru_cache(maxsize=64)
def _with_residual(platform: Platform, raw: bytes, record: ResidualRecord) -> Platform:
    return replace(platform, residual=read_residual(raw, record))


def _document(path: str, raw: bytes) -> dict[str, Any]:
    """The tables of a file as the present schema writes them. Raises PlatformError."""
    data = _toml(path, raw)
    stated = data.get("schema", SCHEMA)
    if stated == 1:
        return upgraded(data)
    if stated != SCHEMA:
        known = f"this version reads schema = 1 and schema = {SCHEMA}"
        raise PlatformError(f"{path}: schema: {stated!r}; {known}: read the file with the version that wrote it")
    return data


def _toml(path: str, raw: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(raw.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PlatformError(f"{path}: not TOML: {error}") from None


@lru_cache(maxsize=64)
def _parsed(path: str, raw: bytes) -> Platform:
    return parse(_document(path, raw), path)


@lru_cache(maxsize=64)
def _overlaid(path: str, raw: bytes, parent: Platform, parent_bytes_digest: str | None) -> Platform:
    overlay = _overlay(path, raw)
    assert overlay is not None
    if overlay.parent_digest == parent_bytes_digest:
        overlay = overlay.model_copy(update={"parent_digest": parent.fitted_digest})
    _refuse(path, parent_problems(overlay, parent.file, parent.fitted_digest))
    if _toml(path, raw).get("schema") == 1:
        overlay = _without_foreign_copies(overlay, parent)
    changes = {key: change.model_dump() for key, change in overlay.values.items()}
    data = changed(parent.file, changes, path) | differences(overlay, parent.file)
    omitted = tuple(dict.fromkeys((*parent.omitted, *overlay.omitted)))
    return replace(parse(omitting(data, overlay.omitted, path), path), overlay=overlay, omitted=omitted)


def _without_foreign_copies(overlay: OverlayFile, parent: Platform) -> OverlayFile:
    """An upgraded overlay without the values that belong to rules which its parent does not have."""
    known = {key for key, _ in quantities(parent.file)}
    copies = {copy for key in overlay.values for copy in copied_keys(key)}
    values = {key: change for key, change in overlay.values.items() if key in known or key not in copies}
    return overlay.model_copy(update={"values": values})


@lru_cache(maxsize=64)
def _overlay(path: str, raw: bytes) -> OverlayFile | None:
    data = _document(path, raw)
    return _validated(OverlayFile, data, path) if "parent" in data else None


def _parent(overlay: OverlayFile, path: Path) -> tuple[Platform, str | None]:
    """The parent of an overlay, with the digest of its file's bytes where that is how schema 1 stated it.

    The parent is a file beside the overlay or a platform by name. It is no overlay, so that none lies over itself.
    """
    name = overlay.parent
    try:
        file = path.parent / name if _is_path(name) else _path_of(name)
        raw = _read(file)
        between = _overlay(str(file), raw)
    except PlatformError as error:
        raise PlatformError(f"{path}: parent: {error}") from None
    if between is not None:
        raise PlatformError(f"{path}: parent: '{name}' is an overlay itself; name its parent, {between.parent}")
    is_of_schema_1 = _toml(str(file), raw).get("schema") == 1
    return _parsed(str(file), raw), hashlib.sha256(raw).hexdigest()[:16] if is_of_schema_1 else None


def _validated(model: type[File], data: Mapping[str, Any], path: str) -> File:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise PlatformError("\n".join(f"{path}: {_explain(e)}" for e in error.errors()[:5])) from None


def _refuse(path: str, problems: Iterator[str]) -> None:
    if found := [f"{path}: {problem}" for problem in problems]:
        raise PlatformError("\n".join(found[:5]))


def parse(data: Mapping[str, Any], path: str) -> Platform:
    """The platform of a file's parsed TOML, validated. Raises PlatformError naming file, key, problem and remedy."""
    file = _validated(PlatformFile, data, path)
    _refuse(path, problems(file))
    return Platform(file=file, path=path)


def omitting(data: dict[str, Any], omitted: tuple[str, ...], path: str) -> dict[str, Any]:
    """The data of a platform file, such that these operators take no time.

    Raises PlatformError for an operator that has no rule of its own.
    """
    try:
        return overlays.omitting(data, omitted)
    except ValueError as error:
        raise PlatformError(f"{path}: {error}") from None


def changed(file: PlatformFile, changes: Mapping[str, Mapping[str, object]], where: str) -> dict[str, Any]:
    """The data of a platform file with some fields of some quantities replaced.

    ``changes`` maps dotted keys to fields of a quantity (value, min, ...). Raises PlatformError, opening with
    ``where``, for a key that the file does not have.
    """
    data = file.model_dump(by_alias=True, exclude_none=True)
    keys = {key for key, _ in quantities(file)}
    for key, fields in changes.items():
        if key not in keys:
            raise PlatformError(f"{where}: no quantity '{key}'{did_you_mean(key, keys)}")
        parts = key.split(".")
        if parts[0] == "kernels":
            parts.insert(2, "parameters")
        node: Any = data
        for part in parts:
            node = node[part]
        node.update(fields)
    return data


def _explain(error: ErrorDetails) -> str:
    key = ".".join(str(part) for part in error["loc"] if part not in ("quantity", "by dtype", "parameters"))
    if error["type"] == "extra_forbidden":
        return f"{key}: unknown key{did_you_mean(str(error['loc'][-1]), _known_keys())}"
    if error["type"] == "missing":
        return f"{key}: missing"
    return f"{key}: {error['msg']}, not {str(error['input'])[:60]!r}"


@cache
def _known_keys() -> frozenset[str]:
    known = (*vars(schema).values(), *vars(overlays).values())
    records = [m for m in known if isinstance(m, type) and issubclass(m, Closed)]
    return frozenset(name for record in (*records, Quantity) for name in record.__annotations__)


@cache
def _shipped() -> dict[str, Path]:
    names: dict[str, Path] = {}
    for path in sorted(_PLATFORMS.glob("*.toml")):
        file = tomllib.loads(path.read_text(encoding="utf-8"))
        names[file["name"]] = path
        names |= {spelling: path for alias in file.get("aliases", ()) for spelling in (alias, alias.lower())}
    return names
