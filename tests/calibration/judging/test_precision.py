"""How well parameters are known, and what to measure for those that are not."""

from __future__ import annotations

import numpy as np
import pytest

from stairline.calibration.fitting.fit import fit
from stairline.calibration.fitting.parameters import parameters
from stairline.calibration.judging.precision import best_measurements, standard_errors
from stairline.calibration.records.observation import Observation
from stairline.hwmodels import Platform, load, with_fit_bounds, with_values
from stairline.simulator.pricing.predict import predict
from tests.calibration.board import BASE, convolution

EFFICIENCY = "kernels.conv2d|dwconv2d.efficiency"


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Platform:
    path = tmp_path_factory.mktemp("report") / "base.toml"
    path.write_text(BASE, encoding="utf-8")
    return load(path)


def test_the_standard_error_of_one_rate_is_that_of_a_mean(base):
    """Where latency goes with 1 / efficiency alone, n errors of sigma leave sigma / sqrt(n) of it."""
    ideal = {"roofs.memory.dram.bandwidth_bytes_per_s": 1e11, "overheads.kernel_s": 1e-7}
    fixed = {key: (value, value * 1.000001) for key, value in ideal.items()}
    platform = with_fit_bounds(with_values(base, ideal), fixed)
    graphs = [convolution(c, hw=56) for c in range(64, 384, 8)]
    random = np.random.default_rng(0)
    noise = random.normal(0, 0.02, len(graphs))
    observations = [
        Observation(g, "float32", predict(g, platform).latency_s * float(np.exp(e)), 0.02)
        for g, e in zip(graphs, noise)
    ]
    fitted = fit(platform, observations)
    at = [p.key for p in fitted.parameters].index(EFFICIENCY)
    (own,) = standard_errors(fitted, np.full(len(graphs), 0.02))[[at]]
    assert own == pytest.approx(0.02 / np.sqrt(len(graphs)), rel=0.35)


def test_scatter_beyond_the_stated_error_widens_what_is_known(base):
    graphs = [convolution(c) for c in range(64, 384, 8)]
    observations = [Observation(g, "float32", predict(g, base).latency_s, 0.02) for g in graphs]
    calm = fit(base, observations)
    wild = calm._replace(log_errors=tuple(0.2 * (-1) ** i for i in range(len(graphs))))
    at, sigma = [p.key for p in calm.parameters].index(EFFICIENCY), np.full(len(graphs), 0.02)
    assert standard_errors(wild, sigma)[at] > 2 * standard_errors(calm, sigma)[at]


def test_what_is_proposed_to_measure_is_made_of_the_parameter(base):
    found = {t.key: t for t in best_measurements(base, "float32", parameters(base, frozenset({"float32"})))}
    overhead = found["overheads.kernel_s"]
    prediction = predict(overhead.configuration.graph(), base)
    assert overhead.elasticity == pytest.approx(len(prediction.kernels) * 1e-5 / prediction.latency_s, rel=0.4)
    assert {k.bound for k in predict(found[EFFICIENCY].configuration.graph(), base).kernels} == {"compute"}


def test_a_number_that_nothing_depends_on_gets_no_proposal(base):
    unused = with_fit_bounds(base, {"roofs.compute.int8.macs_per_cycle": (1, 64)})
    free = [p for p in parameters(unused, frozenset({"int8"})) if p.key.startswith("roofs.compute")]
    (found,) = best_measurements(unused, "float32", free)
    assert found.configuration is None
