"""Moving a calibrated platform to a sibling: known siblings are found, few records move little, nothing is made up."""

from __future__ import annotations

from math import log
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from stairline.calibration.fitting.measured import prepare
from stairline.calibration.records.observation import Observation
from stairline.calibration.transfer.estimate import Structure, estimate_sibling, move, structure
from stairline.calibration.transfer.siblings import GROUPS, Hierarchy, counterpart, hierarchy
from stairline.command import main
from stairline.hwmodels import Platform, load, quantities, with_values, without_residual
from stairline.simulator.pricing.predict import predict
from stairline.simulator.zoo import build

NETWORKS = ("mobilenet_v1", "mobilenet_v2", "inception_v1", "resnet_v1_50", "shufflenet_v2", "mnasnet_a1")
CALIBRATED = "pixel4-cortexa76-tflite2.1"
FLOAT32 = frozenset({"float32"})


@pytest.fixture(scope="module")
def calibrated() -> Platform:
    return load(CALIBRATED)


@pytest.fixture(scope="module")
def space(calibrated) -> Hierarchy:
    return hierarchy(calibrated, calibrated, FLOAT32)


def alike(sigma: float) -> Structure:
    """Errors that all kernels of a network have together."""
    return Structure(sigma, 1.0, sigma, None)


def factors_of(space: Hierarchy, **logs: float) -> np.ndarray:
    """Log factors of all and of groups, no number having one of its own."""
    return np.array([logs.get(name, 0.0) for name in ("all", *GROUPS)] + [0.0] * len(space.own))


def latencies_ms(platform: Platform, names=NETWORKS) -> dict[str, float]:
    return {name: predict(build(name), platform).latency_s * 1e3 for name in names}


def write_records(path: Path, rows: dict[str, float]) -> Path:
    path.write_text("\n".join(["net,latency_ms", *(f"{n},{ms!r}" for n, ms in rows.items())]), encoding="utf-8")
    return path


def run(records: Path, output: Path, *more: str, origin: str = CALIBRATED) -> Result:
    return CliRunner().invoke(main, ["transfer", origin, str(records), "-o", str(output), *more])


def measured(space: Hierarchy, sibling: Platform, names=NETWORKS):
    graphs = [build(name) for name in names]
    return prepare(space.centre, [Observation(g, "float32", predict(g, sibling).latency_s) for g in graphs])


def test_one_record_moves_everything_alike(space, tmp_path):
    """A sibling on which all takes 1.7 times as long is found from one network, and the others follow."""
    sibling = space.platform(factors_of(space, all=log(1.7)))
    truth = latencies_ms(sibling)
    done = run(write_records(tmp_path / "r.csv", {"mobilenet_v2": truth["mobilenet_v2"]}), tmp_path / "s.toml")
    assert done.exit_code == 0, done.output
    assert "only_all_told" in done.output
    for name, ms in latencies_ms(load(tmp_path / "s.toml")).items():
        assert ms == pytest.approx(truth[name], rel=0.02)


def test_records_that_differ_tell_the_groups_apart(space):
    """On the sibling compute takes 1.5 times as long and memory no longer: convolutions of one ratio would not fit."""
    sibling = space.platform(factors_of(space, all=log(1.25), compute=log(1.2), memory=-log(1.25)))
    found = move(space, measured(space, sibling), np.full(len(NETWORKS), 0.01))
    both = {group: found.factors[0] + found.factors[1 + i] for i, group in enumerate(GROUPS)}
    assert both["compute"] == pytest.approx(log(1.5), abs=0.06)
    assert both["memory"] < both["compute"] - 0.05
    assert max(abs(measured(space, sibling).log_errors(found.platform))) < 0.01


def test_records_of_the_calibrated_device_move_nothing(space, calibrated):
    found = move(space, measured(space, calibrated), np.full(len(NETWORKS), 0.02))
    assert found.factors == pytest.approx(np.zeros(len(space.sigmas)), abs=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(-30.0, 30.0), min_size=4, max_size=4))
def test_no_factor_takes_a_number_out_of_its_bounds(logs):
    space = hierarchy(load(CALIBRATED), load(CALIBRATED), FLOAT32)
    values = space.values(factors_of(space, **dict(zip(("all", *GROUPS), logs))))
    bounds = {key: (q.min, q.max) for key, q in quantities(space.centre.file)}
    for key, value in values.items():
        low, high = bounds[key]
        assert value >= (low or 0.0)
        assert value <= (high if high is not None else 1.0 if key.endswith("efficiency") else float("inf"))


def test_slower_is_slower_whatever_the_group(space):
    here = latencies_ms(space.centre, NETWORKS[:2])
    for name in ("all", *GROUPS):
        there = latencies_ms(space.platform(factors_of(space, **{name: log(1.1)})), NETWORKS[:2])
        for network, ms in there.items():
            assert here[network] < ms <= 1.1001 * here[network], name


