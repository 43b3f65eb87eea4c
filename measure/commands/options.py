"""Options that name the runtime and the board to measure on, for the commands that measure."""

from __future__ import annotations

import click

from stairline.measure.runtimes.registry import NAMES

backend_option = click.option(
    "-b", "--backend", "name", type=click.Choice(NAMES), required=True, help="Runtime to measure on."
)
board_option = click.option(
    "--on", metavar="BOARD", help="A board: ssh:user@host, ssh:user@host:port, adb or adb:serial."
)
threads_option = click.option(
    "--threads", type=int, default=1, show_default=True, help="Threads, each with a core of its own."
)
