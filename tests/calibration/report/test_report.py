"""The report of a calibration: what it says is so, and its page stands by itself whatever the records are called."""

from __future__ import annotations

import sys
from dataclasses import replace
from html.parser import HTMLParser
from math import log
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from stairline.calibration.fitting.measured import Measured
from stairline.calibration.judging.scores import MOST_FITTED, HeldOut
from stairline.calibration.overlays.calibrated import Calibrated, calibrate
from stairline.calibration.overlays.contents import OverlayHeader
from stairline.calibration.overlays.fitted import fitted_overlay
from stairline.calibration.records.record import NetworkLatency, Records
from stairline.calibration.report import blocks as report
from stairline.calibration.report import html as html_report
from stairline.calibration.report.staircases import long_sweeps, predicted_s
from stairline.command import main
from stairline.hwmodels import Platform, load, with_fit_bounds, with_values
from stairline.hwmodels.overlay import OverlayFile
from stairline.hwmodels.reports.text import lines
from stairline.measure.plan.configuration import configuration
from stairline.simulator.graph.graph import Graph
from stairline.simulator.pricing.predict import predict
from tests.calibration.board import BASE, CONDITIONS, convolution, measured_store

EFFICIENCY = "kernels.conv2d|dwconv2d.efficiency"
EVIL = "<script>alert(1)</script> $\\frac{x_0$ \x07"


class Page(HTMLParser):
    """Elements of a page and whether each that opens also closes."""

    VOID = ("meta", "link", "img", "br", "hr", "image", "input")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Platform:
    path = tmp_path_factory.mktemp("report") / "base.toml"
    path.write_text(BASE, encoding="utf-8")
    return load(path)


def calibrated(base: Platform, graphs: list[Graph], times: float = 1.3) -> Calibrated:
    random = np.random.default_rng(2)
    rows = [
        NetworkLatency(
            g.name, predict(g, base).latency_s * times * float(random.lognormal(0, 0.03)), 0.0, "float32", i, ""
        )
        for i, g in enumerate(graphs)
    ]
    return calibrate(base, Records("mine.csv", "0" * 16, tuple(rows)), graphs)


def overlay(done: Calibrated, title: str = "Mine") -> OverlayFile:
    return fitted_overlay(done, OverlayHeader("mine", title, "base", {"threads": "1"}), "mine.residual.json")


def page(done: Calibrated, title: str = "Mine") -> str:
    return html_report.page(done, overlay(done, title))


@pytest.fixture(scope="module")
def done(base) -> Calibrated:
    return calibrated(base, [convolution(c) for c in range(8, 200, 8)])


@pytest.fixture(scope="module")
def text(done) -> str:
    return page(done)


def test_the_page_stands_by_itself(text):
    parsed = Page(text)
    assert not parsed.open
    names = {name for name, _ in parsed.elements}
    assert names.isdisjoint({"script", "link", "iframe", "object", "embed", "base"})
    for name, attributes in parsed.elements:
        for key, value in attributes.items():
            assert not key.startswith("on"), (name, key)
            if key in ("src", "href", "xlink:href"):
                assert (value or "").startswith(("#", "data:image/png")), (name, value)
    assert "url(http" not in text
    assert "@import" not in text


def test_the_page_holds_what_was_found(done, text):
    shown = " ".join(" ".join(Page(text).texts).split())
    assert "held out within 10 %" in shown
    for p in done.fit.parameters:
        assert p.key in shown
        assert f"{p.value:.4g}" in shown
    for fact in done.verdict:
        assert fact.found in shown
    worst = int(np.argmax(np.abs(done.held_out.folds)))
    assert done.measured.names[worst] in shown
    assert "mine.csv (digest 0000000000000000)" in shown


def test_the_same_calibration_gives_the_same_page(done, text):
    assert page(done) == text


def test_names_from_files_are_text_and_nothing_else(base):
    graphs = [replace(convolution(c), name=f"{EVIL}_{c}") for c in range(8, 96, 8)]
    made = calibrated(base, graphs)
    parsed = Page(page(made, title=EVIL))
    assert "script" not in {name for name, _ in parsed.elements}
    assert any("<script>alert(1)</script>" in text for text in parsed.texts), "shown as it is written"


