"""The command ``measure run``: it works through a plan into a store."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stairline.measure.plan import file as plans
from stairline.measure.timing.protocol import DEFAULT, Protocol

from .options import backend_option, board_option, threads_option
from .progress import watched

if TYPE_CHECKING:
    from stairline.measure.campaign.session import Visit

_FILE = click.Path(path_type=Path)


def _bound(name: str, least: int, what: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """An option for a field of the protocol, which is its default."""
    option = f"--{name.replace('_', '-')}"
    return click.option(
        option, type=click.IntRange(min=least), default=getattr(DEFAULT, name), show_default=True, help=what
    )


@click.command("run")
@click.argument("plan", type=_FILE)
@backend_option
@click.option("--store", "store_file", type=_FILE, required=True, metavar="FILE", help="Where results are kept.")
@board_option
@threads_option
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help="Begin nothing more after this time.")
@click.option("--retry-failed", is_flag=True, help="Try again what failed on this backend before.")
@_bound("visits", 1, "Visits to each configuration, spread over time.")
@_bound("max_visits", 1, "Visits to one whose visits do not agree.")
@_bound("warmups", 0, "Runs that begin each visit and do not count.")
@_bound("runs", 2, "Timed runs in each visit, at least.")
@_bound("max_runs", 2, "Timed runs in each visit while the mean is not known within 2 %.")
@click.option(
    "--max-seconds",
    "max_s",
    type=click.FloatRange(min=0),
    default=DEFAULT.max_s,
    show_default=True,
    help="Time after which a visit completes its --runs and no more.",
)
@click.option("--counters", is_flag=True, help="Profile the operators too, after the timed runs of each visit.")
def run_command(
    plan: Path,
    name: str,
    store_file: Path,
    on: str | None,
    threads: int,
    minutes: float | None,
    retry_failed: bool,
    **bounds: Any,
) -> None:
    """Measure what a plan asks for and the store does not have yet.

    It can be killed at any time: the same command goes on where it was.
    """
    from stairline.measure.campaign.session import Progress, measure, session
    from stairline.measure.runtimes.registry import backend
    from stairline.measure.store import store

    protocol = Protocol(**bounds)
    if protocol.max_visits < protocol.visits:
        raise click.UsageError(f"--max-visits {protocol.max_visits}: --visits {protocol.visits} asks for more")
    planned = plans.configurations(plans.read(plan))
    current = session(backend(name), threads, on)
    with store.opened(store_file, create=True) as opened:
        if retry_failed:
            opened.forget_failures(name)
        progress = Progress(planned, current, opened, protocol)
        before = progress.tally
        visits = sum(1 for _ in _until(watched(measure(progress, current.backend), progress.left), minutes))
        now = progress.tally
    failed = now.failed - before.failed
    click.echo(
        f"{store_file}: {now.measured - before.measured} measured and {failed} failed now, "
        f"{before.measured + before.failed} before, {now.due} left; {visits} visits"
        + ("; 'stairline measure show' gives the reasons" if failed else ""),
        err=True,
    )


def _until(visits: Iterator[Visit], minutes: float | None) -> Iterator[Visit]:
    end_s = float("inf") if minutes is None else time.monotonic() + 60 * minutes
    for visit in visits:
        yield visit
        if time.monotonic() >= end_s:
            return
