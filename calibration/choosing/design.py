"""What a calibration may measure: operators, blocks and whole networks as networks have them, in a fixed order.

Operators fill the space of shapes evenly (a scrambled Sobol sequence on logarithmic axes): large planes with few
channels, small planes with many. Networks are random ones of the kinds of stages that people use, and those of the zoo
at other sizes: single operators miss what lies between layers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import log2
from typing import Any, NamedTuple

import numpy as np

from stairline.measure.plan.configuration import Configuration, configuration
from stairline.simulator import zoo

_PLANE_PIXELS = (3, 160)
_ELEMENTS = (2_000, 1_000_000)
"""Elements of an operator's input: from the last stages of small networks to the first ones of large networks."""
_CHANNELS = 2048
_FILTER_WEIGHTS = 2_400_000
"""Most weights of a convolution: as the widest 3x3 ones of VGG-16 and ResNet-50 have."""
_STEPS = (1, 4, 8, 16)
"""Channels are multiples of one of these."""


class _Place(NamedTuple):
    """A point of the unit cube, an axis for each choice."""

    kind: float
    plane: float
    elements: float
    ratio: float
    kernel: float
    stride: float
    depth: float
    step: float


_Settings = dict[str, Any]

_INPUTS = (96, 128, 160, 192, 224, 224)
"""Sides of networks' inputs, in pixels. Smaller ones end in planes of a pixel or two, which networks in use do not
have."""


def operators(count: int, dtype: str, seed: int) -> list[Configuration]:
    """The first ``count`` operators and blocks of the sequence; repetitions are left out."""
    from scipy.stats import qmc

    points = qmc.Sobol(len(_Place._fields), seed=seed).random_base2(max(0, count - 1).bit_length())[:count]
    return list(dict.fromkeys(_operator(_Place(*map(float, point)), dtype) for point in points))


def networks(count: int, dtype: str, seed: int) -> list[Configuration]:
    """The first ``count`` networks of the sequence: three random ones, then one of the zoo, and so on."""
    found = [_zoo_network(n, dtype, seed) if n % 4 == 3 else _random_network(n, dtype, seed) for n in range(count)]
    return list(dict.fromkeys(found))


def _operator(at: _Place, dtype: str) -> Configuration:
    name, settings_of = _chosen(at.kind, _KINDS)
    hw = round(_between(at.plane, _PLANE_PIXELS))
    step = _pick(at.step, _STEPS)
    cin = _channels(_between(at.elements, _ELEMENTS) / hw**2, step)
    settings = {"hw": hw, "cin": cin} | settings_of(at, cin, step)
    if name in _KEEPS_SHAPE and settings.get("stride", 1) == 1 and settings.get("cout", cin) == cin and at.depth > 0.5:
        settings["depth"] = 4
    return configuration("op", name, settings, dtype)


def _conv2d(at: _Place, cin: int, step: int) -> _Settings:
    kernel = _pick(at.kernel, (1, 1, 1, 3, 3, 5, 7))
    ratio = 1.0 if at.ratio > 0.75 else _between(at.ratio / 0.75, (1 / 6, 6))
    cout = _channels(min(cin * ratio, _FILTER_WEIGHTS / (kernel**2 * cin)), step)
    return {"cout": cout, "kernel": kernel, **_strided(at)}


def _depthwise(at: _Place, _cin: int, _step: int) -> _Settings:
    return {"kernel": _pick(at.kernel, (3, 3, 5, 7)), **_strided(at)}


def _strided(at: _Place) -> _Settings:
    return {"stride": 2} if at.stride > 0.7 else {}


def _dense(at: _Place, _cin: int, step: int) -> _Settings:
    return {
        "hw": 1,
        "cin": _channels(_between(at.elements, (32, 4096)), step),
        "cout": round(_between(at.ratio, (10, 2048))),
    }


def _pool(at: _Place, _cin: int, _step: int) -> _Settings:
    return {"kernel": _pick(at.kernel, (2, 3, 3)), "stride": _pick(at.stride, (1, 2))}


