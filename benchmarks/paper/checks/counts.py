"""Claims about operations, memory accesses and models: they need no platform."""

from __future__ import annotations

from itertools import pairwise

from benchmarks.paper import table3
from benchmarks.paper.claims import Claim
from benchmarks.paper.registry import claim
from benchmarks.paper.scenarios import HALF_SIZE_DOUBLE_CHANNEL, MODELS, block, conv, dwconv, model, pair
from stairline.simulator.graph.attributes import NEUTRAL
from stairline.simulator.graph.graph import Graph
from stairline.simulator.graph.ops import OPS, count
from stairline.simulator.study import shapes
from stairline.simulator.zoo import build_block

SIZES = ((56, 32, 32, 3), (28, 320, 64, 3), (7, 96, 40, 5), (14, 16, 8, 1))
"""Height, input channels, output channels and kernel at which the formulas are tried."""

OPERATORS = {
    "Pooling": "avgpool2d",
    "Add": "add",
    "Concat": "concat",
    "Multiply": "mul",
    "Shuffle": "channel_shuffle",
    "ReLU": "relu",
    "ReLU6": "relu6",
    "Sigmoid": "sigmoid",
    "HardSwish": "hard_swish",
    "Swish": "swish",
}
"""Table 1's element-wise operators and activations by our names."""

CONVOLUTIONS = {
    "Conv": "conv",
    "DWConv": "dwconv",
    "Dilated": "dilated_conv",
    "Group": "grouped_conv",
    "MixConv": "mixconv",
}
"""Table 1's convolutions by our names."""


@claim("C001", "C017", "C076", "C092")
def model_operations(claim: Claim) -> None:
    assert claim.within(table3.macs(model(claim.subject)) / 1e6)


@claim("C033", "C049")
def model_operations_with_element_wise_layers(claim: Claim) -> None:
    macs, others = table3.macs(model(claim.subject)), table3.element_ops(model(claim.subject))
    assert macs <= claim.number * 1e6 <= macs + others / 2


@claim("C127")
def motivating_models_differ_in_operations(claim: Claim) -> None:
    for name, millions in zip(("MobileNetV3", "MobileNetV2"), claim.numbers, strict=True):
        macs, others = table3.macs(model(name)), table3.element_ops(model(name))
        assert 0.99 * macs <= millions * 1e6 <= macs + others / 2


@claim("C169", "C170")
def convolution(claim: Claim) -> None:
    for h, c_in, c_out, k in SIZES:
        graph = conv(h, c_in, c_out, k)
        if claim.unit == "MAC":
            assert table3.operations(graph) == h**2 * c_in * c_out * k**2
        else:
            assert table3.accesses(graph) == h**2 * c_in + h**2 * c_out + k**2 * c_in * c_out


@claim("C171", "C172")
def grouped_convolution(claim: Claim) -> None:
    for h, c_in, c_out, k in SIZES:
        for g in (2, 4, 8):
            graph = build_block("grouped_conv", h, c_in, k, c_out=c_out, groups=g)
            if claim.unit == "MAC":
                assert table3.operations(graph) * g == h**2 * c_in * c_out * k**2
            else:
                assert table3.accesses(graph) == h**2 * c_in + h**2 * c_out + k**2 * c_in * c_out // g


@claim("C173", "C174")
def depthwise_convolution(claim: Claim) -> None:
    for h, c, _c_out, k in SIZES:
        graph = dwconv(h, c, k)
        if claim.unit == "MAC":
            assert table3.operations(graph) == h**2 * c * k**2
        else:
            assert table3.accesses(graph) == 2 * h**2 * c + k**2 * c


@claim("C175", "C176")
def element_wise(claim: Claim) -> None:
    for h, c, _c_out, _k in SIZES:
        graph = pair("add", h, c)
        if claim.unit == "MAC":
            assert table3.operations(graph) == (2 - 1) * h**2 * c
        else:
            assert table3.accesses(graph) == 2 * h**2 * c


@claim("C177")
def convolution_reuses_dozens_of_times_more(_claim: Claim) -> None:
    assert table3.intensity(conv(56, 128, 128, 3)) > 2 * 12 * table3.intensity(dwconv(56, 128, 3))


@claim("C178")
def operators_rank_by_intensity(_claim: Claim) -> None:
    for h, c in ((56, 32), (28, 128), (14, 256)):
        grouped = build_block("grouped_conv", h, c, groups=8)
        assert shapes.is_falling(
            [table3.intensity(g) for g in (conv(h, c, c, 3), grouped, dwconv(h, c, 3), pair("add", h, c))]
        )


@claim("C192")
def cost_is_linear_in_output_channels(_claim: Claim) -> None:
    graphs = [conv(28, 320, c_out, 3) for c_out in range(1, 65)]
    for cost in (table3.operations, table3.accesses):
        assert len({cost(after) - cost(before) for before, after in pairwise(graphs)}) == 1


@claim("C237")
def operations_are_quadratic_in_the_kernel(_claim: Claim) -> None:
    for k in (1, 3, 5, 7):
        assert table3.operations(conv(56, 32, 32, k)) == k**2 * table3.operations(conv(56, 32, 32, 1))
        assert table3.operations(dwconv(56, 32, k)) == k**2 * table3.operations(dwconv(56, 32, 1))


