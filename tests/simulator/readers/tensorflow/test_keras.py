"""Keras files: published networks are read, and nothing that a file names is executed."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from stairline.simulator import zoo
from stairline.simulator.readers.dispatch import read
from stairline.simulator.readers.errors import ReadError
from tests.graph_totals import totals

from .models import keras, tf


@pytest.mark.parametrize(
    ("application", "suffix", "classes", "name", "biased"),
    [
        ("MobileNetV2", ".keras", 1001, "mobilenet_v2", False),
        ("MobileNetV2", ".h5", 1001, "mobilenet_v2", False),
        ("EfficientNetB0", ".keras", 1000, "efficientnet_b0", False),
        ("EfficientNetB0", ".h5", 1000, "efficientnet_b0", False),
        ("ResNet50", ".keras", 1000, None, True),
        # Keras cannot load its own .h5 of this one: the format loses the sums and products between its layers.
        ("MobileNetV3Large", ".keras", 1000, None, False),
    ],
)
def test_published_keras_networks_have_their_parameters_with_normalisations_folded(
    tmp_path: Path, application: str, suffix: str, classes: int, name: str | None, biased: bool
) -> None:
    keras.backend.clear_session()
    model = getattr(keras.applications, application)(weights=None, classes=classes)
    model.save(tmp_path / f"model{suffix}")
    graph = read(tmp_path / f"model{suffix}", (1, 224, 224, 3))
    normalised = sum(layer.beta.shape[0] for layer in model.layers if type(layer).__name__ == "BatchNormalization")
    # The input's own normalisation is a subtraction of and a division by stored operands, not a layer with weights.
    statistics = sum(layer.count_params() for layer in model.layers if type(layer).__name__ == "Normalization")
    # Four numbers per normalised channel become one bias, or join the one that is already there.
    assert totals(graph).weight_elements == model.count_params() - statistics - (4 if biased else 3) * normalised
    if name is not None:
        assert totals(graph).macs == totals(zoo.build(name)).macs


def lambda_model(path: Path, trace: Path) -> None:
    """A Keras file whose Lambda layer leaves a trace when it is loaded or called."""
    target = str(trace)
    layer = keras.layers.Lambda(lambda x: (open(target, "w").close(), x)[1], output_shape=(4,))  # noqa: PTH123
    keras.Sequential([keras.Input((4,), batch_size=1), layer]).save(path)
    trace.unlink(missing_ok=True)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_lambda_layer_is_refused_and_never_runs(tmp_path: Path, suffix: str) -> None:
    path, trace = tmp_path / f"hostile{suffix}", tmp_path / "trace"
    lambda_model(path, trace)
    with pytest.raises(ReadError, match=r"hostile\.\w+: layer 'lambda.*' \(Lambda\): only built-in") as caught:
        read(path)
    assert "\n" not in str(caught.value)
    assert not trace.exists()
    # The attack is real: a loader that trusts the file runs it.
    keras.models.load_model(path, safe_mode=False, compile=False)(tf.zeros((1, 4)))
    assert trace.exists()


def archive(path: Path, layer: dict[str, Any]) -> Path:
    """A Keras archive, written by hand, of one layer behind an input of (1, 4)."""
    start = {"class_name": "InputLayer", "config": {"batch_shape": [1, 4], "name": "x"}, "module": "keras.layers"}
    configuration = {"class_name": "Sequential", "module": "keras", "config": {"name": "m", "layers": [start, layer]}}
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("config.json", json.dumps(configuration))
    return path


DENSE = {"class_name": "Dense", "module": "keras.layers", "config": {"name": "d", "units": 3}}


@pytest.mark.parametrize(
    ("layer", "rule"),
    [
        ({"class_name": "system", "module": "os", "config": "true"}, "only built-in Keras layers"),
        ({**DENSE, "module": "os"}, "class from outside Keras"),
        ({**DENSE, "registered_name": "mine>Dense"}, "class from outside Keras"),
        (
            {"class_name": "function", "module": "keras.utils", "config": "get_file", "registered_name": "get_file"},
            "only built-in Keras layers",
        ),
        ({**DENSE, "config": {"units": 3, "activation": {"class_name": "__lambda__", "config": {}}}}, "only built-in"),
        ({**DENSE, "config": {"units": 3, "activation": "get_file"}}, "activation 'get_file': unknown"),
        ({**DENSE, "class_name": ["Dense"]}, "a class is named by text"),
        ({**DENSE, "config": {"units": -3}}, "Keras refuses it"),
        (
            {"class_name": "Functional", "config": {"name": "m", "layers": [], "output_layers": ["y"]}},
            "Keras refuses it",
        ),
        ({**DENSE, "config": {"units": 3, "colour": 1}}, "Keras refuses it"),
    ],
)
def test_a_configuration_that_names_anything_else_is_refused_in_one_line(
    tmp_path: Path, layer: dict[str, Any], rule: str
) -> None:
    with pytest.raises(ReadError, match=rule) as caught:
        read(archive(tmp_path / "model.keras", layer))
    assert "\n" not in str(caught.value)


def test_weights_are_never_allocated(tmp_path: Path) -> None:
    wide = {**DENSE, "config": {"name": "d", "units": 10**12 // 4}}
    with pytest.raises(ReadError):
        read(archive(tmp_path / "refused.keras", wide))
    wide["config"] = {"name": "d", "units": 2**30}
    graph = read(archive(tmp_path / "wide.keras", wide))
    assert totals(graph).macs == 4 * 2**30


def test_a_layer_of_keras_2_is_read(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    initializer = {"class_name": "GlorotUniform", "config": {"seed": None}}
    depthwise = {"name": "dw", "kernel_size": [3, 3], "strides": [2, 2], "padding": "same", "groups": 1}
    depthwise |= {"depth_multiplier": 1, "kernel_initializer": initializer, "depthwise_initializer": initializer}
    layers = [
        {"class_name": "InputLayer", "name": "x", "config": {"batch_input_shape": [None, 9, 9, 4], "name": "x"}},
        {"class_name": "DepthwiseConv2D", "name": "dw", "config": depthwise, "inbound_nodes": [[["x", 0, 0, {}]]]},
        {
            "class_name": "BatchNormalization",
            "name": "bn",
            "config": {"name": "bn", "axis": [3]},
            "inbound_nodes": [[["dw", 0, 0, {}]]],
        },
    ]
    layers[0]["inbound_nodes"] = []
    body = {"name": "m", "layers": layers, "input_layers": [["x", 0, 0]], "output_layers": [["bn", 0, 0]]}
    with h5py.File(tmp_path / "old.h5", "w") as file:
        file.attrs["model_config"] = json.dumps({"class_name": "Model", "config": body})
    graph = read(tmp_path / "old.h5")
    assert [layer.op for layer in graph.layers] == ["dwconv2d"]
    assert graph.shapes(graph.outputs) == ((1, 5, 5, 4),)
