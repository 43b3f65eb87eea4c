"""A platform file for a device that nobody has yet, from the handful of numbers that its datasheet states.

The generic kernel models price it. What a datasheet does not say is assumed, each number with a range that is wide
enough for the devices described so far, so that a prediction can say what these assumptions leave open.
"""

from __future__ import annotations

from typing import Any, NamedTuple

SHEET, GUESS = "datasheet", "guess"
"""The sources of the numbers: stated, and assumed."""

MATRIX = "conv2d|conv2d_transpose|dense|matmul"
ELEMENTS = (
    "add|sub|mul|div|maximum|minimum|relu|relu6|leaky_relu|prelu|hard_swish|hard_sigmoid|swish|sigmoid|tanh|gelu|"
    "softmax|layer_norm|mean|maxpool2d|avgpool2d|globalavgpool2d|globalmaxpool2d|resize"
)
COPIES = "concat|split|slice|strided_slice|pad|transpose|channel_shuffle|quantize|dequantize|cast"
FREE = "reshape"

ALIKE = {
    "relu": ("abs", "neg", "square", "clip"),
    "add": ("squared_difference", "greater", "less", "equal", "where"),
    "sigmoid": ("sqrt", "rsqrt", "exp", "log", "erf", "elu", "mish", "pow", "log_softmax", "batch_norm", "l2_norm"),
    "mean": ("reduce_sum", "reduce_max", "argmax"),
    "concat": ("copy", "gather", "tile", "pack", "unpack", "depth_to_space", "space_to_depth"),
}
"""Operators that run as another one, by that other one."""


_LANES = 16
"""Channels that a depthwise convolution takes at a time, at least."""


class Tile(NamedTuple):
    """What the multipliers work on at a time: output channels, input channels, and output pixels."""

    channels_out: int = 1
    channels_in: int = 1
    pixels: int = 1


class Datasheet(NamedTuple):
    """What is known of the device. Rates in SI units."""

    name: str
    macs_per_cycle: dict[str, float]
    """By precision, the default one first."""
    clock_hz: float
    bandwidth_bytes_per_s: float
    """Of the memory outside the chip, as its datasheet states it."""
    tiles: dict[str, Tile]
    """By precision; a precision that is left out pads nothing."""
    on_chip_bytes: float | None = None
    """Memory on the chip that holds the tensors of a kernel."""
    fuses: tuple[str, ...] = ()
    """Operators that run in the kernel of the convolution or product before them."""
    fallback: str | None = None
    """The platform that runs what the device does not; None where the device runs everything."""
    runs: tuple[str, ...] = ()
    """With a fallback: the operators that the device runs itself; every operator with a kernel model if empty."""
    active_w: float | None = None


COMMENTS = {
    "platform.clock_hz": "The clock of the multipliers.",
    "roofs.overlap": "1: computing hides moving data, or the other way round; 0: one waits for the other.",
    "roofs.memory.dram": "What a network reaches of the memory's stated rate: most devices reach half to nine tenths.",
    "roofs.cache": "The memory on the chip. Tensors up to its size move at its rate, all parameters come from outside.",
    "overheads.inference_s": "Once per inference: the driver, waking the device.",
    "overheads.kernel_s": "Once per kernel: its start, and the wait for its end.",
    "shared.efficiency": "What full tiles of the multipliers sustain of their peak.",
    "shared.op_s": "The vector unit: the time of one operation on one element.",
    f"kernels.{MATRIX}": "The multipliers: work is padded to whole tiles.",
    "kernels.dwconv2d": "One filter for each channel leaves most multipliers of an array idle. A tap takes tap_s\n"
    "over as many channels as there are lanes.",
    f"kernels.{ELEMENTS}": "The vector unit.",
    f"kernels.{COPIES}": "Copies, limited by the memory.",
    "uncertainty": "Half the 90 % interval, as a factor, where the assumptions are not drawn: whatif --assumed does.",
}
"""What the file says above its tables and numbers, by their keys."""


