"""The command ``measure``, which mounts the other commands of this folder."""

from __future__ import annotations

import click

from .accuracy import accuracy_command
from .energy import energy_command
from .imports import import_command
from .plan import plan_command
from .run import run_command
from .store import export_command, plot_command, show_command


@click.group("measure")
def measure_group() -> None:
    """Measure networks on the runtimes of this machine."""


for _command in (
    *(plan_command, run_command, import_command, show_command, export_command, plot_command),
    *(energy_command, accuracy_command),
):
    measure_group.add_command(_command)
