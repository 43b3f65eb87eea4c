"""The networks and building blocks of the paper, as graphs, without a framework."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from math import isfinite
from typing import NamedTuple

from ..graph import Graph
from .inception import inception_v1
from .mobilenet import mobilenet_v1, mobilenet_v2, mobilenet_v3_large
from .parts import ZooError
from .resnet import resnet_v1_50, resnet_v2_50
from .shufflenet import shufflenet_v1

__all__ = ["MODELS", "Model", "ZooError", "build"]


class Model(NamedTuple):
    """A network by name. ``builder`` takes the input size and, where ``width`` is not None, the width multiplier."""

    builder: Callable[..., Graph]
    input_size: int
    """Default height and width of the input, in pixels."""
    width: float | None = None
    """Default width multiplier; None for a network that has none."""


MODELS: dict[str, Model] = {
    "mobilenet_v1": Model(mobilenet_v1, 224, 1.0),
    "mobilenet_v2": Model(mobilenet_v2, 224, 1.0),
    "mobilenet_v3_large": Model(mobilenet_v3_large, 224, 1.0),
    "shufflenet_v1": Model(shufflenet_v1, 224, 1.0),
    "resnet_v1_50": Model(resnet_v1_50, 224),
    "resnet_v2_50": Model(resnet_v2_50, 299),
    "inception_v1": Model(inception_v1, 224),
}
"""The paper's 14 networks (appendix B.4) by name."""


def build(name: str, input_size: int | None = None, width: float | None = None) -> Graph:
    """A network of the zoo for one square RGB image of ``input_size`` pixels a side, float32.

    Raises ZooError for an unknown name, a size or width that cannot be, and a width for a network that has none.
    """
    if name not in MODELS:
        raise ZooError(unknown("model", name, MODELS))
    model = MODELS[name]
    size = model.input_size if input_size is None else input_size
    if size < 1:
        raise ZooError(f"{name}: input size {size} must be at least 1 pixel")
    if model.width is None:
        if width is not None:
            raise ZooError(f"{name}: has no width multiplier, so width {width} cannot be set; leave it out")
        return model.builder(size)
    factor = model.width if width is None else width
    if not (isfinite(factor) and factor > 0):
        raise ZooError(f"{name}: width {factor} must be a positive number")
    return model.builder(size, factor)


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """The sentence for a name that is not there, with the nearest one or all of them."""
    names = list(known)
    near = get_close_matches(name, names, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(names)}"
    return f"unknown {kind} '{name}'; {hint}"
