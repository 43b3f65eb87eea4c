"""Convolutions and matrix products on padded tiles."""

from __future__ import annotations

from typing import NamedTuple

from stairline.hwmodels.kernels.base import Cost, KernelModel, Roof, Work, combine, pad_to, parameters_s, tensors_s
from stairline.hwmodels.kernels.parameters import AtClock, Count


class TiledGemm(NamedTuple):
    """A convolution or matrix product on padded tiles: ruy, XNNPACK, Hexagon Depth32, systolic arrays."""

    efficiency: float
    """Sustained share of the compute roof on full tiles."""
    kernel_s: float
    """Dispatch cost of one kernel."""
    epilogue_s_per_element: AtClock
    """Cost per output element of bias, clamp and requantisation that the inner kernel does not hide."""
    tile_m: Count = 1.0
    """Output pixels (N H_out W_out) are padded to a multiple of this."""
    tile_w: Count = 1.0
    """Output width is padded to a multiple of this."""
    tile_n: Count = 1.0
    """Output channels (of a group) are padded to a multiple of this."""
    tile_c: Count = 1.0
    """Input channels (of a group) are padded to a multiple of this."""
    tile_k: Count = 1.0
    """The reduction (K_h K_w C_in) is padded to a multiple of this."""
    im2col_s_per_element: AtClock = 0.0
    """Copying one element into the input matrix, when the convolution is not a plain matrix product."""


def tiled_gemm(work: Work, roof: Roof, p: TiledGemm) -> Cost:
    """Pixels, output channels and reduction padded to tiles, group by group.

    The input matrix has K_h K_w C_in elements a pixel; im2col builds it where the input is not already that matrix.
    Source: paper section 4.1 and Fig. 5 (ruy, Depth32); the roofline of Williams et al. for the combination.
    """
    pixels = pad_to(work.n * work.h_out * pad_to(work.w_out, p.tile_w), p.tile_m)
    filters = pad_to(work.c_out / work.groups, p.tile_n)
    taps = work.kernel_h * work.kernel_w
    reduction = pad_to(taps * pad_to(work.c_in / work.groups, p.tile_c), p.tile_k)
    padded_macs = work.groups * pixels * filters * reduction
    im2col_s = 0.0
    if taps > 1.0 or work.stride_h > 1.0 or work.stride_w > 1.0:
        im2col_s = p.im2col_s_per_element * work.n * work.h_out * work.w_out * taps * work.c_in
    return combine(
        roof,
        padded_macs=padded_macs,
        compute_s=padded_macs / (roof.macs_per_s * p.efficiency),
        memory_s=tensors_s(work, roof) + im2col_s,
        weights_s=parameters_s(work, roof),
        epilogue_s=p.epilogue_s_per_element * work.output_elements,
        overhead_s=p.kernel_s,
    )


MODEL = KernelModel(TiledGemm, tiled_gemm)
