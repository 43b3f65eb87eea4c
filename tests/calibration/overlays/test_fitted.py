"""What an overlay states: numbers, intervals, a residual; and that the same records give the same file."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from stairline.command import main
from stairline.hwmodels import load, with_values, without_operators
from stairline.simulator.networks import networks
from stairline.simulator.pricing.predict import predict
from tests.calibration.board import TRUTH, run_fit, write_records


def test_the_interval_of_an_overlay_is_as_wide_as_the_noise_of_its_records(place, latencies_ms, tmp_path):
    """Nine in ten of normal log errors of deviation 0.1 lie within exp(1.645 * 0.1) = 1.18."""
    random = np.random.default_rng(5)
    rows = [(name, ms * float(random.lognormal(0, 0.1))) for name, ms in latencies_ms.items() for _ in range(8)]
    output = tmp_path / "noisy.toml"
    assert run_fit(place, write_records(tmp_path / "r.csv", rows), output).exit_code == 0
    assert 1.14 < load(output).file.uncertainty.factor.value < 1.24


def test_a_freed_number_is_found_and_an_omitted_operator_takes_nothing(place, tmp_path):
    truth = TRUTH | {"overheads.inference_s": 0.002}
    device = with_values(without_operators(load(place / "base.toml"), ("dense",)), truth)
    graphs = networks(place / "layers.csv").graphs
    records = write_records(tmp_path / "r.csv", {g.name: predict(g, device).latency_s * 1e3 for g in graphs})
    freed = ("--omit", "dense", "--free", "overheads.inference_s=1e-5:1e-2")
    done = run_fit(place, records, tmp_path / "mine.toml", *freed)
    assert done.exit_code == 0, done.output
    mine = load(tmp_path / "mine.toml")
    assert mine.overlay.omitted == ("dense",)
    for key, value in truth.items():
        assert mine.overlay.values[key].value == pytest.approx(value, rel=0.05), key


def test_a_number_stated_of_the_device_is_kept_and_the_others_are_found_under_it(place, tmp_path):
    stated = {"overheads.inference_s": 0.002}
    device = with_values(load(place / "base.toml"), TRUTH | stated)
    graphs = networks(place / "layers.csv").graphs
    records = write_records(tmp_path / "r.csv", {g.name: predict(g, device).latency_s * 1e3 for g in graphs})
    done = run_fit(place, records, tmp_path / "mine.toml", "--set", "overheads.inference_s=2e-3")
    assert done.exit_code == 0, done.output
    mine = load(tmp_path / "mine.toml")
    for key, value in (TRUTH | stated).items():
        assert mine.overlay.values[key].value == pytest.approx(value, rel=0.05), key
    assert mine.overlay.values["overheads.inference_s"].value == 0.002
    assert mine.overlay.sources[mine.overlay.values["overheads.inference_s"].source].kind == "assumed"


@pytest.fixture(scope="module")
def corrected(place, tmp_path_factory):
    """An overlay of a device whose 5x5 convolutions take a quarter longer than any number of the base can tell."""
    directory = tmp_path_factory.mktemp("corrected")
    device, latencies_ms = with_values(load(place / "base.toml"), TRUTH), {}
    for graph in networks(place / "layers.csv").graphs:
        found = predict(graph, device)
        slow = [layer.attributes.kernel == (5, 5) for layer in graph.layers]
        extra_s = 0.25 * sum(k.latency_s for k, is_slow in zip(found.kernels, slow) if is_slow)
        latencies_ms[graph.name] = (found.latency_s + extra_s) * 1e3
    records = write_records(directory / "r.csv", latencies_ms)
    result = run_fit(place, records, directory / "mine.toml")
    assert result.exit_code == 0, result.output
    return directory / "mine.toml"


def test_what_no_number_explains_is_corrected_beside_the_overlay_and_reported_apart(place, corrected):
    assert corrected.with_name("mine.residual.json").exists()
    calibration = load(corrected).overlay.calibration
    assert calibration.scores.mape < 0.8 * calibration.analytical.mape
    arguments = ["predict", str(place / "layers.csv"), "-p", str(corrected), "--json"]
    with_it, without = (
        [json.loads(line) for line in CliRunner().invoke(main, [*arguments, *more]).stdout.splitlines()]
        for more in ([], ["--no-residual"])
    )
    assert [one["analytical_ms"] for one in with_it] == [one["latency_ms"] for one in without]
    assert any(k["correction"] > 1.05 for one in with_it for k in one["kernels"])
    assert all(k["correction"] == 1.0 for one in without for k in one["kernels"])
    narrow, wide = (np.mean([one["upper_ms"] / one["lower_ms"] for one in side]) for side in (with_it, without))
    assert narrow < wide


def test_an_overlay_without_its_residual_is_refused_in_one_line(corrected, tmp_path):
    (tmp_path / "mine.toml").write_bytes(corrected.read_bytes())
    result = CliRunner().invoke(main, ["predict", "mobilenet_v2", "-p", str(tmp_path / "mine.toml")])
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "mine.residual.json: cannot be read" in result.stderr


def test_a_fit_without_residual_writes_none(place, latencies_ms, tmp_path):
    records = write_records(tmp_path / "r.csv", latencies_ms)
    assert run_fit(place, records, tmp_path / "mine.toml", "--no-residual").exit_code == 0
    assert not list(tmp_path.glob("*.json"))
    assert load(tmp_path / "mine.toml").residual is None


def test_records_that_nothing_predicts_are_refused_in_one_line(place, latencies_ms, tmp_path):
    """Nine in ten of normal log errors of deviation 4 lie within exp(1.645 * 4) = 720."""
    random = np.random.default_rng(2)
    rows = {name: ms * float(random.lognormal(0, 4)) for name, ms in latencies_ms.items()}
    result = run_fit(place, write_records(tmp_path / "r.csv", rows), tmp_path / "mine.toml")
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "held out of the fit are off by a factor of" in result.stderr
    assert not (tmp_path / "mine.toml").exists()


def test_the_same_records_give_the_same_file(place, latencies_ms, tmp_path):
    random = np.random.default_rng(3)
    noisy = {name: ms * float(random.lognormal(0, 0.1)) for name, ms in latencies_ms.items()}
    records = write_records(tmp_path / "mine.csv", noisy)
    written = []
    for name in ("one.toml", "two.toml"):
        assert run_fit(place, records, tmp_path / name, "--name", "mine").exit_code == 0
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]
