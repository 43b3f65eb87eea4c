"""The compiled path against the scalar one: the same function, so the same bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stairline.hwmodels import available, load
from stairline.hwmodels.kernels.base import Work
from stairline.hwmodels.kernels.registry import kernel_model, kernel_models
from stairline.hwmodels.platform import Rule
from stairline.simulator.mapping.plan import UnknownOperatorError
from stairline.simulator.pricing.batch import predict_many, price
from stairline.simulator.pricing.predict import predict
from stairline.simulator.zoo import BLOCKS, build, build_block
from stairline.simulator.zoo import MODELS as ZOO

EVERY_PLATFORM = [(p.name, dtype) for p in available() for dtype in p.dtypes]


@pytest.mark.parametrize(("name", "dtype"), EVERY_PLATFORM)
def test_batch_and_scalar_agree_to_the_last_bit_on_networks_and_blocks(name, dtype):
    platform = load(name)
    graphs = [build(model) for model in ZOO] + [build_block(block) for block in BLOCKS]
    singly = [predict(graph, platform, dtype, allow_unknown=True).summary for graph in graphs]
    assert list(predict_many(graphs, platform.machine(dtype), allow_unknown=True)) == singly


RULES = sorted(
    {
        (rule.model, rule.roof, tuple(rule.parameters))
        for name, dtype in EVERY_PLATFORM
        for rule in load(name).machine(dtype).rules.values()
    }
)
SIZES = st.integers(1, 70) | st.sampled_from([112, 224, 299, 512, 1000, 1024, 2048])


def test_every_kernel_model_is_named_by_a_shipped_platform_and_so_compared_below():
    assert kernel_models().keys() == {model for model, _, _ in RULES}


@st.composite
def works(draw: st.DrawFn) -> Work:
    n, h_in, w_in, c_in, c_out = (draw(SIZES) for _ in range(5))
    kernel_h, kernel_w = draw(st.integers(1, 7)), draw(st.integers(1, 7))
    stride_h, stride_w = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    h_out, w_out = -(-h_in // stride_h), -(-w_in // stride_w)
    groups = draw(st.sampled_from([1, 1, 2, 4, c_in]))
    weights = kernel_h * kernel_w * c_in * c_out // groups
    outputs = n * h_out * w_out * c_out
    return Work(
        n, h_in, w_in, c_in, h_out, w_out, c_out, kernel_h, kernel_w, stride_h, stride_w, 1, 1, groups,
        n * h_out * w_out * weights, draw(st.sampled_from([0, outputs])), draw(st.sampled_from([0, outputs])),
        n * h_in * w_in * c_in, outputs, weights, draw(st.sampled_from([0, weights])), draw(st.integers(1, 3)),
        float(draw(st.booleans())), draw(SIZES), draw(SIZES),
    )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(works(), min_size=1, max_size=20), st.randoms(use_true_random=False))
def test_batch_and_scalar_agree_to_the_last_bit_on_random_and_edge_shapes(kernels, random):
    chosen = [random.randrange(len(RULES)) for _ in kernels]
    rules = [Rule(model, kernel_model(model).parameters(*values), roof, "made") for model, roof, values in RULES]
    latencies_s = price(np.array(kernels, dtype=float), np.array(chosen), rules)
    for work, index, latency_s in zip(kernels, chosen, latencies_s):
        model, roof, values = RULES[index]
        cost = kernel_model(model).cost(work, roof, kernel_model(model).parameters(*values))
        assert latency_s == cost.latency_s
        assert np.isfinite(latency_s)
        assert latency_s >= 0


def test_a_batch_stops_at_an_operator_without_a_model(tmp_path):
    source = Path(load("CPU").path).read_text(encoding="utf-8").replace("|tanh|", "|")
    path = tmp_path / "no-tanh.toml"
    path.write_text(source, encoding="utf-8")
    with pytest.raises(UnknownOperatorError, match="tanh"):
        list(predict_many([build_block("dwconv_activation", activation="tanh")], load(path).machine()))
