"""The command fit: records to an overlay, its verdict, its scores, and what it refuses."""

from __future__ import annotations

import csv
import io
import json
from math import log
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from stairline.calibration.fitting.measured import prepare
from stairline.calibration.judging.intervals import conformal_factor
from stairline.calibration.judging.scores import held_out_families, score
from stairline.calibration.judging.verdict import about_fit
from stairline.calibration.overlays.calibrated import calibrate
from stairline.calibration.records.families import family
from stairline.calibration.records.observation import Observation
from stairline.calibration.records.table import read_records
from stairline.command import main
from stairline.hwmodels import load, with_values, without_operators
from stairline.simulator.networks import networks
from stairline.simulator.pricing.predict import predict
from stairline.simulator.zoo import build

BASE = """
schema = 1
name = "board-engine-runtime"
title = "A processor of round numbers"
[platform]
device = "board"
processor = "engine"
runtime = "none"
dtypes = ["float32", "int8"]
default_dtype = "float32"
clock_hz = { value = 1e9, source = "us" }
[roofs]
overlap = { value = 0, source = "us" }
[roofs.compute.float32]
macs_per_cycle = { value = 8, source = "us" }
[roofs.compute.int8]
macs_per_cycle = { value = 32, source = "us" }
[roofs.memory.dram]
bandwidth_bytes_per_s = { value = 4e9, source = "us", fit = true, min = 1e8, max = 1e11 }
[overheads]
inference_s = { value = 0, source = "us" }
kernel_s = { value = 1e-5, source = "us", fit = true, min = 1e-7, max = 1e-3 }
epilogue_s_per_element = { value = 0, source = "us" }
[kernels."conv2d|dwconv2d"]
model = "tiled_gemm"
efficiency = { value = 0.5, source = "us", fit = true, min = 0.05, max = 1 }
tile_n = { value = 8, source = "us" }
[kernels.dense]
model = "gemv"
efficiency = { value = 0.5, source = "us" }
[partition]
rule = "everything"
source = "us"
[uncertainty]
factor = { value = 2, source = "us" }
[sources]
us = { kind = "assumed", cite = "made for this test" }
"""
TRUTH = {
    "roofs.memory.dram.bandwidth_bytes_per_s": 2.5e9,
    "overheads.kernel_s": 4e-5,
    "kernels.conv2d|dwconv2d.efficiency": 0.8,
}
FAMILIES = ("plain", "wide", "deep")
PER_FAMILY = 12
EFFICIENCY = 'efficiency = { value = 0.5, source = "us", fit = true, min = 0.05, max = 1 }'


