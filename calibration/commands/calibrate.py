"""The verb ``calibrate``."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stairline import hwmodels
from stairline.calibration.records.errors import NotFittedError, RecordsError
from stairline.hwmodels import Platform, with_values
from stairline.hwmodels.provenance import Source
from stairline.hwmodels.quantities import quantities
from stairline.measure.commands.options import backend_option, board_option, threads_option

from .overlay import (
    Target,
    base_platform,
    force_option,
    name_option,
    output_option,
    report_option,
    target,
    title_option,
)
from .page import verify_page, write_page

if TYPE_CHECKING:
    from stairline.calibration.choosing.rounds import Round
    from stairline.calibration.choosing.task import Task
    from stairline.calibration.overlays.calibrated import Calibrated
    from stairline.measure.campaign.session import Session
    from stairline.measure.store.store import Record, Store

_MOST_NAMES = 5


@click.command("calibrate")
@backend_option
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True),
    default=15.0,
    show_default=True,
    help="Time to measure; the last fit comes after it.",
)
@output_option()
@click.option(
    "-p", "--platform", "base", metavar="BASE", help="The platform to start from; the backend's where left out."
)
@click.option(
    "--store",
    "store_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where measurements are kept [default: OVERLAY.db]",
)
@click.option("--dtype", help="Precision; the base's default where left out.")
@click.option(
    "--target",
    "wanted",
    type=click.FloatRange(min=0, max=1),
    default=0.0,
    help="Stop when the mean error on networks held out of the fit is this, such as 0.05.",
)
@threads_option
@board_option
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the choice of measurements."
)
@name_option()
@title_option
@report_option
@force_option
def calibrate_command(
    name: str,
    minutes: float,
    output: str,
    base: str | None,
    store_file: Path | None,
    dtype: str | None,
    wanted: float,
    threads: int,
    on: str | None,
    seed: int,
    own_name: str | None,
    title: str | None,
    page: Path | None,
    force: bool,
) -> None:
    """Measure, fit and choose what to measure next, until the time is spent.

    Ctrl-C ends the measuring and fits what there is. The same command goes on where the last one was: what its store
    holds is not measured again.
    """
    # Numerics are loaded by the verbs that fit only: the others start in a fraction of the time.
    from stairline.calibration.choosing.task import Task
    from stairline.measure.campaign.session import session
    from stairline.measure.runtimes.registry import backend

    if page:
        verify_page(page)
    used = backend(name)
    start = base or _base_of(name, on)
    origin = base_platform(start)
    to = target(output, start, origin, own_name, title, force=force)
    precision = _precision(dtype, origin, used.dtypes)
    kept = store_file or to.path.with_suffix(".db")
    numbers = {} if on else _of_this_processor(origin)
    task = Task(with_values(origin, numbers), precision, session(used, threads, on), kept, minutes, wanted, seed)
    _calibrate_and_report(task, to, page, numbers, force=force)


def _of_this_processor(base: Platform) -> dict[str, float]:
    """The numbers of an x86 base that are others on this machine's processor, said in a line each; none of other bases.

    Pipes and caches are no rates to be fitted: a fit would end at its bounds to make up for them.
    """
    from stairline.calibration.probing.processor import structure
    from stairline.measure.timing.processor import near_bytes, streams, this_processor

    processor = this_processor()
    if processor is None or not base.file.platform.processor.startswith("x86-64"):
        return {}
    found = structure(base, processor, near_bytes(streams()))
    known = {key: quantity.value for key, quantity in quantities(base.file)}
    for key, value in found.items():
        click.echo(f"{processor.name or 'this processor'}: {key} is {value:g}, not {known[key]:g}", err=True)
    return found


def _calibrate_and_report(task: Task, to: Target, page: Path | None, numbers: dict[str, float], *, force: bool) -> None:
    """Measure and fit, write the overlay with the numbers of this processor, and the page where one was asked for."""
    done = _calibrated(task)
    cite = (
        f"the pipes that {task.session.conditions.cpu} is known to have, and the caches that it states or streams from"
    )
    overlay = to.write(
        done, _conditions(task.session), numbers=numbers, why=Source(kind="measured", cite=cite), force=force
    )
    if page:
        write_page(page, done, overlay, task.store_file, task.session.backend.name)


def _calibrated(task: Task) -> Calibrated:
    """Measure, then fit all that the task's store holds on its backend."""
    from stairline.calibration.overlays.calibrated import calibrate
    from stairline.calibration.probing.probes import fusion_facts
    from stairline.calibration.records.store import read_store
    from stairline.measure.store import store

    name = task.session.backend.name
    with store.opened(task.store_file, create=True) as opened:
        _verify_setting(task.store_file, task.session, opened.records())
        _measure(task, opened)
        measured = [record for record in opened.records() if record.backend == name]
    try:
        done = calibrate(task.base, *read_store(task.store_file, name))
    except RecordsError as error:
        raise NotFittedError(f"{error}; no overlay was written, {task.store_file} keeps what was measured") from None
    return done._replace(verdict=(*done.verdict, *fusion_facts(task.base, task.dtype, measured)))


