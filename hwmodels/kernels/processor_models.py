"""Parameters of kernels on programmable processors: CPU cores and shader units that a runtime's code runs on.

Every class is the parameter list of functions in ``simulator.cost``. All fields are plain numbers; the unit is the
field's suffix, and a field without a suffix is a count or a fraction. A field with a default is neutral when left out
(a tile of 1 pads nothing); every other field must be given.
"""

from __future__ import annotations

from math import inf
from typing import NamedTuple


class TiledGemm(NamedTuple):
    """A convolution or matrix product on padded tiles: ruy, XNNPACK, Hexagon Depth32, systolic arrays."""

    efficiency: float
    """Sustained share of the compute roof on full tiles."""
    kernel_s: float
    """Dispatch cost of one kernel."""
    epilogue_s_per_element: float
    """Cost per output element of bias, clamp and requantisation that the inner kernel does not hide."""
    tile_m: float = 1.0
    """Output pixels (N H_out W_out) are padded to a multiple of this."""
    tile_w: float = 1.0
    """Output width is padded to a multiple of this."""
    tile_n: float = 1.0
    """Output channels (of a group) are padded to a multiple of this."""
    tile_c: float = 1.0
    """Input channels (of a group) are padded to a multiple of this."""
    tile_k: float = 1.0
    """The reduction (K_h K_w C_in) is padded to a multiple of this."""
    im2col_s_per_element: float = 0.0
    """Copying one element into the input matrix, when the convolution is not a plain matrix product."""


class UnrolledChannels(NamedTuple):
    """Direct depthwise convolution with unrolled channel loops (TFLite): 16, then 4, then 1 channel at a time."""

    tap_s: float
    """Time of one filter tap over one fully unrolled channel block at one pixel, per channel."""
    kernel_s: float
    epilogue_s_per_element: float
    unroll_wide: float
    unroll_narrow: float
    narrow_slowdown: float
    """Time per channel in the narrow loop, relative to the wide loop."""
    scalar_slowdown: float
    """Time per channel in the scalar loop, relative to the wide loop."""
    pixel_s: float = 0.0
    """Time of one filter tap at one pixel whatever the channels: the loop over pixels itself."""
    tap_3x3_s: float = 0.0
    """Time of one tap per channel in a kernel for 3x3 filters that keeps sums in registers; 0 where there is none."""
    block_3x3: float = 8.0
    """That kernel takes channels by multiples of this only."""
    clip: float = 0.0
    """Share of the window's taps beyond the map that the unrolled loops leave out."""


class Streaming(NamedTuple):
    """Element-wise work, pooling and copies: limited by bytes moved or by operations per second."""

    kernel_s: float
    epilogue_s_per_element: float
    op_s: float = 0.0
    """Time per element operation."""
    traffic: float = 1.0
    """Share of the operand bytes that reach the memory roof (less than 1 where caches hold them)."""
    run_s: float = 0.0
    """Time to start copying one run of neighbouring channels (concat, split, slice)."""


class Gemv(NamedTuple):
    """A matrix times one vector: every weight is read once and used once."""

    efficiency: float
    kernel_s: float
    epilogue_s_per_element: float


class ScalarLoops(NamedTuple):
    """Portable scalar code that visits its elements one by one (nncase's neutral kernels)."""

    kernel_s: float
    mac_s: float
    """Time of one multiply-accumulate of a convolution or matrix product."""
    element_s: float
    """Time of one element in a flat loop, or of one tap of a window."""
    index_s: float
    """Added time per element where it is addressed by four indices: reductions, and operands that are broadcast."""
    convert_s_per_element: float
    """Conversion of one operand element to float, or of one result element back; 0 for code that works on integers."""


class WorkGroups(NamedTuple):
    """A kernel over an OpenCL grid that reads its operands as texels of four channels (Adreno)."""

    kernel_s: float
    efficiency: float
    """Sustained share of the compute roof where reads do not limit."""
    wave: float
    """Work items that run in lockstep."""
    units: float
    """Shader units, each running one wave at a time past its texture pipe."""
    group_max: float
    """Work items of the largest work group."""
    fetch_bytes_per_s: float
    """Rate at which all texture pipes together deliver texels to the work items."""
    fill_bytes_per_s: float
    """Rate at which texels read for the first time come from behind the texture caches."""
    store_bytes_per_s: float
    """Rate at which work items write texels."""
    step_s: float
    """Time a chain of dependent reads waits at each of its steps."""
    constant_bytes: float = 0.0
    """Filters of at most this size lie in constant memory."""
    block_w: float = 1.0
    """Output columns of a work item."""
    block_h: float = 1.0
    """Output rows of a work item."""
    block_c: float = 4.0
    """Output channels of a work item."""
    group_z_max: float = inf
    """Work items of a group along the slices."""
    resident: float = 0.0
    """Waves of a convolution that registers hold at one time, on all units together."""
    resident_plain: float = 0.0
    """The same for a convolution of single pixels at stride 1, which computes fewer addresses."""
    pixel_s: float = 0.0
    """Time by which a step waits longer for each texel of a tensor: neighbours' reads lie in many lines."""
    filter_s: float = 0.0
    """The same for each texel of filters, most of which a whole wave shares."""


