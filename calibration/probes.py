"""What a store of measurements tells of a device without any model of it: structure and rates, with their evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from measure.configuration import Configuration
from measure.store import Record

from .probes_fusion import pair_line, pair_plan, pairs
from .probes_rates import calls, compute_roofs, rate_plan, streaming


def plan(dtype: str) -> list[Configuration]:
    """What is measured for these findings, the rates first."""
    return list(dict.fromkeys([*rate_plan(dtype), *pair_plan(dtype)]))


def lines(records: Sequence[Record]) -> Iterator[str]:
    """The findings of each backend for people."""
    for backend in dict.fromkeys(record.backend for record in records):
        own = [record for record in records if record.backend == backend]
        yield f"{backend}: {len(own)} configurations"
        yield from (f"  {line}" for line in (*_rate_lines(own), *_call_lines(own), *_pair_lines(own), *_failures(own)))


def _rate_lines(records: Sequence[Record]) -> Iterator[str]:
    for kind, rate in compute_roofs(records).items():
        yield f"{kind}: {rate.per_s / 1e9:.4g} GMAC/s at most, by {rate.what} (of {rate.among})"
    for moved_bytes, per_s, what in streaming(records):
        yield f"streaming {_size(moved_bytes)}: {per_s / 1e9:.3g} GB/s, by {what}"


def _call_lines(records: Sequence[Record]) -> Iterator[str]:
    for one in calls(records):
        yield (
            f"{one.what}: {one.layer_s * 1e6:.3g} us each in a row, {one.called_s * 1e6:.3g} us beside them "
            f"(stacks within {one.misfit:.0%} of a line)"
        )


def _pair_lines(records: Sequence[Record]) -> Iterator[str]:
    beside_s = [one.called_s for one in calls(records)]
    called_s = max(0.0, float(np.median(beside_s))) if beside_s else 0.0
    return map(pair_line, pairs(records, called_s))


def _failures(records: Sequence[Record]) -> Iterator[str]:
    failed = Counter((r.configuration.name, r.outcome) for r in records if isinstance(r.outcome, str))
    for (name, reason), number in failed.most_common():
        yield f"{name}: {number} not measured: {reason}"


def _size(moved_bytes: float) -> str:
    return f"{moved_bytes / 1e6:.3g} MB" if moved_bytes >= 1e6 else f"{moved_bytes / 1e3:.3g} kB"
