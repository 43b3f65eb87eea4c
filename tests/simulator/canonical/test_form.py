"""The canonical form: what vanishes, what folds, what stays, and that a second pass finds nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stairline.hwmodels import load
from stairline.simulator.canonical.form import canonical
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph
from stairline.simulator.pricing.predict import predict
from stairline.simulator.zoo import MODELS, build

Change = Callable[[GraphBuilder, int], int]


def behind_convolution(change: Change, op: str = "conv2d") -> Graph:
    """A convolution or matrix product, a change of its result, and an activation."""
    b = GraphBuilder("changed")
    x = b.input((1, 8, 8, 16))
    y = {"conv2d": lambda: b.conv2d(x, 16), "dwconv2d": lambda: b.dwconv2d(x), "dense": lambda: b.dense(x, 16)}[op]()
    return b.build(b.layer("relu", change(b, y)))


def operators(graph: Graph) -> list[str]:
    """The operators of a graph's canonical form, which must be valid and final."""
    form = canonical(graph)
    assert Graph(form.name, form.tensors, form.layers, form.inputs, form.outputs) == form
    assert canonical(form) is form
    return [layer.op for layer in form.layers]


NOTHING: dict[str, Change] = {
    "reshape to the same shape": lambda b, y: b.layer("reshape", y, sizes=(1, 8, 8, 16)),
    "reshape there and back": lambda b, y: b.layer(
        "reshape", b.layer("reshape", y, sizes=(64, 16)), sizes=(1, 8, 8, 16)
    ),
    "transpose that keeps the order": lambda b, y: b.layer("transpose", y, axes=(0, 1, 2, 3)),
    "transpose there and back": lambda b, y: b.layer(
        "transpose", b.layer("transpose", y, axes=(0, 3, 1, 2)), axes=(0, 2, 3, 1)
    ),
    "concat of one": lambda b, y: b.layer("concat", y),
    "pad of nothing": lambda b, y: b.layer("pad", y, pads=((0, 0),) * 4),
    "slice of all": lambda b, y: b.layer("slice", y, begin=(0, 0, 0, 0), sizes=(1, 8, 8, 16)),
    "strided slice of all": lambda b, y: b.layer(
        "strided_slice", y, begin=(0, 0, 0, 0), end=(1, 8, 8, 16), steps=(1, 1, 1, 1)
    ),
    "resize to the same size": lambda b, y: b.layer("resize", y, sizes=(8, 8)),
    "split into one": lambda b, y: b.layer("split", y, sizes=(16,)),
}

FOLDED: dict[str, Change] = {
    "bias": lambda b, y: b.layer("add", y, b.constant((16,))),
    "bias first, of rank 4": lambda b, y: b.layer("add", b.constant((1, 1, 1, 16)), y),
    "scale": lambda b, y: b.layer("mul", y, b.constant((1,))),
    "scale and shift": lambda b, y: b.layer("add", b.layer("mul", y, b.constant((16,))), b.constant((16,))),
    "difference and quotient": lambda b, y: b.layer("div", b.layer("sub", y, b.constant((16,))), b.constant((16,))),
    "normalisation": lambda b, y: b.layer("batch_norm", y),
}


@pytest.mark.parametrize("name", NOTHING)
def test_an_operator_that_changes_nothing_vanishes(name):
    assert operators(behind_convolution(NOTHING[name])) == ["conv2d", "relu"]


@pytest.mark.parametrize("op", ["conv2d", "dwconv2d", "dense"])
@pytest.mark.parametrize("name", FOLDED)
def test_constants_for_each_channel_fold_into_the_weights_before_them(name, op):
    assert operators(behind_convolution(FOLDED[name], op)) == [op, "relu"]


@pytest.mark.parametrize(
    "platform", ["CPU", "GPU", "DSP", "NPU", "VPU", "KPU", "ethos-u55-128-vela5.2", "x86-openvino"]
)
def test_a_graph_made_in_python_takes_the_same_time_in_every_spelling(platform):
    plain = predict(behind_convolution(lambda _b, y: y), load(platform)).summary.latency_s
    for change in (*NOTHING.values(), *FOLDED.values()):
        spelled = predict(behind_convolution(change), load(platform)).summary.latency_s
        assert spelled == pytest.approx(plain, rel=1e-9)


