"""What ``predict`` writes beside its answers: the page, the timeline and the node data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import click

from stairline.exit_codes import ExitCode
from stairline.simulator.graph.graph import Graph
from stairline.simulator.page.environment import verify
from stairline.simulator.page.html import page
from stairline.simulator.page.timeline import chrome_trace, node_data, timeline
from stairline.simulator.pricing.precision import precision
from stairline.simulator.pricing.predict import predict_plan
from stairline.simulator.walk import plan

from .answers import Answers
from .request import Request


class Files(NamedTuple):
    """The files that are asked for; None for each that is not."""

    html: str | None
    trace: str | None
    nodes: str | None


def write_files(asked: Request, files: Files) -> ExitCode:
    """Write the files that are asked for, of one network; the first platform is the one that they are about."""
    if sum(group.total for group in asked.groups) != 1:
        raise click.UsageError("--html, --trace and --node-data take one network")
    for path, suffix in zip(files, (".html", ".json", ".json"), strict=True):
        if path:
            verify(Path(path), suffix)
    answers = list(Answers(asked, lambda answer: answer))
    first = answers[0]
    if first.graph is None or first.prediction is None:
        raise click.UsageError(f"{first.name} on {first.platform.name}: {first.reason}")
    dtype = precision(first.graph, first.platform, asked.dtype)
    planned = plan(first.graph, first.platform.machine(dtype))
    prediction = predict_plan(planned, allow_unknown=asked.allow_unknown)
    if files.html:
        outcomes = [answer.outcome for answer in answers]
        text = page(first.graph, first.platform, dtype, outcomes, allow_unknown=asked.allow_unknown)
        _write(files.html, text)
    if files.trace:
        _write(files.trace, json.dumps(chrome_trace(timeline(planned, prediction), prediction)))
    if files.nodes:
        _write(files.nodes, json.dumps(node_data(prediction, _graph_id(first.graph))))
    return ExitCode.PARTLY_DONE if any(answer.prediction is None for answer in answers) else ExitCode.DONE


def _graph_id(graph: Graph) -> str:
    """What Model Explorer calls the network: it names the graph of a TFLite file after its first subgraph."""
    return "main" if graph.source.endswith(".tflite") else graph.name


def _write(path: str, text: str) -> None:
    Path(path).write_text(text, encoding="utf-8", errors="replace")
    click.echo(f"wrote {path}", err=True)
