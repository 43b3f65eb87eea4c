"""The accuracy of models as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from stairline.measure.accuracy.agreement import Accuracy, Share

from .columns import columns


def accuracy_lines(results: Sequence[tuple[str, Accuracy]]) -> list[str]:
    """A table with a row for each model, in which each share has its 95 % interval."""

    def text(share: Share | None) -> str:
        return "-" if share is None else f"{share.value:.1%} ({share.low:.1%} to {share.high:.1%})"

    rows = [(name, str(a.images), text(a.top1), text(a.top5), text(a.agreement)) for name, a in results]
    shown = columns([("model", "images", "top-1", "top-5", "as the first model"), *rows])
    if all(a.top1 is None for _, a in results):
        shown.append("no image has a class: put them into a folder for each, or give --labels")
    return [*shown, *(line for name, a in results for line in _doubts(name, a))]


def _doubts(name: str, found: Accuracy) -> Iterator[str]:
    """What speaks against a model's scores, whatever share of them is right."""
    if found.undecided:
        yield f"{name}: {found.undecided} of {found.images} images have several classes of the highest score"
    if found.only_answer is not None:
        yield f"{name}: answers class {found.only_answer} for every image: is it trained, and quantised well?"
