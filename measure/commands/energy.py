"""The command ``measure energy``."""

from __future__ import annotations

from pathlib import Path

import click

_FILE = click.Path(path_type=Path)


@click.command("energy")
@click.argument("trace_file", type=_FILE, metavar="TRACE")
@click.option(
    "--latency-ms",
    type=click.FloatRange(min=0, min_open=True),
    help="Time of one inference; without it, of one repetition in the trace.",
)
@click.option("--plot", "picture", type=_FILE, metavar="OUT", help="Draw the trace and what was found in it.")
def energy_command(trace_file: Path, latency_ms: float | None, picture: Path | None) -> None:
    """Energy of one inference, from power sampled while many ran one after the other.

    TRACE is a CSV of time in seconds and power in watts, at 1 kHz or so.
    """
    from stairline.measure.energy.trace import energy, read_trace
    from stairline.measure.reports.energy import energy_lines

    trace = read_trace(trace_file)
    found = energy(trace, None if latency_ms is None else latency_ms / 1e3)
    for line in energy_lines(trace, found):
        click.echo(line)
    if picture:
        from stairline.measure.reports.energy_plot import trace_figure
        from stairline.measure.reports.picture import require_matplotlib, save

        require_matplotlib()
        save(trace_figure(trace, found), picture)
        click.echo(f"wrote {picture}", err=True)
