"""The command ``stairline``: mounts the verbs of all rooms, and decides how it leaves."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from stairline import __version__
from stairline.calibration.commands.calibrate import calibrate_command
from stairline.calibration.commands.fit import fit_command
from stairline.calibration.commands.probe import probe_command
from stairline.calibration.commands.transfer import transfer_command
from stairline.calibration.errors import RecordsError
from stairline.hwmodels import PlatformError
from stairline.hwmodels.commands import platforms
from stairline.measure.commands.group import measure_group
from stairline.measure.timing.errors import MeasureError
from stairline.simulator.commands.predict import compare_command, predict_command, show_command
from stairline.simulator.graph.graph import GraphError
from stairline.simulator.mapping.plan import UnknownOperatorError
from stairline.simulator.readers.errors import ReadError
from stairline.simulator.zoo import ZooError

BAD_INPUT = 2
INTERRUPTED = 130
BROKEN_PIPE = 1

_COMPLAINTS = (GraphError, MeasureError, PlatformError, ReadError, RecordsError, UnknownOperatorError, ZooError)


class FrontDoor(click.Group):
    """The command. Every complaint about an input is one line on standard error, with exit code 2."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run and leave with the exit code: 0, 2 for bad input, 130 when interrupted, 1 when nobody reads on."""
        try:
            super().main(*args, **kwargs | {"standalone_mode": False})
            sys.stdout.flush()
        except click.UsageError as error:
            help_command = error.ctx.command_path if error.ctx else "stairline"
            _complain(f"{error.format_message().rstrip('.')} ('{help_command} --help' explains)")
            sys.exit(BAD_INPUT)
        except _COMPLAINTS as error:
            _complain(str(error))
            sys.exit(BAD_INPUT)
        except click.Abort:
            sys.exit(INTERRUPTED)
        except BrokenPipeError:
            # Python flushes standard output once more on its way out.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(BROKEN_PIPE)
        sys.exit(0)


def _complain(message: str) -> None:
    for line in message.splitlines():
        click.echo(f"stairline: {line}", err=True)


@click.group(cls=FrontDoor, name="stairline", invoke_without_command=True)
@click.version_option(__version__)
@click.pass_context
def main(context: click.Context) -> None:
    """How long does this neural network take on that device? Predicted without the device."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


main.add_command(predict_command)
main.add_command(compare_command)
main.add_command(calibrate_command)
main.add_command(fit_command)
main.add_command(transfer_command)
main.add_command(probe_command)
main.add_command(platforms)
main.add_command(measure_group)
platforms.add_command(show_command)
