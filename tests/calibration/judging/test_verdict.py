"""The verdict: what may be wrong with a calibration is named, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from stairline.calibration.judging.verdict import about_fit
from stairline.calibration.overlays.calibrated import calibrate
from stairline.calibration.records.table import read_records
from stairline.hwmodels import load
from stairline.simulator.networks import networks
from stairline.simulator.pricing.predict import predict
from tests.calibration.board import BASE, EFFICIENCY, run_fit, write_records


def verdict(place: Path, records: Path, base_text: str = BASE) -> dict[str, list[str]]:
    base = place / "changed-base.toml"
    base.write_text(base_text, encoding="utf-8")
    done = calibrate(load(base), read_records(records, "float32"), networks(place / "layers.csv").graphs)
    facts: dict[str, list[str]] = {}
    for fact in done.verdict:
        facts.setdefault(fact.name, []).append(fact.line)
    return facts


def test_clean_records_leave_nothing_to_remark(place, latencies_ms, tmp_path):
    found = verdict(place, write_records(tmp_path / "r.csv", latencies_ms))
    assert found.keys() == {"converged", "no_residual"}


def test_a_parameter_at_its_bound_is_named(place, latencies_ms, tmp_path):
    narrow = BASE.replace("min = 0.05, max = 1 }", "min = 0.05, max = 0.6 }")
    lines = verdict(place, write_records(tmp_path / "r.csv", latencies_ms), narrow)["at_limit"]
    assert any("kernels.conv2d|dwconv2d.efficiency = 0.6, its high bound" in line for line in lines)


def test_a_parameter_that_no_record_meets_is_named_and_stays(place, latencies_ms, tmp_path):
    dense = BASE.replace('model = "gemv"\nefficiency = { value = 0.5, source = "us" }', f'model = "gemv"\n{EFFICIENCY}')
    (line,) = verdict(place, write_records(tmp_path / "r.csv", latencies_ms), dense)["unidentified"]
    assert "kernels.dense.efficiency" in line


def test_two_parameters_that_only_their_product_matters_of_are_named(place, latencies_ms, tmp_path):
    roof = 'macs_per_cycle = { value = 8, source = "us"'
    both = BASE.replace(roof, f"{roof}, fit = true, min = 1, max = 64")
    (line,) = verdict(place, write_records(tmp_path / "r.csv", latencies_ms), both)["ill_conditioned"]
    assert "macs_per_cycle and kernels.conv2d|dwconv2d.efficiency" in line


def test_few_records_are_fitted_and_said_to_be_few(place, latencies_ms, tmp_path):
    few = dict(list(latencies_ms.items())[:4])
    output = tmp_path / "few.toml"
    result = run_fit(place, write_records(tmp_path / "r.csv", few), output)
    assert result.exit_code == 0, result.output
    facts = verdict(place, tmp_path / "r.csv")
    assert "4 observations for 3 parameters" in facts["too_few_records"][0]
    assert "the base's uncertainty stays" in facts["no_interval"][0]
    assert load(output).file.uncertainty.factor.value == 2
    assert "such as 'deep_0'" in facts["without_record"][0]


def test_a_fit_that_predicts_worse_than_the_base_is_said(place, tmp_path):
    """Of two networks one takes what the base says, one 3 times that: each misleads the fit for the other."""
    base, graphs = load(place / "base.toml"), list(networks(place / "layers.csv").graphs)[:2]
    torn = {g.name: predict(g, base).latency_s * 1e3 * times for g, times in zip(graphs, (1, 3))}
    assert "by the base as it stands" in verdict(place, write_records(tmp_path / "r.csv", torn))["worse_than_base"][0]


def test_a_network_that_is_not_in_the_table_is_named(place, latencies_ms, tmp_path):
    facts = verdict(place, write_records(tmp_path / "r.csv", latencies_ms | {"plain_99": 3.0}))
    assert "1 measured network not in the layer table and left out, such as 'plain_99'" in facts["unknown_network"][0]


def test_records_that_contradict_each_other_are_named(place, latencies_ms, tmp_path):
    rows = [*latencies_ms.items(), ("wide_3", latencies_ms["wide_3"] * 1.5)]
    assert "such as 'wide_3'" in verdict(place, write_records(tmp_path / "r.csv", rows))["contradicting_records"][0]


def test_records_far_from_the_base_raise_the_question_of_the_device(place, latencies_ms, tmp_path):
    slow = {name: ms * 30 for name, ms in latencies_ms.items()}
    assert "far_from_base" in verdict(place, write_records(tmp_path / "r.csv", slow))


def test_more_records_than_a_fit_needs_are_sampled_and_said_to_be(place, latencies_ms, tmp_path):
    rows = [*latencies_ms.items()] * 30
    assert f"1000 of {len(rows)}" in verdict(place, write_records(tmp_path / "r.csv", rows))["sampled"][0]


def test_a_fit_that_did_not_converge_is_said(place, latencies_ms, tmp_path):
    records = read_records(write_records(tmp_path / "r.csv", latencies_ms), "float32")
    done = calibrate(load(place / "base.toml"), records, networks(place / "layers.csv").graphs)
    facts = about_fit(done.fit._replace(converged=False), len(done.measured), done.base_errors)
    assert "not_converged" in {fact.name for fact in facts}


@pytest.mark.parametrize(("factor", "words"), [(1e3, "are they in microseconds"), (1e-3, "are they in seconds")])
def test_a_unit_that_is_off_by_1000_is_suspected_and_nothing_written(place, latencies_ms, tmp_path, factor, words):
    records = write_records(tmp_path / "r.csv", {name: ms * factor for name, ms in latencies_ms.items()})
    result = run_fit(place, records, tmp_path / "o.toml")
    assert result.exit_code == 2
    assert "unit_suspected" in result.stderr
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "o.toml").exists()


def test_constant_latencies_are_refused(place, latencies_ms, tmp_path):
    result = run_fit(place, write_records(tmp_path / "r.csv", dict.fromkeys(latencies_ms, 1.5)), tmp_path / "o.toml")
    assert result.exit_code == 2
    assert "constant_latency: all 36 latencies are 1.5 ms" in result.stderr
