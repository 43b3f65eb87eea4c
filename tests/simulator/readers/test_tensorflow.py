"""TensorFlow and Keras models read back, counted against TensorFlow itself, and hostile ones refused unexecuted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stairline.measure.models import build
from stairline.simulator import zoo
from stairline.simulator.graph.graph import Graph
from stairline.simulator.readers.dispatch import read
from stairline.simulator.readers.errors import ReadError
from tests.build_graphs import GRAPHS, mobile_network
from tests.graph_totals import totals

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
tf = pytest.importorskip("tensorflow")
keras = tf.keras


def operators(graph: Graph) -> Counter[str]:
    return Counter(layer.op for layer in graph.layers)


def frozen(path: Path, function: Any, *specs: Any) -> Path:
    """The GraphDef of a Python function as a .pb file, unoptimised."""
    concrete = tf.function(function, autograph=False).get_concrete_function(*specs)
    path.write_bytes(concrete.graph.as_graph_def().SerializeToString())
    return path


def save(graph: Graph, path: Path) -> Path:
    if path.suffix == ".pb":
        path.write_bytes(build.frozen_graph(graph).SerializeToString())
    elif path.suffix:
        build.save_keras(graph, path)
    else:
        build.save_saved_model(graph, path)
    return path


@pytest.mark.parametrize("name", GRAPHS)
def test_a_frozen_graph_is_read_with_the_shapes_and_work_it_was_built_with(tmp_path: Path, name: str) -> None:
    graph = GRAPHS[name]
    back = read(save(graph, tmp_path / "model.pb"))
    assert back.shapes(back.inputs) == graph.shapes(graph.inputs)
    assert back.shapes(back.outputs) == graph.shapes(graph.outputs)
    assert totals(back).macs == totals(graph).macs


@pytest.mark.parametrize("file", ["model.pb", "model", "model.keras", "model.h5"])
def test_one_network_is_the_same_in_every_tensorflow_format(tmp_path: Path, file: str) -> None:
    graph = mobile_network()
    back = read(save(graph, tmp_path / file))
    assert back.source == str(tmp_path / file)
    assert totals(back).macs == totals(graph).macs
    assert totals(back).weight_elements == totals(graph).weight_elements
    for op in ("conv2d", "dwconv2d", "dense", "softmax"):
        assert operators(back)[op] == operators(graph)[op]
    assert not [op for op in operators(back) if op.startswith("tf:")]


@pytest.mark.parametrize("name", ["mobilenet_v2", "shufflenet_v1", "efficientnet_b0"])
def test_macs_are_those_that_the_profiler_of_tensorflow_counts(tmp_path: Path, name: str) -> None:
    path = save(zoo.build(name, 64), tmp_path / "model.pb")
    graph = tf.Graph()
    with graph.as_default():
        tf.import_graph_def(tf.compat.v1.GraphDef.FromString(path.read_bytes()), name="")
    builder = tf.compat.v1.profiler.ProfileOptionBuilder
    options = builder(builder.float_operation()).with_empty_output().build()
    options["account_type_regexes"] = ["Conv2D", "DepthwiseConv2dNative", "MatMul"]
    flops = tf.compat.v1.profiler.profile(graph, options=options).total_float_ops
    assert totals(read(path)).macs == flops / 2


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


def test_a_bias_and_a_normalisation_fold_only_into_a_layer_that_nothing_else_reads(tmp_path: Path) -> None:
    def normalised(x: Any) -> tuple[Any, Any]:
        ones, y = tf.ones(8), tf.nn.conv2d(x, tf.ones((3, 3, 3, 8)), 1, "SAME")
        return y, tf.compat.v1.nn.fused_batch_norm(y, ones, ones, ones, ones, is_training=False)[0]

    def network(x: Any) -> Any:
        return tf.nn.relu(normalised(x)[1])

    def branched(x: Any) -> Any:
        y, z = normalised(x)
        return tf.nn.bias_add(y, tf.ones(8)) + z

    def widened(x: Any) -> Any:
        return tf.nn.conv2d(x, tf.ones((1, 1, 3, 1)), 1, "SAME") + tf.ones(8)

    spec = tf.TensorSpec((1, 8, 8, 3))
    assert operators(read(frozen(tmp_path / "c.pb", widened, spec))) == {"conv2d": 1, "add": 1}
    assert operators(read(frozen(tmp_path / "a.pb", network, spec))) == {"conv2d": 1, "relu": 1}
    both = operators(read(frozen(tmp_path / "b.pb", branched, spec)))
    assert both == {"conv2d": 1, "batch_norm": 1, "add": 2}


def test_a_dilated_convolution_between_its_reshuffles_is_one_layer(tmp_path: Path) -> None:
    def network(x: Any) -> Any:
        return tf.nn.depthwise_conv2d(x, tf.ones((3, 3, 4, 1)), (1, 1, 1, 1), "SAME", dilations=(2, 2))

    graph = read(frozen(tmp_path / "a.pb", network, tf.TensorSpec((1, 9, 7, 4))))
    (layer,) = graph.layers
    assert (layer.op, layer.attributes.dilation, layer.attributes.padding) == ("dwconv2d", (2, 2), (2, 2, 2, 2))


def test_an_unknown_operation_is_a_layer_with_the_shape_that_tensorflow_infers(tmp_path: Path) -> None:
    spec = tf.TensorSpec((1, 4, 6))
    graph = read(frozen(tmp_path / "a.pb", lambda x: tf.math.reduce_max(tf.math.erf(x), axis=1), spec))
    assert [layer.op for layer in graph.layers] == ["tf:Erf", "tf:Max"]
    assert graph.shapes(graph.outputs) == ((1, 6),)


def test_an_open_batch_is_one_and_other_open_dimensions_need_a_shape(tmp_path: Path) -> None:
    spec = tf.TensorSpec((None, None, None, 3), name="picture")
    path = frozen(tmp_path / "a.pb", lambda picture: tf.nn.avg_pool2d(picture, 2, 2, "VALID"), spec)
    with pytest.raises(ReadError, match=r"a\.pb: input 'picture': shape 1,\?,\?,3 is not fixed: give it with --shape"):
        read(path)
    assert read(path, (1, 8, 6, 3)).shapes(read(path, (1, 8, 6, 3)).outputs) == ((1, 4, 3, 3),)
    by_name = read(path, {"picture": (2, 4, 4, 3)})
    assert by_name.shapes(by_name.outputs) == ((2, 2, 2, 3),)


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


@pytest.mark.parametrize("file", ["model.pb", "model.keras", "model.h5", "model/saved_model.pb"])
def test_a_truncated_file_is_one_line(tmp_path: Path, file: str) -> None:
    path = tmp_path / file
    save(mobile_network(), path.parent if path.name == "saved_model.pb" else path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ReadError, match=r"truncated|damaged") as caught:
        read(path.parent if path.name == "saved_model.pb" else path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", [".pb", ".keras", ".h5"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(min_size=1, max_size=200))
def test_random_bytes_are_refused(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"random{suffix}"
    path.write_bytes(content)
    with pytest.raises(ReadError):
        read(path)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return save(GRAPHS["conv same"], tmp_path_factory.mktemp("sound") / "model.pb").read_bytes()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_byte_gives_a_graph_or_one_line(tmp_path: Path, sound: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(sound) - 1))
    value = data.draw(st.integers(0, 255))
    path = tmp_path / "model.pb"
    path.write_bytes(sound[:place] + bytes([value]) + sound[place + 1 :])
    try:
        outcome = len(read(path).layers)
    except ReadError as error:
        outcome = len(str(error).splitlines())
    assert outcome == 1


def test_functions_that_call_themselves_are_refused(tmp_path: Path) -> None:
    graph_def = tf.compat.v1.GraphDef()
    graph_def.node.add(name="x", op="Placeholder").attr["shape"].shape.dim.add(size=1)
    graph_def.node[0].attr["dtype"].type = 1
    graph_def.node.add(name="y", op="again", input=["x"])
    function = graph_def.library.function.add()
    function.signature.name = "again"
    function.signature.input_arg.add(name="a", type=1)
    function.signature.output_arg.add(name="b", type=1)
    function.node_def.add(name="inner", op="again", input=["a"])
    function.ret["b"] = "a"
    (tmp_path / "model.pb").write_bytes(graph_def.SerializeToString())
    with pytest.raises(ReadError, match="functions call each other more than 64 deep"):
        read(tmp_path / "model.pb")


def test_without_tensorflow_one_line_says_what_to_install(tmp_path: Path) -> None:
    for file in ("model.pb", "model.h5", "model.keras"):
        save(mobile_network(), tmp_path / file)
        script = (
            "import sys; sys.modules['tensorflow'] = None\n"
            "from simulator.readers import ReadError, read\n"
            f"try: read({str(tmp_path / file)!r})\n"
            "except ReadError as error: sys.exit(str(error))\n"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
        assert done.stderr.strip().endswith("pip install 'stairline[measure]'")
        assert len(done.stderr.strip().splitlines()) == 1


def test_a_process_that_reads_a_damaged_model_says_one_line(tmp_path: Path) -> None:
    (tmp_path / "model.pb").write_bytes(b"not a model at all")
    script = (
        "import sys; from simulator.readers import ReadError, read\n"
        f"try: read({str(tmp_path / 'model.pb')!r})\n"
        "except ReadError as error: sys.exit(str(error))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines() == [
        f"{tmp_path / 'model.pb'}: not a frozen GraphDef: truncated, damaged or another format"
    ]
