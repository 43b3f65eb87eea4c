"""Dimensions that a TFLite file leaves open are given by the user."""

from __future__ import annotations

import pytest

from stairline.simulator.readers.dispatch import read
from stairline.simulator.readers.errors import ReadError

from .networks import conv


def test_a_batch_can_be_given(tf, converted):
    path = converted(conv((3, 3), 3, 8, strides=2, padding="SAME")(tf), (None, 16, 16, 3))
    assert read(path).shapes(read(path).outputs) == ((1, 8, 8, 8),)
    assert read(path, (4, 16, 20, 3)).shapes(read(path, (4, 16, 20, 3)).outputs) == ((4, 8, 10, 8),)


def test_an_open_width_asks_for_a_shape_and_takes_it(tf, converted):
    path = converted(conv((3, 3), 3, 8, strides=1, padding="SAME")(tf), (1, None, None, 3))
    with pytest.raises(ReadError, match=r"1,\?,\?,3 is not fixed: give it with --shape"):
        read(path)
    name = read(path, (1, 10, 12, 3)).tensors[0].name
    graph = read(path, {name: (1, 10, 12, 3)})
    assert graph.shapes(graph.outputs) == ((1, 10, 12, 8),)


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((1, 16, 16), "has 4 dimensions"),
        ((1, 0, 16, 3), "at least 1"),
        ((1, -16, 16, 3), "at least 1"),
        ((1, 1 << 40, 16, 3), "below 2"),
        ({"nobody": (1, 16, 16, 3)}, "'nobody' is no input"),
        ((1, 16, 16, 4), "groups|divide"),
    ],
)
def test_a_shape_that_does_not_fit_gets_one_line(shape, words, small):
    with pytest.raises(ReadError, match=words) as caught:
        read(small, shape)
    assert str(caught.value).startswith(str(small))
    assert "\n" not in str(caught.value)