def test_more_records_leave_less_open(space):
    sibling = space.platform(factors_of(space, all=log(1.4)))
    seen = measured(space, sibling)
    widths = [
        log(estimate_sibling(space, seen.only(np.arange(n)), alike(0.02), seen.networks).interval.factor)
        for n in (1, 2, 6)
    ]
    assert widths[0] > widths[1] > widths[2] > 1.645 * 0.02


def test_the_interval_holds_nine_in_ten_on_siblings_such_as_the_prior_expects(space):
    """Siblings drawn from the prior, with errors of structure as stated, seen through three networks each."""
    random, sigma = np.random.default_rng(3), 0.03
    usual, graphs = measured(space, space.centre).networks, [build(name) for name in NETWORKS]
    inside = []
    for _ in range(8):
        sibling = space.platform(random.normal(0.0, space.sigmas))
        times_s = [predict(g, sibling).latency_s * float(random.lognormal(0.0, sigma)) for g in graphs]
        seen = prepare(space.centre, [Observation(g, "float32", t, 0.001) for g, t in zip(graphs, times_s)])
        found = estimate_sibling(space, seen.only(np.arange(3)), alike(sigma), usual)
        errors = seen.only(np.arange(3, len(graphs))).log_errors(found.moved.platform)
        inside += list(abs(errors) <= log(found.interval.factor))
    assert np.mean(inside) >= 0.8


def test_what_plays_the_same_part_is_found_under_another_name(calibrated):
    known = dict(quantities(calibrated.file))
    gemm = "kernels.conv2d|matmul|conv2d_transpose.efficiency"
    same = {
        f"{gemm}.float32": gemm,
        "kernels.concat.copy_setup_s": "kernels.concat|split|slice|pad.copy_setup_s",
        "roofs.memory.dram.bandwidth_bytes_per_s": "roofs.memory.dram.bandwidth_bytes_per_s",
    }
    for key, other in same.items():
        assert counterpart(key, known) is known[other]
    assert counterpart("kernels.dwconv2d.tap_3x3_s.float32", known) is None
    assert counterpart("kernels.conv2d.tap_s", known) is None, "another operator's"


def test_over_the_siblings_base_only_what_was_carried_over_is_moved():
    """What the Mi 9's base states of the Mi 9 stays: its clock, its memory, its copies."""
    calibrated, base = load(CALIBRATED), load("CPU")
    space = hierarchy(calibrated, base, FLOAT32)
    moved = space.platform(factors_of(space, all=log(2.0)))
    before, after = dict(quantities(base.file)), dict(quantities(moved.file))
    assert after["kernels.concat.copy_setup_s"].value == before["kernels.concat.copy_setup_s"].value
    carried = "kernels.conv2d|matmul|conv2d_transpose.efficiency.float32"
    fitted = dict(quantities(calibrated.file))["kernels.conv2d|matmul|conv2d_transpose.efficiency"].value
    assert after[carried].value == pytest.approx(fitted / 2.0)


def test_a_cores_times_are_carried_over_by_the_clock(tmp_path):
    """20 cycles are 20 cycles: at half the clock they take twice as long before anything is measured."""
    calibrated = load(CALIBRATED)
    text = Path(calibrated.path).read_text(encoding="utf-8").replace("2.84e9", "1.42e9")
    (tmp_path / "slow.toml").write_text(text, encoding="utf-8")
    space = hierarchy(calibrated, load(tmp_path / "slow.toml"), FLOAT32)
    here, there = dict(quantities(calibrated.file)), dict(quantities(space.centre.file))
    assert there["kernels.dwconv2d.tap_s"].value == pytest.approx(2.0 * here["kernels.dwconv2d.tap_s"].value)
    efficiency = "kernels.conv2d|matmul|conv2d_transpose.efficiency"
    assert there[efficiency].value == here[efficiency].value, "a share of what the clock allows"


def test_a_fitted_number_that_is_neither_time_nor_rate_is_carried_over_as_it_is():
    """What a second tap costs beside the first is a ratio: no slower device changes it."""
    base, key = load("x86-xnnpack-litert"), "kernels.dwconv2d.spilled_tap"
    calibrated = with_values(base, {key: 1.9})
    space = hierarchy(calibrated, base, FLOAT32)
    moved = dict(quantities(space.platform(factors_of(space, all=log(2.0))).file))
    assert moved[key].value == 1.9


def test_the_error_of_the_structure_is_what_the_calibrated_interval_says(calibrated):
    """90 % of a normal distribution lie within 1.645 deviations."""
    stated = calibrated.machine("float32").uncertainty
    assert structure(calibrated, "float32").sigma == pytest.approx(log(stated.factor) / 1.6449, rel=1e-4)


