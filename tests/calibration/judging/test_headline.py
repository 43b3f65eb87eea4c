"""The headline: whether an overlay is usable is said first, and what is not is not passed off as fitted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stairline.calibration.judging.verdict import about_machine
from stairline.calibration.overlays.calibrated import Calibrated, calibrate
from stairline.calibration.records.store import read_store
from stairline.calibration.records.table import read_records
from stairline.hwmodels import load
from stairline.simulator.networks import networks
from stairline.simulator.pricing.predict import predict
from tests.calibration.board import measured_store, run_fit, write_records


def calibrated(place: Path, records: Path) -> Calibrated:
    return calibrate(load(place / "base.toml"), read_records(records, "float32"), networks(place / "layers.csv").graphs)


def noisy(latencies_ms: dict[str, float], noise: float) -> dict[str, float]:
    random = np.random.default_rng(1)
    return {name: ms * float(random.lognormal(0.0, noise)) for name, ms in latencies_ms.items()}


def shuffled(latencies_ms: dict[str, float]) -> dict[str, float]:
    order = np.random.default_rng(0).permutation(len(latencies_ms))
    values = list(latencies_ms.values())
    return {name: values[i] for name, i in zip(latencies_ms, order)}


def test_clean_records_are_usable_and_the_error_of_networks_comes_first(place, latencies_ms, tmp_path):
    output = tmp_path / "mine.toml"
    result = run_fit(place, write_records(tmp_path / "r.csv", noisy(latencies_ms, 0.03)), output)
    assert result.exit_code == 0, result.output
    first = next(line for line in result.stdout.splitlines() if line.strip())
    assert first.split()[:2] == ["verdict", "usable:"]
    assert load(output).overlay.calibration.verdict[0].startswith("usable: networks held out of the fit are off by")


def test_latencies_dealt_out_at_random_show_no_skill(place, latencies_ms, tmp_path):
    done = calibrated(place, write_records(tmp_path / "r.csv", shuffled(latencies_ms)))
    assert "no_skill" in {fact.name for fact in done.verdict}
    assert done.headline.word == "not usable"


def test_an_overlay_worse_than_its_base_is_written_only_by_force(place, tmp_path):
    base, graphs = load(place / "base.toml"), list(networks(place / "layers.csv").graphs)[:2]
    base_ms = {g.name: predict(g, base).latency_s * 1e3 * times for g, times in zip(graphs, (1, 3))}
    torn = write_records(tmp_path / "torn.csv", base_ms)
    result = run_fit(place, torn, tmp_path / "mine.toml")
    assert result.exit_code == 3, result.stderr
    assert "by the base as it stands" in result.stderr
    assert "give --force" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "mine.toml").exists()
    assert run_fit(place, torn, tmp_path / "mine.toml", "--force").exit_code == 0
    assert load(tmp_path / "mine.toml").overlay.calibration.verdict[0].startswith("not usable: worse_than_base")


@pytest.mark.parametrize("every", [2, 6])
def test_lines_in_another_unit_than_the_others_are_named(place, latencies_ms, tmp_path, every):
    mixed = {name: ms * (1000.0 if i % every == 0 else 1.0) for i, (name, ms) in enumerate(latencies_ms.items())}
    result = run_fit(place, write_records(tmp_path / "r.csv", mixed), tmp_path / "o.toml")
    assert result.exit_code == 2
    assert f"mixed_units: line 2, {2 + every}, {2 + 2 * every}" in result.stderr
    assert "1000 times as long as the others" in result.stderr


def test_latencies_that_hardly_differ_are_a_timer(place, latencies_ms, tmp_path):
    nearly = noisy(dict.fromkeys(latencies_ms, 1.5), 0.002)
    result = run_fit(place, write_records(tmp_path / "r.csv", nearly), tmp_path / "o.toml")
    assert result.exit_code == 2
    assert "constant_latency" in result.stderr
    assert "that the base predicts apart" in result.stderr


def test_latencies_of_another_device_are_not_usable(place, latencies_ms, tmp_path):
    slow = {name: ms * 40.0 for name, ms in noisy(latencies_ms, 0.3).items()}
    done = calibrated(place, write_records(tmp_path / "r.csv", slow))
    assert done.headline.word != "usable"


def test_a_machine_that_slowed_down_is_said_to_be_disturbed():
    (fact,) = about_machine((1.0,) * 90 + (1.4,) * 9 + (5.8,))
    assert fact.name == "disturbed"
    assert "at worst 5.8 times" in fact.found
    assert not list(about_machine((1.0, 1.1) * 50))
    assert not list(about_machine(()))


def test_a_store_knows_how_steady_its_machine_was(place, tmp_path):
    measured_store(tmp_path / "m.db", load(place / "base.toml"))
    records, _ = read_store(tmp_path / "m.db", None)
    assert set(records.paces) == {1.0}
