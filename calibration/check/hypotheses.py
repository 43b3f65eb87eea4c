"""Hypotheses whose effect follows from the predicted kernels: factors, overheads, steps, drift, units."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from stairline.simulator.pricing.prediction import CROSSING, HOST_IO

from .effects import Mask, Tested
from .operators import COPIES, ELEMENTWISE
from .rows import Vector

Ranges = dict[str, tuple[float, float]]


class Hypothesis(NamedTuple):
    """A cause with what would be predicted, were it true."""

    cause: str
    detail: str
    predicted: Vector
    """(rows,): seconds."""
    parameters: float
    alternatives: float
    keys: tuple[str, ...] = ()
    """Keys of the platform that would have to change."""
    op: str | None = None
    ranges: Ranges | None = None


class Base(NamedTuple):
    """Rows with what the reasons found so far make of the prediction."""

    tested: Tested
    gain: Vector
    """(rows,): the factor that these reasons put on the prediction."""

    @property
    def predicted(self) -> Vector:
        """(rows,): seconds."""
        return self.tested.predicted * self.gain

    def seconds(self) -> Vector:
        """(parts,): the time of each kernel."""
        return self.tested.seconds * self.gain[self.tested.row_of]


PARALLEL = ("conv2d", "dwconv2d", "dense", "matmul", "conv2d_transpose")
"""Operators that runtimes divide among threads."""
_FACTORS = np.exp(np.linspace(-3.0, 3.0, 31))
_WIDTHS = (4, 8, 16, 32, 64, 128)


def fitted(base: Base, effect: Callable[[Vector], Vector], grid: Vector) -> tuple[float, Vector]:
    """The number of a grid, refined between its neighbours, whose effect leaves the smallest errors; and that effect.

    ``effect`` takes numbers (n, 1) and gives what each predicts, (n, rows).
    """
    tested = base.tested
    for _ in range(3):
        losses = np.sum(tested.weights * np.abs(tested.errors(effect(grid[:, None]))), axis=1)
        place = int(np.argmin(losses))
        best = float(grid[place])
        grid = np.linspace(grid[max(place - 1, 0)], grid[min(place + 1, len(grid) - 1)], 13)
    return best, effect(np.array([[best]]))[0]


def factor_on(base: Base, mask: Mask) -> tuple[float, Vector]:
    """The factor on the kernels of a mask that explains most, and what it predicts."""
    tested, predicted = base.tested, base.predicted
    part = tested.totals(np.where(mask, base.seconds(), 0.0))
    return fitted(base, lambda c: np.maximum(predicted + (c - 1.0) * part, 0.02 * predicted), _FACTORS)


def factor_on_rows(base: Base, rows: Mask) -> tuple[float, Vector]:
    """The factor on some rows that explains most, and what it predicts."""
    return fitted(base, lambda c: base.predicted * np.where(rows, c, 1.0), _FACTORS)


def common(base: Base) -> Iterator[Hypothesis]:
    """One factor on everything, on what threads divide, or on what the memory limits."""
    tested = base.tested
    c, predicted = fitted(base, lambda c: base.predicted * c, _FACTORS)
    yield Hypothesis("scale", f"everything takes {c:.2f} times as long", predicted, 1, 1, ("platform.clock_hz",))
    parallel = np.isin(tested.ops, PARALLEL)
    if parallel.any() and not parallel.all():
        c, predicted = factor_on(base, parallel)
        detail = f"what threads divide takes {c:.2f} times as long, the rest does not"
        yield Hypothesis("threads", detail, predicted, 1, 3, ("platform.clock_hz",))
    moved = np.array([p.work is not None and p.predicted.bound in ("memory", "weights") for p in tested.parts])
    if moved.any() and not moved.all():
        c, predicted = factor_on(base, moved)
        if c > 1.0:
            detail = f"what the memory limits takes {c:.2f} times as long"
            yield Hypothesis("load", detail, predicted, 1, 3, ("roofs.memory",))


def overheads(base: Base) -> Iterator[Hypothesis]:
    """A constant for each kernel, or for each inference."""
    tested = base.tested
    counts = tested.totals(np.array([float(part.work is not None) for part in tested.parts]))
    typical = float(np.median(tested.seconds)) if len(tested.parts) else 0.0
    grid = np.concatenate([-np.geomspace(0.9, 0.01, 12), [0.0], np.geomspace(0.01, 300.0, 45)])
    least = 0.02 * base.predicted
    if typical > 0.0:
        a, predicted = fitted(base, lambda a: np.maximum(base.predicted + a * typical * counts, least), grid)
        detail = f"{1e6 * a * typical:+.3g} us for each kernel"
        yield Hypothesis("kernel_overhead", detail, predicted, 1, 1, ("overheads.kernel_s",))
    whole = tested.whole.astype(float)
    if whole.any():
        unit = float(np.median(base.predicted[tested.whole]))
        a, predicted = fitted(base, lambda a: np.maximum(base.predicted + a * unit * whole, least), grid)
        detail = f"{1e3 * a * unit:+.3g} ms for each inference"
        yield Hypothesis("inference_overhead", detail, predicted, 1, 1, ("overheads.inference_s",))


def copies(base: Base) -> Iterator[Hypothesis]:
    """Copies that the model lacks: rows of the runtime's own, or time in proportion to the tensors written."""
    tested = base.tested
    extra = [r.joined.measured_s and not r.joined.parts and r.joined.op in COPIES for r in tested.rows]
    found = np.array(extra, dtype=bool)
    if found.any():
        predicted = np.where(found, tested.measured, base.predicted)
        detail = f"{int(found.sum())} {tested.rows[int(np.argmax(found))].joined.op} of the runtime's own"
        yield Hypothesis("layout_copy", detail, predicted, 1, 1, ("lowering",))
    yield from _writes(base)


