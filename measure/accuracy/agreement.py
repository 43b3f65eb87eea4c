"""How often a model file classifies the images of a folder correctly, and how often it agrees with another."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from math import sqrt
from pathlib import Path
from typing import NamedTuple

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
    undecided: int
    """Number of images for which several classes share the highest score."""
    only_answer: int | None
    """The class that is the first choice for every image; None where images differ, or there is only one."""


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
    """The model's scores for each image in turn. Raises MeasureError, which names the image, for one that is NaN."""
    kind = "bytes" if model.takes_bytes else normalisation
    for one in found:
        scores = model.answer(prepared(one.path, model.size, kind))
        if np.isnan(scores).any():
            raise MeasureError(f"{one.path}: the model answers it with NaN: does it take values of --normalise {kind}?")
        yield scores


def accuracy(
    scores: Sequence[Scores], labels: Sequence[int | None], first: Sequence[Scores] | None = None, offset: int = 0
) -> Accuracy:
    """The accuracy that the scores show. ``offset`` is added to labels: 1 where class 0 is the background.

    Where classes tie, an image counts as often as a choice among them at random would be right.
    """
    judged = [(s, label + offset) for s, label in zip(scores, labels) if label is not None]
    for s, label in judged:
        if not 0 <= label < len(s):
            raise MeasureError(f"class {label}: the model has {len(s)} classes; check the labels and --offset")
    chosen = [frozenset(np.flatnonzero(s == s.max()).tolist()) for s in scores]
    agreeing = top1 = top5 = None
    if first is not None:
        others = [frozenset(np.flatnonzero(s == s.max()).tolist()) for s in first]
        agreeing = _share(sum(len(a & b) / (len(a) * len(b)) for a, b in zip(chosen, others)), len(scores))
    if judged:
        top1, top5 = (_share(sum(_among(s, label, most) for s, label in judged), len(judged)) for most in (1, 5))
    alike = len(chosen) > 1 and len(set(chosen)) == 1 and len(chosen[0]) == 1
    undecided = sum(len(classes) > 1 for classes in chosen)
    return Accuracy(len(scores), top1, top5, agreeing, undecided, next(iter(chosen[0])) if alike else None)


def _among(scores: Scores, label: int, most: int) -> float:
    """The chance that a class is among the ``most`` best, where classes of the same score are drawn at random."""
    better, tied = np.count_nonzero(scores > scores[label]), np.count_nonzero(scores == scores[label])
    return float(np.clip((most - better) / tied, 0.0, 1.0))


_DEVIATIONS = 1.959964
"""Standard deviations of a normal distribution that hold 95 %."""


def _share(hits: float, of: int) -> Share:
    """A share with Wilson's interval; the hits of images whose classes tie are no whole number."""
    share, squared = hits / of, _DEVIATIONS**2
    middle = (share + squared / (2 * of)) / (1 + squared / of)
    reach = _DEVIATIONS * sqrt(share * (1 - share) / of + squared / (4 * of**2)) / (1 + squared / of)
    return Share(share, max(middle - reach, 0.0), min(middle + reach, 1.0))


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
