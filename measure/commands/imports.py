"""The command ``measure import``."""

from __future__ import annotations

from pathlib import Path

import click

from stairline.measure.timing.record import Conditions

_FILE = click.Path(path_type=Path)


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=_FILE, metavar="FILE...")
@click.option("--store", "store_file", type=_FILE, required=True, metavar="FILE", help="Where results are kept.")
@click.option("--device", required=True, help="What was measured, such as 'Raspberry Pi 5'.")
@click.option("--runtime-version", default="", help="Version of the runtime that ran there.")
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True, help="Threads of the runtime.")
@click.option("--net", help="The network's name where the file does not state it; else the file's name.")
@click.option("--dtype", default="float32", show_default=True, help="The precision where the file does not state it.")
def import_command(
    files: tuple[Path, ...],
    store_file: Path,
    device: str,
    runtime_version: str,
    threads: int,
    net: str | None,
    dtype: str,
) -> None:
    """Take times that other tools reported into a store.

    FILE is what TFLite's benchmark_model printed, OpenVINO's benchmark_app counters, an onnxruntime profile, Vela's
    tables, what TensorRT's trtexec exported, or a CSV of net and latency_ms; the content decides which it is.
    """
    from stairline.measure.plan.configuration import configuration
    from stairline.measure.store import store
    from stairline.measure.tool_output.reading import read

    found = [(path, *read(path)) for path in files]
    count = 0
    with store.opened(store_file, create=True) as opened:
        for path, tool, times in found:
            for one in times:
                name, precision = one.net or net or path.stem, one.dtype or dtype
                described = configuration("imported", name, {"file": path.name}, precision)
                conditions = _conditions(device, tool, runtime_version, threads)
                opened.add_imported(described, conditions, one.run)
                count += 1
    click.echo(f"{store_file}: {count} imported from {len(files)} file{'s' * (len(files) != 1)}", err=True)


def _conditions(device: str, tool: str, version: str, threads: int) -> Conditions:
    """The conditions as far as the user and the file state them."""
    return Conditions(device, "", (), None, None, (), threads, tool, version, "unknown")
