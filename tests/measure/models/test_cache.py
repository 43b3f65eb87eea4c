"""The cache of built models: whole entries, bounded in size, and built once."""

from __future__ import annotations

import os
import shutil
import time
from itertools import count
from pathlib import Path

import pytest

from stairline.measure.models import cache as model_cache
from stairline.measure.models.cache import cached
from stairline.measure.plan.configuration import configuration
from stairline.simulator.graph.graph import Graph


def convolution(c_in: int, c_out: int, hw: int = 28) -> Graph:
    settings = {"hw": hw, "cin": c_in, "cout": c_out, "kernel": 3}
    return configuration("op", "conv2d", settings, "int8").graph()


@pytest.fixture(autouse=True)
def entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "stairline" / "models"


class Builder:
    """Stands in for a converter: it counts its calls and writes what the graph is called."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, graph: Graph, dtype: str, directory: Path) -> Path:
        self.calls += 1
        path = directory / "model.onnx"
        path.write_bytes(f"{graph.name} {dtype}".encode() * 1000)
        return path


class Cache:
    """Builds through the cache, each time into a directory of its own."""

    def __init__(self, place: Path) -> None:
        self.build, self._place, self._number = Builder(), place, 0

    def built(self, graph: Graph, dtype: str = "float32", suffix: str = ".onnx") -> bytes:
        self._number += 1
        directory = self._place / str(self._number)
        directory.mkdir()
        return cached(self.build, suffix)(graph, dtype, directory).read_bytes()


def test_a_model_is_built_once_for_each_precision(tmp_path: Path) -> None:
    found = Cache(tmp_path)
    assert found.built(convolution(8, 8)) == found.built(convolution(8, 8)) == b"conv float32" * 1000
    assert found.built(convolution(8, 8), "int8") == b"conv int8" * 1000
    assert found.build.calls == 2


@pytest.mark.parametrize("harm", ["cut", "lost", "list lost", "list garbled", "all lost"])
def test_an_entry_that_is_not_whole_is_built_again(tmp_path: Path, entries: Path, harm: str) -> None:
    found = Cache(tmp_path)
    expected = found.built(convolution(8, 8))
    (entry,) = entries.iterdir()
    if harm == "cut":
        (entry / "model.onnx").unlink()
        (entry / "model.onnx").write_bytes(expected[:10])
    elif harm == "lost":
        (entry / "model.onnx").unlink()
    elif harm == "list garbled":
        (entry / "files.json").write_text("[", encoding="utf-8")
    else:
        for path in entry.iterdir():
            if harm == "all lost" or path.name == "files.json":
                path.unlink()
    assert found.built(convolution(8, 8)) == expected
    assert found.built(convolution(8, 8)) == expected
    assert found.build.calls == 2


def test_a_model_survives_its_cache_entry(tmp_path: Path, entries: Path) -> None:
    found = Cache(tmp_path)
    found.built(convolution(8, 8))
    for entry in entries.iterdir():
        shutil.rmtree(entry)
    assert (tmp_path / "1" / "model.onnx").stat().st_size == len(b"conv float32" * 1000)


def test_the_cache_drops_what_was_unused_for_longest(
    tmp_path: Path, entries: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Cache(tmp_path)
    monkeypatch.setattr(model_cache, "MAX_BYTES", 45_000)  # Three entries of 12 kB, and no fourth.
    graphs = [convolution(8, 8 * number) for number in range(1, 6)]
    clock, touch = count(int(time.time()) + 10), os.utime
    monkeypatch.setattr(model_cache.os, "utime", lambda path: touch(path, (now := next(clock), now)))
    for graph in (*graphs[:3], graphs[0], *graphs[3:]):
        found.built(graph)
    assert found.build.calls == 5
    found.built(graphs[0])
    assert found.build.calls == 5  # Used since, and so still there.
    assert len(list(entries.iterdir())) <= 3


def test_what_a_killed_builder_left_is_swept_away_after_a_day(tmp_path: Path, entries: Path) -> None:
    found = Cache(tmp_path)
    found.built(convolution(8, 8))
    for name, age_s in (("building-old", 100_000), ("building-now", 0)):
        (entries / name).mkdir()
        os.utime(entries / name, (time.time() - age_s,) * 2)
    found.built(convolution(8, 16))
    assert sorted(path.name for path in entries.glob("building-*")) == ["building-now"]
