"""What is built from a graph runs in each format's own runtime, with the graph's shapes and one and the same result."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from stairline.measure.models import build
from stairline.measure.models.parameters import input_values
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph
from tests.build_graphs import GRAPHS, mobile_network, single, window
from tests.checkout import ROOT

tf = pytest.importorskip("tensorflow")
# Without oneDNN, as on processors that lack AVX-512, TensorFlow fuses a bias into a convolution that has no groups.
tf.config.optimizer.set_experimental_options({"remapping": False})

TO_NCHW = (0, 3, 1, 2)


@pytest.fixture(params=GRAPHS, ids=lambda name: name.replace(" ", "-"))
def graph(request: pytest.FixtureRequest) -> Graph:
    return GRAPHS[request.param]


def as_onnx(value: np.ndarray) -> np.ndarray:
    return value.transpose(TO_NCHW) if value.ndim == 4 else value


def run_onnx(graph: Graph) -> list[np.ndarray]:
    model = build.onnx_model(graph)
    onnx.checker.check_model(model, full_check=True)
    onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    feed = {f"input_{i}": np.ascontiguousarray(as_onnx(x)) for i, x in enumerate(input_values(graph))}
    return session.run(None, feed)


def run_tensorflow(graph: Graph) -> list[np.ndarray]:
    results = build.tensorflow_module(graph).predict(*map(tf.constant, input_values(graph)))
    return [results[name].numpy() for name in sorted(results)]


def interpreter(content: bytes) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plain = tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        made = tf.lite.Interpreter(model_content=content, experimental_op_resolver_type=plain)
    made.allocate_tensors()
    return made


def run_tflite(content: bytes, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """Results in the order of the graph, which the converter need not keep."""
    runner = interpreter(content)
    details = sorted(runner.get_input_details(), key=lambda d: d["name"])
    for detail, value in zip(details, inputs):
        if detail["dtype"] is np.int8:
            scale, zero = detail["quantization"]
            value = np.clip(np.round(value / scale) + zero, -128, 127).astype(np.int8)
        runner.set_tensor(detail["index"], value)
    runner.invoke()
    return [runner.get_tensor(d["index"]) for d in sorted(runner.get_output_details(), key=lambda d: d["name"])]


def tflite_operators(content: bytes) -> list[str]:
    return [detail["op_name"] for detail in interpreter(content)._get_ops_details()]


def test_tensorflow_and_onnxruntime_compute_the_same_numbers(graph: Graph) -> None:
    theirs, ours = run_tensorflow(graph), run_onnx(graph)
    assert [x.shape for x in theirs] == list(graph.shapes(graph.outputs))
    for one, other in zip(theirs, ours, strict=True):
        np.testing.assert_allclose(other, as_onnx(one), atol=1e-4)


def test_tflite_computes_the_same_numbers_as_tensorflow(graph: Graph) -> None:
    results = run_tflite(build.tflite_bytes(graph), input_values(graph))
    for one, other in zip(run_tensorflow(graph), results, strict=True):
        np.testing.assert_allclose(other, one, atol=1e-4)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_keras_file_computes_the_same_numbers_as_tensorflow(tmp_path: Path, suffix: str) -> None:
    build.save_keras(GRAPHS["mobile"], tmp_path / f"model{suffix}")
    loaded = tf.keras.models.load_model(tmp_path / f"model{suffix}", compile=False)
    result = loaded(input_values(GRAPHS["mobile"])).numpy()
    np.testing.assert_allclose(result, run_tensorflow(GRAPHS["mobile"])[0], atol=1e-4)


KERAS = [
    name
    for name in GRAPHS
    if name
    not in {
        "maxpool padded",
        "transposed cropped",
        "mean of rows",
        "mean of channels",
        "mean of all",
        "matmul",
        "matmul transposed",
        "split",
        "split uneven",
        "slice",
        "strided slice",
        "constants",
        "attention",
    }
]


@pytest.mark.parametrize("name", KERAS)
def test_keras_layers_compute_the_same_numbers_as_tensorflow(name: str) -> None:
    results = build.keras_model(GRAPHS[name])(input_values(GRAPHS[name]))
    np.testing.assert_allclose(results, run_tensorflow(GRAPHS[name])[0], atol=1e-4)


@pytest.mark.parametrize("name", sorted(set(GRAPHS) - set(KERAS)))
def test_keras_names_the_layer_that_it_cannot_express(name: str) -> None:
    with pytest.raises(build.BuildError, match=r"^layer '.*Keras"):
        build.keras_model(GRAPHS[name])


def test_a_saved_model_computes_the_same_numbers(tmp_path: Path) -> None:
    build.save_saved_model(GRAPHS["gate"], tmp_path / "saved")
    serve = tf.saved_model.load(str(tmp_path / "saved")).signatures["serving_default"]
    result = serve(input_0=tf.constant(input_values(GRAPHS["gate"])[0]))["output_0"].numpy()
    np.testing.assert_allclose(result, run_tensorflow(GRAPHS["gate"])[0], atol=1e-4)


def test_a_frozen_graph_holds_no_variable() -> None:
    operations = {node.op for node in build.frozen_graph(GRAPHS["mobile"]).node}
    assert "Conv2D" in operations
    assert not {op for op in operations if "Variable" in op}


@pytest.mark.parametrize(
    ("name", "operators"),
    [
        ("conv same", ["CONV_2D"]),
        ("conv rectangular", ["CONV_2D"]),
        ("conv dilated", ["CONV_2D"]),
        ("conv grouped", ["CONV_2D"]),
        ("conv asymmetric", ["PAD", "CONV_2D"]),
        ("dwconv multiplied", ["DEPTHWISE_CONV_2D"]),
        ("dwconv dilated", ["DEPTHWISE_CONV_2D"]),
        ("transposed same", ["TRANSPOSE_CONV"]),
        ("globalavgpool", ["AVERAGE_POOL_2D"]),
        ("mean of pixels", ["MEAN"]),
        ("dense", ["FULLY_CONNECTED"]),
        ("hard_swish", ["HARD_SWISH"]),
        ("gelu", ["GELU"]),
        ("prelu", ["PRELU"]),
        ("leaky_relu", ["LEAKY_RELU"]),
        ("swish", ["LOGISTIC", "MUL"]),
        ("softmax", ["SOFTMAX"]),
        ("shuffle", ["RESHAPE", "TRANSPOSE", "RESHAPE"]),
        ("resize", ["RESIZE_BILINEAR"]),
        ("concat", ["CONCATENATION"]),
        ("maxpool same", ["MAX_POOL_2D"]),
    ],
)
def test_tflite_names_each_operator_by_its_own_name(name: str, operators: list[str]) -> None:
    assert tflite_operators(build.tflite_bytes(GRAPHS[name])) == operators


def test_activations_of_a_network_fuse_into_its_tflite_convolutions() -> None:
    counted = Counter(tflite_operators(build.tflite_bytes(mobile_network())))
    layers = Counter(layer.op for layer in mobile_network().layers)
    assert counted["CONV_2D"] == layers["conv2d"]
    assert counted["DEPTHWISE_CONV_2D"] == layers["dwconv2d"]
    assert not {"RELU6", "PAD", "MUL"} & set(counted)


@pytest.mark.parametrize("precision", build.TFLITE_PRECISIONS)
def test_every_tflite_precision_stays_near_the_float_result(precision: str) -> None:
    graph = GRAPHS["mobile"]
    content = build.tflite_bytes(graph, precision)
    result = run_tflite(content, input_values(graph))[0]
    (output,) = interpreter(content).get_output_details()
    assert output["dtype"] is (np.int8 if precision == "int8" else np.float32)
    if precision == "int8":
        scale, zero = output["quantization"]
        result = (result.astype(np.float32) - zero) * scale
    np.testing.assert_allclose(result, run_tensorflow(graph)[0], atol=0.02)


def test_int8_computes_in_integers_throughout() -> None:
    details = interpreter(build.tflite_bytes(GRAPHS["mobile"], "int8")).get_tensor_details()
    assert {d["dtype"] for d in details} <= {np.int8, np.int32}


def test_float16_halves_and_int8_quarters_the_weights() -> None:
    b = GraphBuilder("wide")
    graph = b.build(b.dense(b.input((1, 512)), 512))
    whole, half, quarter = (len(build.tflite_bytes(graph, p)) for p in ("float32", "float16", "int8"))
    stored = 512 * 512
    assert whole - half == pytest.approx(2 * stored, rel=0.02)
    assert whole - quarter == pytest.approx(3 * stored, rel=0.02)


def test_a_convolutional_network_needs_no_transpose_in_onnx() -> None:
    operators = {node.op_type for node in build.onnx_model(mobile_network()).graph.node}
    assert "Conv" in operators
    assert "Transpose" not in operators


def test_external_weights_keep_every_shape_and_shrink_the_file() -> None:
    b = GraphBuilder("wide")
    graph = b.build(b.dense(b.conv2d(b.input((1, 8, 8, 3)), 256, 3), 512))
    whole, small = build.onnx_model(graph), build.onnx_model(graph, external_weights=True)
    assert [(t.name, t.dims) for t in small.graph.initializer] == [(t.name, t.dims) for t in whole.graph.initializer]
    assert small.ByteSize() < whole.ByteSize() / 100
    inferred = onnx.shape_inference.infer_shapes(small, strict_mode=True)
    assert [d.dim_value for d in inferred.graph.output[0].type.tensor_type.shape.dim] == [1, 512, 8, 8]


def test_a_seed_decides_the_weights() -> None:
    one, same, other = (build.onnx_model(GRAPHS["mobile"], seed).SerializeToString() for seed in (1, 1, 2))
    assert one == same != other


@pytest.mark.parametrize(
    ("make", "graph", "message"),
    [
        (build.tensorflow_module, single("quantize"), r"layer 'quantize' \(quantize\)"),
        (build.onnx_model, single("quantize"), r"layer 'quantize' \(quantize\)"),
        (build.tensorflow_module, window(lambda b, x: b.dwconv2d(x, 3, (1, 2))), r"one stride for both axes"),
        (build.onnx_model, single("batch_norm", (1, 5, 8)), r"axis 1"),
    ],
)
def test_an_operator_that_a_format_cannot_express_is_refused_by_name(
    make: Callable[[Graph], object], graph: Graph, message: str
) -> None:
    with pytest.raises(build.BuildError, match=message):
        make(graph)


def test_an_unknown_precision_names_the_known_ones() -> None:
    with pytest.raises(build.BuildError, match="'int4': choose one of float32, float16, dynamic, int8"):
        build.tflite_bytes(GRAPHS["mobile"], "int4")


def test_without_tensorflow_the_error_says_what_to_install() -> None:
    script = (
        "import sys; sys.modules['tensorflow'] = None\n"
        "from stairline.simulator.graph.builder import GraphBuilder; from stairline.measure.models import build\n"
        "b = GraphBuilder('n'); g = b.build(b.dense(b.input((1, 2)), 3))\n"
        "build.onnx_model(g)\n"
        "try: build.tflite_bytes(g)\n"
        "except build.BuildError as error: sys.exit(str(error))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr.strip().endswith("pip install 'stairline[measure]'")
    assert len(done.stderr.strip().splitlines()) == 1
