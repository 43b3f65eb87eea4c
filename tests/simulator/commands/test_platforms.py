"""``stairline platforms``: platforms are listed and explained."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import stairline as sl

from .running import CPU, printed


def test_platforms_are_listed_with_alias_and_precisions() -> None:
    text = printed("platforms")
    assert re.search(rf"^CPU +{re.escape(CPU)} +float32, int8$", text, re.MULTILINE)
    assert max(map(len, text.splitlines())) <= 80
    assert "Xiaomi Mi 9" in printed("platforms", "--titles")
    listed = json.loads(printed("platforms", "--json"))
    assert [p["name"] for p in listed] == [d.name for d in sl.available()]
    assert listed[0]["aliases"] == ["CPU"]


def test_a_platform_is_explained_down_to_its_sources(toy: Path, accelerator: Path) -> None:
    text = printed("platforms", "show", toy)
    # 8 MAC a cycle at 1 GHz; over 4 GB/s that is 2 MAC for every byte.
    assert re.search(r"^float32 +8\.0 +2\.00$", text, re.MULTILINE)
    assert re.search(r"^tile_n +8 +us$", text, re.MULTILINE)
    assert "conv2d or dwconv2d or dense or add, then relu or relu6" in text
    # Ten numbers: clock, MAC per cycle, bandwidth, overlap, three overheads, factor, and two of the convolution.
    assert re.search(r"^us +assumed +10 +chosen for this test$", text, re.MULTILINE)
    explained = printed("platforms", "show", accelerator)
    assert "the kernel must be at most 3 wide and high" in explained
    assert f"runs on {CPU}" in explained


@pytest.mark.parametrize("device", sl.available(), ids=lambda device: str(device.name))
def test_every_shipped_platform_is_explained(device: sl.Device) -> None:
    text = printed("platforms", "show", device.name)
    assert re.search(rf"^name +{re.escape(device.name)}$", text, re.MULTILINE)
    assert "\nSources\n" in text
