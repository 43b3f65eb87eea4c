"""The report on the staircases of a network's layers."""

from __future__ import annotations

from collections.abc import Sequence

from stairline.hwmodels.reports.text import Block, Cell, Heading, Table, number, word
from stairline.simulator.advice.steps import LayerSteps


def steps_report(title: str, found: Sequence[LayerSteps]) -> list[Block]:
    """One row for each kind of layer, the longest time of all its layers first."""
    if not found:
        return [Heading(title), "The network has no convolution or dense layer, whose channels could be chosen."]
    rows = sorted(found, key=lambda steps: -steps.latency_s * steps.layers)
    return [
        Heading(title),
        Table(
            (
                *(word("layer"), number("layers"), number("channels"), number("us each")),
                *(number("free\nup to"), number("step\nbelow"), number("us there"), number("saves")),
            ),
            tuple(map(_row, rows)),
        ),
        "",
        "Each layer alone: 'free up to' are the most output channels that take no longer, 'step below' the most that "
        "take less time.",
    ]


def _row(s: LayerSteps) -> tuple[str | Cell, ...]:
    free = Cell(str(s.free_up_to), "green") if s.free_up_to > s.channels else "-"
    below = ("-", "-", "-")
    if s.step_below is not None and s.below_s is not None:
        below = (str(s.step_below), f"{s.below_s * 1e6:,.1f}", f"{1.0 - s.below_s / s.latency_s:.1%}")
    return s.layer, str(s.layers), str(s.channels), f"{s.latency_s * 1e6:,.1f}", free, *below
