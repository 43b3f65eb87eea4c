"""Attribution: predicted time by operator is that of predict, and the operator that is off is found."""

from __future__ import annotations

import numpy as np
import pytest

from stairline.calibration.fitting.measured import prepare
from stairline.calibration.judging.attribution import OUTSIDE, breakdown, operator_errors
from stairline.calibration.records.observation import Observation
from stairline.hwmodels import load
from stairline.simulator.pricing.predict import predict
from stairline.simulator.zoo import build


@pytest.mark.parametrize("platform", ["CPU", "GPU", "TPU"])
def test_observations_are_taken_apart_as_predict_does(platform):
    base = load(platform)
    dtype, graphs = base.dtypes[0], [build("shufflenet_v2"), build("mobilenet_v1")]
    apart = breakdown(prepare(base, [Observation(g, dtype, 1.0) for g in graphs]), base)
    for row, graph in enumerate(graphs):
        prediction = predict(graph, base, dtype)
        assert apart.times_s[row].sum() == pytest.approx(prediction.latency_s)
        assert apart.macs[row] == sum(k.macs for k in prediction.kernels)
        kernels = [k for k in prediction.kernels if k.processor != "link"]
        assert apart.moved_bytes[row] == sum(k.bytes_moved for k in kernels)
        outside_s = prediction.latency_s - sum(k.latency_s for k in kernels)
        assert (
            apart.times_s[row, apart.ops.index(OUTSIDE)] == pytest.approx(outside_s) if OUTSIDE in apart.ops else True
        )
        convolutions = [i for i, op in enumerate(apart.ops) if op.partition(" ")[0] == "conv2d"]
        expected_s = sum(k.latency_s for k in kernels if k.ops[0] == "conv2d")
        assert apart.times_s[row, convolutions].sum() == pytest.approx(expected_s)
    assert apart.shares.sum(axis=1) == pytest.approx([1.0, 1.0])


def test_the_operator_whose_time_is_wrong_is_found():
    """Of operators with shares of 0 to 1, one takes 20 % less than predicted; noise and one outlier hide it."""
    random = np.random.default_rng(4)
    shares = random.dirichlet([1.0, 1.0, 1.0], 200)
    errors = -np.log(1.0 - 0.2 * shares[:, 1]) + random.normal(0, 0.02, 200)
    errors[0] = 3.0
    found = operator_errors(shares, errors)
    assert found.log_errors == pytest.approx([0.0, 0.2, 0.0], abs=0.02)
    assert abs(found.log_errors[1]) > 5 * found.standard_errors[1]


def test_an_operator_that_no_network_has_is_held_at_nothing():
    shares = np.array([[1.0, 0.0]] * 20)
    found = operator_errors(shares, np.full(20, 0.1) + np.linspace(-0.01, 0.01, 20))
    assert found.log_errors == pytest.approx([0.1, 0.0], abs=0.01)
    assert found.standard_errors[1] == pytest.approx(0.3), "its prior is all that holds it"
