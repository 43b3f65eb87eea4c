"""Hypotheses that are predicted again on a platform derived from the one that is checked, or on its relatives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from stairline.hwmodels import Platform, PlatformError, available, derive, load, quantities
from stairline.hwmodels.files.changes import Change, Fused, NotLowered, Supported, Times, Unfused, Unsupported

from .effects import Tested
from .hypotheses import Base, Hypothesis
from .rows import Vector

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
    """Each alternative that changes something, its (rows,) seconds, and how many of its kind there are."""
    found = [(one, seconds) for one in alternatives(tested) if (seconds := _seconds(tested, one)) is not None]
    counts = Counter(one.cause for one, _ in found)
    return [(one, seconds, counts[one.cause]) for one, seconds in found]


def structural(base: Base, again: Iterable[tuple[Alternative, Vector, int]]) -> Iterator[Hypothesis]:
    """The alternatives on top of the reasons that were found before."""
    for one, seconds, alternatives_of_kind in again:
        predicted = seconds * base.gain
        yield Hypothesis(one.cause, one.detail, predicted, 1.0, alternatives_of_kind, one.keys, one.op)


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
        yield Alternative("fusion_missing", f"{op} behind {first} runs on its own", (change,), keys=("fusion",), op=first)
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
            change = Fused((first, op))
            yield Alternative("fusion_unexpected", f"{op} runs within {first}", (change,), keys=("fusion",), op=first)


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


def _relatives(tested: Tested) -> Iterator[Alternative]:
    """The fallback, and shipped platforms of the same device: other processors, and other runtimes of this one."""
    platform = tested.platform
    own = platform.file.platform
    fallback = platform.file.partition.fallback
    if fallback is not None:
        detail = f"everything ran on {fallback}"
        yield Alternative("delegate_off", detail, platform=load(fallback), keys=("partition.fallback",))
    parent = platform.overlay.parent if platform.overlay else platform.name
    for other in available():
        theirs = other.file.platform
        same_line = parent in (other.name, other.overlay.parent if other.overlay else None)
        if other.name in (platform.name, fallback) or same_line or theirs.device != own.device:
            continue
        if theirs.processor == own.processor and theirs.runtime == own.runtime:
            continue
        delegates = theirs.processor != own.processor or "xnnpack" in f"{own.runtime} {theirs.runtime}".lower()
        cause = "delegate_off" if delegates else "runtime_version"
        yield Alternative(cause, f"it ran as on {other.name}", platform=other, keys=("platform.runtime",))
