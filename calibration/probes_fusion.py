"""Whether a runtime runs two operators as one kernel: from the time of each alone and of both in a row.

Two kernels take as long as the sum. In one kernel the smaller operator's own time is gone: its data is not written and
read again. What was saved says which of the two is likelier, and how sure that is by the noise of the three times.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import exp, hypot
from typing import NamedTuple

from measure.configuration import Configuration, configuration
from measure.record import Measurement
from measure.store import Record

SURE = 0.95
"""Probability from which a finding is told."""

_LEAST_NOISE = 0.01
"""Relative standard deviation of a latency, however well its visits agree: processes differ."""


class Fusion(NamedTuple):
    """A finding about a producer and its consumer."""

    fused: bool | None
    """None where the noise leaves both possible."""
    confidence: float
    """Probability of the likelier of the two, 0.5 to 1."""
    saved: float
    """The time saved over that of the smaller operator: about 1 in one kernel, about 0 in two."""


class Pair(NamedTuple):
    """Two operators in a row, as a chain writes them, and the finding about them."""

    backend: str
    dtype: str
    producer: str
    consumer: str
    both: Configuration
    found: Fusion


def fusion(first_s: float, second_s: float, both_s: float, sigma_s: float, called_s: float = 0.0) -> Fusion:
    """Judge three latencies, where ``first_s + second_s - both_s`` is known to a standard deviation of ``sigma_s``.

    ``called_s`` is what an inference takes beside its operators, which the sum has twice. One kernel would save the
    smaller time, two nothing; with normal errors and no leaning to either, the odds follow from the distance to both
    (Bayes). Raises ValueError for a time that is not positive.
    """
    if min(first_s, second_s, both_s, sigma_s) <= 0.0:
        raise ValueError(f"{first_s}, {second_s}, {both_s} s, known to {sigma_s} s: all must be positive")
    saved_s, smaller_s = first_s + second_s - both_s - called_s, min(first_s, second_s) - called_s
    if smaller_s <= 0.0:
        return Fusion(None, 0.5, 0.0)
    log_odds = smaller_s * (2.0 * saved_s - smaller_s) / (2.0 * sigma_s**2)
    confidence = 1.0 / (1.0 + exp(-min(abs(log_odds), 700.0)))
    return Fusion(log_odds > 0.0 if confidence >= SURE else None, confidence, saved_s / smaller_s)


def pair_plan(dtype: str) -> Iterator[Configuration]:
    """Producers and consumers alone and in a row, as chains. Maps are large, so that a consumer takes its time."""
    for producer, hw, channels in _PRODUCERS:
        yield _chain(hw, channels, (producer,), dtype)
        for consumer in _CONSUMERS:
            yield _chain(hw, channels, (consumer,), dtype)
            yield _chain(hw, channels, (producer, consumer), dtype)


_PRODUCERS = (("conv:kernel=1", 112, 16), ("dwconv", 112, 32), ("add", 112, 32))
"""What keeps its shape, with the pixels and channels that it is measured at."""

_CONSUMERS = (
    "relu",
    "relu6",
    "hard_swish",
    "swish",
    "sigmoid",
    "add",
    "mul",
    "batch_norm",
    "maxpool2d",
    "conv:kernel=1",
)


def _chain(hw: int, channels: int, steps: tuple[str, ...], dtype: str) -> Configuration:
    return configuration("op", "chain", {"hw": hw, "cin": channels, "steps": " ".join(steps)}, dtype)


def pairs(records: Sequence[Record], called_s: float = 0.0) -> tuple[Pair, ...]:
    """A finding for every chain of two steps of which each step was measured alone, on the same maps."""
    measured = {
        (r.backend, r.conditions.setting_digest, r.configuration): r.outcome
        for r in records
        if isinstance(r.outcome, Measurement)
    }
    found = []
    for (backend, setting, one), both in measured.items():
        steps = str(dict(one.settings).get("steps", "")).split()
        if one.name != "chain" or len(steps) != 2:
            continue
        first = _with(one, steps=steps[0])
        *_, channels = (graph := first.graph()).tensors[graph.outputs[0]].shape
        second = _with(one, steps=steps[1], cin=channels, hw=graph.tensors[graph.outputs[0]].shape[1])
        alone = [measured.get((backend, setting, step)) for step in (first, second)]
        if alone[0] and alone[1]:
            sigma_s = hypot(*(_sigma_s(outcome) for outcome in (alone[0], alone[1], both)))
            judged = fusion(alone[0].latency_s, alone[1].latency_s, both.latency_s, sigma_s, called_s)
            found.append(Pair(backend, one.dtype, steps[0], steps[1], one, judged))
    return tuple(found)


def pair_line(pair: Pair) -> str:
    """The finding with its evidence."""
    kernels = {True: "one kernel", False: "two kernels", None: "not told by these times"}[pair.found.fused]
    evidence = f"saves {pair.found.saved:.0%} of the smaller one, sure to {pair.found.confidence:.1%}"
    return f"{pair.producer} + {pair.consumer}: {kernels} ({evidence})"


def _with(one: Configuration, **settings: object) -> Configuration:
    return configuration(one.kind, one.name, dict(one.settings) | settings, one.dtype)


def _sigma_s(outcome: Measurement) -> float:
    """Of the reported latency, from how its visits differ; a computed time is exact but for its digits."""
    latency_s = outcome.latency_s
    if outcome.runs[0].exact:
        return 1e-4 * latency_s
    medians_s = sorted(run.median_s for run in outcome.runs)
    # The reported visit is among the quickest, which differ less than all do.
    spread_s = medians_s[min(1, len(medians_s) - 1)] - medians_s[0]
    return hypot(_LEAST_NOISE * latency_s, spread_s)
