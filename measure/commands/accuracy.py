"""The command ``measure accuracy``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

_PATH = click.Path(path_type=Path)
_NORMALISATIONS = ("tensorflow", "torch", "unit", "bytes")


@click.command("accuracy")
@click.argument("models", nargs=-1, required=True, type=_PATH, metavar="MODEL...")
@click.option("--images", "folder", type=_PATH, required=True, metavar="FOLDER", help="Images, a folder to each class.")
@click.option("--labels", type=_PATH, metavar="FILE", help="CSV of an image's path in FOLDER and its class number.")
@click.option(
    "--normalise",
    type=click.Choice(_NORMALISATIONS),
    default="tensorflow",
    show_default=True,
    help="Values: -1 to 1, by ImageNet's mean and deviation, 0 to 1, 0 to 255.",
)
@click.option("--offset", default=0, show_default=True, help="Added to class numbers: 1 where 0 is the background.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="The first N images only.")
def accuracy_command(
    models: tuple[Path, ...], folder: Path, labels: Path | None, normalise: str, offset: int, limit: int | None
) -> None:
    """How often models are right about images, and agree with the first of them.

    MODEL is a .tflite, .onnx or OpenVINO .xml file: the same network in several precisions.
    """
    from stairline.measure.accuracy.agreement import accuracy, answers, images
    from stairline.measure.accuracy.predictors import predictor
    from stairline.measure.reports.accuracy import accuracy_lines

    found = images(folder, labels)[:limit]
    ready = [predictor(model) for model in models]
    results, first = [], None
    for model, one in zip(models, ready):
        if sys.stderr.isatty():
            click.echo(f"{model}: {len(found)} images", err=True)
        scores = list(answers(one, found, normalise))
        results.append((model.name, accuracy(scores, [image.label for image in found], first, offset)))
        first = first or scores
    for line in accuracy_lines(results):
        click.echo(line)