@claim("C234", "C235")
def larger_kernels_barely_move_more(claim: Claim) -> None:
    kernel = 3 if "K=3" in claim.metric else 5
    assert claim.within(table3.increase_percent(table3.accesses, conv(56, 32, 32, kernel), conv(56, 32, 32, 1)))


@claim("C205")
def squeeze_and_excite_moves_more(claim: Claim) -> None:
    """3 x 6 H^2 C over (2 + 4 x 6 + 2) H^2 C is 64.3 %; the filters of its two layers would make it 64.6 %."""
    measured = table3.increase_percent(table3.map_accesses, block("MobileNetV2Block+SE"), block("MobileNetV2Block"))
    assert claim.within(measured)


@claim("C206")
def squeeze_and_excite_computes_little_more(claim: Claim) -> None:
    assert claim.within(
        table3.increase_percent(table3.operations, block("MobileNetV2Block+SE"), block("MobileNetV2Block"))
    )


@claim("C223")
def activations_rank_by_operations(_claim: Claim) -> None:
    """An activation counts what it does to one element; an exponential is more than the rest of a formula."""
    names = ("relu", "relu6", "hard_swish", "sigmoid", "swish")
    per_element = [count(name, ((1, 1, 1, 1),), ((1, 1, 1, 1),), NEUTRAL).element_ops for name in names]
    assert per_element == sorted(set(per_element))


@claim("C134")
def halving_the_map_doubles_the_channels(_claim: Claim) -> None:
    """As MobileNetV1 does from one depthwise separable layer of stride 2 to the next."""
    graph = model("MobileNetV1")
    pointwise = [graph.tensors[x.outputs[0]].shape for x in graph.layers if x.op == "conv2d"]
    for (_, h, _, c), (_, h_next, _, c_next) in pairwise(pointwise[1:]):
        assert (h_next, c_next) in ((h, c), (h, 2 * c), (h // 2, 2 * c))
        assert h_next == h or c_next == 2 * c


def conv_of(hw: int, channels: int) -> Graph:
    return conv(hw, channels, channels, 3)


def grouped_of(hw: int, channels: int) -> Graph:
    return build_block("grouped_conv", hw, channels, groups=8)


def dwconv_of(hw: int, channels: int) -> Graph:
    return dwconv(hw, channels, 3)


def add_of(hw: int, channels: int) -> Graph:
    return pair("add", hw, channels)


SCALING = {
    "C367": (table3.operations, 1.0, (conv_of, grouped_of)),
    "C368": (table3.operations, 0.5, (dwconv_of, add_of)),
    "C369": (table3.map_accesses, 0.5, (conv_of, grouped_of, dwconv_of, add_of)),
    "C370": (table3.filter_accesses, 4.0, (conv_of, grouped_of)),
    "C371": (table3.filter_accesses, 2.0, (dwconv_of,)),
}
"""Appendix B.3: what changes by which factor from layer to layer, for which operators."""


@claim(*SCALING)
def half_size_double_channel(claim: Claim) -> None:
    cost, factor, operators = SCALING[claim.id]
    for operator in operators:
        for (h, c), (h_next, c_next) in pairwise(HALF_SIZE_DOUBLE_CHANNEL):
            assert cost(operator(h_next, c_next)) == factor * cost(operator(h, c))


@claim("C372")
def dense_block_computes_less_with_depth(_claim: Claim) -> None:
    assert shapes.is_falling([table3.operations(block("DenseBlock", h, c)) for h, c in HALF_SIZE_DOUBLE_CHANNEL])


@claim("C143", "C144")
def operators_of_the_design_space_exist(claim: Claim) -> None:
    assert {OPERATORS[name] for name in claim.items} <= set(OPS)


@claim("C145")
def convolutions_of_the_design_space_can_be_built(claim: Claim) -> None:
    for name in claim.items:
        assert table3.macs(build_block(CONVOLUTIONS[name], 28, 64)) > 0


@claim("C152", "C373")
def fourteen_models(claim: Claim) -> None:
    assert len({model(name) for name in MODELS}) == claim.number


@claim("C374")
def models_range_over_operations(claim: Claim) -> None:
    macs = {name: table3.macs(model(name)) for name in MODELS}
    smallest, largest = (min(macs, key=macs.__getitem__), max(macs, key=macs.__getitem__))
    assert (smallest, largest) == ("ShuffleNetV1", "ResNetV2_50")
    low, high = claim.numbers
    assert macs[smallest] <= low * 1e6 <= macs[smallest] + table3.element_ops(model(smallest)) / 2
    assert abs(macs[largest] / (high * 1e9) - 1) <= 0.01


@claim("C375")
def models_range_over_size(claim: Claim) -> None:
    megabytes = {name: 4 * table3.parameters(model(name)) / 1e6 for name in MODELS}
    low, high = claim.numbers
    assert min(megabytes, key=megabytes.__getitem__) == "ShuffleNetV2"
    assert max(megabytes, key=megabytes.__getitem__) == "ResNetV2_50"
    assert abs(megabytes["ShuffleNetV2"] / low - 1) <= 0.05
    assert abs(megabytes["ResNetV2_50"] / high - 1) <= 0.05


@claim("C312")
def layers_to_prune(claim: Claim) -> None:
    """The stem and thirteen pointwise convolutions: a depthwise layer has the channels of the one before it."""
    assert sum(layer.op == "conv2d" for layer in model("MobileNetV1").layers) == claim.number
