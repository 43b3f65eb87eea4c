"""The verb ``probe``."""

from __future__ import annotations

from pathlib import Path

import click

_FILE = click.Path(path_type=Path)


@click.command("probe")
@click.argument("measured", type=_FILE, metavar="MEASURED")
@click.option("--sweep", "setting", metavar="NAME", help="Steps over this setting, such as cout, and nothing else.")
def probe_command(measured: Path, setting: str | None) -> None:
    """Find what measurements show by themselves, without any model of the device.

    MEASURED is a store of 'measure run' or 'calibrate'. Rates, the cost of a call, which pairs of operators run as one
    kernel, what failed and why; with --sweep steps and cliffs, one finding for each backend, precision and set of other
    settings. A CSV with the columns NAME,latency_ms has sweeps only (its other columns are other settings).
    """
    if setting is None:
        from measure import store

        from . import probes

        with store.opened(measured) as opened:
            found = opened.records()
        for line in probes.lines(found):
            click.echo(line)
        return
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
