"""Configurations: the networks that they name, and when two are equal."""

from __future__ import annotations

from pathlib import Path

import pytest

from stairline.measure.plan.configuration import configuration, depth_difference_s, sha256
from stairline.measure.timing.errors import MeasureError
from stairline.simulator.zoo import ZooError


def test_a_configuration_builds_the_operator_it_names() -> None:
    graph = configuration("op", "conv2d", {"kernel": 3, "cout": 24, "cin": 5, "hw": 7}, "float32").graph()
    (layer,) = graph.layers
    assert (layer.op, layer.attributes.kernel) == ("conv2d", (3, 3))
    assert graph.shapes(graph.inputs + graph.outputs) == ((1, 7, 7, 5), (1, 7, 7, 24))


def test_the_order_of_settings_makes_no_difference() -> None:
    one, other = ({"hw": 8, "cout": 4}, {"cout": 4, "hw": 8})
    assert configuration("op", "conv2d", one, "int8") == configuration("op", "conv2d", other, "int8")


def test_the_hash_of_an_openvino_model_covers_its_weights(tmp_path: Path) -> None:
    (tmp_path / "m.xml").write_text("<net/>", encoding="utf-8")
    hashes = []
    for weights in (b"one", b"two"):
        (tmp_path / "m.bin").write_bytes(weights)
        hashes.append(sha256(tmp_path / "m.xml"))
    assert hashes[0] != hashes[1]


def test_a_layer_is_the_thirtieth_part_of_what_forty_take_more_than_ten() -> None:
    assert depth_difference_s(0.047, 40, 0.017, 10) == pytest.approx(0.001)  # 7 ms around, 1 ms each
    with pytest.raises(MeasureError, match="deeper"):
        depth_difference_s(1.0, 10, 1.0, 10)


def test_only_what_keeps_its_shape_is_piled_up() -> None:
    settings = {"hw": 14, "cin": 16, "kernel": 3, "depth": 10}
    assert len(configuration("op", "dwconv2d", settings, "float32").graph().layers) == 10
    for other in ({"cout": 24}, {"stride": 2, "depth": 2}):
        with pytest.raises(ZooError, match="keeps its shape"):
            configuration("op", "conv2d", settings | other, "float32").graph()


def test_a_stack_deeper_than_any_measurement_needs_is_refused_at_once() -> None:
    deep = configuration("op", "relu", {"hw": 8, "cin": 8, "depth": 5_000_000}, "float32")
    with pytest.raises(ZooError, match="depth 5000000: a stack has 1000 copies at most"):
        deep.graph()
