"""The verb ``probe``."""

from __future__ import annotations

from pathlib import Path

import click

_FILE = click.Path(path_type=Path)


@click.command("probe")
@click.argument("measured", type=_FILE, metavar="MEASURED")
@click.option("--sweep", "setting", required=True, metavar="NAME", help="The setting that was swept, such as cout.")
def probe_command(measured: Path, setting: str) -> None:
    """Find steps and cliffs in measured sweeps: tile widths and capacities, from the measurements alone.

    MEASURED is a store of 'measure run' with sweeps in it, or a CSV with the columns NAME,latency_ms: one finding for
    each backend, precision and set of other settings (other columns of a CSV).
    """
    from .steps import FEWEST_SAMPLES, find_steps, lines, next_value
    from .sweep_records import read_sweeps

    for sweep in read_sweeps(measured, setting):
        click.echo(f"{sweep.what}, over {setting}")
        count = len(set(sweep.values))
        if count < FEWEST_SAMPLES:
            click.echo(f"  {count} values are too few: sweep {FEWEST_SAMPLES} or more")
            continue
        for line in lines(find_steps(sweep.values, sweep.times_s)):
            click.echo(f"  {line}")
        following = next_value(sweep.values, sweep.times_s)
        if following is not None:
            click.echo(f"  measure {setting}={following} next: the widest edge is not exact yet")
