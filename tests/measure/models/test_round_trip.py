"""Networks of the zoo, built as files and read back: the same work, layer by layer, but for what converters change."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from stairline.measure.models import build
from stairline.simulator import zoo
from stairline.simulator.graph.graph import Graph
from stairline.simulator.readers.dispatch import read
from tests.graph_totals import totals

pytest.importorskip("tensorflow")

SIZE = 64
"""Pixels a side: enough for every stride, and the converter's time grows with the picture."""

Signature = tuple[str, Any, Any]


def signatures(graph: Graph) -> Counter[Signature]:
    return Counter((s.op, graph.shapes(s.inputs), graph.shapes(s.outputs)) for s in graph.layers)


def converted(graph: Graph, explicit_padding: bool) -> Counter[Signature]:
    """What a converter legitimately makes of the graph.

    A pool keeps height and width so that dropping them is a layer,
    and with ``explicit_padding``, where a format knows "same" and "valid" only, other padding is a layer too.
    """
    found: Counter[Signature] = Counter()
    for layer in graph.layers:
        (x, *others), (y, *_) = graph.shapes(layer.inputs), graph.shapes(layer.outputs)
        a = layer.attributes
        if layer.op == "globalavgpool2d" and not a.keepdims:
            kept = (x[0], 1, 1, x[-1])
            found.update([("globalavgpool2d", (x,), (kept,)), ("reshape", (kept,), (y,))])
        elif explicit_padding and layer.op == "conv2d" and any(a.padding) and not is_same(layer, x):
            top, bottom, left, right = a.padding
            padded = (x[0], x[1] + top + bottom, x[2] + left + right, x[3])
            found.update([("pad", (x,), (padded,)), ("conv2d", (padded,), (y,))])
        else:
            found[layer.op, (x, *others), (y,)] += 1
    return found


def is_same(layer: Any, shape: Any) -> bool:
    """Whether the padding gives ceil(size / stride) outputs, its odd element last, as TensorFlow's guide defines it."""
    a = layer.attributes
    for size, kernel, stride, before, after in zip(shape[1:3], a.kernel, a.stride, a.padding[::2], a.padding[1::2]):
        total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        if (before, after) != (total // 2, total - total // 2):
            return False
    return True


@pytest.fixture(scope="module", params=["mobilenet_v2", "resnet_v1_50", "efficientnet_b0"])
def network(request: pytest.FixtureRequest) -> Graph:
    return zoo.build(request.param, SIZE)


@pytest.fixture(scope="module", params=[".tflite", ".onnx"])
def pair(
    request: pytest.FixtureRequest, network: Graph, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Graph, Graph]:
    path: Path = tmp_path_factory.mktemp("built") / f"model{request.param}"
    external = build.onnx_model(network, external_weights=True).SerializeToString
    path.write_bytes(build.tflite_bytes(network) if request.param == ".tflite" else external())
    return network, read(path)


def test_work_and_weights_survive_the_round_trip(pair: tuple[Graph, Graph]) -> None:
    before, after = map(totals, pair)
    assert after.macs == before.macs
    assert after.weight_elements == before.weight_elements


def test_layers_survive_the_round_trip(pair: tuple[Graph, Graph]) -> None:
    before, after = pair
    explicit = Path(after.source).suffix == ".tflite"
    assert signatures(after) == converted(before, explicit)
    assert after.shapes(after.outputs) == before.shapes(before.outputs)


@pytest.mark.parametrize("name", zoo.MODELS)
def test_every_network_of_the_zoo_is_the_same_work_in_onnx(tmp_path: Path, name: str) -> None:
    graph = zoo.build(name, SIZE)
    path = tmp_path / "model.onnx"
    path.write_bytes(build.onnx_model(graph, external_weights=True).SerializeToString())
    back = read(path)
    assert totals(back).macs == totals(graph).macs
    assert totals(back).weight_elements == totals(graph).weight_elements
