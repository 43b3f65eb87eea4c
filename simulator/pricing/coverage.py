"""How much of a network a prediction covers; what is left out counts with its real work, or as an unknown amount."""

from __future__ import annotations

from math import prod

from stairline.simulator.graph.graph import Graph, Layer
from stairline.simulator.graph.ops import is_canonical
from stairline.simulator.mapping.plan import Kernel, Plan

from .prediction import Coverage

_COMPLETE = Coverage(1.0, 1.0, 1.0)

_NAMES = """
abs acos acosh addn and argmax argmin asin asinh assignvariable atan atan2 atanh averagepool bitshift
bitwiseand bitwisenot bitwiseor bitwisexor broadcastargs broadcastto bucketize cast ceil celu clip complexabs
compress concat concatenation constantofshape cos cosh cumsum densetosparse depthtospace dequantize
dequantizelinear div dropout dynamicquantizelinear dynamicupdateslice elu embeddinglookup equal erf exp expand
expanddims eyelike fakequant fill flatten floor floordiv floormod gather gatherelements gathernd gelu greater
greaterequal greaterorequal hardmax hardsigmoid hardswish hashtable hashtablefind hashtableimport hashtablelookup
hashtablesize identity imag instancenormalization isinf isnan l2normalization l2pool leakyrelu less lessequal
lessorequal localresponsenormalization log logicaland logicalnot logicalor logistic logsoftmax lppool lrn
lpnormalization matrixdiag matrixsetdiag max maxpool maxroipool maxunpool mean meanvariancenormalization min
mirrorpad mish mod mul neg nonmaxsuppression nonmaxsuppressionv4 nonmaxsuppressionv5 nonzero not notequal onehot or
pack pad pow prelu quantize quantizelinear randomnormal randomnormallike randomstandardnormal randomuniform
randomuniformlike range rank readvariable real reciprocal reduceall reduceany reducel1 reducel2 reducelogsum
reducelogsumexp reducemax reducemean reducemin reduceprod reducesum reducesumsquare relu0to1 relun1to1 reshape
reversesequence reversev2 roialign round rsqrt scatterelements scatternd segmentsum select selectv2 selu
sequenceat sequenceconstruct shape shrink sign signbit sin sinh size skiplayernormalization softplus softsign
spacetobatchnd batchtospacend spacetodepth sparsetodense split splittosequence sqrt square squareddifference
stridedslice sum tan thresholdedrelu tile topk topkv2 trilu unique unpack unsortedsegmentmax unsortedsegmentmin
unsortedsegmentprod unsortedsegmentsum upsample varhandle where xor zeroslike
"""
_WITHOUT_PRODUCTS = frozenset(_NAMES.split())
"""Operators of ONNX and TFLite, in small letters without "_", that multiply no two operands in a sum of products.

Of an operator that is neither here nor in ``_PRODUCTS`` the work is unknown, custom ones and control flow among them.
"""


def coverage(planned: Plan) -> Coverage:
    """The share of a plan's MACs, bytes and operators that its kernel models cover.

    Layers without a model are left out, and so are those that the platform takes for free because its measurements do
    not include them. The share of the MACs is None where the shapes of one that is left out do not tell its MACs.
    """
    left_out = [k for k in planned.kernels if k.rule is None or is_omitted(k)]
    if not left_out:
        return _COMPLETE
    missing_macs = [_macs(planned.graph, k) for k in left_out]
    known_macs = sum(macs for macs in missing_macs if macs is not None)
    own = {id(k) for k in left_out}
    kept = [k for k in planned.kernels if id(k) not in own]
    return Coverage(
        None if None in missing_macs else _share(sum(k.work.macs for k in kept), known_macs),
        _share(sum(map(_elements, kept)), sum(map(_elements, left_out))),
        _share(sum(len(k.layers) for k in kept), sum(len(k.layers) for k in left_out)),
    )


def is_omitted(kernel: Kernel) -> bool:
    """Whether a kernel takes no time because the platform's measurements do not include its operator."""
    rules = kernel.machine.rules
    return any(kernel.rule is rules[op] for op in kernel.machine.omitted)


def stated_macs(graph: Graph, layer: Layer) -> float | None:
    """The MACs of one layer outside the canonical set, from its shapes; None where these do not tell them."""
    kind = layer.op.rpartition(":")[2].removeprefix("com.microsoft.").replace("_", "").lower()
    if kind in _WITHOUT_PRODUCTS:
        return 0.0
    if kind == "einsum" and layer.attributes.sizes:
        return float(prod(layer.attributes.sizes))
    if kind not in _PRODUCTS or len(layer.inputs) < 2:
        return None
    inputs = graph.shapes(layer.inputs)
    return _PRODUCTS[kind](inputs, prod(graph.tensors[layer.outputs[0]].shape))


def _macs(graph: Graph, kernel: Kernel) -> float | None:
    layers = [graph.layers[i] for i in kernel.layers]
    foreign = [stated_macs(graph, layer) for layer in layers if not is_canonical(layer.op)]
    known = [macs for macs in foreign if macs is not None]
    return None if len(known) < len(foreign) else kernel.work.macs + sum(known)


def _elements(kernel: Kernel) -> float:
    work = kernel.work
    return work.input_elements + work.output_elements + work.weight_elements


def _share(covered: float, missing: float) -> float:
    return covered / (covered + missing) if covered + missing else 1.0


Shapes = tuple[tuple[int, ...], ...]


def _filters_first(inputs: Shapes, outputs: int) -> float:
    """Each output is a sum over one filter; the filters' first axis counts them (ONNX Conv)."""
    return float(outputs * prod(inputs[1][1:]))


def _filters_last(inputs: Shapes, outputs: int) -> float:
    """Each output is a sum over one filter; the filters' last axis counts them (TFLite CONV_3D)."""
    return float(outputs * prod(inputs[1][:-1]))


def _scattered(inputs: Shapes, _: int) -> float:
    """Each input is scattered over one filter; the filters' first axis counts input channels (ONNX ConvTranspose)."""
    return float(prod(inputs[0]) * prod(inputs[1][1:]))


def _rows(inputs: Shapes, outputs: int) -> float:
    """Each output is a sum over the last axis of the first operand (ONNX MatMul)."""
    return float(outputs * inputs[0][-1])


_PRODUCTS = {
    "conv": _filters_first,
    "fusedconv": _filters_first,
    "convinteger": _filters_first,
    "qlinearconv": lambda inputs, outputs: float(outputs * prod(inputs[3][1:])) if len(inputs) > 3 else None,
    "convtranspose": _scattered,
    "conv3d": _filters_last,
    "matmul": _rows,
    "fusedmatmul": _rows,
    "matmulinteger": _rows,
    "batchmatmul": _rows,
}
"""MACs of operators that multiply, from the shapes of their operands and the number of their outputs."""
