"""Networks priced at many points take what each prediction on a changed platform says, whichever way it is priced."""

from __future__ import annotations

import numpy as np
import pytest

from stairline.hwmodels import available, derive, load, quantities, without_residual
from stairline.hwmodels.files.changes import Times, Value
from stairline.simulator.mapping.plan import UnknownOperatorError
from stairline.simulator.pricing import points as pricing
from stairline.simulator.pricing.predict import predict
from stairline.simulator.whatif.points import Points, along, axis, grid
from stairline.simulator.whatif.suite import Suite
from stairline.simulator.zoo import build
from tests.made_up_device import CROSSING_TERMS, SUPPORT, chain

PLATFORMS = [p.name for p in available() if p.overlay is None]
SCHEDULED = [name for name in PLATFORMS if name.startswith("ethos")]


def suite(name, *models, weights=()):
    graphs = tuple(build(model) for model in models)
    return Suite(without_residual(load(name)), graphs, models, weights or (1.0,) * len(models))


def points_around(platform):
    """Each number of the platform at seven tenths and at thirteen tenths, as far as its key and others allow."""
    for key, quantity in quantities(platform.file):
        for factor in (0.7, 1.3):
            try:
                derive(platform, [Times(key, factor)])
            except ValueError:
                continue
            yield key, quantity.value * factor


@pytest.mark.parametrize("name", [n for n in PLATFORMS if n not in SCHEDULED])
def test_every_number_of_a_platform_changed_by_itself_gives_what_a_prediction_there_gives(name):
    found = suite(name, "mobilenet_v2")
    for key, value in points_around(found.platform):
        there = predict(found.graphs[0], derive(found.platform, [Value(key, value)]))
        outcomes = found.at(along(key, [value]))
        assert outcomes.latency_s[0, 0] == pytest.approx(there.latency_s, rel=1e-12), key
        energy_j = np.nan if there.energy_j is None else there.energy_j
        assert outcomes.energy_j[0, 0] == pytest.approx(energy_j, rel=1e-12, nan_ok=True), key


def test_a_grid_over_rates_tiles_and_the_clock_gives_what_predictions_give():
    found = suite("CPU", "mobilenet_v1")
    texts = ("platform.clock_hz=1e9,3GHz", "kernels.conv2d|matmul|conv2d_transpose.tile_n=8,16,64")
    points = grid([axis(found.platform, text) for text in (*texts, "roofs.memory.dram.bandwidth_bytes_per_s=1e9,9e9")])
    expected = [
        predict(found.graphs[0], derive(found.platform, map(Value, points.keys, row))).latency_s
        for row in points.values.tolist()
    ]
    assert found.at(points).latency_s[:, 0] == pytest.approx(expected, rel=1e-12)


def test_an_ethos_u_is_planned_anew_for_every_number_before_and_after_anything_was_planned():
    found = suite("ethos-u55-128-vela5.2", "mobilenet_v2")
    assert found.replans("platform.clock_hz")
    slow = derive(found.platform, [Times("platform.clock_hz", 0.5)])
    outcomes = found.at(along("platform.clock_hz", [250e6]))
    assert outcomes.latency_s[0, 0] == pytest.approx(predict(found.graphs[0], slow).latency_s, rel=1e-12)


def test_compiled_and_plain_prices_of_points_agree_to_the_last_bit(monkeypatch):
    found = suite("CPU", "mobilenet_v3_large", "shufflenet_v1")
    points = grid([axis(found.platform, "roofs.memory.dram.bandwidth_bytes_per_s=1e8:1e11:log7")])
    plain = found.at(points)
    monkeypatch.setattr(pricing, "_COMPILED_FROM", 0)
    assert np.array_equal(plain.limited_s, found.at(points).limited_s)
    monkeypatch.setattr(pricing, "_CHUNK", 100)
    assert found.at(points).limited_s == pytest.approx(plain.limited_s, rel=1e-12)


def test_time_on_the_fallback_and_between_processors_is_in_the_points(device):
    device("host")
    main = device(partition='rule = "maximal_runs"' + CROSSING_TERMS, rest=SUPPORT)
    found = Suite(main, (chain(),), ("chain",), (1.0,))
    rates = [1e8, 2e8]
    outcomes = found.at(along("roofs.memory.link.bandwidth_bytes_per_s", rates))
    # Two tensors of 800 elements cross: 1 ms each, 1 us an element, and 3200 bytes over the link.
    expected = [2 * (1e-3 + 800e-6 + 3200 / rate) for rate in rates]
    transfer = pricing.LIMITS.index("transfer")
    assert outcomes.limited_s[:, 0, transfer] == pytest.approx(expected, rel=1e-12)


def test_the_mean_of_a_suite_is_weighted():
    found = suite("CPU", "mobilenet_v1", "mobilenet_v2", weights=(3.0, 1.0))
    a, b = (predict(graph, found.platform).latency_s for graph in found.graphs)
    assert found.latency_s(Points((), np.empty((1, 0))))[0] == pytest.approx((3 * a + b) / 4, rel=1e-12)


def _rates(platform):
    """Every clock and every rate doubled; the Myriad's copy of a map into tiles is a rate stated as a time."""
    for key, _ in quantities(platform.file):
        if "clock_hz" in key or "bandwidth_bytes_per_s" in key:
            yield Times(key, 2.0)
        elif "split_s_per_element" in key:
            yield Times(key, 0.5)


@pytest.mark.parametrize("name", PLATFORMS)
def test_twice_every_clock_and_bandwidth_halves_all_times_but_the_overheads(name):
    platform = load(name)
    twice = derive(platform, list(_rates(platform)))
    for model in ("mobilenet_v2", "shufflenet_v1"):
        try:
            before, after = predict(build(model), platform), predict(build(model), twice)
        except UnknownOperatorError:
            continue
        own = [(k.cost, other.cost) for k, other in zip(before.kernels, after.kernels) if k.layers and not k.on_host]
        assert own
        for bound in ("compute", "memory", "weights", "epilogue"):
            times = [(a.bounds_s[bound], b.bounds_s[bound]) for a, b in own]
            assert [2.0 * b for _, b in times] == pytest.approx([a for a, _ in times], rel=1e-12), bound