class Free(NamedTuple):
    """A view, an alias or an in-place edit: nothing is executed."""


class VectorGemm(NamedTuple):
    """A convolution or matrix product in tiles that vector registers hold (XNNPACK, oneDNN, MLAS, Eigen)."""

    efficiency: float
    """Sustained share of the compute roof on full tiles."""
    kernel_s: float
    epilogue_s_per_element: float
    """Storing one output element."""
    window_efficiency: float = 0.0
    """That share for windows of more than one pixel; 0 where it is the same."""
    grouped_mac_s: float = 0.0
    """Time per multiply-add of the reference kernel that runs convolutions in groups; 0 where they run like others."""
    grouped_tap_s: float = 0.0
    """What each tap of each output takes there besides, if it lies within the map."""
    grouped_output_s: float = 0.0
    """What each output takes there besides its taps."""
    grouped_addition_s: float = 0.0
    """Time after which the sum of a tap can take the next product there: a bound of its own."""
    grouped_overlap_s: float = 0.0
    """How much of a tap's additions the processor does beside those of the next."""
    tile_m: float = 1.0
    """Output pixels are padded to a multiple of this; a product of a single row is not."""
    tile_n: float = 1.0
    """Output channels (of a group) are padded to a multiple of this."""
    window_tile_n: float = 0.0
    """The same for windows of more than one pixel, where the channels exceed ``tile_n``; 0 where it is the same."""
    tile_c: float = 1.0
    """Input channels (of a group) are padded to a multiple of this, unless they are fewer."""
    tap_c: float = 0.0
    """What beginning a window tap costs, as a number of input channels."""
    row_c: float = 0.0
    """The same of beginning a row of a window's taps, where the channels of a row are one run."""
    pack_s_per_element: float = 0.0
    """Packing one element of the input matrix."""
    im2col_s_per_element: float = 0.0
    """Copying one element into the input matrix, when the convolution is not a plain matrix product."""
    op_s: float = 0.0
    """Time per element operation of what is fused behind."""
    hidden_ops: float = 0.0
    """Element operations of an output element that take no time there."""
    clip_h: float = 0.0
    """Share of the window's taps above and below the map that are left out, where others multiply zeros."""
    clip_w: float = 0.0
    """The same of those to its left and right."""
    prefetched: float = 0.0
    """Share of the reading of parameters that hides behind the product, as far as that is long enough."""


class VectorWindow(NamedTuple):
    """A window over each channel by itself, a vector of channels at a time: depthwise convolution and pooling."""

    tap_s: float
    """Time of one tap over one vector of channels at one pixel."""
    kernel_s: float
    epilogue_s_per_element: float
    lanes: float
    """Channels are padded to a multiple of this."""
    pixel_s: float = 0.0
    """Time of one vector of channels at one output pixel, whatever the taps."""
    row_s: float = 0.0
    """Time to start one output row of one vector of channels."""
    cache_bytes: float = 0.0
    """Filters and one window of all channels that the first cache holds; 0 where that does not matter."""
    spilled_tap: float = 1.0
    """Time of a tap where they exceed it by a quarter or more, relative to one where they fit."""
    taps_max: float = 0.0
    """Taps of the largest window there is such a kernel for; 0 for windows of any size."""
    aligned: float = 1.0
    """Channels must be a multiple of this for it."""
    single_tap_s: float = 0.0
    """Time of one tap of one channel by the kernel for the others."""
    clip_h: float = 0.0
    """Share of the window's taps above and below the map that are left out, where others multiply zeros."""
    clip_w: float = 0.0
    """The same of those to its left and right."""
    op_s: float = 0.0
    """Time per element operation of what is fused behind."""
    hidden_ops: float = 0.0
    """Element operations of an output element that take no time there."""
