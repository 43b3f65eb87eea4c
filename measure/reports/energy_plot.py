"""A power trace with the stage that was found in it, as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stairline.measure.energy.trace import Energy, Trace

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SHOWN_CYCLES = 6


def trace_figure(trace: Trace, found: Energy) -> Figure:
    """A figure of the whole trace with the stage marked, and below it a few cycles with their borders."""
    from matplotlib.figure import Figure

    times_s = trace.start_s + trace.step_s * np.arange(len(trace.watts))
    figure = Figure(figsize=(9, 5), layout="constrained")
    whole, near = figure.subplots(2, 1)
    whole.plot(times_s, trace.watts, lw=0.5, color="tab:blue")
    whole.axvspan(*found.stage_s, color="tab:orange", alpha=0.2, lw=0)
    whole.set_title(
        f"{found.cycles} inferences of {1e3 * found.inference_s:.4g} ms at {found.power_w:.4g} W: "
        f"{1e3 * found.energy_j:.4g} +- {1e3 * found.energy_ci95_j:.2g} mJ each"
    )
    first_s = found.stage_s[0]
    last_s = first_s + _SHOWN_CYCLES * found.period_s
    shown = (times_s >= first_s) & (times_s <= last_s)
    near.plot(times_s[shown], trace.watts[shown], marker=".", lw=0.8, color="tab:blue")
    for number in range(_SHOWN_CYCLES + 1):
        near.axvline(first_s + number * found.period_s, color="tab:orange", lw=0.8)
    for axes in (whole, near):
        axes.axhline(found.power_w, color="black", lw=0.8, ls=":")
        axes.set_ylabel("power, W")
    near.set_xlabel("time, s")
    return figure