def datasheet_file(sheet: Datasheet) -> dict[str, Any]:
    """The tables of the platform file of a device, to be parsed as a file's own are."""
    found: dict[str, Any] = {
        "schema": 2,
        "name": sheet.name,
        "title": f"{sheet.name}, from its datasheet: nobody has measured it",
        "platform": _description(sheet),
        "roofs": _roofs(sheet),
        "overheads": {
            "inference_s": _guess(1e-4, 1e-5, 1e-3),
            "kernel_s": _guess(1e-5, 1e-6, 1e-4),
            "epilogue_s_per_element": _stated(0.0, GUESS),
        },
        "shared": {
            "efficiency": _guess(0.6, 0.3, 0.95),
            "op_s": _guess(*(1.0 / (sheet.clock_hz * per_cycle) for per_cycle in (16.0, 128.0, 1.0))),
        },
        "kernels": _kernels(sheet),
        "alike": tuple({"ops": ops, "like": like, "source": GUESS} for like, ops in ALIKE.items()),
        "partition": _partition(sheet),
        "uncertainty": {"factor": _stated(2.0, GUESS)},
        "sources": {
            SHEET: {"kind": "datasheet", "cite": "stated to 'stairline platforms new'; say here where from"},
            GUESS: {"kind": "assumed", "cite": "not known: usual for such devices, within the range from min to max"},
        },
    }
    if sheet.fuses:
        pattern = (f"{MATRIX}|dwconv2d", "|".join(sheet.fuses))
        found["fusion"] = ({"pattern": pattern, "source": SHEET},)
    if sheet.fallback:
        runs = sheet.runs or tuple(op for ops in found["kernels"] for op in ops.split("|"))
        found["support"] = ({"ops": runs, "source": SHEET if sheet.runs else GUESS},)
    if sheet.active_w is not None:
        found["power"] = {"active_w": _stated(sheet.active_w)}
    return found


def _description(sheet: Datasheet) -> dict[str, Any]:
    dtypes = tuple(sheet.macs_per_cycle)
    return {
        "device": sheet.name,
        "processor": sheet.name,
        "runtime": "none yet",
        "dtypes": dtypes,
        "default_dtype": dtypes[0],
        "clock_hz": _stated(sheet.clock_hz),
    }


def _roofs(sheet: Datasheet) -> dict[str, Any]:
    peak = sheet.bandwidth_bytes_per_s
    roofs: dict[str, Any] = {
        "overlap": _guess(0.8, 0.0, 1.0),
        "compute": {dtype: {"macs_per_cycle": _stated(macs)} for dtype, macs in sheet.macs_per_cycle.items()},
        "memory": {"dram": {"bandwidth_bytes_per_s": _guess(0.75 * peak, 0.5 * peak, 0.95 * peak)}},
    }
    if sheet.on_chip_bytes is not None:
        roofs["cache"] = {
            "capacity_bytes": _stated(sheet.on_chip_bytes),
            "bandwidth_bytes_per_s": _guess(10.0 * peak, 3.0 * peak, 30.0 * peak),
        }
    return roofs


def _kernels(sheet: Datasheet) -> dict[str, Any]:
    tiles = {dtype: sheet.tiles.get(dtype, Tile()) for dtype in sheet.macs_per_cycle}

    def padded(place: int) -> dict[str, Any]:
        return {dtype: _stated(tile[place], SHEET if dtype in sheet.tiles else GUESS) for dtype, tile in tiles.items()}

    lanes = {
        dtype: _stated(max(tile.channels_out, _LANES), SHEET if dtype in sheet.tiles else GUESS)
        for dtype, tile in tiles.items()
    }
    tap_s = _guess(*(cycles / sheet.clock_hz for cycles in (1.0, 0.125, 2.0)))
    return {
        MATRIX: {"model": "tiled_gemm", "tile_n": padded(0), "tile_c": padded(1), "tile_m": padded(2)},
        "dwconv2d": {"model": "vector_window", "tap_s": tap_s, "lanes": lanes, "op_s": _stated(0.0, GUESS)},
        ELEMENTS: {"model": "streaming"},
        COPIES: {"model": "streaming", "op_s": _stated(0.0, GUESS)},
        FREE: {"model": "free"},
    }


def _partition(sheet: Datasheet) -> dict[str, Any]:
    if sheet.fallback is None:
        return {"rule": "everything", "source": GUESS}
    return {
        "rule": "maximal_runs",
        "fallback": sheet.fallback,
        "boundary_s": _guess(5e-5, 5e-6, 5e-4),
        "boundary_s_per_element": _guess(1e-9, 1e-10, 1e-8),
        "source": SHEET,
    }


def _stated(value: float, source: str = SHEET) -> dict[str, Any]:
    return {"value": float(value), "source": source}


def _guess(value: float, low: float, high: float) -> dict[str, Any]:
    return {"value": _short(value), "source": GUESS, "min": _short(low), "max": _short(high)}


def _short(value: float) -> float:
    return float(f"{value:.4g}")
