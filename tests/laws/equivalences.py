"""The laws that all spellings of a network take the same time, and shapes to draw for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from .spellings import (
    Branches,
    Grouped,
    Inserted,
    Joined,
    Line,
    Pair,
    Pooled,
    Product,
    Spellings,
    Window,
    axes_of_a_line,
    branch_orders,
    concat_orders,
    dense_or_convolution,
    dense_ranks,
    depthwise_spellings,
    global_means,
    identity_reshape,
    operand_orders,
    pad_spellings,
    split_and_rejoined,
    swish_spellings,
)


class Equivalence(NamedTuple):
    """A law that all spellings of a network take the same time."""

    cases: SearchStrategy[Any]
    spell: Callable[[Any], Spellings]
    """A case to its spellings by name."""
    operator: Callable[[Any], str]
    """What a case is about, in the words that exceptions match."""


def _always(operator: str) -> Callable[[Any], str]:
    return lambda _case: operator


SIDES = st.sampled_from((4, 7, 8, 14, 28))
CHANNELS = st.sampled_from((3, 8, 16, 24, 40, 64, 96, 160))
SOURCES = st.sampled_from(("inputs", "convolutions"))
_READERS = st.sampled_from(("relu", "conv2d", "add", "output"))

EQUIVALENCES: dict[str, Equivalence] = {
    "concat order": Equivalence(
        st.builds(Joined, SIDES, st.lists(CHANNELS, min_size=2, max_size=3, unique=True).map(tuple), SOURCES),
        concat_orders,
        _always("concat"),
    ),
    "operand order": Equivalence(
        st.builds(
            Pair,
            st.sampled_from(("add", "mul")),
            st.sampled_from(("convolution", "skip", "gate", "pixel", "stored")),
            SIDES,
            CHANNELS,
        ),
        operand_orders,
        lambda case: f"{case.op} {case.second}",
    ),
    "pad layer": Equivalence(
        st.builds(
            Window,
            st.sampled_from(("conv2d", "dwconv2d", "halves", "grouped")),
            SIDES,
            st.sampled_from((8, 16, 24, 64)),
            st.sampled_from((3, 5)),
            st.sampled_from((1, 2)),
            st.sampled_from(("same", 1)),
        ),
        pad_spellings,
        lambda case: case.kind,
    ),
    "dense rank": Equivalence(
        st.builds(Product, st.sampled_from((1, 4, 49, 64, 196)), CHANNELS, CHANNELS), dense_ranks, _always("dense")
    ),
    "dense or convolution": Equivalence(
        st.builds(Product, st.sampled_from((1, 4, 49, 64, 196)), CHANNELS, CHANNELS),
        dense_or_convolution,
        _always("dense"),
    ),
    "one axis": Equivalence(
        st.builds(
            Line,
            st.sampled_from(("conv2d", "dwconv2d", "maxpool2d")),
            st.sampled_from((16, 50, 64, 160)),
            CHANNELS,
            st.sampled_from((3, 5)),
            st.just(1),
        ),
        axes_of_a_line,
        lambda case: case.op,
    ),
    "identity reshape": Equivalence(
        st.builds(Inserted, _READERS, SIDES, CHANNELS), identity_reshape, _always("reshape")
    ),
    "split and rejoined": Equivalence(
        st.builds(Inserted, _READERS, SIDES, st.sampled_from((8, 16, 24, 64, 160))),
        split_and_rejoined,
        _always("split"),
    ),
    "swish": Equivalence(st.builds(Inserted, _READERS, SIDES, CHANNELS), swish_spellings, _always("swish")),
    "branch order": Equivalence(
        st.builds(Branches, st.sampled_from(("add", "concat")), SIDES, CHANNELS, CHANNELS),
        branch_orders,
        lambda case: case.join,
    ),
    "depthwise": Equivalence(
        st.builds(Grouped, SIDES, st.sampled_from((8, 24, 64)), st.sampled_from((3, 5)), st.sampled_from((1, 2))),
        depthwise_spellings,
        _always("conv2d"),
    ),
    "global mean": Equivalence(st.builds(Pooled, SIDES, CHANNELS, st.booleans()), global_means, _always("mean")),
}
