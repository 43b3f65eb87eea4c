"""Convolutions and matrix products in register tiles of a processor with vector registers."""

from __future__ import annotations

from typing import NamedTuple

from stairline.hwmodels.kernels.base import Cost, KernelModel, Roof, Work, pad_to, parameters_s, tensors_s
from stairline.hwmodels.kernels.parameters import AtClock, Count, CountOrNone, Ratio, Share

from .vector_stores import stores_s, with_parameters
from .window_taps import executed_share


class VectorGemm(NamedTuple):
    """A convolution or matrix product in tiles that vector registers hold (XNNPACK, oneDNN, MLAS, Eigen)."""

    efficiency: float
    """Sustained share of the compute roof on full tiles."""
    kernel_s: float
    """Dispatch cost of one kernel."""
    epilogue_s_per_element: AtClock
    """Storing one output element."""
    window_efficiency: float = 0.0
    """Sustained share of the compute roof for windows of more than one pixel; 0 where it is ``efficiency``."""
    tile_m: Count = 1.0
    """Output pixels are padded to a multiple of this; a product of a single row is not."""
    tile_n: Count = 1.0
    """Output channels (of a group) are padded to a multiple of this."""
    window_tile_n: CountOrNone = 0.0
    """Output channels are padded to a multiple of this for windows of more than one pixel where they exceed
    ``tile_n``; 0 where it is ``tile_n`` for them too."""
    tile_c: Count = 1.0
    """Input channels (of a group) are padded to a multiple of this, unless they are fewer."""
    tap_setup_channels: Ratio = 0.0
    """Cost of beginning a window tap, as a number of input channels."""
    row_setup_channels: Ratio = 0.0
    """Cost of beginning a row of a window's taps, as a number of input channels, where a row is one run of channels."""
    pack_s_per_element: AtClock = 0.0
    """Packing one element of the input matrix."""
    im2col_s_per_element: AtClock = 0.0
    """Copying one element into the input matrix, when the convolution is not a plain matrix product."""
    op_s: AtClock = 0.0
    """Time per element operation that is fused behind the product."""
    hidden_ops: Ratio = 0.0
    """Fused element operations per output element that take no time."""
    skipped_padding_h: Share = 0.0
    """Share of the window's taps above and below the map that are left out, where others multiply zeros."""
    skipped_padding_w: Share = 0.0
    """Share of the window's taps to the left and right of the map that are left out, where others multiply zeros."""
    prefetched: Share = 0.0
    """Share of the reading of parameters that hides behind the product, as far as that is long enough."""


def vector_gemm(work: Work, roof: Roof, p: VectorGemm) -> Cost:
    """Output pixels by output channels in register tiles, over the window's taps and the input channels.

    A product of one row has a kernel of its own in every library (XNNPACK's 1 x NR, MLAS's and Eigen's GEMV).
    """
    taps = work.kernel_h * work.kernel_w
    pixels = work.n * work.h_out * work.w_out
    c_in, c_out = work.c_in / work.groups, work.c_out / work.groups
    windowed = taps > 1.0 or work.stride_h > 1.0 or work.stride_w > 1.0
    wide = windowed and p.window_tile_n > 0.0 and c_out > p.tile_n
    filters = pad_to(c_out, p.window_tile_n if wide else p.tile_n)
    channels = pad_to(c_in, p.tile_c) if c_in >= p.tile_c else c_in
    rows = pad_to(pixels, p.tile_m) if pixels > 1.0 else pixels
    padded_macs = work.groups * rows * filters * taps * channels
    efficiency = p.efficiency
    if windowed and p.window_efficiency > 0.0:
        efficiency = p.window_efficiency
    matrix = pixels * taps * work.c_in
    prepared_s = (p.pack_s_per_element + (p.im2col_s_per_element if windowed else 0.0)) * matrix
    setup = p.tap_setup_channels + (p.row_setup_channels / work.kernel_w if windowed else 0.0)
    steps = padded_macs * (1.0 + setup / channels) * executed_share(work, p.skipped_padding_h, p.skipped_padding_w)
    compute_s = steps / (roof.macs_per_s * efficiency) + prepared_s
    weights_s = parameters_s(work, roof)
    return with_parameters(
        roof,
        padded_macs=padded_macs,
        compute_s=compute_s,
        memory_s=tensors_s(work, roof),
        weights_s=weights_s - p.prefetched * min(weights_s, compute_s),
        epilogue_s=stores_s(work, p.epilogue_s_per_element, p.op_s, p.hidden_ops),
        overhead_s=p.kernel_s,
    )


MODEL = KernelModel(VectorGemm, vector_gemm)
