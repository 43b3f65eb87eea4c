"""The choice of maps for the fast memory against its size."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from stairline.simulator.runtimes.vela.schedule.fast_memory import Range, kept

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
