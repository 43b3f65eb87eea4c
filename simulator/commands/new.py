"""The verb ``platforms new``, which is the simulator's because it knows the operators that a device may run."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from stairline.exit_codes import ExitCode
from stairline.hwmodels.files.datasheet import COMMENTS, Datasheet, Tile, datasheet_file
from stairline.hwmodels.files.loading import load, parse
from stairline.hwmodels.files.units import parsed
from stairline.hwmodels.schema import ELEMENT_BYTES, NAME_PATTERN, PRECISION_NAMES
from stairline.hwmodels.spelling import did_you_mean
from stairline.simulator.walk import require_rules


@click.command("new")
@click.argument("file", type=click.Path(), metavar="FILE.toml")
@click.option("--macs", multiple=True, metavar="DTYPE=N", help="MACs per cycle at a precision, such as int8=4096.")
@click.option(
    "--tile",
    "tiles",
    multiple=True,
    metavar="DTYPE=OUTxIN[xPIXELS]",
    help="What the multipliers take at a time: output channels, input channels, output pixels, such as int8=64x64.",
)
@click.option("--clock", metavar="FREQUENCY", help="Clock, such as 800MHz.")
@click.option("--bandwidth", metavar="RATE", help="Memory outside the chip, as its datasheet states it: 12.8GB/s.")
@click.option("--on-chip", metavar="BYTES", help="Memory on the chip for the tensors of a kernel, such as 2MiB.")
@click.option("--fuses", metavar="OP,OP", help="Operators that run in the kernel before them, such as relu,relu6,add.")
@click.option("--fallback", metavar="PLATFORM", help="The platform that runs what this device does not.")
@click.option("--runs", metavar="OP,OP", help="With --fallback: the operators that the device runs itself.")
@click.option("--power", metavar="WATTS", help="Power while inferring, such as 2W: gives energies.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def new_command(file: str, force: bool, **numbers: Any) -> ExitCode:
    """Write the platform file of a device that does not exist yet, from the numbers of its datasheet.

    What it does not say is assumed within ranges, marked in the file, and drawn by 'stairline whatif --assumed'. At a
    terminal, the numbers that are needed and not given are asked for.
    """
    path = Path(file)
    if path.suffix != ".toml" or not re.fullmatch(NAME_PATTERN, path.stem):
        raise click.UsageError(f"'{file}': name it in small letters, digits, dots and hyphens: my-npu.toml")
    if path.exists() and not force:
        raise click.UsageError(f"'{file}' is there already: name another file, or give --force")
    sheet = _sheet(path.stem, **numbers)
    _refuse_unusable(sheet)
    _write(path, sheet)
    return ExitCode.DONE


def _sheet(
    name: str,
    macs: tuple[str, ...],
    tiles: tuple[str, ...],
    clock: str | None,
    bandwidth: str | None,
    on_chip: str | None,
    fuses: str | None,
    fallback: str | None,
    runs: str | None,
    power: str | None,
) -> Datasheet:
    """The datasheet that the options state; what is missing is asked for. Raises UsageError and PlatformError."""
    macs = macs or tuple(_asked("--macs", "MACs per cycle, such as int8=4096").split())
    clock = clock or _asked("--clock", "Clock, such as 800MHz")
    bandwidth = bandwidth or _asked("--bandwidth", "Memory's rate, such as 12.8GB/s")
    return Datasheet(
        name=name,
        macs_per_cycle={dtype: _number("macs_per_cycle", n, "--macs") for dtype, n in _by_dtype(macs, "--macs")},
        clock_hz=_number("clock_hz", clock, "--clock"),
        bandwidth_bytes_per_s=_number("bytes_per_s", bandwidth, "--bandwidth"),
        tiles={dtype: _tile(text) for dtype, text in _by_dtype(tiles, "--tile")},
        on_chip_bytes=None if on_chip is None else _number("_bytes", on_chip, "--on-chip"),
        fuses=_operators(fuses),
        fallback=None if fallback is None else load(fallback).name,
        runs=_operators(runs),
        active_w=None if power is None else _number("_w", power, "--power"),
    )


def _write(path: Path, sheet: Datasheet) -> None:
    from stairline.hwmodels.files.platform_text import platform_text

    platform = parse(datasheet_file(sheet), str(path))
    for dtype in platform.dtypes:
        require_rules(platform.machine(dtype))
    try:
        path.write_text(platform_text(platform.file, COMMENTS), encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"'{path}': cannot be written: {error.strerror}; name another file") from None
    click.echo(f"wrote {path}; 'stairline whatif mobilenet_v2 -p {path} --assumed' predicts with what it leaves open")


def _asked(option: str, question: str) -> str:
    """The answer of somebody at a terminal. Raises UsageError where nobody is there."""
    if not sys.stdin.isatty():
        raise click.UsageError(f"Missing option '{option}'")
    return str(click.prompt(question))


def _by_dtype(texts: Sequence[str], option: str) -> list[tuple[str, str]]:
    found = []
    for text in texts:
        dtype, _, rest = text.partition("=")
        named = PRECISION_NAMES.get(dtype.lower())
        if named is None or not rest:
            near = did_you_mean(dtype, ELEMENT_BYTES)
            raise click.UsageError(f"{option} '{text}': write a precision and a value, such as int8=64{near}")
        found.append((named, rest))
    return found


def _number(key: str, text: str, option: str) -> float:
    try:
        return parsed(key, text)
    except ValueError as error:
        raise click.UsageError(f"{option}: {error}") from None


def _tile(text: str) -> Tile:
    sizes = text.split("x")
    if not 1 <= len(sizes) <= 3 or not all(size.isdecimal() and int(size) > 0 for size in sizes):
        raise click.UsageError(f"--tile '{text}': write up to three whole numbers, such as 64x64 or 16x16x4")
    return Tile(*map(int, sizes))


def _operators(text: str | None) -> tuple[str, ...]:
    return tuple(op.strip() for op in text.split(",") if op.strip()) if text else ()


def _refuse_unusable(sheet: Datasheet) -> None:
    for dtype in sheet.tiles:
        if dtype not in sheet.macs_per_cycle:
            raise click.UsageError(f"--tile: no --macs for {dtype}; it has {', '.join(sheet.macs_per_cycle)}")
    if sheet.runs and not sheet.fallback:
        raise click.UsageError("--runs needs --fallback: say what runs the other operators")
