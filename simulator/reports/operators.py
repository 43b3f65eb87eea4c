"""The report on a network's operators: what each is priced by, what falls back and why, and what has no model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from stairline.hwmodels.reports.text import Block, Cell, Facts, Heading, Table, number, prose, word
from stairline.simulator.mapping.plan import Kernel, Plan
from stairline.simulator.pricing.prediction import CROSSING, KernelPrediction, Prediction

_BEHIND = "behind the first operator that falls back"
"""Why an operator with no reason of its own runs on the fallback: the runtime divides the network at one place."""


class _Line(NamedTuple):
    """What the kernels of one line have in common."""

    ops: str
    runs_on: str
    model: str
    why: str


def operators(planned: Plan, prediction: Prediction) -> list[Block]:
    """One line for kernels of the same operators, processor, model and reason, the longest time first, and the sums.

    ``prediction`` is that of the plan with ``allow_unknown``.
    """
    times = iter(prediction.kernels)
    priced = [(kernel, next(times) if kernel.rule is not None else None) for kernel in planned.kernels]
    transfers = list(times)
    reasons = dict(reason.partition(": ")[::2] for reason in (*planned.fallbacks, *planned.unsupported))
    lines: dict[_Line, list[KernelPrediction | None]] = {}
    for kernel, time in priced:
        lines.setdefault(_line(planned, kernel, reasons), []).append(time)
    rows = sorted(lines.items(), key=lambda item: (item[0].model != "-", -_ms(item[1])))
    s = prediction.summary
    heading = f"{s.model} on {s.platform}, {s.dtype}"
    return [
        Heading(heading if s.coverage.operators == 1.0 else f"LOWER BOUND: {heading}"),
        Facts(_sums(planned, priced, transfers, prediction)),
        Table(
            (prose("operators"), word("runs on"), word("priced by"), number("kernels"), number("ms"), prose("reason")),
            tuple(_row(line, found) for line, found in rows),
        ),
    ]


def _line(planned: Plan, kernel: Kernel, reasons: dict[str, str]) -> _Line:
    layers = [planned.graph.layers[index] for index in kernel.layers]
    why = next((reasons[layer.name] for layer in layers if layer.name in reasons), "")
    if not why and kernel.machine is not planned.machine:
        why = _BEHIND
    if kernel.rule is None:
        why = f"no model for {layers[0].op} on {kernel.machine.name}"
    ops = " + ".join(layer.op for layer in layers)
    processor = kernel.rule.processor if kernel.rule else kernel.machine.name
    return _Line(ops, processor, kernel.rule.model if kernel.rule else "-", why)


def _row(line: _Line, found: Sequence[KernelPrediction | None]) -> tuple[str | Cell, ...]:
    if line.model == "-":
        return line.ops, line.runs_on, Cell("no model", "bold red"), str(len(found)), "-", line.why
    style = "yellow" if line.why else ""
    return line.ops, line.runs_on, line.model, str(len(found)), f"{_ms(found):,.3f}", Cell(line.why, style)


def _sums(
    planned: Plan,
    priced: Sequence[tuple[Kernel, KernelPrediction | None]],
    transfers: Sequence[KernelPrediction],
    prediction: Prediction,
) -> tuple[tuple[str, str | Cell], ...]:
    """The time on the fallback processor with the crossings to it, and how many kernels have no model."""
    whole_ms = prediction.latency_s * 1e3
    host = [time for kernel, time in priced if kernel.machine is not planned.machine]
    missing = [kernel for kernel, time in priced if time is None]
    crossings = [transfer for transfer in transfers if CROSSING in transfer.ops]
    rows: list[tuple[str, str | Cell]] = [("in all", f"{whole_ms:,.3f} ms in {_counted(priced, 'kernel')}")]
    if host:
        falls = f"{_ms(host):,.3f} of {whole_ms:,.3f} ms in {_counted(host, 'kernel')}"
        rows.append(
            (
                "on the host",
                Cell(f"{falls}, and {_ms(crossings):,.3f} ms for {_counted(crossings, 'crossing')}", "yellow"),
            )
        )
    if missing:
        rows.append(("no model", Cell(f"{_counted(missing, 'kernel')}, left out of the sum", "bold red")))
    return tuple(rows)


def _ms(found: Sequence[KernelPrediction | None]) -> float:
    return sum(time.latency_s for time in found if time is not None) * 1e3


def _counted(things: Sequence[object], what: str) -> str:
    return f"{len(things)} {what}{'s' * (len(things) != 1)}"
