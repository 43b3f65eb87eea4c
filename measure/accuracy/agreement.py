"""How often a model file classifies the images of a folder correctly, and how often it agrees with another."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from stairline.measure.timing.errors import MeasureError

from .predictors import Image, Predictor, Scores

RESIZE = 256 / 224
"""Shorter side of the image over the side that is cut out of its middle, as ImageNet's images are usually taken."""
MOST_PIXELS = 100_000_000
_SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".bmp", ".webp"))

NORMALISATIONS = {
    "tensorflow": (np.full(3, 127.5), np.full(3, 127.5)),
    "torch": (255 * np.array([0.485, 0.456, 0.406]), 255 * np.array([0.229, 0.224, 0.225])),
    "unit": (np.zeros(3), np.full(3, 255.0)),
    "bytes": (np.zeros(3), np.ones(3)),
}
"""What is taken from each channel's value from 0 to 255, and what it is then divided by: -1 to 1; by the mean and
standard deviation of ImageNet; 0 to 1; unchanged."""


class Labelled(NamedTuple):
    """An image's file and its class, which is None where it is not known."""

    path: Path
    label: int | None


class Accuracy(NamedTuple):
    """The accuracy of one model over a folder. Intervals are Wilson's, at 95 %."""

    images: int
    top1: Share | None
    """None where no image has a label."""
    top5: Share | None
    agreement: Share | None
    """Share of images where its first choice is that of the first model; None for that model itself."""


class Share(NamedTuple):
    """A share of images, and the interval that the true share lies in."""

    value: float
    low: float
    high: float


def images(folder: Path, labels: Path | None = None) -> list[Labelled]:
    """The images below a folder, in the order of their paths.

    Their classes are those of a CSV of path and class number, else the places of their folders by name where the
    images lie in several, as ImageNet's do. Raises MeasureError where there is no image, or one is not in the CSV.
    """
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)
    if not paths:
        raise MeasureError(f"{folder}: no image below it; {', '.join(sorted(_SUFFIXES))} files are")
    if labels is not None:
        return list(_labelled(folder, paths, labels))
    classes = {name: place for place, name in enumerate(sorted({path.parent.name for path in paths}))}
    if len(classes) == 1:
        return [Labelled(path, None) for path in paths]
    return [Labelled(path, classes[path.parent.name]) for path in paths]


def prepared(path: Path, size: tuple[int, int], normalisation: str) -> Image:
    """An image as a network wants it: shorter side resized, middle cut out, values normalised.

    Raises MeasureError for a file that is no image or is larger than ``MOST_PIXELS``.
    """
    try:
        from PIL import Image as Pillow
    except ImportError as error:
        raise MeasureError(f"reading images needs Pillow ({error}): pip install 'stairline[measure]'") from None
    height, width = size
    try:
        with Pillow.open(path) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise MeasureError(f"{path}: {opened.width} x {opened.height} pixels are more than {MOST_PIXELS}")
            image = opened.convert("RGB")
    except (OSError, SyntaxError, ValueError, Pillow.DecompressionBombError) as error:
        if isinstance(error, MeasureError):
            raise
        raise MeasureError(f"{path}: not an image that can be read: {error}") from None
    scale = RESIZE * max(height / image.height, width / image.width)
    grown = image.resize((max(width, round(scale * image.width)), max(height, round(scale * image.height))))
    left, top = (grown.width - width) // 2, (grown.height - height) // 2
    values = np.asarray(grown.crop((left, top, left + width, top + height)), dtype=np.float32)
    taken, divided = NORMALISATIONS[normalisation]
    return np.asarray((values - taken) / divided, dtype=np.float32)


def answers(model: Predictor, found: Sequence[Labelled], normalisation: str) -> Iterator[Scores]:
    """The model's scores for each image in turn."""
    kind = "bytes" if model.takes_bytes else normalisation
    for one in found:
        yield model.answer(prepared(one.path, model.size, kind))


def accuracy(
    scores: Sequence[Scores], labels: Sequence[int | None], first: Sequence[Scores] | None = None, offset: int = 0
) -> Accuracy:
    """The accuracy that the scores show. ``offset`` is added to labels: 1 where class 0 is the background."""
    judged = [(s, label + offset) for s, label in zip(scores, labels) if label is not None]
    for s, label in judged:
        if not 0 <= label < len(s):
            raise MeasureError(f"class {label}: the model has {len(s)} classes; check the labels and --offset")
    ranks = [int(np.count_nonzero(s > s[label])) for s, label in judged]
    agreeing = None
    if first is not None:
        agreeing = _share(sum(int(np.argmax(a)) == int(np.argmax(b)) for a, b in zip(scores, first)), len(scores))
    if not judged:
        return Accuracy(len(scores), None, None, agreeing)
    top1, top5 = (_share(sum(rank < most for rank in ranks), len(ranks)) for most in (1, 5))
    return Accuracy(len(scores), top1, top5, agreeing)


def _share(hits: int, of: int) -> Share:
    from scipy.stats import binomtest

    interval: Any = binomtest(hits, of).proportion_ci(0.95, method="wilson")
    return Share(hits / of, float(interval.low), float(interval.high))


def _labelled(folder: Path, paths: Sequence[Path], labels: Path) -> Iterator[Labelled]:
    try:
        rows = [row for row in csv.reader(labels.read_text(encoding="utf-8-sig").splitlines()) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise MeasureError(f"{labels}: cannot be read: {error}") from None
    try:
        known = {row[0].strip(): int(row[1]) for row in rows}
    except (IndexError, ValueError) as error:
        raise MeasureError(f"{labels}: each line is a path and a class number ({error})") from None
    for path in paths:
        name = path.relative_to(folder).as_posix()
        if name not in known:
            raise MeasureError(f"{labels}: has no line for {name}")
        yield Labelled(path, known[name])
