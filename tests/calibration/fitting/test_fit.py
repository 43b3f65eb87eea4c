"""Fitting: rates that made the data are found again, and what cannot be fitted is refused."""

from __future__ import annotations

from math import log

import pytest

from stairline.calibration.fitting.fit import fit, leave_one_out
from stairline.calibration.fitting.parameters import parameters
from stairline.calibration.records.observation import Observation
from stairline.hwmodels import load, with_values
from stairline.simulator.pricing.predict import predict
from stairline.simulator.zoo import build

NETWORKS = ["mobilenet_v1", "mobilenet_v2", "mobilenet_v3_large", "resnet_v1_50", "inception_v1", "shufflenet_v2"]


@pytest.fixture(scope="module")
def made():
    """A platform whose rates are changed by known factors, and the latencies it gives."""
    base = load("CPU")
    keys = [p.key for p in parameters(base, frozenset({"float32"}))][:2]
    truth = {p.key: p.value * 0.8 for p in parameters(base, frozenset({"float32"})) if p.key in keys}
    changed = with_values(base, truth)
    graphs = [build(name) for name in NETWORKS]
    return base, truth, [Observation(g, "float32", predict(g, changed, "float32").latency_s) for g in graphs]


def test_the_rates_that_made_the_latencies_are_found_again(made):
    base, _, observations = made
    result = fit(base, observations, prior_sigma=1e3)
    assert max(map(abs, result.log_errors)) < 1e-3
    for o in observations:
        assert predict(o.graph, result.platform, "float32").latency_s == pytest.approx(o.latency_s, rel=2e-3)


def test_fitted_values_stay_within_their_bounds(made):
    base, _, observations = made
    slow = [o._replace(latency_s=o.latency_s * 1e3) for o in observations]
    for parameter in fit(base, slow).parameters:
        assert parameter.low * (1 - 1e-6) <= parameter.value <= parameter.high * (1 + 1e-6)


def test_an_outlier_does_not_carry_the_others_away(made):
    base, _, observations = made
    spoiled = [observations[0]._replace(latency_s=observations[0].latency_s * 5), *observations[1:]]
    errors = fit(base, spoiled, prior_sigma=1e3).log_errors
    assert errors[0] == pytest.approx(-log(5), abs=0.3)
    assert sorted(map(abs, errors))[len(errors) // 2] < 0.05


def test_leaving_a_network_out_predicts_it_from_the_others(made):
    base, _, observations = made
    errors = leave_one_out(base, observations)
    assert len(errors) == len(observations)
    assert max(map(abs, errors)) < 0.05, "consistent data: every network follows from the rest"


@pytest.mark.parametrize("latency_s", [0.0, -1.0, float("nan"), float("inf")])
def test_a_latency_that_cannot_be_is_refused_by_name(made, latency_s):
    base, _, observations = made
    with pytest.raises(ValueError, match=r"mobilenet_v1.*must be positive and finite"):
        fit(base, [observations[0]._replace(latency_s=latency_s)])


def test_nothing_to_fit_is_said():
    with pytest.raises(ValueError, match="no observations"):
        fit(load("CPU"), [])