def test_the_file_holds_absolute_values_over_the_same_mechanisms_and_names_both(tmp_path):
    origin = "mi9-adreno640-tflite2.1-nnmeter"
    calibrated = load(origin)
    # The residual is left behind, so the sibling is the models alone, 1.3 times as slow.
    alone = without_residual(calibrated)
    truth = {name: 1.3 * ms for name, ms in latencies_ms(alone, ("mobilenet_v1", "inception_v1")).items()}
    output = tmp_path / "s.toml"
    done = run(write_records(tmp_path / "r.csv", truth), output, "--condition", "threads=1", origin=origin)
    assert done.exit_code == 0, done.output
    sibling = load(output)
    about = sibling.overlay
    assert (about.parent, about.omitted) == ("mi9-adreno640-tflite2.1", ("dense",))
    # Structure that the calibrated platform states otherwise than its parent is the sibling's too.
    assert about.values["kernels.conv2d|conv2d_transpose.group_max"].value == 512
    assert about.calibration.conditions == {"threads": "1"}
    cite = about.sources[about.values["shared.efficiency"].source].cite
    for text in (calibrated.name, calibrated.digest, "mi9-adreno640-tflite2.1", "r.csv"):
        assert text in cite
    assert about.values["shared.efficiency"].value == pytest.approx(
        calibrated.overlay.values["shared.efficiency"].value / 1.3, rel=0.05
    )
    for name, ms in latencies_ms(sibling, tuple(truth)).items():
        assert ms == pytest.approx(truth[name], rel=0.03)
    again = run(tmp_path / "r.csv", tmp_path / "again.toml", origin=str(output))
    assert again.exit_code == 0, "an overlay that was moved can be moved on"


def test_what_cannot_be_moved_is_said_in_one_line(tmp_path, calibrated):
    ms = latencies_ms(calibrated, NETWORKS[:3])
    good = write_records(tmp_path / "r.csv", ms)
    integer = tmp_path / "int8.csv"
    integer.write_text("net,latency_ms,dtype\nmobilenet_v1,10,int8\n", encoding="utf-8")
    far = write_records(tmp_path / "far.csv", {name: value * 1e3 for name, value in ms.items()})
    many = tmp_path / "many.csv"
    many.write_text("net,latency_ms\n" + "mobilenet_v1,70\nmobilenet_v2,40\n" * 101, encoding="utf-8")
    same = write_records(tmp_path / "same.csv", dict.fromkeys(ms, 5.0))
    other = write_records(tmp_path / "other.csv", {"my_net": 5.0})
    empty = tmp_path / "empty.csv"
    empty.write_text("net,latency_ms\n", encoding="utf-8")
    refused = [
        (integer, (), "calibrated at float32, and the records are int8"),
        (far, (), "are they in microseconds"),
        (many, (), "202 observations are enough for 'fit'"),
        (same, (), "constant_latency"),
        (other, (), "'my_net' is no network of the zoo: give --layers"),
        (empty, (), "no records below the header"),
        (good, ("--to", "mi9-adreno640-tflite2.1-nnmeter"), "an overlay itself"),
        (good, ("--to", "GPUU"), "unknown platform 'GPUU'"),
        (good, ("--dtype", "float23"), "did you mean 'float32'"),
    ]
    for records, options, words in refused:
        done = run(records, tmp_path / "s.toml", *options)
        assert (done.exit_code, len(done.stderr.splitlines())) == (2, 1), done.stderr
        assert words in done.stderr
    assert not (tmp_path / "s.toml").exists()


def test_a_calibrated_file_is_not_overwritten(tmp_path, calibrated):
    ms = latencies_ms(calibrated, NETWORKS[:2])
    records = write_records(tmp_path / "r.csv", {name: 1.2 * value for name, value in ms.items()})
    assert run(records, tmp_path / "s.toml").exit_code == 0
    before = (tmp_path / "s.toml").read_bytes()
    done = run(records, tmp_path / "s.toml", origin=str(tmp_path / "s.toml"))
    assert "is CALIBRATED itself" in done.stderr
    assert (tmp_path / "s.toml").read_bytes() == before


def test_a_device_that_is_no_sibling_is_asked_about(tmp_path, calibrated):
    far = {name: 20 * ms for name, ms in latencies_ms(calibrated, NETWORKS[:3]).items()}
    done = run(write_records(tmp_path / "r.csv", far), tmp_path / "s.toml")
    assert "far_from_calibrated" in done.output


def test_another_kind_of_device_is_no_sibling(tmp_path, calibrated):
    """A device whose times go up and down as the calibrated one's do not: by one number nothing fits."""
    for times, exit_code in ((1.3, 0), (5.0, 2)):
        torn = {name: ms * t for (name, ms), t in zip(latencies_ms(calibrated, NETWORKS[:4]).items(), (1.0, times) * 2)}
        done = run(write_records(tmp_path / "r.csv", torn), tmp_path / "s.toml")
        assert done.exit_code == exit_code
        assert "no_sibling" in done.output
    assert load(tmp_path / "s.toml").file.uncertainty.factor.value > 1.3, "what was written when it was in doubt"


def test_a_value_keeps_its_meaning_when_records_repeat_it(space, calibrated):
    """The same network measured twice counts as one left out, not as its own witness."""
    sibling = with_values(calibrated, {"platform.clock_hz": 2.84e9})
    twice = measured(space, sibling, ("mobilenet_v1", "mobilenet_v1", "inception_v1"))
    found = estimate_sibling(space, twice, alike(0.02), twice.networks)
    assert found.left_out == pytest.approx(np.zeros(3), abs=0.01)
