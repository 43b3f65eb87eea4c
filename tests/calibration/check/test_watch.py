"""Watching times: no false alarms beyond the stated rate, and the machine told from one network."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from stairline.calibration.check.measured import MeasuredFile, MeasuredNetwork
from stairline.calibration.check.watch import e_values, watch
from stairline.calibration.records.errors import RecordsError
from stairline.hwmodels import load
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.pricing.predict import predict

CPU = load("CPU")


def graph(name: str, channels: int):
    b = GraphBuilder(name)
    return b.build(b.conv2d(b.input((1, 32, 32, 8)), channels, 3))


GRAPHS = {f"net_{c}": graph(f"net_{c}", c) for c in (8, 16, 32, 64)}
TIMES_S = {name: predict(one, CPU).latency_s for name, one in GRAPHS.items()}


def rounds(factor, seed=1, count=20, std=True):
    """Every network once a round, under a factor by network and round."""
    draw, found = random.Random(seed), []
    for turn in range(count):
        for name, time_s in TIMES_S.items():
            taken = time_s * factor(name, turn) * math.exp(draw.gauss(0.0, 0.02))
            found.append(MeasuredNetwork(name, None, taken, 0.02 * taken if std else None, len(found) + 2))
    return MeasuredFile("nightly.csv", tuple(found), by_operator=False)


def test_false_alarms_stay_below_the_stated_rate() -> None:
    random = np.random.default_rng(0)
    alarms = sum(e_values(random.normal(size=150))[0].max() >= 10.0 for _ in range(300))
    assert alarms <= 30


def test_nothing_moves_where_nothing_changed() -> None:
    assert watch(rounds(lambda _n, _t: 1.0), GRAPHS.get, CPU).alarms == ()


def test_a_slower_machine_moves_all() -> None:
    found = watch(rounds(lambda _n, turn: 1.2 if turn >= 12 else 1.0), GRAPHS.get, CPU)
    assert [alarm.what for alarm in found.alarms] == ["common"]
    assert found.alarms[0].factor == pytest.approx(1.2, abs=0.06)
    assert found.alarms[0].at_line - (2 + 12 * len(GRAPHS)) < 2 * len(GRAPHS)
    assert set(found.recalibrate_with) == set(GRAPHS)


def test_one_network_that_moves_is_named() -> None:
    found = watch(rounds(lambda n, turn: 1.5 if turn >= 12 and n == "net_32" else 1.0), GRAPHS.get, CPU)
    assert "net_32" in {alarm.what for alarm in found.alarms}
    assert "net_32" in found.recalibrate_with


def test_a_time_without_noise_asks_for_it() -> None:
    with pytest.raises(RecordsError, match=r"nightly\.csv, line 2: no std_ms; state it, or give --noise"):
        watch(rounds(lambda _n, _t: 1.0, std=False), GRAPHS.get, CPU)
    assert watch(rounds(lambda _n, _t: 1.0, std=False), GRAPHS.get, CPU, noise=0.02).alarms == ()
