"""Where a platform breaks a law today, and why: one row for each mechanism.

A row is either documented, where the runtime itself behaves so and a source says it, or a fault of the model, which is
to be mended. Rows are strict: the witnesses of a row break its laws on every target and for every operator that it
names, so that a fault that is mended makes its row fail.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from .handover import Result
from .operators import Size
from .published import COMPILED
from .scaling import Cut, Dilated
from .spellings import Branches, Grouped, Inserted, Joined, Line, Pair, Pooled, Product, Window


class Witness(NamedTuple):
    """A case that breaks a law."""

    law: str
    case: Any


class Row(NamedTuple):
    """One mechanism. Laws, operators and targets are patterns as of the shell; targets are "platform precision"."""

    laws: tuple[str, ...]
    operators: tuple[str, ...]
    targets: tuple[str, ...]
    mechanism: str
    source: str
    """What says that the runtime does so; "a fault of the model: ..." names the code that does not follow it."""
    witnesses: tuple[Witness, ...]

    def covers(self, law: str, operator: str, target: str) -> bool:
        """Whether the row is about that law, operator and target."""
        return any_of(law, self.laws) and any_of(operator, self.operators) and any_of(target, self.targets)


def any_of(name: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns matches the name."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _all(law: str, *cases: Any) -> tuple[Witness, ...]:
    return tuple(Witness(law, case) for case in cases)


def _vela(*names: str) -> tuple[Witness, ...]:
    return tuple(Witness("Vela", case) for case in COMPILED if case.name in names)


A76 = ("*-cortexa76-*",)
ADRENO = ("*-adreno6*",)
ADRENO_21 = ("mi9-adreno640-*", "pixel3xl-adreno630-*")
"""The Adrenos under TensorFlow Lite 2.1."""
ADRENO_TIMED = ("mi9-adreno640-tflite2.1 *", "pixel3xl-adreno630-tflite2.1 *", "pixel4-adreno640-*")
"""The Adrenos whose calibration timed fully connected layers."""
ADRENO_NNMETER = ("*-adreno6*-nnmeter *",)
BUILTIN = ("*-builtin-*",)
CORAL = ("coral-edgetpu-*",)
CORAL_HOST = ("coral-host-*", "cortex-m55-host-*")
"""The assumed hosts of the Edge TPU and of the Ethos-U, which are described alike."""
CORRECTED = ("epyc-9004-*", *ADRENO_NNMETER)
"""Platforms whose calibration learned a correction."""
ETHOS = ("ethos-u*",)
HEXAGON = ("*-hexagon685-*",)
K210 = ("k210-*",)
KPU = ("k210-kpu-*",)
NCS2 = ("ncs2-*",)
ONNXRUNTIME = ("*-onnxruntime*",)
OPENVINO = ("*-openvino2026*", "x86-openvino *")
RK3399 = ("rk3399pro-*",)
XNNPACK = ("*-xnnpack-*",)
X86 = ("epyc-9004-*", "x86-*")

_BIG, _SMALL = Size(1, 32, 32, 64, 64, 3), Size(1, 16, 56, 32, 128, 3)
_ROWS = Product(196, 16, 64)
_READERS = tuple(Inserted(reader, 14, 24) for reader in ("relu", "conv2d", "add", "output"))

EXCEPTIONS: tuple[Row, ...] = (
    # Concatenation
    Row(
        ("concat order",),
        ("concat",),
        ETHOS,
        "The compiler orders operators depth first from the last operand, and what is adjacent decides what "
        "it buffers.",
        "Vela 5.2 prints 802.64 us for one order of a concatenation and 810.77 for the reverse (U55)",
        _all(
            "concat order",
            *(Joined(28, channels, "convolutions") for channels in ((8, 64, 96), (8, 16), (40, 160))),
            Joined(14, (96, 64, 8), "convolutions"),
            Joined(4, (8, 16), "convolutions"),
        ),
    ),
    # Element-wise operators
    Row(
        ("operand order",),
        ("add *", "mul *"),
        OPENVINO,
        "The first operand alone decides the layout of the result, so that a reorder appears or is left out.",
        "a fault of the model: simulator/mapping/layouts.py, channels_last; OpenVINO 2026.4's runtime model "
        "has as many "
        "reorders in either order, and folds a stored factor into the convolution",
        _all(
            "operand order",
            *(Pair("mul", second, 14, 24) for second in ("skip", "gate", "pixel", "stored")),
            *(Pair("add", second, 14, 24) for second in ("skip", "gate", "pixel")),
        ),
    ),
    Row(
        ("operand order",),
        ("mul skip",),
        ADRENO,
        "A multiplication joins the kernel that writes its first operand only.",
        "TensorFlow Lite, delegates/gpu/cl/inference_context.cc, Merge: no merge where link_index != 0; "
        "additions alone "
        "have their latest operand put first",
        _all("operand order", Pair("mul", "skip", 14, 24)),
    ),
    Row(
        ("operand order",),
        ("add skip", "mul skip"),
        ("ethos-u55-64-* int16", "ethos-u55-128-* int16", "ethos-u55-256-*", "ethos-u65-*"),
        "The first operand is fetched in blocks, and the second in those that this leaves.",
        "Vela 5.2 prints 0.576 us for one order of a multiplication and 0.512 for the reverse (U55-256), and 1.186 "
        "and 1.176 for an addition (U65)",
        _all("operand order", Pair("mul", "skip", 4, 8), Pair("add", "skip", 4, 8)),
    ),
    Row(
        ("branch order",),
        ("add",),
        ADRENO,
        "An addition joins the kernel that writes its operand last in the file.",
        "TensorFlow Lite, delegates/gpu/cl/inference_context.cc, ConvertOperations: latest_written_tensor_index",
        _all("branch order", Branches("add", 28, 96, 40), Branches("add", 28, 96, 96), Branches("add", 28, 16, 16)),
    ),
    Row(
        ("branch order",),
        ("add",),
        (*ONNXRUNTIME, *OPENVINO),
        "An addition joins a convolution, and not a depthwise one, so that which branch comes last decides.",
        "a fault of the model: the [[fusion]] tables have conv2d + add and no dwconv2d + add; the optimised graphs of "
        "onnxruntime 1.32 and OpenVINO 2026.4 have no addition left in either order",
        _all("branch order", Branches("add", 28, 16, 16), Branches("add", 14, 16, 32)),
    ),
    # Padding
    Row(
        ("pad layer",),
        ("conv2d", "dwconv2d"),
        (*A76, *BUILTIN, *CORAL_HOST),
        "A pad is an operator of its own where the convolution could have padded.",
        "TensorFlow Lite's interpreter runs the operators of the file; only delegates join a PAD to its reader",
        _all("pad layer", Window("conv2d", 14, 24, 3, 1, "same"), Window("dwconv2d", 8, 8, 5, 2, "same")),
    ),
    Row(
        ("pad layer",),
        ("halves", "grouped"),
        (*A76, *BUILTIN, *CORAL_HOST),
        "A pad is an operator of its own where a convolution in groups could have padded.",
        "TensorFlow Lite's interpreter runs the operators of the file; only delegates join a PAD to its reader",
        _all("pad layer", Window("halves", 8, 24, 5, 2, "same"), Window("grouped", 14, 64, 5, 2, "same")),
    ),
    Row(
        ("pad layer",),
        ("conv2d", "dwconv2d", "halves", "grouped"),
        CORAL,
        "A pad is an operator of its own where the convolution could have padded.",
        "PAD is in the Edge TPU compiler's list of operators; nobody has published whether it joins the convolution",
        _all(
            "pad layer",
            Window("conv2d", 14, 160, 3, 2, "same"),
            Window("dwconv2d", 7, 16, 3, 1, "same"),
            Window("halves", 8, 24, 5, 2, "same"),
            Window("grouped", 14, 64, 5, 2, "same"),
        ),
    ),
    # Matrix products
    Row(
        ("dense or convolution",),
        ("dense",),
        ADRENO_TIMED,
        "Products and convolutions are other kernels, the former with four work items to a sum, row by row.",
        "TensorFlow Lite, delegates/gpu, fully_connected_texture.cc: local memory adds up the sums of four work items",
        _all("dense or convolution", _ROWS),
    ),
    Row(
        ("dense or convolution",),
        ("dense",),
        ETHOS,
        "A product runs on a map of all its rows, and a convolution of single pixels on the map that it has.",
        "Vela 5.2 prints 16.03 us for the product of 196 rows and 15.70 for the convolution (U55)",
        _all(
            "dense or convolution",
            _ROWS,
            *(Product(*sizes) for sizes in ((196, 40, 160), (49, 24, 96), (64, 8, 16), (196, 64, 24))),
        ),
    ),
    Row(
        ("dense rank",),
        ("dense",),
        OPENVINO,
        "A fully connected layer over a tensor of rank 4, which comes in channels first, is transposed on both sides.",
        "OpenVINO 2026.4's runtime model: Transpose, FullyConnected, Transpose",
        _all("dense rank", _ROWS),
    ),
    Row(
        ("dense or convolution",),
        ("dense",),
        (*NCS2, *RK3399),
        "A fully connected layer is priced as reading its weights, however many rows it has.",
        "a fault of the model: hwmodels/kernels/streaming.py, gemv with an efficiency of 1; that another "
        "unit runs it is "
        "documented (hw_fc_tiling.cpp; the tensor processor of a VIP), its rate over many rows is not",
        _all("dense or convolution", Product(196, 96, 96), _ROWS),
    ),
    Row(
        ("dense or convolution", "compute roof", "nothing is free"),
        ("dense",),
        ADRENO_NNMETER,
        "Fully connected layers take no time, because the measurements hold nothing of them.",
        "a fault of the model: [omitted] of the overlays leaves macs out and says nothing of it in coverage",
        (*_all("nothing is free", _BIG), *_all("compute roof", _BIG), *_all("dense or convolution", _ROWS)),
    ),
    Row(
        ("dense or convolution",),
        ("dense",),
        KPU,
        "A convolution of a map below 4 x 4 pixels runs on the scalar core, the matrix product of one vector does not.",
        "nncase 0.2, hlir/transforms/k210/kpu_utils.h, is_supported_in_shape, and its rewrite of a matrix product",
        _all("dense or convolution", Product(1, 64, 160)),
    ),
    Row(
        ("dense or convolution",),
        ("dense",),
        (*ONNXRUNTIME, *OPENVINO, *BUILTIN),
        "Products and convolutions are other kernels, the latter with other layouts.",
        "onnxruntime 1.32's optimised graph: Gemm against ReorderInput, Conv, ReorderOutput; OpenVINO's FullyConnected "
        "against Convolution; TensorFlow Lite's multithreaded_conv.h against cpu_backend_gemm.h",
        _all("dense or convolution", _ROWS),
    ),
    Row(
        ("dense or convolution",),
        ("dense",),
        XNNPACK,
        "One kernel has two sets of fitted numbers: a tap's start and prefetched weights in the one, neither "
        "in the other.",
        "a fault of the model: [kernels.conv2d] and [kernels.dense] of x86-xnnpack-litert; XNNPACK runs both "
        "as its GEMM",
        _all("dense or convolution", _ROWS),
    ),
    # Layouts of rows
    Row(
        ("one axis",),
        ("conv2d", "dwconv2d", "maxpool2d"),
        ETHOS,
        "Blocks are other shapes along height and width.",
        "Vela 5.2 prints 3.27 us for a window along the width and 4.30 along the height (U55), 5.16 and 3.98 (U85)",
        _all(
            "one axis",
            Line("conv2d", 160, 8, 5, 1),
            Line("dwconv2d", 64, 64, 5, 1),
            Line("maxpool2d", 160, 24, 3, 1),
        ),
    ),
    Row(
        ("one axis",),
        ("conv2d", "dwconv2d"),
        (*HEXAGON, *RK3399),
        "Pixels of one row fill a block, those of a column take one each.",
        "nnlib, docs/d32.txt: blocks of four pixels along the width; Mesa, etnaviv_ml_nn.c: tiles 64 pixels wide",
        _all("one axis", Line("conv2d", 160, 8, 5, 1), Line("dwconv2d", 64, 64, 5, 1)),
    ),
    Row(
        ("one axis",),
        ("conv2d",),
        ("pixel4-adreno640-*",),
        "A work item's block is wider than high.",
        "TensorFlow 2.10, lite/delegates/gpu/common/tasks/conv_generic.cc, GuessBestParams",
        _all("one axis", Line("conv2d", 160, 64, 5, 1)),
    ),
    Row(
        ("one axis",),
        ("conv2d", "dwconv2d", "maxpool2d"),
        (*ONNXRUNTIME, *OPENVINO),
        "Kernels work row by row: a row has a start, and taps beyond its ends are multiplied or not.",
        "MLAS, snchwc.cpp, and oneDNN's jit kernels: loops over rows with padding left out above and below",
        _all(
            "one axis",
            Line("conv2d", 160, 8, 5, 1),
            Line("dwconv2d", 64, 64, 5, 1),
            Line("maxpool2d", 64, 160, 5, 1),
        ),
    ),
    # Spellings that no canonical form makes one
    Row(
        ("split and rejoined",),
        ("split",),
        (*A76, *BUILTIN, *XNNPACK, *CORAL_HOST, *ONNXRUNTIME, *ADRENO),
        "Parts are copied, and copied back; on the Adreno on the CPU.",
        "TensorFlow Lite's interpreter and its delegates run SPLIT and CONCATENATION of the file, and the "
        "OpenCL delegate "
        "has no SPLIT (delegates/gpu/README.md of 2.1); onnxruntime 1.32's optimised graph has Split and Concat",
        _all("split and rejoined", *_READERS),
    ),
    Row(
        ("split and rejoined",),
        ("split",),
        ETHOS,
        "The parts of a split are copied into the concatenation that puts them together again.",
        "Vela 5.2 lists two copies behind the convolution and prints 14.72 us (U55) and 8.09 (U85)",
        _all("split and rejoined", *_READERS),
    ),
    Row(
        ("split and rejoined",),
        ("split",),
        (*OPENVINO, *CORAL, *HEXAGON, *K210, *NCS2, *RK3399),
        "A split whose parts are put together again stays.",
        "a fault of the model: nothing in simulator/canonical removes it; OpenVINO 2026.4's runtime model has neither, "
        "the other compilers are closed or not known to remove it",
        _all("split and rejoined", *_READERS),
    ),
    Row(
        ("global mean",),
        ("mean",),
        ADRENO_21,
        "A mean over height and width runs on the CPU.",
        "TensorFlow 2.1, lite/delegates/gpu/README.md, does not list MEAN, as the platform's [[support]] says",
        _all("global mean", Pooled(7, 96, True)),
    ),
    Row(
        ("global mean",),
        ("mean",),
        (*ETHOS, *ONNXRUNTIME),
        "A mean is another kernel than a pooling.",
        "Vela 5.2 prints 27.42 us for a global pooling and 35.06 for the mean (U55); onnxruntime 1.32 runs the one in "
        "blocks of channels and ReduceMean behind a ReorderOutput",
        _all("global mean", Pooled(7, 96, True), Pooled(4, 3, False)),
    ),
    # Growth
    Row(
        ("subadditive",),
        ("*",),
        ("ethos-u* int8", "ethos-u55-64-* int16", "ethos-u55-128-* int16", "ethos-u65-*", "ethos-u85-*"),
        "The compiler's estimate is of bursts only partly used and of weights copied or not.",
        "Vela 5.2 prints 4.59 us for a pooling of 16 channels and 15.31 of 32, 3.50 for a convolution of 3 "
        "rows and 8.46 of 6 (U85)",
        _all(
            "subadditive",
            Cut("maxpool2d", "channels", Size(1, 14, 14, 24, 24, 3), 16, 16),
            Cut("concat", "channels", Size(1, 7, 7, 16, 16, 3), 16, 16),
            Cut("concat", "channels", Size(1, 14, 14, 8, 24, 3), 8, 40),
            Cut("sigmoid", "channels", Size(1, 28, 14, 16, 64, 3), 3, 16),
            Cut("sigmoid", "channels", Size(1, 28, 28, 64, 64, 3), 16, 16),
            Cut("globalavgpool2d", "rows", Size(1, 14, 28, 64, 64, 1), 5, 14),
        ),
    ),
    Row(
        ("subadditive",),
        ("resize *", "matmul *"),
        ("*-cortexa76-* float32",),
        "Caches hold the tensors of the pieces and not those of the whole.",
        "a cliff of every cache: [roofs.cache] of the platform is 2.5 MB",
        _all(
            "subadditive",
            Cut("resize", "batch", Size(1, 28, 28, 64, 64, 3), 4, 4),
            Cut("matmul", "batch", Size(1, 28, 28, 64, 64, 1), 2, 2),
        ),
    ),
    Row(
        ("subadditive",),
        ("matmul *",),
        ("pixel3xl-adreno630-tflite2.1-nnmeter *",),
        "The caches of the CPU that it falls back to hold the tensors of the pieces and not those of the whole.",
        "a cliff of every cache: [roofs.cache] of the platform is 2.5 MB",
        _all("subadditive", Cut("matmul", "batch", Size(1, 28, 28, 64, 64, 1), 2, 2)),
    ),
    Row(
        ("subadditive",),
        ("dwconv2d channels",),
        ("*-cortexa76-* int8", *ONNXRUNTIME),
        "A kernel for whole vectors of channels runs all of them or none.",
        "TensorFlow Lite, depthwiseconv_uint8_3x3_filter.h: depth % 8 == 0; MLAS's blocked depthwise kernel: see "
        "[kernels.dwconv2d] of x86-onnxruntime, aligned",
        _all("subadditive", Cut("dwconv2d", "channels", Size(1, 28, 28, 16, 64, 3), 64, 3)),
    ),
    Row(
        ("subadditive",),
        ("conv2d channels",),
        XNNPACK,
        "More channels take the kernel of twice the tile.",
        "window_tile_n of the platform: XNNPACK's indirect GEMM has tiles of 32 channels, of 16 where that is enough",
        _all("subadditive", Cut("conv2d", "channels", Size(1, 28, 28, 8, 8, 3), 96, 16)),
    ),
    Row(
        ("dilation",),
        ("dwconv2d",),
        NCS2,
        "A dilated depthwise convolution runs on the vector cores, which multiply its own channels alone; the engine "
        "runs a plain one as dense convolutions of tiles whose other channels are zero.",
        "OpenVINO 2019, inference-engine/src/vpu/graph_transformer/src/passes/split_hw_depth_convolution.cpp, and the "
        "engine's refusal of dilations; that the cores are the faster of the two nobody has measured",
        _all("dilation", Dilated("dwconv2d", 56, 64, 2)),
    ),
    Row(
        ("dilation",),
        ("conv2d", "dwconv2d"),
        (
            "ethos-u55-64-* int16",
            "ethos-u55-128-*",
            "ethos-u55-256-* int8",
            "ethos-u85-512-* int8",
            "ethos-u85-1024-*",
            "ethos-u85-2048-* int16",
        ),
        "A dilated window reads other bursts, in blocks of other shapes.",
        "Vela 5.2 chooses the blocks of the input by the reach of the kernel, and counts the bursts of these blocks",
        _all(
            "dilation",
            Dilated("conv2d", 56, 16, 2),
            Dilated("dwconv2d", 28, 16, 2),
            Dilated("conv2d", 56, 128, 2),
            Dilated("dwconv2d", 28, 128, 3),
        ),
    ),
    # Roofs
    Row(
        ("memory roof",),
        ("kpu_conv",),
        KPU,
        "Maps stay in the KPU's own memory, which it reads at a line a cycle, and never pass the main memory.",
        "kendryte-standalone-sdk, kpu.h: image addresses are lines of 64 bytes of 2 MB inside the KPU",
        _all("memory roof", _BIG),
    ),
    Row(
        ("memory roof",),
        ("texture_elementwise", "texture_concat", "texture_dwconv"),
        ("pixel3xl-adreno630-*", "mi9-adreno640-tflite2.1-nnmeter *"),
        "What comes from behind the texture caches comes at a rate of its own, fitted above the DRAM's.",
        "a fault of the model: fill_bytes_per_s is bounded at 3e11 and not by roofs.memory.dram",
        _all("memory roof", _BIG, Size(1, 32, 16, 128, 128, 1), _SMALL),
    ),
    Row(
        ("memory roof",),
        ("ethos_u_elementwise",),
        ("ethos-u55-256-* int16",),
        "A single value comes from the memory that weights are in, at the same time as the map from the other one.",
        "Vela 5.2, ethos_u55_performance.cpp: MeasureElementAccess and MeasureAccessCycles",
        _all("memory roof", Size(1, 16, 16, 32, 32, 1)),
    ),
    Row(
        ("result",),
        ("output",),
        ETHOS,
        "A result that the host's operators read passes the memory once, and one that leaves the network does not.",
        "an Ethos-U and its host share their memory (Arm's vela.ini), in which outputs stay",
        _all("result", Result(32, 300)),
    ),
    # Corrections and clocks
    Row(
        ("clock",),
        ("ethos_u_pool",),
        ("ethos-u85-2048-* int8",),
        "The first block comes in and the last goes out at the memory's rate, and both are the engine's cycles.",
        "Vela 5.2, ethos_u85_performance.cpp, EstimateMacOpCycles: ifmBlockCycles and ofmBlockCycles",
        _all("clock", Size(1, 16, 16, 32, 32, 1)),
    ),
    Row(
        ("*, corrected",),
        ("*",),
        CORRECTED,
        "A learned correction sees the kernel's geometry, which is the first operand's, and gives equal "
        "kernels unequal factors.",
        "a fault of the model: simulator/pricing/residual.py takes its features from Work; a boosted tree "
        "keeps no law by itself",
        (
            *_all("concat order, corrected", Joined(28, (8, 16), "inputs")),
            *_all("one axis, corrected", Line("conv2d", 160, 8, 5, 1), Line("dwconv2d", 64, 64, 5, 1)),
        ),
    ),
    Row(
        ("corrected roof",),
        ("*",),
        ("epyc-9004-*", "mi9-adreno640-tflite2.1-nnmeter *"),
        "A learned correction divides a kernel's time without regard to its roofs.",
        "a fault of the model: simulator/pricing/residual.py, kernel_corrections bounds the factor and not the time",
        _all("corrected roof", _BIG, _SMALL, Size(1, 56, 16, 64, 128, 1)),
    ),
    Row(
        ("depthwise", "Vela"),
        ("conv2d", "grouped depthwise"),
        (*A76, *ADRENO, *BUILTIN, *CORAL, *CORAL_HOST, *ETHOS, *HEXAGON, *KPU, *NCS2, *RK3399),
        "A convolution in as many groups as channels is split into one for each, or priced as a grouped one.",
        "a fault of the model: conv_per_channel_as_dwconv is a rule of four platforms rather than canonical; "
        "converters "
        "write DEPTHWISE_CONV_2D, and Vela 5.2 prints the same for both",
        (
            *_all("depthwise", Grouped(14, 24, 3, 1), Grouped(28, 64, 3, 2), Grouped(4, 64, 5, 2)),
            *_vela("grouped depthwise"),
        ),
    ),
)
