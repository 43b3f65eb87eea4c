"""A matrix times one vector, or times many: fully connected layers on processors whose library has both products."""

from __future__ import annotations

from typing import NamedTuple

from stairline.hwmodels.kernels.base import Cost, KernelModel, Roof, Work, rows
from stairline.hwmodels.kernels.parameters import Count

from .gemv import Gemv, gemv
from .tiled_gemm import TiledGemm, tiled_gemm


class RowsGemm(NamedTuple):
    """A fully connected layer: one row is a matrix times a vector, several are a product on padded tiles."""

    efficiency: float
    """Sustained share of the compute roof where there is one row."""
    kernel_s: float
    """Dispatch cost of one kernel where there is one row."""
    epilogue_s_per_element: float
    """Cost per output element of bias, clamp and requantisation where there is one row."""
    rows_efficiency: float
    """Sustained share of the compute roof on full tiles, where there are several rows."""
    rows_kernel_s: float
    """Dispatch cost of one kernel where there are several rows."""
    rows_epilogue_s: float
    """Time per output element of bias, clamp and requantisation where there are several rows."""
    tile_m: Count
    """Several rows are padded to a multiple of this."""
    tile_n: Count
    """Output channels are padded to a multiple of this where there are several rows."""
    tile_k: Count
    """The reduction is padded to a multiple of this where there are several rows."""


def rows_gemm(work: Work, roof: Roof, p: RowsGemm) -> Cost:
    """One row neither packed nor padded, several rows in tiles: the product that a 1x1 convolution of as many pixels is.

    Source: TensorFlow Lite 2.1, lite/kernels/cpu_backend_gemm.h (Gemm: CustomGemv where the result has one column, ruy
    otherwise), which fully_connected.h and conv.h both call.
    """
    if rows(work) == 1.0:
        return gemv(work, roof, Gemv(p.efficiency, p.kernel_s, p.epilogue_s_per_element))
    tiled = TiledGemm(
        p.rows_efficiency, p.rows_kernel_s, p.rows_epilogue_s, p.tile_m, 1.0, p.tile_n, 1.0, p.tile_k, 0.0
    )
    return tiled_gemm(work, roof, tiled)


MODEL = KernelModel(RowsGemm, rows_gemm)