STAYS: dict[str, tuple[Change, list[str]]] = {
    "a constant for each pixel": (lambda b, y: b.layer("add", y, b.constant((1, 8, 8, 1))), ["conv2d", "add", "relu"]),
    "a constant less the map": (lambda b, y: b.layer("sub", b.constant((16,)), y), ["conv2d", "sub", "relu"]),
    "a scale behind an activation": (
        lambda b, y: b.layer("mul", b.layer("relu", y), b.constant((16,))),
        ["conv2d", "relu", "mul", "relu"],
    ),
    "a bias of a map that something else reads": (
        lambda b, y: b.layer("add", b.layer("add", y, b.constant((16,))), y),
        ["conv2d", "add", "add", "relu"],
    ),
    "a slice backwards": (
        lambda b, y: b.layer("strided_slice", y, begin=(0, 7, 0, 0), end=(1, -9, 8, 16), steps=(1, -1, 1, 1)),
        ["conv2d", "strided_slice", "relu"],
    ),
    "a pad that adds and cuts": (
        lambda b, y: b.layer("pad", y, pads=((0, 0), (1, -1), (0, 0), (0, 0))),
        ["conv2d", "pad", "relu"],
    ),
    "a normalisation behind a sum": (
        lambda b, y: b.layer("batch_norm", b.layer("add", y, y)),
        ["conv2d", "add", "batch_norm", "relu"],
    ),
}


@pytest.mark.parametrize("name", STAYS)
def test_what_does_not_fold_stays(name):
    change, expected = STAYS[name]
    assert operators(behind_convolution(change)) == expected


def test_a_network_of_one_operator_that_changes_nothing_keeps_it():
    b = GraphBuilder("reshape")
    assert operators(b.build(b.layer("reshape", b.input((1, 8)), sizes=(1, 8)))) == ["reshape"]


@pytest.mark.parametrize("name", MODELS)
def test_the_networks_of_the_zoo_have_their_canonical_form_already(name):
    graph = build(name)
    assert canonical(graph) is graph


def normalised(root: str, square: str, order: str) -> Graph:
    """A layer normalisation with its root, its square and its products in one of the usual ways."""
    b = GraphBuilder("norm")
    x = b.dense(b.input((1, 49, 96)), 96)
    mean = b.layer("mean", x, axes=(2,), keepdims=True)
    d = b.layer("sub", x, mean)
    shape, small = (1, 49, 96), (1, 49, 1)
    squares = {
        "product": lambda: b.layer("mul", d, d),
        "power": lambda: b.layers("onnx:Pow", [d, b.constant((1,), value=2)], stated=[shape])[0],
        "difference": lambda: b.layers("tflite:SQUARED_DIFFERENCE", [x, mean], stated=[shape])[0],
    }[square]()
    variance = b.layer("add", b.layer("mean", squares, axes=(2,), keepdims=True), b.constant((1,), value=1e-5))
    if root == "sqrt":
        y = b.layer("div", d, b.layers("onnx:Sqrt", [variance], stated=[small])[0])
    elif root == "pow":
        y = b.layer("div", d, b.layers("onnx:Pow", [variance, b.constant((1,), value=0.5)], stated=[small])[0])
    else:
        y = b.layer("mul", d, b.layers("tflite:RSQRT", [variance], stated=[small])[0])
    gamma, beta = b.constant((96,)), b.constant((96,))
    y = b.layer("mul", *((gamma, y) if order == "constants first" else (y, gamma)))
    return b.build(b.dense(b.layer("add", *((beta, y) if order == "constants first" else (y, beta))), 10))


@pytest.mark.parametrize("order", ["constants first", "constants last"])
@pytest.mark.parametrize("square", ["product", "power", "difference"])
@pytest.mark.parametrize("root", ["sqrt", "pow", "rsqrt"])
def test_a_layer_normalisation_has_its_name_by_every_root_square_and_order(root, square, order):
    assert operators(normalised(root, square, order)) == ["dense", "layer_norm", "dense"]
