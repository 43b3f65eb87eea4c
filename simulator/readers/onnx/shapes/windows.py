"""The shapes of ONNX operators over windows, by the formulas of the operators' own pages."""

from __future__ import annotations

from stairline.simulator.graph.graph import MAX_DIMENSION
from stairline.simulator.graph.ops import Shape

from .operands import NotKnownError, Operands, Rule


class _Window:
    """The attributes of a window over the spatial axes of a map."""

    def __init__(self, x: Operands, kernel: Shape) -> None:
        axes = len(kernel)
        self.kernel = kernel
        self.strides = x.option("strides", (1,) * axes)
        self.dilations = x.option("dilations", (1,) * axes)
        self.pads = x.option("pads", (0,) * 2 * axes)
        self.auto_pad = x.option("auto_pad", "NOTSET")
        lengths = (len(self.strides), len(self.dilations), len(self.pads) // 2)
        positive = all(size > 0 for size in (*kernel, *self.strides, *self.dilations))
        if lengths != (axes,) * 3 or not positive or min(self.pads, default=0) < 0:
            raise NotKnownError
        if self.auto_pad == "VALID":
            self.pads = (0,) * 2 * axes

    def reach(self, axis: int) -> int:
        """Elements of the map from the first to the last one that a window reads."""
        return int(self.dilations[axis] * (self.kernel[axis] - 1) + 1)

    def padded(self, axis: int) -> int:
        return int(self.pads[axis] + self.pads[axis + len(self.kernel)])


def _spatial(window: _Window, sizes: Shape, round_up: bool) -> Shape:
    same = window.auto_pad in ("SAME_UPPER", "SAME_LOWER")
    # ONNX's inference and its runtimes disagree on what rounding up means where the padding follows from the size.
    if len(sizes) != len(window.kernel) or (same and round_up):
        raise NotKnownError
    found = []
    for axis, size in enumerate(sizes):
        stride = window.strides[axis]
        if same:
            found.append(-(-size // stride))
            continue
        room = size + window.padded(axis) - window.reach(axis)
        places = -(-room // stride) + 1 if round_up else room // stride + 1
        # Of a window that would begin in the padding behind the map they disagree as well.
        if round_up and (places - 1) * stride >= size + window.pads[axis]:
            raise NotKnownError
        found.append(places)
    return tuple(found)


def _conv(x: Operands) -> list[Shape]:
    data, filters = x.shape(0), x.shape(1)
    if len(filters) != len(data) or tuple(x.option("kernel_shape", filters[2:])) != filters[2:]:
        raise NotKnownError
    return [(data[0], filters[0], *_spatial(_Window(x, filters[2:]), data[2:], round_up=False))]


def _conv_transpose(x: Operands) -> list[Shape]:
    data, filters = x.shape(0), x.shape(1)
    if len(filters) != len(data) or "output_shape" in x.options:
        raise NotKnownError
    window = _Window(x, filters[2:])
    beyond = x.option("output_padding", (0,) * len(window.kernel))
    if window.auto_pad not in ("NOTSET", "VALID") or len(beyond) != len(window.kernel):
        raise NotKnownError
    sizes = tuple(
        window.strides[axis] * (size - 1) + beyond[axis] + window.reach(axis) - window.padded(axis)
        for axis, size in enumerate(data[2:])
    )
    return [(data[0], filters[1] * x.option("group", 1), *sizes)]


def _pool(x: Operands) -> list[Shape]:
    data = x.shape(0)
    window = _Window(x, tuple(x.option("kernel_shape", ())))
    return [(*data[:2], *_spatial(window, data[2:], bool(x.option("ceil_mode", 0))))]


def _global_pool(x: Operands) -> list[Shape]:
    data = x.shape(0)
    return [(*data[:2], *(1,) * (len(data) - 2))]


def _blocks(x: Operands) -> tuple[int, int, int, int, int]:
    n, c, h, w = x.shape(0)
    return n, c, h, w, x.option("blocksize", 0)


def _depth_to_space(x: Operands) -> list[Shape]:
    n, c, h, w, block = _blocks(x)
    return [(n, c // (block * block), h * block, w * block)]


def _space_to_depth(x: Operands) -> list[Shape]:
    n, c, h, w, block = _blocks(x)
    return [(n, c * block * block, h // block, w // block)]


def _resize(x: Operands) -> list[Shape]:
    data = x.shape(0)
    plain = x.option("keep_aspect_ratio_policy", "stretch") == "stretch" and "axes" not in x.options
    if not plain or x.option("coordinate_transformation_mode", "") == "tf_crop_and_resize":
        raise NotKnownError
    if x.has(3) and x.shape(3) != (0,):
        sizes = tuple(int(size) for size in x.numbers(3))
        return [_as_many(sizes, data)]
    return [_scaled(data, x.numbers(1 if x.version < 11 else 2))]


def _upsample(x: Operands) -> list[Shape]:
    return [_scaled(x.shape(0), x.option("scales", None) or x.numbers(1))]


def _scaled(data: Shape, scales: tuple[float, ...]) -> Shape:
    import numpy as np

    if any(not 0 < scale < MAX_DIMENSION for scale in scales):
        raise NotKnownError
    # The factors are single precision, and so is the product that is rounded down.
    sizes = tuple(int(np.floor(np.float32(size) * np.float32(scale))) for size, scale in zip(data, scales))
    return _as_many(sizes, data)


def _as_many(sizes: Shape, data: Shape) -> Shape:
    if len(sizes) != len(data):
        raise NotKnownError
    return sizes


def _padded(x: Operands) -> list[Shape]:
    data, flat = x.shape(0), x.listed("pads", 1)
    axes = x.listed("axes", 3) or tuple(range(len(data)))
    if flat is None or len(flat) != 2 * len(axes):
        raise NotKnownError
    sizes = list(data)
    for place, axis in enumerate(axes):
        sizes[axis] += flat[place] + flat[place + len(axes)]
    return [tuple(sizes)]


def _recurrent(x: Operands) -> list[Shape]:
    directions = 2 if x.option("direction", "forward") == "bidirectional" else 1
    if x.option("layout", 0) != 0:
        raise NotKnownError
    steps, batch, _ = x.shape(0)
    hidden = x.option("hidden_size", 0)
    state = (directions, batch, hidden)
    return [(steps, *state), state, state][: 3 if x.outputs == 3 else 2]


WINDOWS: dict[str, Rule] = {
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "MaxPool": _pool,
    "AveragePool": _pool,
    "GlobalAveragePool": _global_pool,
    "GlobalMaxPool": _global_pool,
    "DepthToSpace": _depth_to_space,
    "SpaceToDepth": _space_to_depth,
    "Resize": _resize,
    "Upsample": _upsample,
    "Pad": _padded,
    "LSTM": _recurrent,
    "GRU": _recurrent,
    "RNN": _recurrent,
}
"""The rule of each operator, by its name in ONNX."""
