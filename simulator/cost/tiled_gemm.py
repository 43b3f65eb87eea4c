"""Convolutions and matrix products on padded tiles."""

from __future__ import annotations

from hwmodels.kernel_models import TiledGemm
from hwmodels.platform import Roof

from .roof import Cost, Work, combine, pad_to, parameters_s, tensors_s


def tiled_gemm(work: Work, roof: Roof, p: TiledGemm) -> Cost:
    """Pixels, output channels and reduction padded to tiles, group by group; operands first packed into tile order.

    The input matrix has K_h K_w C_in elements a pixel; im2col builds it unless the input already is that matrix.
    Source: paper section 4.1 and Fig. 5 (ruy, Depth32); the roofline of Williams et al. for the combination.
    """
    pixels = pad_to(work.n * work.h_out * pad_to(work.w_out, p.tile_w), p.tile_m)
    filters = pad_to(work.c_out / work.groups, p.tile_n)
    taps = work.kernel_h * work.kernel_w
    reduction = pad_to(taps * pad_to(work.c_in / work.groups, p.tile_c), p.tile_k) + p.fill_k
    padded_macs = work.groups * pixels * filters * reduction
    matrix_elements = work.n * work.h_out * work.w_out * taps * work.c_in
    prepare_s = p.pack_pixels_s_per_element * matrix_elements
    if taps > 1.0 or work.stride_h > 1.0 or work.stride_w > 1.0:
        prepare_s += p.im2col_s_per_element * matrix_elements
    return combine(
        roof,
        padded_macs,
        padded_macs / (roof.macs_per_s * p.efficiency),
        tensors_s(work, roof) + prepare_s,
        parameters_s(work, roof) + p.pack_weights_s_per_element * work.weight_elements,
        p.epilogue_s_per_element * work.output_elements,
        p.kernel_s,
    )
