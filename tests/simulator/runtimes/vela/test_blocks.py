"""Blocks against the memory of the engines."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from stairline.simulator.runtimes.vela.blocks import u55, u85
from stairline.simulator.runtimes.vela.blocks.query import Query, round_up

sizes = st.integers(1, 96)


BANKS = {32: 16, 64: 16, 128: 24, 256: 48}
"""Banks of 1 KB that a U55 has, of which the output takes two. Source: Vela 5.2, architecture_features.py."""
SUM_BYTES = {128: 8192, 256: 16384, 512: 32768, 1024: 65536, 2048: 131072}
"""Memory for sums that a U85 has. Source: Vela 5.2, ethos_u85.cpp."""


def queries(macs: st.SearchStrategy[int]) -> st.SearchStrategy[Query]:
    return st.builds(
        lambda kind, hw, c_in, c_out, kernel, element_bytes, macs: Query(
            kind,
            (hw, hw, c_in),
            (hw, hw, c_out if kind == "conv" else c_in),
            (kernel, kernel),
            element_bytes=element_bytes,
            macs=macs,
        ),
        st.sampled_from(["conv", "depthwise", "pool"]),
        sizes,
        sizes,
        sizes,
        st.sampled_from([1, 3, 5]),
        st.sampled_from([1, 2]),
        macs,
    )


def sum_bits(query: Query, wide: int) -> int:
    """Sums of products of 16-bit elements take more than 32 bits."""
    return wide if query.element_bytes == 2 and query.kind != "pool" else 32


@settings(max_examples=60, deadline=None)
@given(queries(st.sampled_from(sorted(BANKS))))
def test_a_block_of_the_u55_leaves_room_for_its_input_and_its_sums_twice(query: Query) -> None:
    block = u55.find_block(query)
    (h, w, c), (h_in, w_in, c_in) = block.output, block.first
    if block.unit[0] == 1 and query.macs == 256:
        return  # A row of four, for which the engine's units are turned after the search.
    sums = 2 * h * w * round_up(c, 8) * sum_bits(query, 40) // 8
    inputs = 2 * h_in * w_in * round_up(c_in * query.element_bytes, 8)
    assert sums + inputs <= (BANKS[query.macs] - 2) * 1024


@settings(max_examples=60, deadline=None)
@given(queries(st.sampled_from(sorted(SUM_BYTES))))
def test_a_block_of_the_u85_leaves_room_for_its_sums(query: Query) -> None:
    block = u85.find_block(query)
    h, w, c = block.output
    assert h * w * round_up(c, 16) * sum_bits(query, 64) // 8 <= SUM_BYTES[query.macs]
    assert h % block.unit[0] == 0
    assert w % block.unit[1] == 0
