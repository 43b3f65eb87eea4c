"""The verb ``probe``."""

from __future__ import annotations

from pathlib import Path

import click

_FILE = click.Path(path_type=Path)


@click.command("probe")
@click.argument("store_file", type=_FILE, metavar="STORE")
@click.option("--sweep", "setting", metavar="NAME", help="Steps over this setting, such as cout, and nothing else.")
def probe_command(store_file: Path, setting: str | None) -> None:
    """Find what measurements show by themselves, without any model of the device.

    STORE is one of 'measure run' or 'calibrate'. Rates, the cost of a call, which pairs of operators run as one kernel,
    what failed and why; with --sweep tile widths, one finding for each backend, precision and set of other settings.
    """
    from measure import plot, store

    if setting is None:
        from . import probes

        with store.opened(store_file) as opened:
            found = opened.records()
        for line in probes.lines(found):
            click.echo(line)
        return
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
