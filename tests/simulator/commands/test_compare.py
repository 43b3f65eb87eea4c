"""``stairline compare``: a table of networks by platforms."""

from __future__ import annotations

from pathlib import Path

from .running import printed


def test_compare_prints_networks_by_platforms(toy: Path, accelerator: Path) -> None:
    text = printed("compare", "mobilenet_v2", "mobilenet_v1", "-p", toy, "-p", accelerator)
    header, first, second = text.splitlines()[:3]
    assert header.split() == ["ms", "toy", "float32", "accelerator", "float32"]
    assert [line.split()[0] for line in (first, second)] == ["mobilenet_v2", "mobilenet_v1"]
    assert first.endswith("*")
    assert "* falls_back" in text
    assert "globalavgpool2d is not in the operator list" in text
