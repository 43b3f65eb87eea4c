"""Platform files and names to validated platforms. Every complaint is one line: file, key, problem, what to do."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache, lru_cache
from itertools import chain
from math import isfinite
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from . import overlay as overlays
from . import schema
from .kernel_models import KERNEL_MODELS, SHARED_PARAMETERS
from .overlay import OverlayFile, differences, parent_problems
from .platform import Platform, PlatformError
from .provenance import Closed, Quantity
from .schema import KernelRule, PlatformFile
from .text import did_you_mean

MAX_FILE_BYTES = 1 << 20
"""Largest platform file accepted, in bytes; the shipped ones are 100 times smaller."""

Record = TypeVar("Record", bound=Closed)

_PLATFORMS = Path(__file__).parent / "platforms"

# Suffix of a key and the range, in the suffix's unit, outside which the number is another unit's.
_PLAUSIBLE: tuple[tuple[str, float, float], ...] = (
    ("_hz", 1e6, 1e11),
    ("bytes_per_s", 1e5, 1e14),
    ("s_per_element", 0.0, 1e-3),
    ("_bytes", 1.0, 1e13),
    ("_per_cycle", 1e-6, 1e7),
    ("_s", 0.0, 10.0),
    ("_w", 1e-6, 1e4),
    ("efficiency", 1e-6, 1.0),
    ("overlap", 0.0, 1.0),
    ("factor", 1.0, 100.0),
)


def load(name: str | Path) -> Platform:
    """A platform by name, by alias (any case), or by the path of a ``.toml`` file. Raises PlatformError."""
    return load_file(_path_of(str(name)))


def available() -> tuple[Platform, ...]:
    """All shipped platforms, in the order of the paper's Table 2, then by name."""
    order = {alias: i for i, alias in enumerate(("CPU", "GPU", "DSP", "VPU", "TPU", "KPU", "NPU"))}
    platforms = [load_file(path) for path in sorted(_PLATFORMS.glob("*.toml"))]
    return tuple(sorted(platforms, key=lambda p: (min((order.get(a, 99) for a in p.file.aliases), default=99), p.name)))


def load_file(path: Path) -> Platform:
    """Read and validate one platform file. Raises PlatformError."""
    raw = _read(path)
    overlay = _overlay(str(path), raw)
    return _parsed(str(path), raw) if overlay is None else _overlaid(str(path), raw, _parent(overlay, path))


def _path_of(name: str) -> Path:
    if _is_path(name):
        return Path(name)
    shipped = _shipped()
    found = shipped.get(name) or shipped.get(name.lower())
    if found is None:
        raise PlatformError(
            f"unknown platform '{name}'{did_you_mean(name, shipped)}; 'stairline platforms' lists them all"
        )
    return found


def _is_path(name: str) -> bool:
    return name.endswith(".toml") or "/" in name


def _read(path: Path) -> bytes:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise PlatformError(f"{path}: cannot be read: {error.strerror or error}") from None
    if len(raw) > MAX_FILE_BYTES:
        raise PlatformError(f"{path}: {len(raw)} bytes; a platform file has at most {MAX_FILE_BYTES}")
    return raw


