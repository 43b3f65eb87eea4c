"""Models that were built before, in the user's cache directory, by what they were built from.

An entry is a directory that appears whole or not at all. The cache is bounded: what was unused for longest goes first.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from inspect import getfile
from pathlib import Path
from tempfile import TemporaryDirectory

from simulator.graph import Graph, digest

from .backends import Backend

MAX_BYTES = 4 << 30
_CONVERTERS = ("tensorflow", "tensorflow-cpu", "onnx", "onnxruntime", "openvino", "nncf")


def built(backend: Backend, graph: Graph, dtype: str, directory: Path) -> Path:
    """A model file in ``directory`` (and what belongs to it), built or taken from the cache.

    Raises BuildError as the backend's ``build`` does.
    """
    home = _home()
    if home is None:
        return backend.build(graph, dtype, directory)
    # The module stands for the format: backends that share the function that builds share models.
    text = repr((digest(graph), dtype, backend.build.__module__, _builder_digest()))
    entry = home / hashlib.sha256(text.encode()).hexdigest()[:32]
    if not entry.is_dir():
        with TemporaryDirectory(prefix="building-", dir=home) as temporary:
            made = Path(temporary) / "model"
            made.mkdir()
            backend.build(graph, dtype, made)
            _shrink(home, MAX_BYTES - _size_bytes(made))
            try:
                made.rename(entry)
            except OSError:  # Another process was quicker.
                if not entry.is_dir():
                    raise
    os.utime(entry)
    for file in entry.iterdir():
        _link(file, directory / file.name)
    return next(directory / file.name for file in sorted(entry.iterdir()) if file.suffix in backend.formats)


def _shrink(home: Path, most_bytes: int) -> None:
    """Remove entries, the longest unused first, until the others take no more than that."""
    entries = sorted((e for e in home.iterdir() if not e.name.startswith("building-")), key=_last_use_s, reverse=True)
    kept_bytes = 0
    for entry in entries:
        kept_bytes += _size_bytes(entry)
        if kept_bytes > most_bytes:
            shutil.rmtree(entry, ignore_errors=True)


def _last_use_s(entry: Path) -> float:
    try:
        return entry.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _size_bytes(entry: Path) -> int:
    total = 0
    for file in entry.glob("*"):
        try:
            total += file.stat().st_size
        except FileNotFoundError:
            continue  # Another process is removing it.
    return total


def _link(source: Path, target: Path) -> None:
    """The file at another place, which stays when the cache drops it."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _home() -> Path | None:
    """The cache directory, or None where nothing can be written."""
    directory = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stairline" / "models"
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return directory if os.access(directory, os.W_OK) else None


@cache
def _builder_digest() -> str:
    """Of the converters' versions and of all source that turns a graph into files."""
    found = hashlib.sha256(repr([(name, _version(name)) for name in _CONVERTERS]).encode())
    for path in _sources():
        found.update(path.read_bytes())
    return found.hexdigest()


def _sources() -> Iterable[Path]:
    here, there = Path(__file__).parent, Path(getfile(Graph)).parent
    return (*sorted(here.glob("build*.py")), *sorted((here / "backends").glob("*.py")), there / "attributes.py")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
