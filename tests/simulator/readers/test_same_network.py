"""One network, three sources: the zoo's graph, its .tflite and its .onnx are predicted alike on every platform."""

from __future__ import annotations

from pathlib import Path

import pytest

import stairline
from stairline.measure.models.build import tflite_bytes
from stairline.measure.models.onnx.model import onnx_model
from stairline.simulator.graph.graph import Graph
from stairline.simulator.zoo import build

pytest.importorskip("tensorflow")

WRITERS = {
    "tflite": tflite_bytes,
    "onnx": lambda graph: onnx_model(graph).SerializeToString(),
}
DEVICES = [(device, dtype) for device in stairline.available() for dtype in device.dtypes]


@pytest.fixture(scope="module", params=["mobilenet_v2", "resnet_v1_50", "efficientnet_b0"])
def network(request: pytest.FixtureRequest) -> Graph:
    return build(request.param)


@pytest.fixture(scope="module", params=WRITERS)
def read_back(request: pytest.FixtureRequest, network: Graph, tmp_path_factory: pytest.TempPathFactory) -> Graph:
    path: Path = tmp_path_factory.mktemp("models") / f"{network.name}.{request.param}"
    path.write_bytes(WRITERS[request.param](network))
    return stairline.read(str(path))


def test_a_file_is_predicted_within_one_percent_of_the_zoo(network: Graph, read_back: Graph) -> None:
    errors = {}
    for device, dtype in DEVICES:
        ours = device.predict(network, dtype, allow_unknown=True)
        theirs = device.predict(read_back, dtype, allow_unknown=True)
        errors[device.name, dtype] = theirs.latency_s / ours.latency_s - 1
        assert theirs.status == ours.status
    assert max(map(abs, errors.values())) <= 0.01, errors
