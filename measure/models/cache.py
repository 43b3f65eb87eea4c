"""Models that were built before, kept in the user's cache directory under a hash of what they were built from.

An entry is a directory that appears whole, with a list of its files and their hashes. An entry that differs
from its list is built again. The cache is bounded: the entry that was unused for longest goes first.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from inspect import getfile
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

from stairline.simulator.graph.graph import Graph, digest

Build = Callable[[Graph, str, Path], Path]
"""Writes a graph at a precision into a directory, and gives the path of the model's file."""

MAX_BYTES = 4 << 30
_CONVERTERS = ("tensorflow", "tensorflow-cpu", "onnx", "onnxruntime", "openvino", "nncf")
_LIST = "files.json"
_UNFINISHED = "building-"
_ABANDONED_S = 86_400.0


def cached(build: Build, suffix: str) -> Build:
    """A function that does what ``build`` does, and takes the model from the cache where it was built before.

    ``suffix`` is that of the model's file, and stands for the format in the key of an entry. The converter has to be
    one of the Python packages whose versions are in the key.
    """

    def built(graph: Graph, dtype: str, directory: Path) -> Path:
        home = _home()
        if home is None:
            return build(graph, dtype, directory)
        text = repr((digest(graph), dtype, suffix, _builder_digest()))
        entry = home / hashlib.sha256(text.encode()).hexdigest()[:32]
        names = _taken(entry, directory)
        if names is None:
            names = _made(partial(build, graph, dtype), entry, directory)
        return next(directory / name for name in sorted(names) if Path(name).suffix == suffix)

    return built


def _made(write: Callable[[Path], Path], entry: Path, directory: Path) -> list[str]:
    """Build, keep a copy as ``entry`` unless another process was quicker, and put the files into ``directory``."""
    home = entry.parent
    with TemporaryDirectory(prefix=_UNFINISHED, dir=home) as temporary:
        made = Path(temporary) / "model"
        made.mkdir()
        write(made)
        files = [path for path in made.iterdir() if path.is_file()]
        for path in files:
            _link(path, directory / path.name)
        (made / _LIST).write_text(json.dumps({path.name: _hash(path) for path in files}), encoding="utf-8")
        _shrink(home, MAX_BYTES - _size_bytes(made))
        try:
            made.rename(entry)
        except OSError:
            if not entry.is_dir():
                raise
    return [path.name for path in files]


def _taken(entry: Path, directory: Path) -> list[str] | None:
    """The names of an entry's files, which are put into ``directory``; None, and no entry, where it is not whole."""
    if not entry.is_dir():
        return None
    linked: list[Path] = []
    try:
        hashes: dict[str, str] = json.loads((entry / _LIST).read_text(encoding="utf-8"))
        for name, expected in hashes.items():
            _link(entry / name, directory / name)
            linked.append(directory / name)
            if _hash(linked[-1]) != expected:
                raise ValueError(name)
        os.utime(entry)
    except (AttributeError, OSError, ValueError):
        for path in linked:
            path.unlink()
        _remove(entry)
        return None
    return list(hashes)


def _shrink(home: Path, most_bytes: int) -> None:
    """Remove entries, the longest unused first, until ``most_bytes`` hold the others, and what was left unfinished."""
    everything = [(path, _last_use_s(path)) for path in home.iterdir()]
    kept_bytes = 0
    for path, used_s in sorted(everything, key=lambda item: item[1], reverse=True):
        if path.name.startswith(_UNFINISHED):
            if time.time() - used_s > _ABANDONED_S:
                shutil.rmtree(path, ignore_errors=True)
            continue
        kept_bytes += _size_bytes(path)
        if kept_bytes > most_bytes:
            _remove(path)


def _remove(entry: Path) -> None:
    """Take an entry away at once, so that nobody meets a part of it."""
    aside = Path(mkdtemp(prefix=_UNFINISHED, dir=entry.parent))
    with suppress(FileNotFoundError):  # Another process may be quicker.
        entry.rename(aside / "gone")
    shutil.rmtree(aside, ignore_errors=True)


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


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _link(source: Path, target: Path) -> None:
    """Make a file available at another place, where it stays when the cache drops it."""
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
    """A hash of the converters' versions and of all source that turns a graph into files."""
    found = hashlib.sha256(repr([(name, _version(name)) for name in _CONVERTERS]).encode())
    for path in _sources():
        found.update(path.read_bytes())
    return found.hexdigest()


def _sources() -> Iterable[Path]:
    here, graph = Path(__file__).parent, Path(getfile(Graph)).parent
    return (*sorted(here.rglob("*.py")), graph / "attributes.py")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
