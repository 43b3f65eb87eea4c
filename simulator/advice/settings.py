"""What changes no layer: another precision of the platform, and a batch."""

from __future__ import annotations

from collections.abc import Iterator

from stairline.hwmodels.schema import ELEMENT_BYTES
from stairline.simulator.graph.changes import with_batch
from stairline.simulator.graph.graph import GraphError
from stairline.simulator.pricing.prediction import Prediction

from .accuracy import caution
from .case import Candidate, Case
from .findings import AMORTISED, PRECISIONS

BATCH = 8
"""Images of the batch that is tried."""


def precision_changes(case: Case) -> Iterator[list[Candidate]]:
    """The network at each other precision of the platform."""
    for dtype in case.platform.dtypes:
        if dtype != case.dtype:
            warned = "; ".join(filter(None, (_slower(case, dtype), caution(case.graph, case.platform, dtype))))
            yield [Candidate("precision", f"Run it in {dtype}", PRECISIONS, case.graph, dtype, caution=warned)]


def batch_changes(case: Case) -> Iterator[list[Candidate]]:
    """The network for several images at once, where the platform runs it at all."""
    if case.before.status == "cannot_run":
        return
    try:
        graph = with_batch(case.graph, BATCH)
    except GraphError:  # The network states its batch.
        return
    what = f"Run {BATCH} images in one batch, where they need not be answered one by one"
    yield [Candidate("batch", what, AMORTISED, graph, case.dtype, images=BATCH)]


def _slower(case: Case, dtype: str) -> str:
    """The operators that take longer at a lower precision, as those that requantise much data do."""
    if ELEMENT_BYTES[dtype] >= ELEMENT_BYTES[case.dtype]:
        return ""
    own_s, other_s = _by_operator(case.before), _by_operator(case.predicted(case.graph, dtype))
    ratios = {op: other_s[op] / time_s for op, time_s in own_s.items() if time_s and op in other_s}
    slower = [
        f"{op} {ratio:.1f} times" for op, ratio in sorted(ratios.items(), key=lambda item: -item[1]) if ratio > 1.05
    ]
    return f"keep in {case.dtype} what takes longer: {', '.join(slower)}" if slower else ""


def _by_operator(prediction: Prediction) -> dict[str, float]:
    """Seconds by the first operator of the kernels."""
    found: dict[str, float] = {}
    for kernel in prediction.kernels:
        found[kernel.ops[0]] = found.get(kernel.ops[0], 0.0) + kernel.latency_s
    return found
