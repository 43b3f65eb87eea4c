"""A kernel model is added as docs/adding.md says: in one file, which a platform file names."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from stairline.hwmodels import PlatformError, kernels, load
from stairline.hwmodels.kernels.registry import module_names
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph
from stairline.simulator.pricing.batch import predict_many
from stairline.simulator.pricing.compiled import register_functions
from stairline.simulator.pricing.predict import predict
from tests.adding.page import examples
from tests.made_up_device import platform_text


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A platform that names the page's kernel model, whose file a temporary folder holds."""
    blocks, folder = examples("A kernel model"), tmp_path / "kernels"
    folder.mkdir()
    (folder / "blocked_pool.py").write_text(blocks["python"], encoding="utf-8")
    monkeypatch.setattr(kernels, "__path__", [*kernels.__path__, str(folder)])
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "board.toml"
    path.write_text(platform_text("board", rest=blocks["toml"].replace("my-measurements", "made")), encoding="utf-8")
    yield path
    sys.modules.pop(f"{kernels.__name__}.blocked_pool", None)


def pooled(channels: int) -> Graph:
    b = GraphBuilder(f"pool of {channels}")
    return b.build(b.pool("maxpool2d", b.input((1, 16, 16, channels)), 2, 2))


def test_a_kernel_model_is_one_file_and_the_platform_that_names_it(board: Path) -> None:
    """8 x 8 outputs, four taps and two blocks of 8 channels at 2 ns; 16 x 16 x 9 in, 8 x 8 x 9 out at 1 GB/s; 1 us."""
    graph = pooled(9)
    latency_s = predict(graph, load(board)).latency_s
    assert latency_s == pytest.approx(8 * 8 * 4 * 2 * 2e-9 + 4 * (16 * 16 * 9 + 8 * 8 * 9) / 1e9 + 1e-6)


def test_an_added_kernel_model_is_compiled_to_the_same_bits(board: Path) -> None:
    graphs = [pooled(channels) for channels in (1, 8, 9, 100)]
    machine = load(board).machine()
    compiled = [summary.latency_s for summary in predict_many(graphs, machine)]
    assert np.array_equal(compiled, [predict(graph, load(board)).latency_s for graph in graphs])


def test_an_added_kernel_model_is_as_closed_as_any_other(board: Path) -> None:
    good = board.read_text(encoding="utf-8")
    for wrong, words in (
        (good.replace("block_c = { value = 8", "block_c = { value = 0"), "block_c: 0 is out of range"),
        (good.replace("block_c", "block_q"), "block_q: unknown key of 'blocked_pool'; did you mean 'block_c'"),
        (good.replace("blocked_pool", "blocked_pol"), "did you mean 'blocked_pool'"),
    ):
        board.write_text(wrong, encoding="utf-8")
        with pytest.raises(PlatformError, match=re.escape(words)):
            load(board)


@pytest.mark.usefixtures("board")
def test_compiled_code_is_kept_apart_for_each_listing_of_the_folder() -> None:
    with_toy = tuple(sorted(module_names().values()))
    without = tuple(name for name in with_toy if not name.endswith("blocked_pool"))
    assert len(without) == len(with_toy) - 1
    assert register_functions(with_toy) != register_functions(without)


@pytest.mark.usefixtures("board")
def test_the_listing_forgets_a_folder_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "blocked_pool" in module_names()
    monkeypatch.undo()
    assert "blocked_pool" not in module_names()
