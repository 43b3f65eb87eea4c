"""Scores count what they say, and a family is predicted by a fit that has not seen it."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from stairline.calibration.fitting.measured import prepare
from stairline.calibration.judging.scores import held_out_families, score
from stairline.calibration.records.families import family
from stairline.calibration.records.observation import Observation
from stairline.hwmodels import load
from stairline.simulator.networks import networks
from tests.calibration.board import PER_FAMILY


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
