"""A runtime is added as docs/adding.md says: in one file, which a platform file names rules of."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stairline.hwmodels import PlatformError, load
from stairline.simulator import runtimes
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph
from stairline.simulator.mapping.placement import PLACEMENTS
from stairline.simulator.mapping.rewrites import REWRITES
from stairline.simulator.pricing.predict import predict
from tests.adding.page import examples
from tests.made_up_device import platform_text


@pytest.fixture
def runtimes_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose files are found like those of ``simulator/runtimes``; what they register goes again."""
    folder = tmp_path / "runtimes"
    folder.mkdir()
    runtimes.register_all()
    monkeypatch.setattr(runtimes, "__path__", [*runtimes.__path__, str(folder)])
    before = [(table, dict(table)) for table in (REWRITES, PLACEMENTS)]
    yield folder
    for path in folder.glob("*.py"):
        sys.modules.pop(f"{runtimes.__name__}.{path.stem}", None)
    for table, rules in before:
        for name in table.keys() - rules.keys():
            del table[name]


def convolution_with_relu6() -> Graph:
    b = GraphBuilder("toy")
    return b.build(b.conv2d(b.input((1, 8, 8, 4)), 16, activation="relu6"))


def test_a_runtime_is_one_file_that_platform_files_name_rules_of(runtimes_folder: Path, tmp_path: Path) -> None:
    blocks = examples("A runtime's peculiarity")
    file = tmp_path / "toy.toml"
    file.write_text(platform_text("toy", rest=blocks["toml"]), encoding="utf-8")
    with pytest.raises(PlatformError, match="toy: lowering: nothing is called 'relu6_as_maximum_minimum'"):
        predict(convolution_with_relu6(), load(file))

    (runtimes_folder / "made_up_board.py").write_text(blocks["python"], encoding="utf-8")
    conv, maximum, minimum = predict(convolution_with_relu6(), load(file)).kernels
    assert (conv.ops, maximum.ops, minimum.ops) == (("conv2d",), ("maximum",), ("minimum",))
    # 16 filters of 4 weights and a bias are 80 parameters: 16 of them have room, 64 come over a link of 0.1 GB/s.
    assert conv.cost.weights_s == pytest.approx(16 * 4 / 1e9 + 64 * 4 / 1e8)
    # 1024 elements read and as many written at 1 GB/s, one constant, and 1 us of dispatch.
    assert maximum.latency_s == minimum.latency_s == pytest.approx(2049 * 4 / 1e9 + 1e-6)
