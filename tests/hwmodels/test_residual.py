"""The residual: what it learns from totals alone, that its walk is XGBoost's, and which files are refused."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import xgboost

from stairline.calibration.fitting.measured import Measured, prepare
from stairline.calibration.fitting.residual import BOUND, Trained, train, with_residual
from stairline.calibration.records.observation import Observation
from stairline.hwmodels import load
from stairline.hwmodels.residual import ResidualRecord, digest, read_residual
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph
from stairline.simulator.pricing.batch import predict_many
from stairline.simulator.pricing.predict import predict
from stairline.simulator.pricing.residual import FEATURES, corrections, features
from stairline.simulator.zoo import build

PLATFORM = load("pixel4-cortexa76-tflite2.1")
SLOW = 1.15
"""How much longer 3x3 convolutions take on the device than their model says."""


def network(random: np.random.Generator, number: int) -> Graph:
    """Convolutions of 1x1 and 3x3 and depthwise ones, of random widths."""
    b = GraphBuilder(f"chain_{number}")
    x = b.input((1, 28, 28, int(random.integers(16, 64))))
    for _ in range(int(random.integers(3, 10))):
        kind = int(random.choice([0, 1, 3]))
        x = b.conv2d(x, int(random.integers(16, 128)), kind) if kind else b.dwconv2d(x)
    return b.build(x)


def latency_s(graph: Graph) -> float:
    """On a device that is as modelled but for its 3x3 convolutions."""
    found = predict(graph, PLATFORM)
    slow = [layer.op == "conv2d" and layer.attributes.kernel == (3, 3) for layer in graph.layers]
    slow_s = sum(k.latency_s for k, is_slow in zip(found.kernels, slow) if is_slow)
    return found.latency_s + (SLOW - 1.0) * slow_s


@pytest.fixture(scope="module")
def graphs() -> list[Graph]:
    random = np.random.default_rng(3)
    return [network(random, number) for number in range(240)]


@pytest.fixture(scope="module")
def measured(graphs) -> Measured:
    return prepare(PLATFORM, [Observation(g, "float32", latency_s(g)) for g in graphs])


@pytest.fixture(scope="module")
def trained(measured) -> Trained:
    return train(PLATFORM, measured.only(np.arange(200)))


def test_which_kernels_are_off_is_learnt_from_totals_alone(trained, graphs, measured):
    corrected = replace(PLATFORM, residual=trained.residual)
    for graph in graphs[200:]:
        for k, layer in zip(predict(graph, corrected).kernels, graph.layers):
            expected = SLOW if layer.op == "conv2d" and layer.attributes.kernel == (3, 3) else 1.0
            assert k.correction == pytest.approx(expected, rel=0.1), (layer.op, layer.attributes.kernel)
    unseen = measured.only(np.arange(200, len(measured)))
    assert np.abs(unseen.log_errors(corrected)).mean() < 0.25 * np.abs(unseen.log_errors(PLATFORM)).mean()


def test_the_walk_gives_what_xgboost_gives(trained, measured):
    networks = measured.networks
    codes = np.array([float(trained.operators.index(op)) for op in networks.operators])
    asked = features(codes, networks.works, networks.unique_kernels_s(PLATFORM), networks.element_bytes)
    booster = xgboost.Booster(model_file=bytearray(trained.raw))
    margins = booster.predict(xgboost.DMatrix(asked, feature_names=list(FEATURES)), output_margin=True)
    own = networks.corrections(trained.residual, networks.unique_kernels_s(PLATFORM))
    assert own == pytest.approx(np.exp(np.clip(margins, -BOUND, BOUND)), rel=1e-5)


def test_batch_and_scalar_agree_to_the_last_bit_with_a_residual(trained, graphs):
    corrected = replace(PLATFORM, residual=trained.residual)
    several = [*graphs[:20], build("mobilenet_v2")]
    singly = [predict(graph, corrected).summary for graph in several]
    assert list(predict_many(several, corrected.machine())) == singly
    assert singly[0].analytical_s == predict(several[0], PLATFORM).latency_s != singly[0].latency_s


def test_no_correction_exceeds_the_bound_and_strange_operators_are_left_alone(trained, measured):
    networks = measured.networks
    works, times_s = networks.works * 7.0, networks.unique_kernels_s(PLATFORM) * 50.0
    factors = corrections(trained.residual, networks.operators, works, times_s, networks.element_bytes)
    assert np.all(np.abs(np.log(factors)) <= BOUND + 1e-12)
    strange = corrections(trained.residual, ["softmax"] * len(works), works, times_s, networks.element_bytes)
    assert np.all(strange == 1.0)


def test_kernels_whose_rules_a_schedule_completed_are_priced_as_predicted_and_not_corrected():
    platform, graph = load("ethos-u55-128-vela5.2"), network(np.random.default_rng(0), 0)
    scheduled = prepare(platform, [Observation(graph, "int8", 1e-2)])
    assert scheduled.networks.latencies_s(platform) == pytest.approx([predict(graph, platform).latency_s])
    assert with_residual(platform, scheduled) is platform


def changed(raw: bytes, change) -> bytes:
    content = json.loads(raw)
    change(content["learner"]["gradient_booster"]["model"]["trees"][0])
    return json.dumps(content).encode()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda tree: tree["left_children"].__setitem__(0, 0), "children 0 and"),
        (lambda tree: tree["right_children"].__setitem__(0, 10_000), "10000 of"),
        (lambda tree: tree["split_indices"].__setitem__(0, 99), "feature 99 of"),
        (lambda tree: tree["split_conditions"].pop(), "differ in length"),
        (lambda tree: tree["split_conditions"].__setitem__(0, float("inf")), "finite|holds inf"),
        (lambda tree: tree.__setitem__("left_children", "x"), "no residual of gradient-boosted trees"),
        (lambda tree: tree.clear(), "no residual of gradient-boosted trees"),
    ],
)
def test_a_damaged_file_is_refused_before_its_trees_are_walked(trained, change, complaint):
    raw = changed(trained.raw, change)
    record = ResidualRecord(file="r.json", digest=digest(raw), operators=trained.operators, bound=BOUND)
    with pytest.raises(ValueError, match=complaint):
        read_residual(raw, record)


def test_a_file_that_is_not_the_overlay_s_is_refused(trained):
    record = trained.record("r.json")
    with pytest.raises(ValueError, match="fit again"):
        read_residual(trained.raw + b" ", record)


@pytest.mark.parametrize("file", ["../r.json", "/etc/passwd", "a/b.json", "r.pkl", ".json"])
def test_a_residual_lies_beside_its_overlay(file):
    with pytest.raises(ValueError, match="file"):
        ResidualRecord(file=file, digest="0", operators=("conv2d",), bound=0.1)