def _toml(path: str, raw: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(raw.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PlatformError(f"{path}: not TOML: {error}") from None


@lru_cache(maxsize=64)
def _parsed(path: str, raw: bytes) -> Platform:
    return parse(_toml(path, raw), path, _digest(raw))


@lru_cache(maxsize=64)
def _overlaid(path: str, raw: bytes, parent: Platform) -> Platform:
    overlay = _overlay(path, raw)
    assert overlay is not None
    _refuse(path, parent_problems(overlay, parent.file, parent.digest))
    changes = {key: change.model_dump() for key, change in overlay.values.items()}
    data = changed(parent.file, changes, path) | differences(overlay, parent.file)
    return replace(parse(omitting(data, overlay.omitted, path), path, _digest(raw)), overlay=overlay)


@lru_cache(maxsize=64)
def _overlay(path: str, raw: bytes) -> OverlayFile | None:
    data = _toml(path, raw)
    return _validated(OverlayFile, data, path) if "parent" in data else None


def _parent(overlay: OverlayFile, path: Path) -> Platform:
    """A file beside the overlay, or a platform by name. It may not be an overlay, so that none lies over itself."""
    name = overlay.parent
    try:
        file = path.parent / name if _is_path(name) else _path_of(name)
        raw = _read(file)
        between = _overlay(str(file), raw)
    except PlatformError as error:
        raise PlatformError(f"{path}: parent: {error}") from None
    if between is not None:
        raise PlatformError(f"{path}: parent: '{name}' is an overlay itself; name its parent, {between.parent}")
    return _parsed(str(file), raw)


def _digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:16]


def _validated(model: type[Record], data: Mapping[str, Any], path: str) -> Record:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise PlatformError("\n".join(f"{path}: {_explain(e)}" for e in error.errors()[:5])) from None


def _refuse(path: str, problems: Iterator[str]) -> None:
    if found := [f"{path}: {problem}" for problem in problems]:
        raise PlatformError("\n".join(found[:5]))


def parse(data: Mapping[str, Any], path: str, digest: str) -> Platform:
    """Validate the parsed TOML of one platform. Raises PlatformError naming file, key, problem and remedy."""
    file = _validated(PlatformFile, data, path)
    rules = (_kernel_problems, _shared_problems, _quantity_problems, _reference_problems)
    _refuse(path, chain.from_iterable(rule(file) for rule in rules))
    return Platform(file=file, path=path, digest=digest)


def omitting(data: dict[str, Any], omitted: tuple[str, ...], path: str) -> dict[str, Any]:
    """The data of a file in which these operators take no time. Raises PlatformError for one without an own rule."""
    try:
        return overlays.omitting(data, omitted)
    except ValueError as error:
        raise PlatformError(f"{path}: {error}") from None


def changed(file: PlatformFile, changes: Mapping[str, Mapping[str, object]], where: str) -> dict[str, Any]:
    """The data of a file with some fields of some quantities replaced; ``where`` opens a complaint."""
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


def quantities(file: PlatformFile) -> Iterator[tuple[str, Quantity]]:
    """Every quantity of a file with its dotted key, such as ``kernels.conv2d.efficiency.float32``."""
    return _walk(file, "")


def _walk(node: object, path: str) -> Iterator[tuple[str, Quantity]]:
    if isinstance(node, Quantity):
        yield path, node
    elif isinstance(node, KernelRule):
        yield from _walk(node.parameters, path)
    elif isinstance(node, BaseModel):
        for name in type(node).model_fields:
            yield from _walk(getattr(node, name), f"{path}.{name}" if path else name)
    elif isinstance(node, dict):
        for name, child in node.items():
            yield from _walk(child, f"{path}.{name}")


def _kernel_problems(file: PlatformFile) -> Iterator[str]:
    for op, rule in file.kernels.items():
        model = KERNEL_MODELS.get(rule.model)
        if model is None:
            yield f"kernels.{op}.model: unknown kernel model '{rule.model}'{did_you_mean(rule.model, KERNEL_MODELS)}"
            continue
        for name in rule.parameters.keys() - set(model._fields):
            yield f"kernels.{op}.{name}: unknown key of '{rule.model}'{did_you_mean(name, model._fields)}"
        given = rule.parameters.keys() | file.shared.keys() | model._field_defaults.keys() | SHARED_PARAMETERS
        for name in set(model._fields) - given:
            yield f"kernels.{op}.{name}: missing; '{rule.model}' needs it"


def _shared_problems(file: PlatformFile) -> Iterator[str]:
    models = [KERNEL_MODELS[rule.model] for rule in file.kernels.values() if rule.model in KERNEL_MODELS]
    used = {name for model in models for name in model._fields}
    for name in file.shared.keys() - used:
        yield f"shared.{name}: no kernel of the file has such a parameter{did_you_mean(name, used)}"


def _quantity_problems(file: PlatformFile) -> Iterator[str]:
    for key, quantity in quantities(file):
        if quantity.source not in file.sources:
            yield f"{key}.source: '{quantity.source}' is not in [sources]{did_you_mean(quantity.source, file.sources)}"
        if not isfinite(quantity.value):
            yield f"{key}: {quantity.value} is not a number"
        elif quantity.value < 0:
            yield f"{key}: {quantity.value:g} is negative"
        else:
            yield from _unit_problem(key, quantity.value)
        if quantity.fit and (quantity.min is None or quantity.max is None):
            yield f"{key}: fit = true needs min and max"


def _unit_problem(key: str, value: float) -> Iterator[str]:
    names = [part for part in key.split(".") if part not in schema.ELEMENT_BYTES]
    for suffix, low, high in _PLAUSIBLE:
        if names[-1].endswith(suffix):
            if not low <= value <= high:
                yield f"{key}: {value:g} is outside {low:g} to {high:g}; the key's suffix is its unit (SI): convert it"
            return


def _reference_problems(file: PlatformFile) -> Iterator[str]:
    roofs, dtypes = file.roofs.memory, file.platform.dtypes
    named = [(f"kernels.{op}", name) for op, rule in file.kernels.items() for name in (rule.memory, rule.weights)]
    named += [("overheads.io_memory", file.overheads.io_memory), ("partition.memory", file.partition.memory)]
    named += [("placement.memory", file.placement.memory if file.placement else None)]
    for key, name in named:
        if name is not None and name not in roofs:
            yield f"{key}: no memory roof '{name}'{did_you_mean(name, roofs)}"
    if file.platform.default_dtype not in dtypes:
        yield f"platform.default_dtype: '{file.platform.default_dtype}' is not among dtypes {list(dtypes)}"
    for dtype in dtypes:
        if dtype not in file.roofs.compute:
            yield f"roofs.compute.{dtype}: missing; the platform lists the precision"
    if file.partition.rule not in ("everything", "all_or_nothing") and file.partition.fallback is None:
        yield f"partition.fallback: missing; rule '{file.partition.rule}' sends operators somewhere"
    sourced = [("fusion", r.source) for r in file.fusion] + [("lowering", r.source) for r in file.lowering]
    sourced += [("support", r.source) for r in file.support] + [("partition", file.partition.source)]
    for key, source in sourced:
        if source not in file.sources:
            yield f"{key}: source '{source}' is not in [sources]{did_you_mean(source, file.sources)}"


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
