"""What a calibration may measure, and which of it tells most about networks that it has not seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from stairline.calibration.choosing import design
from stairline.calibration.choosing.choice import candidates, most_informative, slopes
from stairline.calibration.choosing.costs import costs_s
from stairline.calibration.fitting.fit import PRIOR_SIGMA
from stairline.calibration.fitting.parameters import parameters
from stairline.calibration.records.errors import RecordsError
from stairline.calibration.records.observation import PART_SIGMA
from stairline.hwmodels import load, with_values
from stairline.measure.plan.configuration import configuration
from stairline.simulator.pricing.predict import predict


def test_everything_in_the_design_is_a_network_that_can_be() -> None:
    for one in design.operators(256, "int8", 7) + design.networks(48, "int8", 7):
        assert one.graph().layers
        assert one.dtype == "int8"


def test_a_longer_design_begins_with_the_shorter_one() -> None:
    for sequence in (design.operators, design.networks):
        short = sequence(32, "float32", 1)
        assert sequence(128, "float32", 1)[: len(short)] == short
        assert sequence(32, "float32", 2) != short


def test_operators_of_the_design_are_large_planes_with_few_channels_and_small_ones_with_many() -> None:
    sizes = [dict(one.settings) for one in design.operators(512, "float32", 0) if one.name == "conv2d"]
    elements = [size["hw"] ** 2 * size["cin"] for size in sizes]
    assert max(elements) < 2_000_000
    assert min(size["cin"] for size in sizes if size["hw"] < 10) >= 16
    assert max(size["cin"] for size in sizes if size["hw"] > 100) <= 128


def test_a_measurement_goes_to_the_parameter_that_networks_depend_on() -> None:
    # The first candidate tells of parameter 0 alone, the second of 1 alone; networks depend on 1 alone.
    told = most_informative(np.zeros((1, 2)), np.eye(2), np.array([[0.0, 1.0]]), np.ones(2), budget_s=1.0)
    assert told == [1]


def test_of_two_that_tell_the_same_the_quicker_is_taken() -> None:
    rows = np.array([[1.0], [1.0]])
    assert most_informative(np.zeros((1, 1)), rows, np.array([[1.0]]), np.array([2.0, 1.0]), budget_s=2.5)[0] == 1


def test_what_is_known_already_is_not_measured_first() -> None:
    known = np.array([[100.0, 0.0]])
    assert most_informative(known, np.eye(2), np.eye(2), np.ones(2), budget_s=1.0) == [1]


@given(
    st.integers(1, 4).flatmap(
        lambda p: st.tuples(
            arrays(np.float64, (3, p), elements=st.floats(-1, 1)),
            arrays(np.float64, (6, p), elements=st.floats(-1, 1)),
            arrays(np.float64, (4, p), elements=st.floats(-1, 1)),
        )
    )
)
def test_each_choice_lowers_the_variance_of_the_networks_as_the_inverse_says(
    drawn: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    jacobian, rows, wanted = drawn

    def variance(seen: np.ndarray) -> float:
        information = seen.T @ seen + np.eye(seen.shape[1]) / PRIOR_SIGMA**2
        return float(np.trace(wanted @ np.linalg.inv(information) @ wanted.T))

    seen, left = jacobian, set(range(6))
    for chosen in most_informative(jacobian, rows, wanted, np.ones(6), budget_s=3.0):
        options = [variance(np.vstack([seen, rows[i] / PART_SIGMA])) for i in left]
        left.remove(chosen)
        seen = np.vstack([seen, rows[chosen] / PART_SIGMA])
        assert variance(seen) == pytest.approx(min(options), rel=1e-6, abs=1e-9)


def test_what_the_base_cannot_predict_is_left_out_and_named() -> None:
    base = load("VPU")  # OpenVINO 2019R2 has no GELU.
    known, unknown = (configuration("op", name, {"hw": 8, "cin": 8}, "float16") for name in ("add", "gelu"))
    found = candidates(base, "float16", [known, unknown])
    assert (found.configurations, found.unmodelled) == ((known,), ("gelu",))
    with pytest.raises(RecordsError, match="predicts none"):
        candidates(base, "float16", [unknown])


def test_slopes_are_those_of_the_prediction() -> None:
    base = load("CPU")
    found = candidates(base, "float32", design.operators(32, "float32", 0)[:12])
    free = parameters(base, frozenset(["float32"]))
    table = slopes(base, free, found.networks)
    for column, p in enumerate(free):
        value = p.value * 1.001 if p.value * 1.001 <= p.high else p.value / 1.001
        moved = with_values(base, {p.key: value})
        for row, one in enumerate(found.configurations):
            before, after = (predict(one.graph(), platform, "float32").latency_s for platform in (base, moved))
            slope = np.log(after / before) / np.log(value / p.value)
            # A kernel may change its bound within a step of 2 %.
            assert table[row, column] == pytest.approx(slope, abs=0.6)
    assert np.all(np.abs(table) <= 1.05)


def test_a_network_costs_more_than_its_operator_and_a_slow_one_more_than_a_quick_one() -> None:
    base = load("CPU")
    found = candidates(base, "float32", design.networks(4, "float32", 0))
    latencies_s = found.networks.latencies_s(base)
    assert np.all(costs_s(found.networks, 2 * latencies_s) > costs_s(found.networks, latencies_s))
    assert np.all(costs_s(found.networks, latencies_s) > 14 * latencies_s)
