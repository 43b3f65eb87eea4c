"""What the verb ``whatif`` does with its options: asks, prints and writes."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from stairline.exit_codes import ExitCode
from stairline.hwmodels import without_residual
from stairline.hwmodels.commands.show import show
from stairline.hwmodels.files.loading import load_file
from stairline.simulator.commands.answers import with_progress
from stairline.simulator.commands.request import networks_of, request
from stairline.simulator.commands.tables import csv_target
from stairline.simulator.graph.graph import Graph
from stairline.simulator.reports.whatif.answers import answer_record, answer_report
from stairline.simulator.reports.whatif.sweeps import sweep_table
from stairline.simulator.whatif.answers import Answer, answer, weights
from stairline.simulator.whatif.errors import WhatIfError
from stairline.simulator.whatif.saved import derived_file, name_of
from stairline.simulator.whatif.scenario import Scenario, read_scenario, scenario_text
from stairline.simulator.whatif.suite import Suite


def run(
    models: tuple[str, ...],
    names: tuple[str, ...],
    save: str | None,
    output: str | None,
    as_json: bool,
    csv_file: str | None,
    **asked: object,
) -> ExitCode:
    """Answer the question in the options of ``whatif``. Raises UsageError and what ``answer`` raises."""
    scenario = _scenario(models, names, asked)
    if as_json and csv_file:
        raise click.UsageError("--json and --csv exclude each other: give one of them")
    if csv_file and not scenario.sweeps:
        raise click.UsageError("--csv writes the points of a sweep: give --sweep as well")
    name = None if output is None else name_of(Path(output))
    if name and (
        not (scenario.numbers or scenario.rules) or len(scenario.platforms) > 1 or "all" in scenario.platforms
    ):
        raise click.UsageError(f"-o {output} writes one changed platform: give one -p, and --set or --change")
    answers = []
    for found in _answers(scenario):
        answers.append(found)
        if as_json:
            click.echo(json.dumps(answer_record(found)))
        elif not csv_file:
            show([*([""] if len(answers) > 1 else []), *answer_report(found)])
    if csv_file:
        _write_csv(csv_file, answers)
    if save:
        _write(save, scenario_text(scenario), "--save")
    if output and name:
        _write_platform(output, name, answers)
    return ExitCode.DONE


def _scenario(models: Sequence[str], names: Sequence[str], asked: dict[str, object]) -> Scenario:
    """The question in the options, or in the scenario file that is the only argument."""
    given = {key: value for key, value in asked.items() if value}
    files = [model for model in models if model.endswith(".toml")]
    if files:
        if given or names or len(models) > 1:
            raise click.UsageError(f"{files[0]} is a scenario: it says all that is asked, so give it alone")
        return read_scenario(Path(files[0]))
    if not names:
        raise click.UsageError("Missing option '-p' / '--platform': name a platform; 'stairline platforms' lists them")
    scenario = Scenario.model_validate({"schema": 1, "models": models, "platforms": names} | given)
    if not scenario.asks:
        raise click.UsageError("nothing is asked: give --set, --change, --sweep, --tornado, --reach or --assumed")
    for option, needs, is_given in (
        ("--cost", "--sweep", bool(scenario.sweeps) or not scenario.cost),
        ("--by", "--reach", bool(scenario.reach) or not scenario.by),
    ):
        if not is_given:
            raise click.UsageError(f"{option} belongs to {needs}: give that as well")
    return scenario


def _answers(scenario: Scenario) -> Iterator[Answer]:
    """The answer on each platform; the first that cannot be given is raised."""
    asked = request(
        scenario.models,
        scenario.platforms,
        scenario.dtype,
        scenario.shapes,
        scenario.input_size,
        scenario.width,
        allow_unknown=False,
        signature=scenario.signature,
        strict=True,
    )
    names, graphs = [], []
    for name, found in networks_of(asked):
        if not isinstance(found, Graph):
            raise found
        names.append(name)
        graphs.append(found)
    own = weights(names, scenario.weights)
    for platform in map(without_residual, asked.platforms):
        yield answer(scenario, Suite(platform, tuple(graphs), tuple(names), own, asked.dtype), with_progress)


def _write_csv(path: str, answers: Sequence[Answer]) -> None:
    with csv_target(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        for place, found in enumerate(answers):
            assert found.swept is not None
            rows = sweep_table(found.suite, found.swept, found.base.name)
            if place:
                next(rows)
            writer.writerows(rows)


def _write_platform(path: str, name: str, answers: Sequence[Answer]) -> None:
    # tomlkit is in an extra.
    from stairline.hwmodels.files.platform_text import platform_text

    [found] = answers
    file = derived_file(found.suite.platform, name, found.changes, found.ratios, found.suite.names)
    _write(path, platform_text(file), "-o")
    click.echo(f"wrote {name}, digest {load_file(Path(path)).digest}, to {path}", err=True)


def _write(path: str, text: str, option: str) -> None:
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise WhatIfError(f"{option} {path}: cannot be written: {error.strerror}; name another file") from None
