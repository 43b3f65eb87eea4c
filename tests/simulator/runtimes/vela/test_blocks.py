"""Blocks against the memory of the engines."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from stairline.simulator.runtimes.vela.blocks import u55, u85
from stairline.simulator.runtimes.vela.blocks.query import Query, round_up

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