def test_two_networks_and_ten_thousand_make_a_page(base, done):
    assert "<svg" in page(calibrated(base, [convolution(16), convolution(64)]))
    many = np.tile(np.arange(len(done.measured)), 10_000 // len(done.measured) + 1)[:10_000]
    drawn = many[:MOST_FITTED]
    fitted = done.fit._replace(
        log_errors=tuple(done.fit.log_errors[i] for i in drawn), jacobian=done.fit.jacobian[drawn]
    )
    held_out = HeldOut(done.held_out.folds[many], None)
    large = done._replace(
        measured=repeated(done.measured, many),
        fit=fitted,
        base_errors=done.base_errors[many],
        held_out=held_out,
        analytical=held_out,
    )
    assert len(html_report.page(large, overlay(large))) < 2_000_000


def repeated(measured: Measured, chosen: np.ndarray) -> Measured:
    """The observations of single kernels at the given places, as often as they occur there."""
    assert set(measured.networks.kernel_counts) == {1}
    networks = replace(
        measured.networks,
        names=tuple(measured.names[i] for i in chosen),
        dtypes=tuple(measured.dtypes[i] for i in chosen),
        statuses=tuple(measured.networks.statuses[i] for i in chosen),
        **{name: getattr(measured.networks, name)[chosen] for name in ("outside_counts", "kernel_counts", "kernels")},
    )
    families = tuple(measured.families[i] for i in chosen)
    return Measured(networks, families, measured.observed_s[chosen], measured.sigma[chosen])


def test_many_single_operators_are_grouped_by_what_they_are(base):
    graphs = [convolution(c) for c in range(8, 320, 8)] + [convolution(c, op="dwconv2d") for c in range(8, 320, 8)]
    made = calibrated(base, graphs)
    own = report.kinds(made, report.diagnose(made))
    assert {name: len(places) for name, places in own.items()} == {"mostly conv2d": 39, "mostly dwconv2d": 39}


def test_the_terminal_says_how_well_each_number_is_known(base):
    free = with_fit_bounds(base, {"kernels.dense.efficiency": (0.1, 1.0)})
    text = "\n".join(lines(report.calibration(calibrated(free, [convolution(c) for c in range(8, 200, 8)]), "a", "b")))
    (row,) = [line for line in text.splitlines() if line.startswith("kernels.dense.efficiency") and " to " in line]
    assert "not determined" in row
    assert "± " in next(line for line in text.splitlines() if line.startswith(EFFICIENCY) and " to " in line)


@pytest.fixture
def swept(tmp_path, base) -> Path:
    measured_store(tmp_path / "s.db", with_values(base, {EFFICIENCY: 0.7}))
    return tmp_path / "s.db"


def run(store: Path, base: Platform, *more: str) -> Result:
    return CliRunner().invoke(main, ["fit", str(store), "-p", base.path, "-o", str(store.with_name("o.toml")), *more])


def test_sweeps_of_a_store_are_drawn_as_staircases(tmp_path, base):
    from stairline.measure.store.store import Key, opened
    from stairline.measure.timing.record import Reading, Run

    device, path = with_values(base, {EFFICIENCY: 0.7}), tmp_path / "sweep.db"
    with opened(path, create=True) as store:
        for c_out in range(8, 137, 2):
            settings = {"hw": 28, "cin": 64, "cout": c_out, "kernel": 3}
            one = configuration("op", "conv2d", settings, "float32")
            time_s = predict(one.graph(), device).latency_s
            taken = Run((), (time_s, time_s, time_s), Reading(1.0), Reading(1.0))
            store.add(Key(one.digest, "b", "float32", CONDITIONS.setting_digest), 1, one, CONDITIONS, taken)
    (sweep,) = long_sweeps(path, None)
    assert (sweep.setting, len(sweep.points), sweep.points[0][0]) == ("cout", 65, 8)
    rises = [log(b / a) for (_, a), (_, b) in zip(*[predicted_s(sweep, device, "float32")[k:] for k in (0, 1)])]
    # Tiles are 8 channels wide: compute grows after each multiple of 8 and nowhere else; output bytes grow evenly.
    stairs = [value for (value, _), rise in zip(predicted_s(sweep, device, "float32"), rises) if rise > 0.02]
    assert stairs == list(range(8, 136, 8))
    done = run(path, base, "--report", str(tmp_path / "r.html"))
    assert done.exit_code == 0, done.output
    shown = " ".join(Page((tmp_path / "r.html").read_text(encoding="utf-8")).texts)
    assert "conv2d hw=28 cin=64 kernel=3" in shown
    assert "measured steps of 8" in shown


def test_a_page_that_cannot_be_is_refused_before_the_fit(swept, base, monkeypatch):
    for name, words in (("r.txt", "ends in .html"), ("no/where/r.html", "cannot be written")):
        refused = run(swept, base, "--report", str(swept.parent / name))
        assert (refused.exit_code, len(refused.stderr.splitlines())) == (2, 1)
        assert words in refused.stderr
    monkeypatch.setitem(sys.modules, "jinja2", None)
    refused = run(swept, base, "--report", str(swept.with_name("r.html")))
    assert "needs jinja2: pip install 'stairline[plot]'" in refused.stderr
    assert not swept.with_name("o.toml").exists()
