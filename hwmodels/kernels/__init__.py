"""THE cost model, one small module per kernel model: the scalar path calls it, the batch path compiles it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .base import Cost, Roof, Work
from .depth32 import depth32_conv, depth32_dwconv, depth32_elementwise
from .ethos_u import ethos_u_conv, ethos_u_dwconv, ethos_u_elementwise, ethos_u_pool, ethos_u_softmax
from .interleaved_tiles import interleaved_tiles, zero_skipping
from .kpu import kpu_conv
from .lane_modes import lane_conv, lane_dwconv
from .scalar_loops import scalar_loops
from .streaming import free, gemv, streaming
from .systolic_array import systolic_array, vector_lanes
from .tiled_gemm import tiled_gemm
from .unrolled_channels import unrolled_channels
from .vector_kernels import vector_gemm, vector_window
from .wave_moves import texture_concat_rounds, texture_reduce
from .wave_rounds import texture_conv_rounds
from .work_groups import texture_concat, texture_conv, texture_dense, texture_dwconv, texture_elementwise, texture_pool

MODELS: dict[str, Callable[[Work, Roof, Any], Cost]] = {
    "tiled_gemm": tiled_gemm,
    "unrolled_channels": unrolled_channels,
    "vector_gemm": vector_gemm,
    "vector_window": vector_window,
    "interleaved_tiles": interleaved_tiles,
    "zero_skipping": zero_skipping,
    "streaming": streaming,
    "gemv": gemv,
    "systolic_array": systolic_array,
    "vector_lanes": vector_lanes,
    "kpu_conv": kpu_conv,
    "scalar_loops": scalar_loops,
    "free": free,
    "texture_conv": texture_conv,
    "texture_conv_rounds": texture_conv_rounds,
    "texture_dwconv": texture_dwconv,
    "texture_elementwise": texture_elementwise,
    "texture_pool": texture_pool,
    "texture_concat": texture_concat,
    "texture_concat_rounds": texture_concat_rounds,
    "texture_reduce": texture_reduce,
    "texture_dense": texture_dense,
    "lane_conv": lane_conv,
    "lane_dwconv": lane_dwconv,
    "depth32_conv": depth32_conv,
    "depth32_dwconv": depth32_dwconv,
    "depth32_elementwise": depth32_elementwise,
    "ethos_u_conv": ethos_u_conv,
    "ethos_u_dwconv": ethos_u_dwconv,
    "ethos_u_pool": ethos_u_pool,
    "ethos_u_elementwise": ethos_u_elementwise,
    "ethos_u_softmax": ethos_u_softmax,
}
