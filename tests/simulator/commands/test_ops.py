"""``stairline ops``: how each operator of a network is priced, what falls back, and what has no model."""

from __future__ import annotations

from pathlib import Path

from .running import printed


def test_ops_says_what_prices_each_operator_and_what_falls_back(accelerator: Path) -> None:
    text = printed("ops", "mobilenet_v1", "-p", accelerator)
    assert "globalavgpool2d is not in the operator list" in text
    falls = next(line for line in text.splitlines() if line.startswith("on the host"))
    assert " ms in " in falls
    assert " crossing" in falls


def test_ops_lists_an_operator_without_a_model_and_heads_the_sum_a_lower_bound(toy: Path, tmp_path: Path) -> None:
    without = tmp_path / "without.toml"
    text = toy.read_text(encoding="utf-8")
    without.write_text(text.replace('kernels."add|', 'kernels."'), encoding="utf-8")
    report = printed("ops", "mobilenet_v2", "-p", without)
    assert report.startswith("LOWER BOUND: mobilenet_v2")
    assert "no model for add on" in report
    assert "10 kernels, left out of the sum" in report
