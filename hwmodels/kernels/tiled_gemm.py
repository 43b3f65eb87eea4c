"""Convolutions and matrix products on padded tiles."""

from __future__ import annotations

from .base import Cost, Roof, Work, combine, pad_to, parameters_s, tensors_s
from .processor_models import TiledGemm


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
        padded_macs,
        padded_macs / (roof.macs_per_s * p.efficiency),
        tensors_s(work, roof) + im2col_s,
        parameters_s(work, roof),
        p.epilogue_s_per_element * work.output_elements,
        p.kernel_s,
    )
