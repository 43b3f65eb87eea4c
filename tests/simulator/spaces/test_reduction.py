"""The paper's section 5: which choices a platform makes pointless."""

from __future__ import annotations

import pytest

from stairline import hwmodels
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.spaces.mnasnet import mnasnet
from stairline.simulator.spaces.reduction import reduced
from stairline.simulator.spaces.space import Space
from stairline.simulator.spaces.structure import Choice, Flow, Position
from stairline.simulator.spaces.widths import candidates


def one_layer(b: GraphBuilder, _flow: Flow, width: int) -> Flow:
    return Flow(b.conv2d(b.input((1, 112, 112, 32)), width, 3, 1))


def test_thirty_widths_of_a_convolution_on_the_cpu_become_four():
    """The paper, section 5: the candidates 3 to 32 are reduced to 8, 16, 24 and 32, the steps of the CPU."""
    widths = [Choice(str(w), lambda b, flow, w=w: one_layer(b, flow, w), (w,)) for w in candidates(32)]
    found = reduced(Space("made_up", (Position("width", tuple(widths)),)), hwmodels.load("CPU"))
    assert [choice.label for choice in found.space.positions[0].choices] == ["8", "16", "24", "32"]
    assert (found.size_before, found.space.size) == (30, 4)
    assert "32 costs the same or less" in {removed.reason for removed in found.removed}


@pytest.mark.parametrize(
    ("platform", "kept"), [("CPU", ["0.0", "0.25"]), *((p, ["0.0"]) for p in ("GPU", "DSP", "NPU"))]
)
def test_squeeze_and_excite_leaves_mnasnets_space_on_accelerators_and_stays_on_the_cpu(platform, kept):
    """The paper, section 5: MnasNet's space without squeeze-and-excite, a factor of 2 for each block."""
    found = reduced(mnasnet(blocks=1), hwmodels.load(platform))
    labels = {position.name: [choice.label for choice in position.choices] for position in found.space.positions}
    assert labels["block 1 se"] == kept


def test_one_choice_stays_where_nothing_can_run():
    def wide(b: GraphBuilder, _flow: Flow, size: int) -> Flow:
        return Flow(b.conv2d(b.input((1, size, size, 64)), 64, 3))

    sizes = tuple(Choice(str(s), lambda b, flow, s=s: wide(b, flow, s), (s,)) for s in (1024, 2048))
    found = reduced(Space("made_up", (Position("size", sizes),)), hwmodels.load("KPU"))
    assert found.space.size >= 1
