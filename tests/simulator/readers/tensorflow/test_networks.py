"""Frozen graphs and SavedModels have the shapes and the work that TensorFlow itself counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stairline.simulator import zoo
from stairline.simulator.readers.dispatch import read
from stairline.simulator.readers.errors import ReadError
from tests.build_graphs import GRAPHS, mobile_network
from tests.graph_totals import totals

from .models import frozen, operators, save, tf


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
