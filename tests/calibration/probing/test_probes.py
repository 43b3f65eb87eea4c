"""What measurements show by themselves: fusion with its confidence, rates, calls."""

from __future__ import annotations

from dataclasses import replace
from math import exp
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from stairline.calibration.probing.falls import unrolled_widths
from stairline.calibration.probing.fusion import fusion, pairs
from stairline.calibration.probing.probes import fusion_facts, plan
from stairline.calibration.probing.rates import calls, compute_roofs, streaming
from stairline.calibration.probing.sweeps import step_lines, sweep_plan
from stairline.command import main
from stairline.hwmodels import load
from stairline.measure.plan.configuration import Configuration, configuration
from stairline.measure.store.store import Key, Record, opened
from stairline.measure.timing.record import Conditions, Measurement, Reading, Run
from stairline.simulator.pricing.predict import predict
from stairline.simulator.zoo import build_block

CONDITIONS = Conditions("board", "cpu", (), None, None, (0,), 1, "runtime", "1", "none", dtype="float32")


def record(one: Configuration, latency_s: float, spread: float = 0.0) -> Record:
    """Three visits, the slowest of which takes that much longer."""
    times_s = (latency_s, latency_s * (1 + spread / 2), latency_s * (1 + spread))
    runs = tuple(Run((), (t, t), Reading(1.0), Reading(1.0)) for t in times_s)
    return Record(one, "tflite", CONDITIONS, Measurement(CONDITIONS, runs), "2026-01-01")


def op(name: str, **settings: object) -> Configuration:
    return configuration("op", name, settings, "float32")


def test_a_pair_that_takes_as_long_as_its_longer_half_is_one_kernel() -> None:
    found = fusion(100e-6, 10e-6, 100e-6, sigma_s=1e-6)
    assert found.fused is True
    assert found.saved == pytest.approx(1.0)
    # By hand: odds of exp(10 x (2 x 10 - 10) / 2) = exp(50).
    assert found.confidence == pytest.approx(1 / (1 + exp(-50.0)))


def test_a_pair_that_takes_as_long_as_both_is_two_kernels() -> None:
    assert fusion(100e-6, 10e-6, 110e-6, sigma_s=1e-6).fused is False


def test_noise_as_large_as_the_smaller_operator_leaves_it_open() -> None:
    assert fusion(100e-6, 1e-6, 100e-6, sigma_s=1e-6).fused is None


@given(st.floats(1e-6, 1e-2), st.floats(1e-6, 1e-2), st.floats(0.0, 1.0), st.floats(1e-3, 0.1))
def test_which_of_two_operators_comes_first_does_not_matter(a: float, b: float, share: float, noise: float) -> None:
    both = a + b - share * min(a, b)
    one, other = (fusion(x, y, both, noise * (a + b)) for x, y in ((a, b), (b, a)))
    assert (one.fused, one.confidence) == (other.fused, pytest.approx(other.confidence))
    assert 0.5 <= one.confidence <= 1.0


def chains(**times_s: float) -> list[Record]:
    """Chains by their letters: c for a convolution, s for a sigmoid, r for a ReLU."""
    names = {"c": "conv:kernel=1", "s": "sigmoid", "r": "relu"}
    return [
        record(op("chain", hw=28, cin=32, steps=" ".join(names[letter] for letter in letters)), time_s)
        for letters, time_s in times_s.items()
    ]


def test_a_change_of_layout_at_the_ends_is_no_fusion() -> None:
    # A convolution of 100 us between 50 us of layout changes, a sigmoid of 30 us: alone and in a row.
    alone = {"c": 150e-6, "cccc": 450e-6, "s": 30e-6, "ssss": 120e-6}
    (apart,) = pairs(chains(**alone, cs=180e-6, cscscscs=570e-6))
    assert apart.found.fused is False
    assert apart.found.saved == pytest.approx(0.0, abs=1e-9)
    (together,) = pairs(chains(**alone, cs=150e-6, cscscscs=450e-6))
    assert together.found.fused is True
    assert together.found.saved == pytest.approx(1.0)


def test_a_pair_of_which_a_part_was_not_measured_is_not_judged() -> None:
    whole = {"c": 150e-6, "cccc": 450e-6, "s": 30e-6, "ssss": 120e-6, "cs": 180e-6, "cscscscs": 570e-6}
    for missing in whole:
        assert pairs(chains(**{letters: time_s for letters, time_s in whole.items() if letters != missing})) == ()


def test_a_relu_is_taken_alone_without_the_call() -> None:
    times_s = {"c": 150e-6, "cccc": 450e-6, "r": 30e-6, "cr": 170e-6, "crcrcrcr": 530e-6}
    (pair,) = pairs(chains(**times_s), called_s=10e-6)
    assert (pair.producer, pair.consumer, pair.found.fused) == ("conv:kernel=1", "relu", False)


