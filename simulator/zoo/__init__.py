"""The networks and building blocks of the paper, as graphs, without a framework."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import NamedTuple

from stairline.simulator.graph.graph import Graph

from .blocks import BLOCKS
from .inception import inception_v1
from .mobilenet import mobilenet_v1, mobilenet_v2, mobilenet_v3_large
from .nas import efficientnet_b0, efficientnet_b1, mnasnet_a1, proxyless_mobile, proxyless_mobile_14
from .nasnet import nasnet_a_mobile
from .operators import OPERATORS
from .parts import ZooError, unknown
from .resnet import resnet_v1_50, resnet_v2_50
from .shufflenet import shufflenet_v1, shufflenet_v2
from .stacks import build_block, build_stack

__all__ = ["BLOCKS", "MODELS", "OPERATORS", "Model", "ZooError", "build", "build_block", "build_stack"]


class Model(NamedTuple):
    """A network of the zoo. ``builder`` takes the input size and, where ``width`` is not None, the width multiplier."""

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
    "shufflenet_v2": Model(shufflenet_v2, 224, 1.0),
    "resnet_v1_50": Model(resnet_v1_50, 224),
    "resnet_v2_50": Model(resnet_v2_50, 299),
    "inception_v1": Model(inception_v1, 224),
    "proxyless_mobile": Model(proxyless_mobile, 224),
    "proxyless_mobile_14": Model(proxyless_mobile_14, 224),
    "mnasnet_a1": Model(mnasnet_a1, 224),
    "nasnet_a_mobile": Model(nasnet_a_mobile, 224),
    "efficientnet_b0": Model(efficientnet_b0, 224),
    "efficientnet_b1": Model(efficientnet_b1, 240),
}
"""The paper's 14 networks (appendix B.4) by name."""


def build(name: str, input_size: int | None = None, width: float | None = None) -> Graph:
    """The network of the zoo with this name, for one square float32 RGB image of ``input_size`` pixels a side.

    ``width`` multiplies the channels of a network that has such a setting. Both default to the network's own values.
    Raises ZooError for an unknown name, a size or width out of range, and a width for a network without one.
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