def _writes(base: Base) -> Iterator[Hypothesis]:
    """Time in proportion to the tensors that kernels write; a runtime that lists operators would list its copies."""
    tested = base.tested
    written = np.array([p.work.output_elements if p.work else 0.0 for p in tested.parts])
    parameters = 2.5 if tested.whole.any() else 5.0
    for op in (None, *sorted({str(op) for op in tested.ops if op in PARALLEL})):
        elements = tested.totals(written if op is None else np.where(tested.ops == op, written, 0.0))
        if elements.any():
            a, predicted = _in_proportion(base, elements)
            what = f"behind each {op}" if op else "behind each kernel"
            detail = f"a copy of the tensor {what}, {1e9 * a:.3g} ns an element"
            yield Hypothesis("layout_copy", detail, predicted, parameters, 6, ("lowering",), op=op)


def _in_proportion(base: Base, elements: Vector) -> tuple[float, Vector]:
    """The seconds an element that explain most, and what they predict."""
    unit = float(np.median(base.predicted[elements > 0.0] / elements[elements > 0.0]))
    a, predicted = fitted(base, lambda a: base.predicted + a * unit * elements, np.geomspace(0.01, 30.0, 40))
    return a * unit, predicted


def unknown(base: Base) -> Iterator[Hypothesis]:
    """Operators that no model prices: rows without a prediction, or networks whose prediction is a lower bound."""
    tested = base.tested
    bounded = np.array(["lower_bound" in row.joined.flags for row in tested.rows])
    if bounded.any():
        missing = bounded * base.predicted
        c, predicted = fitted(base, lambda c: base.predicted + c * missing, np.geomspace(0.005, 50.0, 50))
        detail = f"operators without a model take {c:.2g} times what the others do"
        yield Hypothesis("unknown_operator", detail, predicted, 1, 1, ("kernels",))
    known = tuple(tested.platform.machine(tested.platform.dtypes[0]).rules)
    known = (*known, CROSSING, HOST_IO, *COPIES)
    alone = [bool(r.joined.measured_s) and not r.joined.parts and r.joined.op not in known for r in tested.rows]
    mask = np.array(alone, dtype=bool)
    if mask.any():
        ops = sorted({str(row.joined.op) for row, found in zip(tested.rows, mask) if found})
        predicted = np.where(mask, tested.measured, base.predicted)
        yield Hypothesis("unknown_operator", f"no model of {', '.join(ops[:4])}", predicted, 1, 1, ("kernels",), ops[0])


def elsewhere(base: Base) -> Iterator[Hypothesis]:
    """Operators that the runtime itself says another processor ran."""
    rows = np.array(["elsewhere" in row.joined.flags for row in base.tested.rows], dtype=bool)
    if rows.any():
        c, predicted = factor_on_rows(base, rows)
        detail = f"{int(rows.sum())} kernels ran on the host, {c:.2f} times as long as on the platform"
        yield Hypothesis("fallback", detail, predicted, 0.5, 1, ("support", "partition"))