def test_fusion_that_the_base_denies_is_a_fact_and_fusion_that_it_states_is_none() -> None:
    base = load("CPU")  # TFLite runs a convolution's ReLU inside it.
    alone = {"c": 100e-6, "cccc": 400e-6, "r": 50e-6}
    assert list(fusion_facts(base, "float32", chains(**alone, cr=100e-6, crcrcrcr=400e-6))) == []
    (fact,) = fusion_facts(base, "float32", chains(**alone, cr=150e-6, crcrcrcr=600e-6))
    assert fact.name == "fusion_differs"
    assert "two kernels" in fact.line
    assert f"{base.name} says one kernel" in fact.line


def test_a_sweep_is_refined_where_its_edges_lie() -> None:
    def stair(one: Configuration) -> Record:
        channels = dict(one.settings)["cout"]
        return record(one, -(-channels // 32) * 20e-6)  # Steps of 32, the last channel of each at its multiple.

    first = list(sweep_plan("float32", []))
    over_cout = [one for one in first if one.name == "conv2d" and dict(one.settings)["cin"] == 128]
    swept = [stair(one) for one in over_cout]
    (added,) = set(sweep_plan("float32", swept)) - set(first)
    assert any(edge < dict(added.settings)["cout"] < edge + 4 for edge in (32, 64, 96, 128))
    assert any("steps of 32" in line for line in step_lines(swept))


def test_unrolled_loops_are_told_by_what_they_leave_over() -> None:
    # TFLite's portable depthwise kernel: 16 channels at a time, then 4, then 1 (depthwiseconv_float.h, TF 2.1).
    def time_s(channels: int) -> float:
        wide, rest = divmod(channels, 16)
        narrow, single = divmod(rest, 4)
        return 16 * wide + 12 * narrow + 12 * single

    widths = range(16, 81)
    assert unrolled_widths(widths, [time_s(c) for c in widths]) == (4, 16)
    # The file of that platform holds these loops, a staircase has none.
    (tflite,) = {unrolled_widths(widths, [_depthwise_s("CPU", c) for c in widths])}
    assert tflite[0] == 4
    assert unrolled_widths(widths, [-(-c // 16) for c in widths]) == ()
    assert unrolled_widths(widths, list(widths)) == ()


def _depthwise_s(platform: str, channels: int) -> float:
    return predict(build_block("dwconv", 28, channels, 3), load(platform)).latency_s


def test_a_stack_of_layers_tells_the_layer_and_the_call() -> None:
    stacks = [record(op("conv2d", hw=14, cin=64, kernel=1, depth=n), 5e-6 + n * 20e-6) for n in (4, 16)]
    (found,) = calls([*stacks, record(op("conv2d", hw=14, cin=64, kernel=1), 25e-6)])
    assert found.layer_s == pytest.approx(20e-6)
    assert found.called_s == pytest.approx(5e-6)
    assert found.misfit == pytest.approx(0.0, abs=1e-9)


def test_rates_are_work_over_time() -> None:
    # 28 x 28 x 64 x 64 x 9 = 28,901,376 MACs; 3 maps of 28 x 28 x 64 floats are 602,112 bytes.
    roofs = compute_roofs([record(op("conv2d", hw=28, cin=64, cout=64, kernel=3), 1e-3)])
    assert roofs["conv2d 3x3, float32"].per_s == pytest.approx(28_901_376 / 1e-3)
    ((moved_bytes, per_s, _),) = streaming([record(op("add", hw=28, cin=64), 1e-4)])
    assert (moved_bytes, per_s) == (602_112, pytest.approx(602_112 / 1e-4))


def test_everything_in_the_plan_can_be_built_at_every_precision() -> None:
    for dtype in ("float32", "int8"):
        assert all(one.graph().layers for one in plan(dtype))


def test_the_command_tells_findings_and_failures(tmp_path: Path) -> None:
    one = op("conv2d", hw=28, cin=64, cout=64, kernel=3)
    run = Run((), (1e-3, 1e-3), Reading(1.0), Reading(1.0))
    with opened(tmp_path / "s.db", create=True) as store:
        store.add(Key(one.digest, "tflite", "float32", "s"), 1, one, CONDITIONS, run)
        other = op("tanh", hw=28, cin=64)
        store.add(Key(other.digest, "tflite", "float32", "s"), 1, other, replace(CONDITIONS), "no such operator")
    done = CliRunner().invoke(main, ["probe", str(tmp_path / "s.db")])
    assert done.exit_code == 0, done.output
    assert "conv2d 3x3, float32: 28.9 GMAC/s at most" in done.output
    assert "tanh: 1 not measured: no such operator" in done.output
