"""A device is added as docs/adding.md says: in one file."""

from __future__ import annotations

from pathlib import Path

import pytest

from stairline.hwmodels import load
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.pricing.predict import predict
from tests.adding.page import examples


def test_a_device_is_one_file(tmp_path: Path) -> None:
    file = tmp_path / "my-board.toml"
    file.write_text(examples("A device")["toml"], encoding="utf-8")
    b = GraphBuilder("one convolution")
    prediction = predict(b.build(b.conv2d(b.input((1, 10, 10, 16)), 20, activation="relu")), load(file))
    (kernel,) = prediction.kernels
    assert kernel.ops == ("conv2d", "relu")
    # 100 pixels, 16 channels, 20 filters in tiles of 8 are 24: 38,400 multiply-adds, at half of 4 a cycle at 1.5 GHz.
    assert kernel.cost.padded_macs == 38_400
    assert kernel.cost.compute_s == pytest.approx(38_400 / (4 * 1.5e9 * 0.5))
    # 1,600 values in and 2,000 out, and 20 filters of 16 weights and a bias, four bytes each at 2 GB/s.
    assert kernel.cost.memory_s == pytest.approx(3_600 * 4 / 2e9)
    assert kernel.cost.weights_s == pytest.approx(20 * 17 * 4 / 2e9)
    assert prediction.latency_s == pytest.approx(12.8e-6 + 7.2e-6 + 0.68e-6 + 10e-6)