def layer_rows(name: str, random: np.random.Generator) -> list[str]:
    """A chain of convolutions of random widths and kernels."""
    kind = family(name)
    size, channels, rows = int(random.choice([14, 28, 56])), 16, []
    for layer in range(int(random.integers(*((12, 20) if kind == "deep" else (3, 8))))):
        op, kernel = str(random.choice(["conv2d", "dwconv2d"])), int(random.choice([1, 3, 5]))
        wide = int(random.integers(64, 400) if kind == "wide" else random.integers(8, 96))
        out = channels if op == "dwconv2d" else wide
        rows.append(f"{name},{layer},{op},{size},{size},{channels},{size},{size},{out},{kernel},1")
        channels = out
    return rows


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A directory with a base platform, a layer table, and the latencies of its networks on a changed platform."""
    directory = tmp_path_factory.mktemp("fit")
    (directory / "base.toml").write_text(BASE, encoding="utf-8")
    random = np.random.default_rng(7)
    names = [f"{kind}_{i}" for kind in FAMILIES for i in range(PER_FAMILY)]
    header = "net,layer,op,h_in,w_in,c_in,h_out,w_out,c_out,kernel,stride"
    rows = [row for name in names for row in layer_rows(name, random)]
    (directory / "layers.csv").write_text("\n".join([header, *rows]), encoding="utf-8")
    return directory


@pytest.fixture(scope="module")
def latencies_ms(place):
    changed = with_values(load(place / "base.toml"), TRUTH)
    return {g.name: predict(g, changed).latency_s * 1e3 for g in networks(place / "layers.csv").graphs}


def write_records(path: Path, rows: dict[str, float] | list[tuple[str, float]]) -> Path:
    pairs = rows.items() if isinstance(rows, dict) else rows
    path.write_text("\n".join(["net,latency_ms", *(f"{n},{ms!r}" for n, ms in pairs)]), encoding="utf-8")
    return path


def run_fit(place: Path, records: Path, output: Path, *more: str, base: Path | None = None) -> Result:
    fixed = ["--layers", str(place / "layers.csv"), "-p", str(base or place / "base.toml"), "-o", str(output)]
    return CliRunner().invoke(main, ["fit", str(records), *fixed, *more])


def verdict(place: Path, records: Path, base_text: str = BASE) -> dict[str, list[str]]:
    base = place / "changed-base.toml"
    base.write_text(base_text, encoding="utf-8")
    done = calibrate(load(base), read_records(records, "float32"), networks(place / "layers.csv").graphs)
    facts: dict[str, list[str]] = {}
    for fact in done.verdict:
        facts.setdefault(fact.name, []).append(fact.line)
    return facts


def test_the_platform_that_made_the_records_is_found_and_its_overlay_predicts_them(place, latencies_ms, tmp_path):
    output = tmp_path / "mine.toml"
    records = write_records(tmp_path / "mine.csv", latencies_ms)
    result = run_fit(place, records, output, "--condition", "threads=1", "--title", "Mine")
    assert result.exit_code == 0, result.output
    mine = load(output)
    for key, value in TRUTH.items():
        assert mine.overlay.values[key].value == pytest.approx(value, rel=0.02), key
    assert (mine.name, mine.file.title, mine.overlay.calibration.conditions) == ("mine", "Mine", {"threads": "1"})
    assert mine.overlay.calibration.scores.within_10 == mine.overlay.calibration.scores.family_within_10 == 1.0
    assert mine.file.uncertainty.factor.value < 1.02
    predicted = CliRunner().invoke(main, ["predict", str(place / "layers.csv"), "-p", str(output), "--csv", "-"])
    for row in csv.DictReader(io.StringIO(predicted.stdout)):
        assert float(row["latency_ms"]) == pytest.approx(latencies_ms[row["net"]], rel=0.01)
    assert "converged" in result.output
    assert "at_limit" not in result.output


def test_the_same_records_give_the_same_file(place, latencies_ms, tmp_path):
    random = np.random.default_rng(3)
    noisy = {name: ms * float(random.lognormal(0, 0.1)) for name, ms in latencies_ms.items()}
    records = write_records(tmp_path / "mine.csv", noisy)
    written = []
    for name in ("one.toml", "two.toml"):
        assert run_fit(place, records, tmp_path / name, "--name", "mine").exit_code == 0
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]


@pytest.mark.parametrize("platform", ["CPU", "GPU", "VPU", "TPU"])
@pytest.mark.parametrize("operators_only", [False, True])
def test_arrays_price_a_network_as_predict_does_also_at_other_rates(platform, operators_only):
    """ShuffleNet leaves the GPU for the CPU and crosses back and forth; the TPU has a host link."""
    base = load(platform)
    dtype, graphs = base.dtypes[0], [build("shufflenet_v2"), build("mobilenet_v1")]
    measured = prepare(base, [Observation(g, dtype, 1.0, operators_only=operators_only) for g in graphs])
    other = with_values(base, {"overheads.inference_s": 0.003, "platform.clock_hz": 7e8})
    for changed in (base, other):
        predictions = [predict(g, changed, dtype) for g in graphs]
        expected_s = [p.operators_s if operators_only else p.latency_s for p in predictions]
        assert measured.networks.latencies_s(changed) == pytest.approx(expected_s, rel=1e-12)
    assert measured.only(np.array([1])).networks.latencies_s(base) == pytest.approx(
        measured.networks.latencies_s(base)[1:]
    )


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


def test_one_record_is_refused(place, latencies_ms, tmp_path):
    result = run_fit(
        place, write_records(tmp_path / "r.csv", dict(list(latencies_ms.items())[:1])), tmp_path / "o.toml"
    )
    assert result.exit_code == 2
    assert "one network" in result.stderr


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


BAD_RECORDS = [
    ("net,latency_ms\nplain_0,nan", "line 2: latency_ms is nan"),
    ("net,latency_ms\nplain_0,inf", "line 2: latency_ms is inf"),
    ("net,latency_ms\nplain_0,1\nplain_1,-4", "line 3: latency_ms -4 of 'plain_1' is not positive"),
    ("net,latency_ms\nplain_0,0", "line 2: latency_ms 0 of 'plain_0' is not positive"),
    ("net,latency_ms\nplain_0,fast", "line 2: latency_ms 'fast' is not a number"),
    ("net,latency_ms\nplain_0", "line 2: latency_ms '' is not a number"),
    ("net,latency_ms\nplain_0,1,2", "line 2: more cells than the header has columns"),
    ("net,latency_ms\n,1", "line 2: net is empty"),
    ("net,latency_ms,std_ms\nplain_0,1,-1", "line 2: std_ms -1 of 'plain_0' is negative"),
    ("net,latency_ms,dtype\nplain_0,1,float23", "line 2: dtype 'float23' is no precision; did you mean 'float32'"),
    ("net,latency_ms,dtype\nplain_0,1,uint8", "no precision 'uint8'; it has float32, int8"),
    ("net,latency\nplain_0,1", "unknown column 'latency'; did you mean 'latency_ms'"),
    ("net\nplain_0", "no column 'latency_ms'"),
    ("net,latency_ms\n", "no records below the header"),
    ("", "no column 'net'"),
    ("net,latency_ms\nplane_0,1\nplane_1,2", "none of its networks is in the layer table, such as 'plane_0'; did"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), BAD_RECORDS)
def test_bad_records_are_one_line_and_exit_code_2(place, tmp_path, text, words):
    records = tmp_path / "bad.csv"
    records.write_text(text, encoding="utf-8")
    result = run_fit(place, records, tmp_path / "o.toml")
    assert result.exit_code == 2
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "o.toml").exists()


BAD_OPTIONS = [
    (["-o", "mine.txt"], "ends in .toml"),
    (["-o", "no/such/place/mine.toml"], "cannot be written"),
    (["--dtype", "float23"], "did you mean 'float32'"),
    (["--name", "My Phone"], "use small letters"),
    (["--condition", "threads"], "give KEY=VALUE"),
    (["--condition", "threads=1", "--condition", "threads=2"], "each key once"),
    (["-p", "GPUU"], "unknown platform 'GPUU'"),
    (["--layers", "absent.csv"], "absent.csv: "),
]


@pytest.mark.parametrize(("options", "words"), BAD_OPTIONS)
def test_a_bad_option_is_refused_before_anything_is_fitted(place, latencies_ms, tmp_path, options, words):
    records = write_records(tmp_path / "r.csv", latencies_ms)
    result = run_fit(place, records, tmp_path / "o.toml", *options)
    assert result.exit_code == 2
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_an_overlay_is_no_base_and_a_base_is_not_overwritten(place, latencies_ms, tmp_path):
    records, output = write_records(tmp_path / "r.csv", latencies_ms), tmp_path / "mine.toml"
    assert run_fit(place, records, output).exit_code == 0
    again = run_fit(place, records, tmp_path / "again.toml", base=output)
    assert again.exit_code == 2
    assert "an overlay itself" in again.stderr
    over = run_fit(place, records, place / "base.toml")
    assert over.exit_code == 2
    assert "is the base itself" in over.stderr


def test_a_family_is_predicted_by_a_fit_to_the_others(place, latencies_ms):
    base = load(place / "base.toml")
    graphs = list(networks(place / "layers.csv").graphs)
    slow = {g.name: latencies_ms[g.name] * (2 if family(g.name) == "deep" else 1) for g in graphs}
    measured = prepare(base, [Observation(g, "float32", slow[g.name] / 1e3, family=family(g.name)) for g in graphs])
    errors = dict(zip(measured.names, held_out_families(base, measured)[0]))
    assert [errors[name] for name in slow if family(name) == "deep"] == pytest.approx([-log(2)] * PER_FAMILY, abs=0.03)


def test_scores_count_what_they_say():
    """Errors of +5, -15, +50 and -5 %: two within 10 %, three within 20 %, 18.75 % on average."""
    found = score(np.log([1.05, 0.85, 1.5, 0.95]))
    assert (found.networks, found.within_10, found.within_20) == (4, 0.5, 0.75)
    assert found.mape == pytest.approx(0.1875)


@pytest.mark.parametrize("noise", ["normal", "laplace", "uniform"])
def test_the_conformal_factor_covers_nine_in_ten_whatever_the_noise(noise):
    """Split conformal prediction covers between 0.9 and 0.9 + 1 / (n + 1) on average over calibration sets."""
    random = np.random.default_rng(1)
    draw = {
        "normal": random.normal,
        "laplace": random.laplace,
        "uniform": lambda a, b, n: random.uniform(a - b, a + b, n),
    }
    covered = []
    for _ in range(500):
        factor = conformal_factor(draw[noise](0.0, 0.2, 40))
        covered.append(np.mean(np.abs(draw[noise](0.0, 0.2, 500)) <= log(factor)))
    assert 0.89 < np.mean(covered) < 0.9 + 1 / 41 + 0.01


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


def test_a_number_that_cannot_be_stated_is_refused_by_its_name(place, latencies_ms, tmp_path):
    records = write_records(tmp_path / "r.csv", latencies_ms)
    for option in ("overheads.inference_s=much", "overheads.inference_s", "overheads.inference=1", "=1"):
        done = run_fit(place, records, tmp_path / "mine.toml", "--set", option)
        assert done.exit_code != 0
        assert option.partition("=")[0] in str(done.exception) + done.output
        assert not (tmp_path / "mine.toml").exists()


def test_bounds_that_are_none_are_refused(place, latencies_ms, tmp_path):
    records = write_records(tmp_path / "r.csv", latencies_ms)
    for option in ("overheads.inference_s=low:high", "overheads.inference_s", "overheads.inference=1:2"):
        done = run_fit(place, records, tmp_path / "mine.toml", "--free", option)
        assert done.exit_code != 0
        assert "overheads.inference" in str(done.exception) + done.output


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
