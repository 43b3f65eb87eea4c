"""The verb ``probe``."""

from __future__ import annotations

from pathlib import Path

import click

_FILE = click.Path(path_type=Path)


@click.command("probe")
@click.argument("store_file", type=_FILE, metavar="STORE")
@click.option("--sweep", "setting", required=True, metavar="NAME", help="The setting that was swept, such as cout.")
def probe_command(store_file: Path, setting: str) -> None:
    """Find the steps in measured sweeps: tile widths, from the measurements alone.

    STORE is one of 'measure run', with sweeps in it: one finding for each backend, precision and set of other settings.
    """
    from measure import plot, store

    from .steps import FEWEST_SAMPLES, find_steps, lines, next_value

    with store.opened(store_file) as opened:
        sweeps = plot.sweep_lines(opened.records(), setting)
    for sweep in sweeps:
        click.echo(f"{sweep.backend}: {sweep.what}, {sweep.dtype}, over {setting}")
        values = [value for value, _ in sweep.points]
        if len(values) < FEWEST_SAMPLES:
            click.echo(f"  {len(values)} values are too few: sweep {FEWEST_SAMPLES} or more")
            continue
        times_s = [found.latency_s for _, found in sweep.points]
        for line in lines(find_steps(values, times_s)):
            click.echo(f"  {line}")
        following = next_value(values, times_s)
        if following is not None:
            click.echo(f"  measure {setting}={following} next: the widest edge is not exact yet")
