"""Convolutions in groups in a fit: priced by their own rule, corrected as the operator that they are."""

from __future__ import annotations

from stairline.calibration.fitting.measured import prepare
from stairline.calibration.records.observation import Observation
from stairline.hwmodels import load, with_values
from stairline.simulator.pricing.predict import predict
from stairline.simulator.zoo import build_block

GROUPED, DENSE = build_block("grouped_conv", 28, 64, groups=4), build_block("conv", 28, 64)
MAC_S = "kernels.grouped_conv2d|grouped_conv2d_transpose.mac_s"


def test_a_fit_prices_convolutions_in_groups_as_a_prediction_does_and_moves_with_their_numbers():
    base = load("x86-builtin-litert")
    measured = prepare(base, [Observation(graph, base.dtypes[0], 1e-3) for graph in (GROUPED, DENSE)])
    slower = with_values(base, {MAC_S: 6.6e-10})
    for platform in (base, slower):
        assert list(measured.networks.latencies_s(platform)) == [
            predict(g, platform).latency_s for g in (GROUPED, DENSE)
        ]
    grouped, dense = measured.networks.latencies_s(slower) - measured.networks.latencies_s(base)
    assert grouped > 0.0
    assert dense == 0.0


def test_a_residual_sees_them_as_convolutions():
    base = load("x86-builtin-litert")
    measured = prepare(base, [Observation(graph, base.dtypes[0], 1e-3) for graph in (GROUPED, DENSE)])
    assert set(measured.networks.own_operators) >= {"conv2d"}
    assert "grouped_conv2d" not in measured.networks.own_operators
