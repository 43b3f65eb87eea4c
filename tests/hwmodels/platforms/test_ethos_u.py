"""The Ethos-U platforms against Vela itself, whose estimate they model, and against what memories and orders allow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import cache
from math import log2, prod
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import stairline
from stairline.measure.models.build import tflite_bytes
from stairline.measure.runtimes.vela import estimate
from stairline.simulator import zoo
from stairline.simulator.graph.attributes import Attributes
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph
from stairline.simulator.runtimes.vela.blocks import u55, u85
from stairline.simulator.runtimes.vela.blocks.query import Query, round_up
from stairline.simulator.runtimes.vela.network.order import depth_first
from stairline.simulator.runtimes.vela.network.regrouping import regrouped
from stairline.simulator.runtimes.vela.schedule.fast_memory import Range, kept
from stairline.simulator.runtimes.vela.weights.codes import Codes, coded_bits

PLATFORMS = {"ethos-u55-128": "ethos-u55-128-vela5.2", "ethos-u85-256": "ethos-u85-256-vela5.2"}


def conv() -> Graph:
    b = GraphBuilder("conv")
    return b.build(b.conv2d(b.input((1, 28, 28, 64)), 40, 3))


def inverted_residuals() -> Graph:
    """Two blocks whose maps exceed the U85's fast memory, so that they are cascaded, chained and buffered."""
    b = GraphBuilder("blocks")
    x = b.conv2d(b.input((1, 96, 96, 3)), 24, 3, 2, activation="relu6")
    for _ in range(2):
        y = b.conv2d(x, 144, 1, activation="relu6")
        y = b.conv2d(b.dwconv2d(y, 3, activation="relu6"), 24, 1)
        x = b.layer("add", y, x)
    return b.build(b.layer("globalavgpool2d", b.conv2d(x, 96, 1, activation="relu")))


def joined() -> Graph:
    """A concatenation of a part that is written in place and one that is copied there."""
    b = GraphBuilder("joined")
    x = b.conv2d(b.input((1, 24, 24, 16)), 32, 3, activation="relu")
    y = b.conv2d(x, 16, 3)
    both = b.layers("concat", [x, y], Attributes(axis=-1))[0]
    return b.build(b.layer("sigmoid", b.conv2d(both, 32, 1)))


def read_often() -> Graph:
    """A window that reads a deep network input several times over, in pieces that no memory burst fits."""
    b = GraphBuilder("read_often")
    return b.build(b.conv2d(b.input((1, 21, 21, 159)), 134, 3, 2))


def filled() -> Graph:
    """A product whose input channels fill a third of the engine's blocks, so that its weights are a third zeros."""
    b = GraphBuilder("filled")
    return b.build(b.dense(b.input((1, 180)), 150))


def shallow() -> Graph:
    """Operators on three and four channels, of which those that map one element to one are run on maps of 16."""
    b = GraphBuilder("shallow")
    x = b.layer("mul", b.input((1, 64, 64, 3)), b.constant((1,), "scale"))
    x = b.layer("mul", b.layer("sub", x, b.constant((3,), "mean")), b.constant((3,), "deviation"))
    x = b.conv2d(x, 4, 3, activation="relu6")
    return b.build(b.layer("tanh", b.layer("add", x, b.conv2d(x, 4, 3))))


def grouped() -> Graph:
    """A convolution in four groups, which the compiler runs as four convolutions."""
    b = GraphBuilder("grouped")
    return b.build(b.conv2d(b.conv2d(b.input((1, 28, 28, 16)), 64), 64, 3, groups=4))


NETWORKS = {
    "conv": conv,
    "grouped": grouped,
    "inverted_residuals": inverted_residuals,
    "joined": joined,
    "read_often": read_often,
    "filled": filled,
    "shallow": shallow,
}


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    directory = tmp_path_factory.mktemp("networks")

    @cache
    def write(name: str) -> Path:
        path = directory / f"{name}.tflite"
        path.write_bytes(tflite_bytes(NETWORKS[name](), "int8"))
        return path

    return write


@pytest.mark.parametrize("accelerator", PLATFORMS)
@pytest.mark.parametrize("name", NETWORKS)
def test_a_stored_network_takes_what_vela_says(accelerator: str, name: str, stored: Callable[[str], Path]) -> None:
    path = stored(name)
    predicted_s = stairline.load(PLATFORMS[accelerator]).predict(stairline.read(path)).latency_s
    assert predicted_s == pytest.approx(estimate(accelerator, path).median_s, rel=0.005)


