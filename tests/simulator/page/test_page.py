"""The page stands on its own, escapes what files say, and is readable in a browser."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest

from stairline import hwmodels
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph
from stairline.simulator.page.html import page
from stairline.simulator.pricing.predict import predict
from stairline.simulator.reports.outcomes import Outcome
from stairline.simulator.zoo import build

from .browser import CHROMIUM, seen

LARGEST_BYTES = 1_000_000


def page_of(graph: Graph, *aliases: str) -> str:
    platforms = [hwmodels.load(alias) for alias in aliases]
    outcomes = []
    for alias, platform in zip(aliases, platforms):
        prediction = predict(graph, platform)
        summary = prediction.summary
        outcomes.append(Outcome(graph.name, platform.name, alias, summary.dtype, summary, prediction.reasons))
    return page(graph, platforms[0], platforms[0].dtypes[0], outcomes, allow_unknown=False)


@cache
def fallback_page() -> str:
    return page_of(build("mobilenet_v3_large"), "TPU", "CPU", "NPU")


def contrast(one: list[float], other: list[float]) -> float:
    """The ratio of luminances. Source: WCAG 2.1, contrast ratio and relative luminance."""

    def luminance(colour: list[float]) -> float:
        linear = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_a_page_fetches_nothing_and_runs_nothing():
    text = fallback_page()
    assert not re.search(r"<script|<link|<img|<iframe|@import|url\(|\bsrc=|\bhref=", text)
    assert len(text.encode()) < 300_000


def test_the_page_of_the_network_with_the_most_layers_stays_small():
    assert len(page_of(build("nasnet_a_mobile"), "VPU").encode()) < LARGEST_BYTES


def test_every_figure_is_well_formed_and_within_its_frame():
    figures = re.findall(r"<svg.*?</svg>", fallback_page(), re.DOTALL)
    assert len(figures) > 1
    for figure in figures:
        for mark in ElementTree.fromstring(figure).iter("circle"):
            assert 50 <= float(mark.attrib["cx"]) <= 390
            assert 10 <= float(mark.attrib["cy"]) <= 265


def test_what_a_file_says_is_text_and_no_markup():
    hostile = "<script>alert('x')</script>"
    b = GraphBuilder(hostile)
    x = b.conv2d(b.input((1, 16, 16, 8)), 16, 3, activation="relu", name=hostile)
    text = page_of(b.build(b.conv2d(x, 8)), "CPU")
    assert "<script" not in text
    assert "&lt;script&gt;" in text


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
@pytest.mark.parametrize(("width", "dark"), [(390, True), (1280, False)])
def test_a_browser_shows_the_page_without_complaint_or_sideways_scrolling(width: int, dark: bool, tmp_path: Path):
    found = seen(fallback_page(), tmp_path, width, dark=dark)
    assert found.complaints == []
    assert found.scroll_width <= found.width
    assert found.opened_width <= found.width
    assert found.summaries > 5
    assert (sum(found.paper) < sum(found.ink)) == dark
    assert contrast(found.paper, found.ink) > 7.0
    assert contrast(found.paper, found.soft) > 4.5
