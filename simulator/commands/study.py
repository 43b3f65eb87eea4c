"""The verb ``study``."""

from __future__ import annotations

from pathlib import Path

import click

from stairline.exit_codes import ExitCode
from stairline.simulator.reports.predictions import label

from .options import platform_option
from .request import platforms_and_dtype


@click.command("study")
@platform_option()
@click.option("--dtype", help="Precision, such as float32; by default that of each platform.")
@click.option("-o", "--output", type=click.Path(), required=True, metavar="FOLDER", help="The folder of the report.")
def study_command(names: tuple[str, ...], dtype: str | None, output: str) -> ExitCode:
    """Repeat the paper's experiments on platforms by prediction, and say which of its nine findings hold there."""
    # Imported here: the page's packages are those of an extra.
    from stairline.simulator.page.study import chapter, write_report
    from stairline.simulator.study.results import Results

    platforms, named = platforms_and_dtype(names, dtype)
    chapters = [chapter(Results(one, named or one.dtypes[0]), label(one)) for one in platforms]
    for one in chapters:
        for reason in one.missing:
            click.echo(f"stairline: {one.name}: figures left out: {reason}", err=True)
    try:
        written = write_report(chapters, Path(output))
    except OSError as error:
        raise click.UsageError(f"-o '{output}': cannot be written: {error.strerror}; name another folder") from None
    click.echo(f"wrote {' and '.join(map(str, written))}", err=True)
    return ExitCode.PARTLY_DONE if any(one.missing for one in chapters) else ExitCode.DONE
