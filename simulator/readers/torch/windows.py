"""PyTorch's operators over windows and whole images, restated as those of ONNX."""

from __future__ import annotations

from math import prod
from typing import Any

from stairline.simulator.readers.assemble import FileNode
from stairline.simulator.readers.errors import ReadError

from .program import Call
from .rules import Restated, Rule, node, number, numbers, on_data, part


def _each(c: Call, argument: str, axes: int, default: int) -> tuple[int, ...]:
    """A number for each axis, where one number stands for all."""
    found = numbers(c, argument) or (default,)
    return found * axes if len(found) == 1 else found


def _window(c: Call, axes: int) -> dict[str, Any]:
    """Strides, dilations and padding as ONNX names them; padding by name is that of a stride of 1."""
    found: dict[str, Any] = {"strides": _each(c, "stride", axes, 1), "dilations": _each(c, "dilation", axes, 1)}
    padding = c.arguments.get("padding")
    if isinstance(padding, str) and padding in ("same", "valid"):
        return found | {"auto_pad": {"same": "SAME_UPPER", "valid": "VALID"}[padding]}
    return found | {"pads": _each(c, "padding", axes, 0) * 2}


def _convolution(s: Restated, c: Call) -> list[FileNode]:
    x, filters = s.data(c), s.tensor(c, "weight")
    options = _window(c, len(s.shape(filters)) - 2) | {"group": number(c, "groups", 1)}
    transposed = c.op.startswith("conv_transpose") or c.arguments.get("transposed") is True
    return [node(c, "ConvTranspose" if transposed else "Conv", (x, filters), **options)]


def _pool(op: str, axes: int) -> Rule:
    """A pooling whose stride is by default its window; the positions that it may give beside the result come last."""

    def rule(s: Restated, c: Call) -> list[FileNode]:
        kernel = _each(c, "kernel_size", axes, 1)
        options = _window(c, axes) | {"kernel_shape": kernel, "ceil_mode": int(c.arguments.get("ceil_mode") is True)}
        if not numbers(c, "stride"):
            options["strides"] = kernel
        return [node(c, op, (s.data(c),), s.used(c), **options)]

    return rule


def _adaptive(op: str, whole: str) -> Rule:
    """A pooling to a stated size: to one element that of a whole image, else by equal windows."""

    def rule(s: Restated, c: Call) -> list[FileNode]:
        x, outputs = s.data(c), s.used(c)
        axes = len(_each(c, "output_size", 1, 1))
        source, target = s.shape(x)[-axes:], s.shape(c.outputs[0])[-axes:]
        if set(target) == {1} and not any(outputs[1:]):
            return [node(c, whole, (x,))]
        if source == target:
            return [node(c, "Identity", (x,))]
        # Windows overlap where sizes do not divide: their extent is the largest one, their stride the mean.
        strides = tuple(size // into for size, into in zip(source, target))
        kernel = tuple(size - (into - 1) * step for size, into, step in zip(source, target, strides))
        if not all(strides):
            raise ReadError(f"{c.where}: an adaptive pooling of {source} to {target} repeats pixels: resize instead")
        return [node(c, op, (x,), outputs, kernel_shape=kernel, strides=strides)]

    return rule


def _blocks(op: str, argument: str) -> Rule:
    return lambda s, c: [node(c, op, (s.data(c),), blocksize=number(c, argument, 1))]


def _shuffle(s: Restated, c: Call) -> list[FileNode]:
    return [node(c, "ChannelShuffle", (s.data(c),), groups=number(c, "groups", 1))]


def _layer_norm(s: Restated, c: Call) -> list[FileNode]:
    """Several axes are joined first: only along one has every runtime an operator."""
    x, over = s.data(c), len(numbers(c, "normalized_shape"))
    shape = s.shape(x)
    if over == 1:
        return [node(c, "LayerNormalization", (x,), axis=-1)]
    joined = (*shape[: len(shape) - over], prod(shape[len(shape) - over :]))
    row, normal = s.between(c, "row", joined), s.between(c, "normal", joined)
    return [
        part(c, "row", "Reshape", (x,), row),
        part(c, "normal", "LayerNormalization", (row,), normal, axis=-1),
        node(c, "Reshape", (normal,)),
    ]


_RESIZES = {
    **dict.fromkeys(("nearest1d", "nearest2d", "_nearest_exact2d"), "nearest"),
    **dict.fromkeys(("linear1d", "bilinear2d", "_bilinear2d_aa"), "linear"),
    "bicubic2d": "cubic",
}
"""PyTorch's resizes, and the modes of ONNX's."""

WINDOWS: dict[str, Rule] = {
    **{f"conv{axes}d": _convolution for axes in (1, 2, 3)},
    **{f"conv_transpose{axes}d": _convolution for axes in (1, 2, 3)},
    "convolution": _convolution,
    **{f"max_pool{axes}d": _pool("MaxPool", axes) for axes in (1, 2, 3)},
    **{f"max_pool{axes}d_with_indices": _pool("MaxPool", axes) for axes in (1, 2, 3)},
    **{f"avg_pool{axes}d": _pool("AveragePool", axes) for axes in (1, 2, 3)},
    **{f"adaptive_avg_pool{axes}d": _adaptive("AveragePool", "GlobalAveragePool") for axes in (1, 2, 3)},
    **{f"_adaptive_avg_pool{axes}d": _adaptive("AveragePool", "GlobalAveragePool") for axes in (2, 3)},
    **{f"adaptive_max_pool{axes}d": _adaptive("MaxPool", "GlobalMaxPool") for axes in (1, 2, 3)},
    **{f"upsample_{name}": on_data("Resize", mode=mode) for name, mode in _RESIZES.items()},
    "pixel_shuffle": _blocks("DepthToSpace", "upscale_factor"),
    "pixel_unshuffle": _blocks("SpaceToDepth", "downscale_factor"),
    "channel_shuffle": _shuffle,
    "batch_norm": on_data("BatchNormalization"),
    "_native_batch_norm_legit_no_training": on_data("BatchNormalization"),
    "instance_norm": on_data("InstanceNormalization"),
    "group_norm": on_data("GroupNormalization"),
    "native_group_norm": on_data("GroupNormalization"),
    "layer_norm": _layer_norm,
    "native_layer_norm": _layer_norm,
    "_fused_rms_norm": on_data("RMSNormalization"),
    "rms_norm": on_data("RMSNormalization"),
}
"""The restatement of each operator, by its name in PyTorch."""
