"""The verb ``probe``."""

from __future__ import annotations

from pathlib import Path

import click

_FILE = click.Path(path_type=Path)


@click.command("probe")
@click.argument("measured", type=_FILE, metavar="MEASURED")
@click.option("--sweep", "setting", metavar="NAME", help="Steps and cliffs over this setting, such as cout, only.")
def probe_command(measured: Path, setting: str | None) -> None:
    """Find what measurements show by themselves, without any model of the device.

    MEASURED is a store of 'measure run' or 'calibrate': rates, what a call takes, which pairs of operators run as one
    kernel, steps of the sweeps in it, what failed and why. With --sweep tile widths and capacities only, one finding
    for each backend, precision and set of other settings (other columns of a CSV); then MEASURED may be a CSV with the
    columns NAME,latency_ms.
    """
    if setting is None:
        _report_all(measured)
        return
    from stairline.calibration.probing.steps import FEWEST_SAMPLES, find_steps, lines, next_value
    from stairline.calibration.records.sweeps import read_sweeps

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


def _report_all(store_file: Path) -> None:
    from stairline.calibration.probing.probes import lines
    from stairline.measure.store import store

    with store.opened(store_file) as opened:
        records = opened.records()
    for line in lines(records):
        click.echo(line)
