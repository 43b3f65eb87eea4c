"""The kernel models that a platform file may name, and the parameter list that each takes."""

from __future__ import annotations

from .accelerator_models import (
    Depth32,
    Depth32Elementwise,
    InterleavedTiles,
    KpuConv,
    LaneModes,
    SystolicArray,
    VectorLanes,
    ZeroSkipping,
)
from .ethos_u_models import EthosU, EthosUSoftmax
from .processor_models import (
    Free,
    Gemv,
    ScalarLoops,
    Streaming,
    TiledGemm,
    UnrolledChannels,
    VectorGemm,
    VectorWindow,
    WorkGroups,
)

KernelParameters = (
    TiledGemm
    | UnrolledChannels
    | VectorGemm
    | VectorWindow
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
    | EthosU
    | EthosUSoftmax
)

SHARED_PARAMETERS = frozenset({"kernel_s", "epilogue_s_per_element"})
"""Parameters that a platform gives once, under [overheads]; a kernel may state its own."""

KERNEL_MODELS: dict[str, type[KernelParameters]] = {
    "tiled_gemm": TiledGemm,
    "unrolled_channels": UnrolledChannels,
    "vector_gemm": VectorGemm,
    "vector_window": VectorWindow,
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
    "texture_conv_rounds": WorkGroups,
    "texture_dwconv": WorkGroups,
    "texture_elementwise": WorkGroups,
    "texture_pool": WorkGroups,
    "texture_concat": WorkGroups,
    "texture_concat_rounds": WorkGroups,
    "texture_reduce": WorkGroups,
    "texture_dense": WorkGroups,
    "lane_conv": LaneModes,
    "lane_dwconv": LaneModes,
    "depth32_conv": Depth32,
    "depth32_dwconv": Depth32,
    "depth32_elementwise": Depth32Elementwise,
    "ethos_u_conv": EthosU,
    "ethos_u_dwconv": EthosU,
    "ethos_u_pool": EthosU,
    "ethos_u_elementwise": EthosU,
    "ethos_u_softmax": EthosUSoftmax,
}