def listed(base: Base) -> Iterator[Hypothesis]:
    """What a runtime's own list of operators says of fusion: one kernel in several rows, or none for an operator."""
    tested = base.tested
    apart = np.array(["unfused" in row.joined.flags for row in tested.rows], dtype=bool)
    if apart.any():
        c, predicted = factor_on_rows(base, apart)
        detail = f"{int(apart.sum())} kernels in several rows of the runtime, {c:.2f} times as long together"
        yield Hypothesis("fusion_missing", detail, predicted, 2.0, 1, ("fusion",))
    alone = [not row.joined.measured_s and row.joined.op in ELEMENTWISE for row in tested.rows]
    within = np.array(alone, dtype=bool)
    if within.any() and not tested.whole.any():
        ops = sorted({str(row.joined.op) for row, found in zip(tested.rows, within) if found})
        detail = f"{', '.join(ops[:4])}: {int(within.sum())} of them have no row in the runtime's list"
        predicted = np.where(within, 0.0, base.predicted)
        yield Hypothesis("fusion_unexpected", detail, predicted, 1, 1, ("fusion",), ops[0])


def steps(base: Base) -> Iterator[Hypothesis]:
    """Channels that are padded to a multiple which the model does not have."""
    tested, seconds = base.tested, base.seconds()
    for op in PARALLEL:
        for axis in ("c_out", "c_in"):
            size = tested.sizes[axis] if len(tested.parts) else np.array([])
            mask = (tested.ops == op) & (size > 0.0) if len(tested.parts) else np.array([], dtype=bool)
            if not mask.any():
                continue
            for width in _WIDTHS:
                padded = np.where(mask, np.ceil(size / width) * width / np.maximum(size, 1.0) - 1.0, 0.0)
                if not padded.any():
                    continue
                predicted = base.predicted + tested.totals(seconds * padded)
                keys = (f"kernels.{op}.tile_{'n' if axis == 'c_out' else 'k'}",)
                detail = f"{op}: {axis} runs in steps of {width}"
                yield Hypothesis("tile", detail, predicted, 1, 12, keys, op)


def drifts(base: Base) -> Iterator[Hypothesis]:
    """Times that grow along the file, or jump once and stay."""
    tested = base.tested
    lines = np.array([row.joined.line for row in tested.rows], dtype=float)
    if len(set(lines)) < 8 or len(tested.graphs) < 6:
        return
    at = (lines - lines.min()) / max(float(np.ptp(lines)), 1.0)
    c, predicted = fitted(base, lambda b: base.predicted * np.exp(b * at), np.linspace(-1.5, 1.5, 31))
    yield Hypothesis("drift", f"times change by {100 * (np.exp(c) - 1):+.0f} % along the file", predicted, 1, 2)
    for cut in np.linspace(0.1, 0.9, 17):
        after = at >= cut
        c, predicted = factor_on_rows(base, after)
        line = int(lines[after].min())
        yield Hypothesis("drift", f"{c:.2f} times as long from line {line} on", predicted, 2, 17)


def units(base: Base) -> Iterator[Hypothesis]:
    """Rows, all or some, that are off by a power of a thousand."""
    errors = base.tested.errors(base.predicted)
    power = np.round(errors / np.log(1e3))
    off = (power != 0.0) & (np.abs(errors - power * np.log(1e3)) < np.log(6.0))
    if off.any():
        values = np.unique(power[off])
        detail = f"{int(off.sum())} rows are off by a factor of {', '.join(f'{1e3**v:g}' for v in values)}"
        yield Hypothesis("unit", detail, base.predicted * np.where(off, 1e3**power, 1.0), 0, 1)


def wrong_models(base: Base) -> Iterator[Hypothesis]:
    """A few networks that are off by a factor of their own, where the others are not."""
    tested = base.tested
    errors = tested.errors(base.predicted)
    nets = np.array([row.joined.net for row in tested.rows])
    typical = {net: float(np.median(errors[nets == net])) for net in tested.graphs}
    spread = 1.4826 * float(np.median(np.abs(list(typical.values()))))
    sigma = float(np.median([row.sigma for row in tested.rows]))
    outliers = [net for net, value in typical.items() if abs(value) > max(4.0 * spread, 3.0 * sigma, 0.1)]
    if outliers and len(tested.graphs) >= 3 and len(outliers) <= max(1, len(tested.graphs) // 4):
        own = np.array([typical[net] if net in outliers else 0.0 for net in nets])
        names = ", ".join(tested.graphs[net].name for net in outliers[:3])
        detail = f"{names}: not the network of that name, or not at that size"
        predicted = base.predicted * np.exp(own)
        yield Hypothesis("wrong_model", detail, predicted, len(outliers), 2)


ANALYTICAL = (common, overheads, copies, unknown, elsewhere, listed, steps, drifts, units, wrong_models)
"""All kinds of this module."""
