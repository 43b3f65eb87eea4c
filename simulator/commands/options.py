"""Options that the verbs on networks share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from stairline.hwmodels.files.settings import RULES

Command = TypeVar("Command", bound=Callable[..., Any])


def model_options(command: Command) -> Command:
    """Add the argument MODEL... and the options by which models are read and predicted."""
    for decorate in (
        click.option(
            "--strict",
            is_flag=True,
            help="Stop at the first network that has no prediction on a platform, instead of giving the reason there.",
        ),
        click.option(
            "--allow-unknown",
            is_flag=True,
            help="Leave out operators that have no kernel model; the latency is then a LOWER BOUND.",
        ),
        click.option(
            "--batch",
            type=click.IntRange(1, 1024),
            default=1,
            metavar="N",
            help="Multiply the batch of the network: the latency is that of all images together.",
        ),
    ):
        command = decorate(command)
    return reading_options(command)


def reading_options(command: Command) -> Command:
    """Add the argument MODEL... and the options by which models are read."""
    for decorate in (
        click.option("--width", type=float, help="Width multiplier of a built-in network that has one, such as 0.75."),
        click.option(
            "--input", "input_size", type=int, metavar="PIXELS", help="Height and width of a built-in network's input."
        ),
        click.option("--signature", metavar="NAME", help="The signature to read of a TFLite file that holds several."),
        click.option(
            "--shape",
            "shapes",
            multiple=True,
            metavar="[NAME=]DIMS",
            help="Input shape of a model file, in the file's own order of axes, such as 1,224,224,3.",
        ),
        click.option(
            "--dtype",
            help="Precision, such as float32; by default the file's own, else the platform's default.",
        ),
        click.argument("models", nargs=-1, required=True, metavar="MODEL..."),
    ):
        command = decorate(command)
    return command


def change_options(command: Command) -> Command:
    """Add the options --set and --change, by which platforms are changed before anything is predicted on them."""
    for decorate in (
        click.option(
            "--change",
            "rules",
            multiple=True,
            metavar="WHAT=OPS",
            help=f"Change a rule of the platform: {'; '.join(RULES.values())}.",
        ),
        click.option(
            "--set",
            "numbers",
            multiple=True,
            metavar="KEY=VALUE",
            help="Change a number of the platform by its key in the file, such as placement.capacity_bytes=16MiB, or "
            "overheads.kernel_s=x2 for a factor; may be given several times.",
        ),
    ):
        command = decorate(command)
    return command


def platform_option(default: tuple[str, ...] = (), *, required: bool = True) -> Callable[[Command], Command]:
    """The option -p, which is ``required`` where there is no ``default``."""
    return click.option(
        "-p",
        "--platform",
        "names",
        multiple=True,
        required=required and not default,
        default=default or None,
        show_default=bool(default),
        metavar="PLATFORM",
        help="Name, alias or .toml file of a platform, or 'all'; may be given several times.",
    )


jobs_option = click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    metavar="N",
    help="Processes that predict; worth it from some hundred predictions on.",
)
"""The option --jobs of the verbs that predict many networks."""
