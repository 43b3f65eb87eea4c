"""Whether a runtime runs two operators as one kernel: from what each takes inside a network, and both in a row.

Two kernels take as long as the sum. In one kernel the smaller operator's own time is gone: its data is not written and
read again. What was saved says which of the two is likelier, and how sure that is by the noise of the times.

What operators take inside is a third of the difference between four of them in a row and one: a network's ends cost
time too, the call and changes of layout, which two networks of one operator have twice and one of both has once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import exp, hypot
from typing import NamedTuple

from stairline.measure.plan.configuration import Configuration, configuration
from stairline.measure.store.store import Record
from stairline.measure.timing.record import Measurement

SURE = 0.95
"""Probability from which a finding is stated rather than left open."""

_LEAST_NOISE = 0.01
"""Relative standard deviation of a latency, however well its visits agree: processes differ."""

_TIMES = 4
"""Repetitions in a row: the more, the less the noise of the two latencies weighs."""

_PRODUCERS = ("conv:kernel=1", "dwconv")
"""Operators that keep the shape of their map."""

_CONSUMERS = ("relu", "relu6", "hard_swish", "swish", "sigmoid", "add", "mul", "batch_norm", "conv:kernel=1")

_IDEMPOTENT = ("relu", "relu6")
"""Operators of which converters drop a second one in a row; one is enough, without ends of its own but the call."""


class Fusion(NamedTuple):
    """A finding about a producer and its consumer."""

    fused: bool | None
    """Whether both run as one kernel; None where the noise leaves both possible."""
    confidence: float
    """Probability of the likelier of the two, 0.5 to 1."""
    saved: float
    """The time saved, divided by that of the smaller operator: about 1 in one kernel, about 0 in two."""


class Pair(NamedTuple):
    """Two operators in a row, as a chain writes them, and whether they run as one kernel."""

    backend: str
    dtype: str
    producer: str
    consumer: str
    both: Configuration
    found: Fusion


def fusion(first_s: float, second_s: float, both_s: float, sigma_s: float) -> Fusion:
    """Judge what two operators take inside a network, each and in a row, where ``first_s + second_s - both_s`` is known
    to a standard deviation of ``sigma_s``.

    One kernel would save the smaller time, two nothing; with normal errors and no leaning to either, the odds follow
    from the distance to both (Bayes). Raises ValueError for a deviation that is not positive.
    """
    if sigma_s <= 0.0:
        raise ValueError(f"a standard deviation of {sigma_s} s must be positive")
    saved_s, smaller_s = first_s + second_s - both_s, min(first_s, second_s)
    if smaller_s <= 0.0:
        return Fusion(None, 0.5, 0.0)
    log_odds = smaller_s * (2.0 * saved_s - smaller_s) / (2.0 * sigma_s**2)
    confidence = 1.0 / (1.0 + exp(-min(abs(log_odds), 700.0)))
    return Fusion(log_odds > 0.0 if confidence >= SURE else None, confidence, saved_s / smaller_s)


def pair_plan(dtype: str) -> Iterator[Configuration]:
    """Producers and consumers once and four times, alone and in a row."""
    alone = [(step,) for step in dict.fromkeys([*_PRODUCERS, *_CONSUMERS])]
    rows = [(producer, consumer) for producer in _PRODUCERS for consumer in _CONSUMERS if producer != consumer]
    for steps in (*alone, *rows):
        yield _chain(steps, dtype)
        if steps[0] not in _IDEMPOTENT:
            yield _chain(_TIMES * steps, dtype)


def _chain(steps: tuple[str, ...], dtype: str) -> Configuration:
    """A chain on a large map with few channels, where a consumer takes long enough to show beside a convolution."""
    return configuration("op", "chain", {"hw": 112, "cin": 16, "steps": " ".join(steps)}, dtype)


class _Inside(NamedTuple):
    """The time that some steps take inside a network, and the variance of that time."""

    time_s: float
    variance_s2: float


def pairs(records: Sequence[Record], called_s: float = 0.0) -> tuple[Pair, ...]:
    """Judge every chain of two steps that was measured as ``pair_plan`` has it, on maps that keep their shape.

    ``called_s`` is the time in seconds that an inference takes beside its operators.
    """
    settings = dict.fromkeys((r.backend, r.conditions.setting_digest) for r in records)
    found = []
    for backend, setting in settings:
        measured = {
            r.configuration: r.outcome
            for r in records
            if (r.backend, r.conditions.setting_digest) == (backend, setting) and isinstance(r.outcome, Measurement)
        }
        judged = (_judged(backend, one, measured, called_s) for one in measured)
        found += [pair for pair in judged if pair is not None]
    return tuple(found)


def _judged(
    backend: str, one: Configuration, measured: Mapping[Configuration, Measurement], called_s: float
) -> Pair | None:
    """Judge a pair; None for what is no chain of two different steps, and where one was not measured by itself."""
    steps = str(dict(one.settings).get("steps", "")).split()
    if one.name != "chain" or len(steps) != 2 or steps[0] == steps[1]:
        return None
    first, second, both = (_inside(one, taken, measured, called_s) for taken in ([steps[0]], [steps[1]], steps))
    if first is None or second is None or both is None:
        return None
    sigma_s = sum(part.variance_s2 for part in (first, second, both)) ** 0.5
    judged = fusion(first.time_s, second.time_s, both.time_s, sigma_s)
    return Pair(backend, one.dtype, steps[0], steps[1], one, judged)


def _inside(
    pair: Configuration, steps: list[str], measured: Mapping[Configuration, Measurement], called_s: float
) -> _Inside | None:
    """The time of the steps inside a network, from four repetitions and one on the maps of the pair.

    None where these were not measured.
    """
    once, more = (measured.get(_with(pair, steps=" ".join(times * steps))) for times in (1, _TIMES))
    if once is None:
        return None
    if steps[0] in _IDEMPOTENT:
        return _Inside(once.latency_s - called_s, _sigma_s(once) ** 2)
    if more is None:
        return None
    variance_s2 = (_sigma_s(once) ** 2 + _sigma_s(more) ** 2) / (_TIMES - 1) ** 2
    return _Inside((more.latency_s - once.latency_s) / (_TIMES - 1), variance_s2)


def pair_line(pair: Pair) -> str:
    """The line that reports a pair with its evidence."""
    kernels = {True: "one kernel", False: "two kernels", None: "not decided by these times"}[pair.found.fused]
    evidence = f"saves {pair.found.saved:.0%} of the smaller one, sure to {pair.found.confidence:.1%}"
    return f"{pair.producer} + {pair.consumer}: {kernels} ({evidence})"


def _with(one: Configuration, **settings: object) -> Configuration:
    return configuration(one.kind, one.name, dict(one.settings) | settings, one.dtype)


def _sigma_s(outcome: Measurement) -> float:
    """Standard deviation of the reported latency in seconds, from how its visits differ.

    A computed time is exact but for its digits.
    """
    latency_s = outcome.latency_s
    if outcome.runs[0].exact:
        return 1e-4 * latency_s
    medians_s = sorted(run.median_s for run in outcome.runs)
    # The reported visit is among the quickest, which differ less than all do.
    spread_s = medians_s[min(1, len(medians_s) - 1)] - medians_s[0]
    return hypot(_LEAST_NOISE * latency_s, spread_s)
