"""The walk from a network to its kernels loses no layer."""

from __future__ import annotations

import pytest

from stairline.hwmodels import load
from stairline.simulator.walk import plan
from stairline.simulator.zoo import MODELS, build


@pytest.mark.parametrize("name", MODELS)
def test_every_layer_ends_in_exactly_one_kernel(name):
    planned = plan(build(name), load("CPU").machine())
    covered = sorted(i for kernel in planned.kernels for i in kernel.layers)
    assert covered == list(range(len(planned.graph.layers)))
