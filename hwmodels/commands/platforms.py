"""The verb ``platforms``."""

from __future__ import annotations

import json

import click

from stairline.hwmodels.files.loading import available
from stairline.hwmodels.reports import platforms as report

from .show import show


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
@click.option("--titles", is_flag=True, help="Say what each platform is, instead of its precisions.")
@click.pass_context
def platforms(context: click.Context, as_json: bool, titles: bool) -> None:
    """List the platforms, explain one with 'show', or write one from a datasheet with 'new'."""
    if context.invoked_subcommand:
        return
    if as_json:
        click.echo(json.dumps([report.record(p) for p in available()], indent=2))
    else:
        show(report.listing(available(), titles=titles))
