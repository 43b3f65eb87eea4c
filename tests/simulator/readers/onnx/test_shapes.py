"""Dimensions that an ONNX file leaves open are given by the user."""

from __future__ import annotations

import pytest

from stairline.simulator.readers.dispatch import read
from stairline.simulator.readers.errors import ReadError

from .models import (
    CONV,
    FILTER,
    model,
    node,
)


def test_open_dimensions_ask_for_a_shape_in_the_files_order_and_take_it(saved):
    path = saved(model([CONV, node("Relu", "a")], [FILTER], ("batch", 8, None, 16)))
    with pytest.raises(ReadError, match=r"shape \?,8,\?,16 is not fixed: give it with --shape"):
        read(path)
    for given_shape in ((2, 8, 10, 16), {"x": (2, 8, 10, 16)}):
        graph = read(path, given_shape)
        assert graph.shapes(graph.outputs) == ((2, 10, 16, 8),)


def test_one_shape_for_two_inputs_asks_which(saved):
    path = saved(model([node("Add", "xz")], inputs={"x": (1, 4), "z": (1, 4)}))
    with pytest.raises(ReadError, match="'x', 'z'"):
        read(path, (1, 5))