def _expanded(at: _Place, cin: int, _step: int) -> _Settings:
    kernel, expansion = _pick(at.kernel, (3, 3, 5)), _pick(at.ratio, (1, 3, 6))
    return {"cin": min(cin, _CHANNELS // 4), "kernel": kernel, "expansion": expansion}


def _grouped(_at: _Place, cin: int, _step: int) -> _Settings:
    return {"cin": _channels(cin, 16)}


def _halved(_at: _Place, cin: int, _step: int) -> _Settings:
    return {"cin": max(24, _channels(cin, 2))}


def _classes(at: _Place, _cin: int, _step: int) -> _Settings:
    return {"hw": 1, "cin": round(_between(at.ratio, (10, 2048)))}


def _normalised_maps(at: _Place, cin: int, _step: int) -> _Settings:
    return {"hw": round(_between(at.plane, (3, 64))), "cin": max(32, cin)}


def _plain(_at: _Place, _cin: int, _step: int) -> _Settings:
    return {}


_KINDS: tuple[tuple[float, str, Callable[[_Place, int, int], _Settings]], ...] = (
    (0.34, "conv2d", _conv2d),
    (0.15, "dwconv2d", _depthwise),
    (0.06, "dense", _dense),
    (0.04, "maxpool2d", _pool),
    (0.03, "avgpool2d", _pool),
    (0.03, "globalavgpool2d", _plain),
    (0.05, "add", _plain),
    (0.03, "mul", _plain),
    (0.04, "concat", _plain),
    *((0.015, op, _plain) for op in ("relu", "relu6", "sigmoid", "hard_swish", "swish", "tanh", "gelu", "batch_norm")),
    (0.01, "softmax", _classes),
    (0.01, "layer_norm", _normalised_maps),
    (0.01, "channel_shuffle", _halved),
    (0.02, "mobilenet_v2_block", _expanded),
    (0.02, "mobilenet_v2_se_block", _expanded),
    (0.01, "shufflenet_v2_block", _halved),
    (0.01, "dense_block", _plain),
    (0.01, "grouped_conv", _grouped),
    (0.01, "se", _plain),
)
"""Operators and blocks with the share of the measurements that each has, about as networks spend their time."""

_KEEPS_SHAPE = frozenset({"conv2d", "dwconv2d", "sigmoid", "hard_swish", "swish", "tanh", "gelu", "batch_norm"})
"""Operators that also come as four in a row: what one takes beside an inference is the difference."""


def _zoo_network(number: int, dtype: str, seed: int) -> Configuration:
    draw = np.random.default_rng((seed, number))
    name = list(zoo.MODELS)[number // 4 % len(zoo.MODELS)]
    settings: _Settings = {"input": int(draw.choice(_INPUTS))}
    if zoo.MODELS[name].width is not None and not name.startswith("shufflenet"):
        settings["width"] = float(draw.choice((0.5, 0.75, 1.0)))
    return configuration("model", name, settings, dtype)


def _random_network(number: int, dtype: str, seed: int) -> Configuration:
    """A stem, stages each of its own kind down to planes of 4 to 14 pixels, a classifier; widths grow meanwhile."""
    draw = np.random.default_rng((seed, number))
    hw = int(draw.choice(_INPUTS))
    activation = str(draw.choice(("relu", "relu", "relu6", "hard_swish", "swish")))
    channels = _width(draw, draw.uniform(8, 64))
    steps = [f"conv:c_out={channels}:stride=2", activation]
    for _ in range(draw.integers(int(log2(hw / 16)), int(log2(hw / 8)) + 1)):
        channels = _width(draw, min(channels * draw.uniform(1.2, 2.5), 768))
        stage = _STAGES[int(draw.integers(len(_STAGES)))]
        steps += stage(draw, channels, activation)
    if draw.random() < 0.5:
        steps += [f"conv:kernel=1:c_out={_width(draw, 2.0 * channels)}", activation]
    steps += ["globalavgpool2d", f"dense:c_out={int(draw.choice((10, 100, 1000)))}"]
    return configuration("op", "chain", {"hw": hw, "cin": 3, "steps": " ".join(steps)}, dtype)


_Stage = Callable[[np.random.Generator, int, str], list[str]]


def _repeats(draw: np.random.Generator) -> int:
    return int(draw.integers(1, 5))


def _inverted(draw: np.random.Generator, channels: int, activation: str) -> list[str]:
    block = str(draw.choice(("mobilenet_v2_block", "mobilenet_v2_block", "mobilenet_v2_se_block")))
    kernel, expansion = int(draw.choice((3, 3, 5))), int(draw.choice((3, 4, 6)))
    step = f"{block}:c_out={channels}:kernel={kernel}:expansion={expansion}:activation={activation}"
    return [f"{step}:stride=2", *[step] * _repeats(draw)]


def _separable(draw: np.random.Generator, channels: int, activation: str) -> list[str]:
    kernel = int(draw.choice((3, 3, 5, 7)))
    first = [f"dwconv:kernel={kernel}:stride=2", f"conv:kernel=1:c_out={channels}", activation]
    return first + [f"dwconv:kernel={kernel}", f"conv:kernel=1:c_out={channels}", activation] * _repeats(draw)


def _convolutions(draw: np.random.Generator, channels: int, activation: str) -> list[str]:
    kernel = str(draw.choice(("3", "3", "5", "1x7", "7x1", "1x3")))
    again = [f"conv:c_out={channels}:kernel={kernel}", activation] * _repeats(draw)
    return [*again, str(draw.choice(("maxpool2d:kernel=2", "maxpool2d:kernel=3", "avgpool2d:kernel=2:stride=2")))]


def _residual(draw: np.random.Generator, channels: int, _activation: str) -> list[str]:
    wide = 4 * max(4, channels // 2)
    return [f"bottleneck:c_out={wide}:stride=2", *[f"bottleneck:c_out={wide}"] * _repeats(draw)]


def _branched(draw: np.random.Generator, channels: int, _activation: str) -> list[str]:
    return ["maxpool2d", *[f"branches:c_out={max(24, channels)}:kernel={draw.choice((3, 5))}"] * _repeats(draw)]


def _dense_stage(draw: np.random.Generator, channels: int, _activation: str) -> list[str]:
    growth = int(draw.choice((16, 24, 32)))
    grown = [f"dense_block:growth={growth}:bottleneck={4 * growth}"] * (1 + _repeats(draw))
    return ["batch_norm", "relu", f"conv:kernel=1:c_out={channels}", "avgpool2d:kernel=2:stride=2", *grown]


def _shuffled(draw: np.random.Generator, channels: int, _activation: str) -> list[str]:
    wide = 4 * max(4, channels // 4)
    return [f"shufflenet_v2_block:c_out={wide}:stride=2", *["shufflenet_v2_block"] * _repeats(draw)]


def _normalised(draw: np.random.Generator, channels: int, _activation: str) -> list[str]:
    unit = ["dwconv:kernel=7", "layer_norm", f"dense:c_out={3 * channels}", "gelu", f"dense:c_out={channels}"]
    return [f"conv:kernel=2:stride=2:c_out={channels}", "layer_norm", *unit * _repeats(draw)]


_STAGES: tuple[_Stage, ...] = (
    *(_inverted, _inverted, _separable, _convolutions, _residual),
    *(_branched, _dense_stage, _shuffled, _normalised),
)


def _width(draw: np.random.Generator, about: float) -> int:
    return _channels(about, int(draw.choice((2, 4, 8, 8, 16))))


def _channels(about: float, step: int) -> int:
    return max(step, 2, round(min(about, _CHANNELS) / step) * step)


def _between(share: float, span: tuple[float, float]) -> float:
    """A point of an interval on a logarithmic scale."""
    low, high = span
    return float(low * (high / low) ** share)


def _pick(share: float, among: Sequence[int]) -> int:
    return among[min(int(share * len(among)), len(among) - 1)]


def _chosen(
    share: float, kinds: Sequence[tuple[float, str, Callable[[_Place, int, int], _Settings]]]
) -> tuple[str, Callable[[_Place, int, int], _Settings]]:
    bounds = np.cumsum([weight for weight, _, _ in kinds])
    _, name, settings = kinds[int(np.searchsorted(bounds / bounds[-1], share, side="right"))]
    return name, settings
