"""The operators of runtimes in the project's words, so that a runtime's rows find the kernels of a prediction."""

from __future__ import annotations

import re

from stairline.simulator.graph.ops import OPS

_SPELLINGS = {
    "conv": "conv2d",
    "convolution": "conv2d",
    "fusedconv": "conv2d",
    "qlinearconv": "conv2d",
    "convinteger": "conv2d",
    "groupconvolution": "dwconv2d",
    "depthwiseconv": "dwconv2d",
    "depthwiseconv2d": "dwconv2d",
    "depthwiseconv2dnative": "dwconv2d",
    "depthwiseconv2dbias": "dwconv2d",
    "conv2dbias": "conv2d",
    "fullyconnected": "dense",
    "gemm": "dense",
    "fusedgemm": "dense",
    "linear": "dense",
    "addmm": "dense",
    "convolutiondefault": "conv2d",
    "transposeconv": "conv2d_transpose",
    "convtranspose": "conv2d_transpose",
    "averagepool2d": "avgpool2d",
    "averagepool": "avgpool2d",
    "avgpool": "avgpool2d",
    "maxpool": "maxpool2d",
    "pooling": "avgpool2d",
    "globalaveragepool": "globalavgpool2d",
    "reducemean": "mean",
    "concatenation": "concat",
    "clip": "relu6",
    "logistic": "sigmoid",
    "hardswish": "hard_swish",
    "hardsigmoid": "hard_sigmoid",
    "leakyrelu": "leaky_relu",
    "relun1to1": "relu6",
    "multiply": "mul",
    "subtract": "sub",
    "divide": "div",
    "interpolate": "resize",
    "upsample": "resize",
    "resizebilinear": "resize",
    "resizenearestneighbor": "resize",
    "batchnormalization": "batch_norm",
    "layernormalization": "layer_norm",
    "instancenormalization": "layer_norm",
    "quantizelinear": "quantize",
    "dequantizelinear": "dequantize",
    "permute": "transpose",
    "reorderinput": "reorder",
    "reorderoutput": "reorder",
    "layoutconversion": "reorder",
}
_PLAIN = {name.replace("_", ""): name for name in OPS}

COPIES = frozenset({"transpose", "reorder", "copy", "cast", "reshape", "quantize", "dequantize", "pad"})
"""Operators that move data and compute nothing: runtimes put them in where a layout or a memory changes."""

ELEMENTWISE = frozenset(
    {"relu", "relu6", "leaky_relu", "prelu", "sigmoid", "tanh", "hard_swish", "hard_sigmoid", "swish", "gelu", "clip"}
    | {"add", "sub", "mul", "div", "maximum", "minimum", "batch_norm"}
)
"""Operators that runtimes run within the kernel before them."""


def operator(text: str) -> str:
    """The operator that a runtime's word means; the word itself, in lower case, where it is not known."""
    first = re.split(r"[+,;]", text)[0]
    plain = re.sub(r"[^a-z0-9]", "", first.lower())
    return _PLAIN.get(plain) or _SPELLINGS.get(plain) or _PLAIN.get(plain.removesuffix("2d")) or first.strip().lower()
