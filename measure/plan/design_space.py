"""The design space of Tang et al. (MLSys 2021), Table 1, and the dataset in it that varies one dimension at a time.

The operators' and blocks' image sizes are damaged in the printed table: those that can be read are 20, 14, 7 and 5, and
the sizes of the channel study stand for the rest. Where a dimension is not varied it has the value of the paper's
figures: 28 x 28 and 320 channels for convolutions (Fig. 4), 7 x 7 for depthwise ones (Fig. B.3), 56 x 56 and 32
channels for operators and blocks (section 4).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .file import Entry, PlanError, SweptSetting

DIMENSIONS = ("op", "kernel", "stride", "h", "w", "cin", "cout", "dtype")
"""The eight dimensions of a layer (section 2.1.1)."""

KERNELS = (1, 3, 5, 7)
BLOCK_KERNELS = (3, 5, 7)
STRIDES = (1, 2)
STUDY_SIZES = (224, 112, 56, 28, 14, 7)
SIZES = (112, 56, 28, 20, 14, 7, 5)
CHANNEL_RANGE = (3, 1000)
CHANNELS = (32, 64, 96, 128, 160, 240, 256, 320, 480, 512, 640)
DENSE_INPUTS = (1024, 1280)
DENSE_OUTPUTS = 1000
POOL_KERNEL = 7

CONVOLUTIONS = ("conv2d", "dwconv2d", "dilated_conv", "grouped_conv", "mixconv")
ELEMENTWISE = ("avgpool2d", "add", "concat", "mul", "channel_shuffle")
ACTIVATIONS = ("relu", "relu6", "sigmoid", "hard_swish", "swish")
BLOCKS = (
    *("mobilenet_v1_block", "mobilenet_v2_block", "mobilenet_v2_se_block"),
    *("shufflenet_v1_block", "shufflenet_v2_block", "dense_block"),
)

_STUDY = {"hw": 28, "cin": 320, "cout": 320, "kernel": 3, "stride": 1}
_DEPTHWISE = {"hw": 7, "cin": 320, "kernel": 3, "stride": 1}
_BASE = {"hw": 56, "cin": 32}


def size() -> int:
    """Number of layers that the values of Table 1 combine to, image height and width apart, in one precision."""
    sides, channels = len(STUDY_SIZES), CHANNEL_RANGE[1] - CHANNEL_RANGE[0] + 1
    shape = sides * sides * channels * channels
    return shape * len(STRIDES) * (len(CONVOLUTIONS) * len(KERNELS) + len(BLOCKS) * len(BLOCK_KERNELS))


def dataset(dtypes: Sequence[str] = ("float32",)) -> tuple[Entry, ...]:
    """All entries of the dataset, each a sweep of one dimension, in each of the precisions."""
    return tuple(
        Entry("op", op, {k: v for k, v in settings.items() if k != swept.setting}, dtype, swept)
        for dtype in dtypes
        for op, settings, swept in (*_channel_study(), *_operators(), *_blocks())
    )


def subset(
    entries: Sequence[Entry], ops: Sequence[str] = (), settings: Mapping[str, int] | None = None
) -> tuple[Entry, ...]:
    """The entries of these operators, narrowed to configurations that have these values of these settings."""
    known = dict.fromkeys(entry.name for entry in entries)
    for op in ops:
        if op not in known:
            raise PlanError(f"--op {op}: not in the design space; it has {', '.join(known)}")
    kept = [entry for entry in entries if not ops or entry.name in ops]
    for setting, value in (settings or {}).items():
        kept = [narrowed for entry in kept for narrowed in _narrowed(entry, setting, value)]
    if not kept:
        raise PlanError("no configuration of the design space is like that: leave a filter out")
    return tuple(kept)


def _narrowed(entry: Entry, setting: str, value: int) -> Iterator[Entry]:
    if entry.sweep and entry.sweep.setting == setting:
        if value in entry.sweep.values:
            yield entry._replace(settings=entry.settings | {setting: value}, sweep=None)
    elif entry.settings.get(setting) == value:
        yield entry


_Row = tuple[str, dict[str, Any], SweptSetting]


def _channel_study() -> Iterator[_Row]:
    """Channels one by one for each kernel, and the other dimensions around them (section 4.1, Fig. 4, B.1, B.3)."""
    channels = f"{CHANNEL_RANGE[0]}:{CHANNEL_RANGE[1]}:1"
    for kernel in KERNELS:
        for setting in ("cout", "cin"):
            yield "conv2d", _STUDY | {"kernel": kernel}, SweptSetting(setting, channels)
        yield "dwconv2d", _DEPTHWISE | {"kernel": kernel}, SweptSetting("cin", channels)
    for op, base in (("conv2d", _STUDY), ("dwconv2d", _DEPTHWISE)):
        for stride in STRIDES:
            yield op, base | {"stride": stride}, _listed("hw", STUDY_SIZES)


def _operators() -> Iterator[_Row]:
    yield "dense", {"hw": 1, "cout": DENSE_OUTPUTS}, _listed("cin", DENSE_INPUTS)
    for op in (*ELEMENTWISE, *ACTIVATIONS):
        fixed = _BASE | ({"kernel": POOL_KERNEL} if op == "avgpool2d" else {})
        yield op, fixed, _listed("hw", SIZES)
        yield op, fixed, _listed("cin", CHANNELS)
    for op in CONVOLUTIONS:
        takes_kernel = op != "mixconv"
        fixed = _BASE | {"stride": 1} | ({"kernel": 3} if takes_kernel else {})
        swept = [_listed("hw", SIZES), _listed("cin", CHANNELS), _listed("stride", STRIDES)]
        swept += [_listed("kernel", KERNELS)] if takes_kernel else []
        swept += [_listed("cout", CHANNELS)] if op not in ("dwconv2d", "mixconv") else []
        for one in swept:
            yield op, fixed, one


def _blocks() -> Iterator[_Row]:
    for op in BLOCKS:
        fixed = _BASE | {"kernel": 3}
        for one in (_listed("hw", SIZES), _listed("cin", CHANNELS), _listed("kernel", BLOCK_KERNELS)):
            yield op, fixed, one
        if op != "dense_block":  # A layer of DenseNet has no stride.
            yield op, fixed, _listed("stride", STRIDES)


def _listed(setting: str, values: Sequence[int]) -> SweptSetting:
    return SweptSetting(setting, ",".join(map(str, values)))
