"""What a store of measurements shows of a device without any model of it: structure and rates, with their evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from stairline.calibration.judging.verdict import Fact
from stairline.hwmodels import Platform
from stairline.hwmodels.platform import Machine
from stairline.measure.plan.configuration import Configuration
from stairline.measure.store.store import Record
from stairline.simulator.graph.graph import Graph
from stairline.simulator.walk import plan as walk

from .fusion import pair_line, pair_plan, pairs
from .rates import calls, compute_roofs, rate_plan, streaming
from .sweeps import step_lines, sweep_plan


def plan(dtype: str, records: Sequence[Record] = ()) -> list[Configuration]:
    """The configurations to measure for these findings: those of rates first, those that depend on ``records`` last."""
    return list(dict.fromkeys([*rate_plan(dtype), *pair_plan(dtype), *sweep_plan(dtype, records)]))


def fusion_facts(base: Platform, dtype: str, records: Sequence[Record]) -> Iterator[Fact]:
    """Facts about pairs that run otherwise than the base states: fusion is structure, which no fit corrects."""
    machine = base.machine(dtype)
    for pair in pairs(records, _called_s(records)):
        kernels = {True: "one kernel", False: "two kernels"}
        stated = _is_one_kernel(pair.both.graph(), machine)
        if pair.dtype == dtype and pair.found.fused not in (None, stated):
            yield Fact(
                "fusion_differs",
                f"{pair_line(pair)}; {base.name} says {kernels[stated]}",
                "measure the pair at another size; correct the [[fusion]] rules of the base if it stays so",
            )


def lines(records: Sequence[Record]) -> Iterator[str]:
    """The lines that report the findings of each backend."""
    for backend in dict.fromkeys(record.backend for record in records):
        own = [record for record in records if record.backend == backend]
        yield f"{backend}: {len(own)} configurations"
        found = (*_rate_lines(own), *_call_lines(own), *_pair_lines(own), *step_lines(own), *_failures(own))
        yield from (f"  {line}" for line in found)


def _is_one_kernel(pair: Graph, machine: Machine) -> bool:
    """Whether the kernel that the producer begins holds more than it; changes of layout may stand around it."""
    planned = walk(pair, machine)
    begun = [k for k in planned.kernels if planned.graph.layers[k.layers[0]].op == pair.layers[0].op]
    return len(begun) == 1 and len(begun[0].layers) > 1


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
    return map(pair_line, pairs(records, _called_s(records)))


def _called_s(records: Sequence[Record]) -> float:
    """The time in seconds that an inference takes beside its operators: the median over stacks, 0 without any."""
    called_s = [one.called_s for one in calls(records)]
    return max(0.0, float(np.median(called_s))) if called_s else 0.0


def _failures(records: Sequence[Record]) -> Iterator[str]:
    failed = Counter((r.configuration.name, r.outcome) for r in records if isinstance(r.outcome, str))
    for (name, reason), number in failed.most_common():
        yield f"{name}: {number} not measured: {reason}"


def _size(moved_bytes: float) -> str:
    return f"{moved_bytes / 1e6:.3g} MB" if moved_bytes >= 1e6 else f"{moved_bytes / 1e3:.3g} kB"
