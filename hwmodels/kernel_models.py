"""Parameters of the kernel models: what a platform file may say about how an operator runs.

Every class is the parameter list of the function of the same name in ``simulator.cost``. All fields are plain numbers;
the unit is the field's suffix, and a field without a suffix is a count or a fraction. A field with a default is neutral
when left out (a tile of 1 pads nothing); every other field must be given.
"""

from __future__ import annotations

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
    fill_k: float = 0.0
    """Reduction steps lost per tile to filling and draining the array."""
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


class Free(NamedTuple):
    """A view, an alias or an in-place edit: nothing is executed."""


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


KernelParameters = (
    TiledGemm
    | UnrolledChannels
    | InterleavedTiles
    | ZeroSkipping
    | Streaming
    | Gemv
    | Free
    | WorkGroups
    | SystolicArray
    | VectorLanes
    | KpuConv
    | ScalarLoops
    | LaneModes
    | Depth32
    | Depth32Elementwise
)

SHARED_PARAMETERS = frozenset({"kernel_s", "epilogue_s_per_element"})
"""Parameters that a platform gives once, under [overheads]; a kernel may state its own."""

KERNEL_MODELS: dict[str, type[KernelParameters]] = {
    "tiled_gemm": TiledGemm,
    "unrolled_channels": UnrolledChannels,
    "interleaved_tiles": InterleavedTiles,
    "zero_skipping": ZeroSkipping,
    "streaming": Streaming,
    "gemv": Gemv,
    "systolic_array": SystolicArray,
    "vector_lanes": VectorLanes,
    "kpu_conv": KpuConv,
    "scalar_loops": ScalarLoops,
    "free": Free,
    "texture_conv": WorkGroups,
    "texture_dwconv": WorkGroups,
    "texture_elementwise": WorkGroups,
    "texture_pool": WorkGroups,
    "texture_concat": WorkGroups,
    "texture_dense": WorkGroups,
    "lane_conv": LaneModes,
    "lane_dwconv": LaneModes,
    "depth32_conv": Depth32,
    "depth32_dwconv": Depth32,
    "depth32_elementwise": Depth32Elementwise,
}
