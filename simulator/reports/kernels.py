"""Tables of the kernels of one prediction, and what limits them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

from stairline.hwmodels.kernels.base import BOUNDS
from stairline.hwmodels.reports.text import Column, Table, number, prose, word
from stairline.simulator.pricing.prediction import KernelPrediction, Prediction

from .digits import decimal_places, prefixed

_FIXED = "per inference"
"""The name, in tables, of the cost of one inference that belongs to no kernel."""


def kinds_of_kernel(p: Prediction) -> Table:
    """The table of kernels grouped by their operators and processor, the group with the longest time first."""

    def kind(kernel: KernelPrediction) -> tuple[str, str]:
        return "+".join(kernel.ops), kernel.processor

    groups = [list(kernels) for _, kernels in groupby(sorted(p.kernels, key=kind), key=kind)]
    groups.sort(key=_total_s, reverse=True)
    decimals = decimal_places([max(map(_total_s, groups), default=0.0) * 1e3 / 100])
    columns, processor = _processor_column(p)
    rows = tuple(
        (
            _chain(kernels[0]),
            *processor(kernels[0]),
            str(len(kernels)),
            prefixed(sum(k.macs for k in kernels)),
            f"{_total_s(kernels) * 1e3:,.{decimals}f}",
            _share(p, _total_s(kernels)),
            next(iter(_shares(kernels))) if _total_s(kernels) else "-",
        )
        for kernels in groups
    )
    rows += _fixed_row(p, (*("-" for _ in columns), "-", "-", f"{p.fixed_s * 1e3:,.{decimals}f}", _share(p, p.fixed_s)))
    numbers = (number("kernels"), number("MAC"), number("ms"), number("share"))
    return Table((prose("operators"), *columns, *numbers, word("limited by")), rows)


def all_kernels(p: Prediction) -> Table:
    """The table of all kernels in execution order."""
    columns, processor = _processor_column(p)
    rows = tuple(
        (
            k.name,
            _chain(k),
            *processor(k),
            prefixed(k.macs),
            prefixed(k.cost.padded_macs),
            prefixed(k.bytes_moved, "B"),
            f"{k.latency_s * 1e3:,.4f}",
            k.bound if k.latency_s else "-",
        )
        for k in p.kernels
    )
    rows += _fixed_row(p, ("-", *("-" for _ in columns), "-", "-", "-", f"{p.fixed_s * 1e3:,.4f}"))
    numbers = (number("MAC"), number("padded"), number("bytes"), number("ms"))
    return Table((prose("kernel"), prose("operators"), *columns, *numbers, word("limited by")), rows)


def _processor_column(p: Prediction) -> tuple[tuple[Column, ...], Callable[[KernelPrediction], tuple[str, ...]]]:
    """The column with the processor of a kernel; none where all kernels, transfers apart, run on the same one."""
    if len({k.processor for k in p.kernels if k.processor != "link"}) < 2:
        return (), lambda _: ()
    return (word("runs on"),), lambda kernel: (kernel.processor,)


def _fixed_row(p: Prediction, cells: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """The row of the cost per inference, which belongs to no kernel; none where the platform has no such cost."""
    return ((_FIXED, *cells, _FIXED),) if p.fixed_s > 0.0 else ()


def _share(p: Prediction, time_s: float) -> str:
    return f"{time_s / p.latency_s:.1%}" if p.latency_s else "-"


def limited_by(p: Prediction) -> dict[str, float]:
    """The share of the latency in kernels limited by each bound, and in the cost per inference, the largest first."""
    in_kernels = _total_s(p.kernels) / p.latency_s if p.latency_s else 0.0
    shares = {bound: share * in_kernels for bound, share in _shares(p.kernels).items()}
    shares[_FIXED] = p.fixed_s / p.latency_s if p.latency_s else 0.0
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def _total_s(kernels: Sequence[KernelPrediction]) -> float:
    return sum(k.latency_s for k in kernels)


def _shares(kernels: Sequence[KernelPrediction]) -> dict[str, float]:
    """The share of the kernels' time spent in kernels limited by each bound, the largest share first."""
    total_s = _total_s(kernels) or 1.0
    shares = {bound: _total_s([k for k in kernels if k.bound == bound]) / total_s for bound in BOUNDS}
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def _chain(kernel: KernelPrediction) -> str:
    return " + ".join(kernel.ops)
