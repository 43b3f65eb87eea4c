"""Operators that a processor does not run: where they go, why, and what crossing costs."""

from __future__ import annotations

import pytest

from stairline.simulator.pricing.predict import predict
from stairline.simulator.pricing.prediction import CROSSING
from tests.made_up_device import CROSSING_TERMS, SUPPORT, chain


@pytest.mark.parametrize(
    ("rule", "hosts", "crossings"), [("operator_by_operator", 1, 2), ("maximal_runs", 1, 2), ("single_split", 2, 1)]
)
def test_an_unsupported_operator_leaves_and_every_crossing_is_paid(device, rule, hosts, crossings):
    device("host")
    prediction = predict(chain(), device(partition=f'rule = "{rule}"' + CROSSING_TERMS, rest=SUPPORT))
    assert prediction.status == "falls_back"
    assert prediction.reasons == ("sigmoid: sigmoid is not in the operator list of main",)
    assert sum(k.processor == "host" for k in prediction.kernels) == hosts
    moved = [k for k in prediction.kernels if k.ops == (CROSSING,)]
    assert len(moved) == crossings
    # 800 elements of 4 bytes: 1 ms + 800 us of conversion + 3200 bytes at 0.1 GB/s.
    assert all(k.latency_s == pytest.approx(1e-3 + 800e-6 + 32e-6) for k in moved)


def test_an_operator_with_nowhere_to_go_cannot_run_and_the_analysis_still_stands(device):
    device("host", rest='[[support]]\nops = ["conv2d"]\nsource = "made"')
    prediction = predict(chain(), device(partition='rule = "maximal_runs"' + CROSSING_TERMS, rest=SUPPORT))
    assert prediction.status == "cannot_run"
    assert prediction.reasons == ("sigmoid: sigmoid is not in the operator list of host",)
    assert prediction.latency_s > 0
