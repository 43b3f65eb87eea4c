"""Parameters of kernels on fixed engines: convolution arrays and the vector units beside them.

Every class is the parameter list of functions in ``simulator.cost``. All fields are plain numbers; the unit is the
field's suffix, and a field without a suffix is a count or a fraction. A field with a default is neutral when left out
(a tile of 1 pads nothing); every other field must be given.
"""

from __future__ import annotations

from math import inf
from typing import NamedTuple


class InterleavedTiles(NamedTuple):
    """A convolution engine of cores that each hold one filter against a row of pixel lanes (VeriSilicon VIP)."""

    efficiency: float
    """Sustained share of the compute roof on full tiles."""
    kernel_s: float
    cores: float
    """Filters worked on at one time."""
    lanes: float
    """Output pixels that one core works on at one time: the widest tile."""
    taps: float
    """Filter taps along the width that one lane multiplies per cycle."""
    interleave_max: float
    """Most rows of a narrow tile that share the lanes, as a power of two."""
    input_depth: float
    """Rows of an input tile that the input buffer holds, per interleaved row."""
    accumulator_depth: float
    """Rows of partial sums that a core holds, per interleaved row, over all its filters."""
    cache_bytes: float
    """On-chip memory; an input that does not fit is read again for every block of filters."""


class ZeroSkipping(NamedTuple):
    """A depthwise convolution run as a dense one, on cores that pass over foreign channels' zeros (VeriSilicon VIP)."""

    kernel_s: float
    cores: float
    lanes: float
    taps: float
    interleave_max: float
    skip_cycles: float
    """Cycles in which a core passes over one kernel row of a channel that is all zero."""


class SystolicArray(NamedTuple):
    """A convolution or matrix product on an array of multipliers, one filter per column (Edge TPU)."""

    efficiency: float
    """Sustained share of the compute roof."""
    kernel_s: float
    epilogue_s_per_element: float
    tile_n: float
    """Columns of the array: output channels (of a group) are padded to a multiple of this."""
    tile_c: float
    """Input channels (of a group) are padded to a multiple of this."""
    lanes: float
    """Channels of one line of the on-chip memory: tensors are read and written in whole lines."""
    tile_bytes: float = inf
    """Room for the maps of one tile and for what is staged of its filters; larger maps are cut into tiles."""
    staged: float = 0.0
    """Share of a layer's filters that is staged in this room."""


class VectorLanes(NamedTuple):
    """Work that mixes no channels, one channel per lane."""

    lanes: float
    ops_per_cycle: float
    """Window taps or elements that each lane sustains per cycle."""
    kernel_s: float
    epilogue_s_per_element: float


class KpuConv(NamedTuple):
    """A convolution on the K210's KPU: channel by channel, in lines of 64 bytes of a feature map."""

    efficiency: float
    """Sustained share of one line per cycle."""
    kernel_s: float
    filter_cycles: float
    """Cycles between the filters of two channel pairs."""
    weight_bytes: float
    """Bytes of one stored weight."""
    weight_bytes_per_cycle: float
    """Rate at which a filter is read."""
    write_bytes_per_cycle: float
    """Rate at which finished lines are written back."""


class LaneModes(NamedTuple):
    """A convolution on an array that trades lanes of input against lanes of output channels (Myriad X)."""

    kernel_s: float
    epilogue_s_per_element: float
    efficiency: float
    """Sustained share of the array's steps."""
    tile_s: float
    """Dispatch cost of every operation of the engine after the first."""
    sum_s_per_element: float
    """Time to add one partial sum, or to activate one finished sum, on the vector cores."""
    split_s_per_element: float
    """Time to bring an input element of a depthwise convolution into its tile of channels."""
    pool_s_per_element: float
    """Time per input element of a pooling that stays an operation of its own."""
    reload: float
    """Time to read coefficients once more, for a further tile of the plane, relative to the first reading."""
    pad_s: float
    """Time of padding an input beforehand, which the engine cannot do unevenly."""
    core_s_per_mac: float
    """Time of a MAC on the vector cores, for a convolution that the engine cannot hold."""
    array: float
    """MACs of one step: input lanes times output lanes in every mode."""
    start_2: float
    """Start-up steps per pixel and descriptor with 2 input lanes; with 1 there are none."""
    start_4: float
    start_8: float
    start_16: float
    coefficient_lines: float
    """Coefficients that one lane holds."""
    line_buffer_bytes: float
    """Input lines that the engine holds, all channels together."""
    tile_bytes: float
    """Largest output of one operation."""
    row_bytes: float
    """Rows of a tensor are padded to a multiple of this."""
    split_width: float
    """Least input width of a tile, in pixels."""
    channels_max: float
    kernel_max: float
    """Largest kernel the engine takes, along either axis."""
    stride_max: float
    element_bytes: float


class Depth32(NamedTuple):
    """A convolution on blocks of pixels by channels (Hexagon NN)."""

    kernel_s: float
    epilogue_s_per_element: float
    """Per padded output element: bias, range and requantisation."""
    efficiency: float
    """Sustained share of the compute roof on whole blocks."""
    tile_w: float
    """Pixels of a block: output rows and depthwise filter rows are padded to a multiple of this."""
    tile_c: float
    """Channels of a block."""
    tile_n: float
    """Output channels of a convolution are padded to a multiple of this."""


class Depth32Elementwise(NamedTuple):
    """Element-wise operators on blocks of pixels by channels, with a scalar fallback for broadcasting (Hexagon NN)."""

    kernel_s: float
    op_s: float
    """Time per padded element and operand on the vector units."""
    flat_s_per_element: float
    """Time per element where an operand is repeated at every pixel: layout changes and scalar loops."""
    tile_w: float
    tile_c: float