def test_without_weights_they_are_taken_for_uniform(stored: Callable[[str], Path]) -> None:
    # Those in the file are normal, which takes a tenth less.
    platform = stairline.load(PLATFORMS["ethos-u55-128"])
    known_s, unknown_s = (platform.predict(g).latency_s for g in (stairline.read(stored("filled")), filled()))
    assert known_s < unknown_s < 1.15 * known_s


samples = st.binary(min_size=1, max_size=400)


@settings(max_examples=200, deadline=None)
@given(samples, st.integers(0, 300))
def test_no_code_is_shorter_than_the_entropy_of_what_it_says(sample: bytes, zeros: int) -> None:
    number = len(sample)
    counts = Counter(sample)
    entropy_bits = sum(n * log2(number / n) for n in counts.values())
    assert coded_bits(Codes(sample), number, zeros, zeros / number) >= entropy_bits


def test_weights_that_are_all_alike_take_a_bit_each() -> None:
    alone, many = (coded_bits(Codes(b"\x05"), n, 0, 0.0) for n in (1, 1001))
    assert many - alone == pytest.approx(1000)


def test_uniform_weights_take_a_byte_each() -> None:
    few, many = (coded_bits(Codes(b""), n, 0, 0.0) for n in (1000, 2000))
    assert many - few == pytest.approx(8 * 1000)


@given(st.tuples(st.integers(1, 300), st.integers(1, 300), st.integers(1, 7)))
def test_a_regrouped_map_has_as_many_elements_and_more_channels(size: tuple[int, int, int]) -> None:
    h, w, c = regrouped(size)
    assert h * w * c == prod(size)
    assert c >= min(16, prod(size))


sizes = st.integers(1, 96)
queries = st.builds(
    lambda kind, hw, c_in, c_out, kernel: Query(
        kind, (hw, hw, c_in), (hw, hw, c_out if kind == "conv" else c_in), (kernel, kernel)
    ),
    st.sampled_from(["conv", "depthwise", "pool"]),
    sizes,
    sizes,
    sizes,
    st.sampled_from([1, 3, 5]),
)


@settings(max_examples=60, deadline=None)
@given(queries)
def test_a_block_of_the_u55_leaves_room_for_its_sums_twice(query: Query) -> None:
    h, w, c = u55.find_block(query).output
    assert 2 * 4 * h * w * round_up(c, 8) <= 20 * 1024


@settings(max_examples=60, deadline=None)
@given(queries)
def test_a_block_of_the_u85_leaves_room_for_its_sums(query: Query) -> None:
    block = u85.find_block(query)
    h, w, c = block.output
    assert 4 * h * w * round_up(c, 16) <= 16384
    assert h % block.unit[0] == 0
    assert w % block.unit[1] == 0


ranges = st.lists(
    st.builds(
        lambda start, length, size, accesses: (start, start + length, size, accesses),
        st.integers(0, 12),
        st.integers(0, 5),
        st.integers(1, 60),
        st.integers(1, 100),
    ),
    max_size=12,
)


@settings(max_examples=100, deadline=None)
@given(ranges)
def test_maps_that_are_kept_fit_the_fast_memory_at_all_times(found: list[tuple[int, int, int, int]]) -> None:
    candidates = [Range(frozenset({i}), *each) for i, each in enumerate(sorted(found))]
    stay = kept(candidates, [], 100)
    for time in range(20):
        assert sum(r.bytes for r in candidates if r.tensors <= stay and r.start <= time <= r.end) <= 100


@pytest.mark.parametrize("name", ["resnet_v1_50", "inception_v1", "nasnet_a_mobile"])
def test_a_graph_in_depth_first_order_is_still_a_graph(name: str) -> None:
    graph = zoo.build(name)
    ordered = depth_first(graph)
    # Building it anew verifies that no layer reads what is not there yet.
    again = Graph(ordered.name, ordered.tensors, ordered.layers, ordered.inputs, ordered.outputs)
    assert sorted(layer.name for layer in again.layers) == sorted(layer.name for layer in graph.layers)


def test_the_main_path_runs_before_the_shortcut_that_is_read_first() -> None:
    b = GraphBuilder("residual")
    x = b.input((1, 8, 8, 16))
    shortcut = b.conv2d(x, 16, 1, name="shortcut")
    main = b.conv2d(x, 16, 3, name="main")
    ordered = depth_first(b.build(b.layer("add", shortcut, main)))
    assert [layer.name for layer in ordered.layers][:2] == ["main", "shortcut"]


def test_an_operator_that_stays_on_the_host_is_not_priced_at_nothing() -> None:
    b = GraphBuilder("normalised")
    graph = b.build(b.layer("layer_norm", b.conv2d(b.input((1, 8, 8, 16)), 16, 1)))
    with pytest.raises(ValueError, match="layer_norm"):
        stairline.load("ethos-u55-128-vela5.2").predict(graph)