def _verify_setting(path: Path, current: Session, records: Sequence[Record]) -> None:
    """Measurements under other conditions do not mix with those to come: said before the time is spent."""
    from stairline.measure.timing.record import first_difference

    own = [record for record in records if record.backend == current.backend.name]
    for record in own:
        if found := first_difference(record.conditions.setting, current.conditions.setting):
            name, then, now = found
            raise RecordsError(
                f"{path}: was measured where {name} was {then!r}; it is {now!r} now, and the two do not mix: give "
                "another --store, or go back to those conditions"
            )


def _measure(task: Task, opened: Store) -> None:
    """Measure within the task's budget, and say how it goes. Ctrl-C ends it early; a second one ends the command."""
    from stairline.calibration.choosing.rounds import rounds
    from stairline.measure.commands.progress import watched

    click.echo(f"{task.base.name}, {task.dtype}, on {task.session.backend.name}: {task.minutes:g} minutes", err=True)
    begun = False
    try:
        for done in rounds(task, opened, watched):
            if done.unmodelled and not begun:
                click.echo(f"not measured, for {task.base.name} has no model: {_listed(done.unmodelled)}", err=True)
            begun = True
            click.echo(_round_line(done), err=True)
        if done.failed:
            click.echo(f"{done.failed} failed: 'stairline probe {task.store_file}' says why", err=True)
    except KeyboardInterrupt:
        click.echo("interrupted: fitting what there is", err=True)


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} others" if more > 0 else "")


def _round_line(done: Round) -> str:
    found = f"{done.minutes:5.1f} min  {done.measured:4d} measured"
    if done.failed:
        found += f", {done.failed} failed"
    if done.error is not None:
        found += f", mean error {done.error:.1%}"
    if done.network_error is not None:
        found += f", of networks {done.network_error:.1%}"
    shown = ", ".join(f"{count} {name}" for name, count in done.following[:_MOST_NAMES])
    more = sum(count for _, count in done.following[_MOST_NAMES:])
    return found + (f"; next {shown}" + (f" and {more} others" if more else "") if shown else f"; {done.end}")


def _base_of(backend: str, on: str | None) -> str:
    """The one shipped platform that says it is what this backend measures."""
    if on is not None:
        raise click.UsageError(f"--on '{on}': name the platform to start from with -p: boards differ")
    found = [p.name for p in hwmodels.available() if p.overlay is None and _is_base(p, backend)]
    if len(found) != 1:
        which = f"choose one of {', '.join(found)}" if found else "name the nearest, or a file of your own"
        raise click.UsageError(f"no platform is the base of every {backend}: give -p BASE; {which}")
    return found[0]


def _is_base(known: Platform, backend: str) -> bool:
    """Whether a platform says that it is what this backend measures, on this machine's kind of processor."""
    about = known.file.platform
    foreign = about.processor.startswith("x86-64") and platform.machine() not in ("x86_64", "AMD64")
    return about.backend == backend and not foreign


def _precision(wanted: str | None, base: Platform, buildable: tuple[str, ...]) -> str:
    shared = [dtype for dtype in base.dtypes if dtype in buildable]
    if wanted is None and shared:
        return shared[0]
    if wanted not in shared:
        found = f"--dtype '{wanted}'" if wanted else "no --dtype"
        both = f"both have {', '.join(shared)}" if shared else "they have none in common"
        raise click.UsageError(
            f"{found}: {base.name} has {', '.join(base.dtypes)}, the backend {', '.join(buildable)}: {both}"
        )
    return wanted


def _conditions(session: Session) -> dict[str, str]:
    """The conditions of the measurements by name; the machine's own name stays out."""
    found = session.conditions
    known = {
        "backend": session.backend.name,
        "cpu": found.cpu,
        "clock_hz": found.clock_hz,
        "governor": found.governor,
        "runtime": f"{found.runtime} {found.runtime_version}",
        "delegate": found.delegate,
        "threads": found.threads,
    }
    return {key: str(value) for key, value in known.items() if value is not None}
