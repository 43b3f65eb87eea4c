"""The energy of an inference as text, for people: millijoules and milliseconds."""

from __future__ import annotations

from stairline.measure.energy.trace import Energy, Trace


def energy_lines(trace: Trace, found: Energy) -> list[str]:
    """The energy found in a power trace, and where in the trace it was found."""
    first_s, last_s = found.stage_s
    end_s = trace.start_s + trace.step_s * len(trace.watts)
    rows = [
        ("energy", f"{1e3 * found.energy_j:.4g} mJ an inference, +- {1e3 * found.energy_ci95_j:.2g} (95 %)"),
        ("power", f"{found.power_w:.4g} W, +- {found.power_ci95_w:.2g} (95 %)"),
        ("inference", f"{1e3 * found.inference_s:.4g} ms"),
        ("stage", f"{first_s:.3f} to {last_s:.3f} s of {trace.start_s:.3f} to {end_s:.3f} s"),
        ("pattern", f"{found.cycles} repetitions of {1e3 * found.period_s:.4g} ms"),
    ]
    if trace.resampled:
        rows.append(("sampling", f"uneven: interpolated at every {1e3 * trace.step_s:.4g} ms"))
    return [f"{key:<10} {value}" for key, value in rows]
