"""The command ``stairline``: mounts the verbs of all rooms, and decides how it leaves."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from stairline import __version__
from stairline.calibration.commands.calibrate import calibrate_command
from stairline.calibration.commands.check import check_command
from stairline.calibration.commands.fit import fit_command
from stairline.calibration.commands.probe import probe_command
from stairline.calibration.commands.transfer import transfer_command
from stairline.calibration.commands.watch import watch_command
from stairline.calibration.records.errors import NotFittedError, RecordsError
from stairline.exit_codes import ExitCode
from stairline.extras import remedy
from stairline.hwmodels import PlatformError
from stairline.hwmodels.commands.platforms import platforms
from stairline.measure.commands.group import measure_group
from stairline.measure.timing.errors import MeasureError
from stairline.simulator.commands.advise import advise_command
from stairline.simulator.commands.compare import compare_command
from stairline.simulator.commands.networks import networks_command
from stairline.simulator.commands.new import new_command
from stairline.simulator.commands.ops import ops_command
from stairline.simulator.commands.predict import predict_command
from stairline.simulator.commands.show import show_command
from stairline.simulator.commands.space import space_group
from stairline.simulator.commands.steps import steps_command
from stairline.simulator.commands.study import study_command
from stairline.simulator.commands.whatif.command import whatif_command
from stairline.simulator.graph.graph import GraphError
from stairline.simulator.mapping.plan import UnknownOperatorError
from stairline.simulator.readers.errors import ReadError
from stairline.simulator.spaces.errors import SpaceError
from stairline.simulator.whatif.errors import WhatIfError
from stairline.simulator.zoo import ZooError

_COMPLAINTS = (
    *(GraphError, MeasureError, PlatformError, ReadError, RecordsError, SpaceError),
    *(UnknownOperatorError, WhatIfError, ZooError),
)


class _NobodyReadsError(Exception):
    """The reader of standard output is gone."""


class _MissingPackageError(Exception):
    """A verb needs a package that one of the distribution's extras brings."""


class FrontDoor(click.Group):
    """The command. Every complaint about an input is one line on standard error; ``ExitCode`` lists how it leaves."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command and leave with the exit code that its verb returned, or that its failure stands for."""
        try:
            code = super().main(*args, **kwargs | {"standalone_mode": False})
            sys.stdout.flush()
        except click.UsageError as error:
            help_command = error.ctx.command_path if error.ctx else "stairline"
            _complain(f"{error.format_message().rstrip('.')} ('{help_command} --help' explains)")
            sys.exit(ExitCode.UNUSABLE)
        except NotFittedError as error:
            _complain(str(error))
            sys.exit(ExitCode.PARTLY_DONE)
        except (*_COMPLAINTS, _MissingPackageError) as error:
            _complain(str(error))
            sys.exit(ExitCode.UNUSABLE)
        except click.Abort:
            sys.exit(ExitCode.INTERRUPTED)
        except (BrokenPipeError, _NobodyReadsError):
            # Python flushes standard output once more on its way out.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(ExitCode.NOBODY_READS)
        sys.exit(code or ExitCode.DONE)

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Parse the command line; ``--help`` and ``--version`` print here."""
        with _noticing_that_nobody_reads():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb. A package that is not installed becomes a complaint that names the extra which brings it."""
        try:
            with _noticing_that_nobody_reads():
                return super().invoke(ctx)
        except ModuleNotFoundError as error:
            complaint = remedy(error.name, ctx.invoked_subcommand)
            if complaint is None:
                raise
            raise _MissingPackageError(complaint) from error


@contextmanager
def _noticing_that_nobody_reads() -> Iterator[None]:
    """Click itself leaves with the code 1 where a pipe is broken: this exception passes it by."""
    try:
        yield
    except BrokenPipeError:
        raise _NobodyReadsError from None


def _complain(message: str) -> None:
    for line in message.splitlines():
        click.echo(f"stairline: {line}", err=True)


@click.group(
    cls=FrontDoor,
    name="stairline",
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__)
@click.pass_context
def main(context: click.Context) -> None:
    """How long does this neural network take on that device? Predicted without the device."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


main.add_command(predict_command)
main.add_command(ops_command)
main.add_command(compare_command)
main.add_command(networks_command)
main.add_command(steps_command)
main.add_command(advise_command)
main.add_command(study_command)
main.add_command(whatif_command)
main.add_command(space_group)
main.add_command(calibrate_command)
main.add_command(fit_command)
main.add_command(transfer_command)
main.add_command(probe_command)
main.add_command(check_command)
main.add_command(watch_command)
main.add_command(platforms)
main.add_command(measure_group)
platforms.add_command(show_command)
platforms.add_command(new_command)
