"""Hypotheses that are predicted again on a platform derived from the one that is checked, or on its relatives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

import numpy as np

from stairline.hwmodels import Platform, PlatformError, available, derive, load, quantities
from stairline.hwmodels.files.changes import Change, Fused, NotLowered, Supported, Times, Unfused, Unsupported

from .effects import Tested
from .hypotheses import Base, Hypothesis, fitted
from .rows import Vector

_SCREENED, _PREDICTED = 300, 4000
"""Kernels, over all networks, for which every alternative is predicted, and one that helps."""
_AMOUNTS = ("fusion_missing", "fallback")
"""Causes of which the mechanism is known and the amount is not."""
_SCALES = np.geomspace(0.4, 6.0, 24)
_MOST = 10
"""Hypotheses of a kind that are predicted again."""


class Alternative(NamedTuple):
    """Another platform, or another precision of this one, that may be what was really run."""

    cause: str
    detail: str
    changes: tuple[Change, ...] = ()
    platform: Platform | None = None
    """The platform in place of a derived one."""
    dtype: str | None = None
    keys: tuple[str, ...] = ()
    op: str | None = None


def predicted_again(tested: Tested) -> list[tuple[Alternative, Vector, int]]:
    """The alternatives that come nearer to what was measured, their (rows,) seconds, and the number of each kind.

    Each is predicted for a few networks first, and for all only where that helps.
    """
    few = tested.of(_budget(tested, _SCREENED))
    all_of_them = tested.of(_budget(tested, _PREDICTED))
    nothing = few.criterion(few.predicted, 0.0)
    counts: Counter[str] = Counter()
    found = []
    for one in alternatives(tested):
        seconds = _seconds(few, one)
        if seconds is None:
            continue
        counts[one.cause] += 1
        if few.criterion(seconds, 0.0) < nothing:
            whole = _seconds(all_of_them, one)
            found += [] if whole is None else [(one, _extended(tested, all_of_them, whole))]
    return [(one, seconds, counts[one.cause]) for one, seconds in found]


def _budget(tested: Tested, most_parts: int) -> set[int]:
    """Networks of the sample with at most so many kernels between them, those that diverge first, at least one."""
    parts: Counter[int] = Counter()
    for row in tested.rows:
        parts[row.joined.net] += len(row.joined.parts)
    flagged = {row.joined.net for row in tested.rows if row.diverges}
    chosen: set[int] = set()
    left = most_parts
    for net in sorted(parts, key=lambda net: (net not in flagged, parts[net])):
        if not chosen or parts[net] <= left:
            chosen.add(net)
            left -= parts[net]
    return chosen


def _extended(tested: Tested, part: Tested, seconds: Vector) -> Vector:
    """(rows of ``tested``,): the networks that were not predicted again change as those of the same kind did."""
    ratio = np.where(
        (part.predicted > 0.0) & (seconds > 0.0), seconds / np.where(part.predicted > 0.0, part.predicted, 1.0), 1.0
    )
    typical = float(np.median(ratio[part.whole])) if part.whole.any() else 1.0
    own = {(row.joined.net, row.joined.kernel): value for row, value in zip(part.rows, seconds)}
    rest = np.where(tested.whole, typical, 1.0) * tested.predicted
    keys = [(row.joined.net, row.joined.kernel) for row in tested.rows]
    return np.array([own.get(key, value) for key, value in zip(keys, rest)])


def structural(base: Base, again: Iterable[tuple[Alternative, Vector, int]]) -> Iterator[Hypothesis]:
    """The alternatives on top of the reasons that were found before."""
    for one, seconds, alternatives_of_kind in again:
        predicted = seconds * base.gain
        if one.cause in _AMOUNTS:
            # What runs apart costs what it costs: the model of the operator alone may be off by a factor.
            scaled = _scaled(base, predicted - base.predicted)
            yield Hypothesis(one.cause, one.detail, scaled, 2.0, alternatives_of_kind, one.keys, one.op)
        yield Hypothesis(one.cause, one.detail, predicted, 1.0, alternatives_of_kind, one.keys, one.op)


def _scaled(base: Base, more: Vector) -> Vector:
    """What a multiple of a change predicts, the multiple that explains most."""
    least = 0.02 * base.predicted
    return fitted(base, lambda c: np.maximum(base.predicted + c * more, least), _SCALES)[1]


def _seconds(tested: Tested, one: Alternative) -> Vector | None:
    try:
        platform = one.platform or (derive(tested.platform, one.changes) if one.changes else tested.platform)
        seconds = tested.again(platform, one.dtype)
    except PlatformError:
        return None  # The platform has no such rule, or no such precision: nothing to test.
    if tested.platform.residual is not None and one.changes:
        # A residual corrects the errors of the platform as it is: the change is taken relative to that.
        plain = tested.analytical
        seconds = tested.predicted * np.where(plain > 0.0, seconds / np.where(plain > 0.0, plain, 1.0), 1.0)
    return None if np.allclose(seconds, tested.predicted, rtol=1e-4, atol=0.0) else seconds


def alternatives(tested: Tested) -> Iterator[Alternative]:
    """All that are worth a prediction, of every kind."""
    yield from _fusions(tested)
    yield from _fallbacks(tested)
    yield from _numbers(tested)
    yield from _layouts(tested)
    yield from _precisions(tested)
    yield from _relatives(tested)


def _fusions(tested: Tested) -> Iterator[Alternative]:
    chains = Counter((p.predicted.ops[0], op) for p in tested.parts for op in p.predicted.ops[1:])
    for op in dict.fromkeys(op for (_, op), _ in chains.most_common()):
        yield Alternative("fusion_missing", f"{op} runs on its own", (Unfused(op),), keys=("fusion",))
    for (first, op), _ in chains.most_common(_MOST):
        change = Unfused(op, (first,))
        yield Alternative(
            "fusion_missing", f"{op} behind {first} runs on its own", (change,), keys=("fusion",), op=first
        )
    everything = tuple(Unfused(op) for op in dict.fromkeys(op for _, op in chains))
    if len(everything) > 1:
        yield Alternative("fusion_missing", "every operator runs on its own", everything, keys=("fusion",))
    pairs: Counter[tuple[str, str]] = Counter()
    fused = set(chains)
    for graph in tested.graphs.values():
        for layer in graph.layers:
            for tensor in layer.inputs[:2]:
                source = graph.producer[tensor]
                if source >= 0 and len(graph.consumers[tensor]) == 1:
                    pairs[graph.layers[source].op, layer.op] += 1
    for (first, op), _ in pairs.most_common(2 * _MOST):
        if (first, op) not in fused and op not in ("concat", "conv2d", "dense"):
            joined = (Fused((first, op)),)
            yield Alternative("fusion_unexpected", f"{op} runs within {first}", joined, keys=("fusion",), op=first)


def _fallbacks(tested: Tested) -> Iterator[Alternative]:
    partition = tested.platform.file.partition
    if partition.fallback is None or not tested.platform.file.support:
        return
    for op, _ in Counter(str(op) for op in tested.ops).most_common(2 * _MOST):
        keys = ("support", "partition")
        where = f"to {partition.fallback}"
        yield Alternative("fallback", f"{op} falls back {where}", (Unsupported(op),), keys=keys, op=op)
        yield Alternative("fallback", f"{op} does not fall back {where}", (Supported(op),), keys=keys, op=op)


def _numbers(tested: Tested) -> Iterator[Alternative]:
    """Capacities of memories and widths of tiles, halved and doubled and more."""
    ops = {str(op) for op in tested.ops}
    for key, quantity in quantities(tested.platform.file):
        if key.rsplit(".", 1)[-1] == "capacity_bytes" or ".capacity_bytes" in key:
            for factor in (0.125, 0.25, 0.5, 2.0, 4.0):
                detail = f"{factor:g} times the room of {key.removesuffix('.capacity_bytes')}"
                yield Alternative("placement", detail, (Times(key, factor),), keys=(key,))
        elif ".tile_" in key or ".unroll" in key or "block_c" in key or ".lanes" in key:
            own = key.split(".")[1].split("|")
            for factor in (0.25, 0.5, 2.0, 4.0):
                if quantity.value * factor >= 1.0 and ops & set(own):
                    op = next(op for op in own if op in ops)
                    name = key.split(".")[2]
                    detail = f"{op}: {name} is {quantity.value * factor:g} in place of {quantity.value:g}"
                    yield Alternative("tile", detail, (Times(key, factor),), keys=(key,), op=op)


def _layouts(tested: Tested) -> Iterator[Alternative]:
    for entry in tested.platform.file.lowering:
        if any(word in entry.rule for word in ("channels_", "layout", "transpose", "reorder", "pad")):
            change = NotLowered(entry.rule)
            yield Alternative("layout_copy", f"{entry.rule} does not take place", (change,), keys=("lowering",))


def _precisions(tested: Tested) -> Iterator[Alternative]:
    own = {row.joined.dtype for row in tested.rows}
    for dtype in tested.platform.dtypes:
        if own != {dtype}:
            yield Alternative("precision", f"it ran in {dtype}", dtype=dtype, keys=("platform.default_dtype",))


@cache
def _shipped() -> tuple[Platform, ...]:
    return available()


def _relatives(tested: Tested) -> Iterator[Alternative]:
    """The fallback, and shipped platforms of the same device: other processors, and other runtimes of this one."""
    platform = tested.platform
    own = platform.file.platform
    fallback = platform.file.partition.fallback
    if fallback is not None:
        detail = f"everything ran on {fallback}"
        yield Alternative("delegate_off", detail, platform=load(fallback), keys=("partition.fallback",))
    parent = platform.overlay.parent if platform.overlay else platform.name
    for other in _shipped():
        theirs = other.file.platform
        same_line = parent in (other.name, other.overlay.parent if other.overlay else None)
        if other.name in (platform.name, fallback) or same_line or theirs.device != own.device:
            continue
        if theirs.processor == own.processor and theirs.runtime == own.runtime:
            continue
        delegates = theirs.processor != own.processor or "xnnpack" in f"{own.runtime} {theirs.runtime}".lower()
        cause = "delegate_off" if delegates else "runtime_version"
        yield Alternative(cause, f"it ran as on {other.name}", platform=other, keys=("platform.runtime",))
