"""Random networks keep their latency under random sequences of rewrites, each proved equal by running both."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from stairline.simulator.graph.graph import Graph

from .exceptions import EXCEPTIONS
from .respelling import REWRITES, Spelling, Step, computed, graph_of, random_network
from .targets import equal, targets

SEEDS, STEPS = range(8), 4
LARGEST_DIFFERENCE = 1e-4
"""Between the outputs of two spellings, whose values are about 1."""


def rewritten(spelling: Spelling, random: Random) -> tuple[str, Step] | None:
    """A random rewrite of those that find something, and the law that it is held to."""
    for name in random.sample(sorted(REWRITES), len(REWRITES)):
        step = REWRITES[name](spelling, random)
        if step is not None:
            return name, step
    return None


def latencies(graph: Graph) -> dict[str, float | None]:
    return {target.label: target.analytical.latency_s(graph) for target in targets()}


def excused(law: str, operator: str, target: str) -> bool:
    return any(row.covers(law, operator, target) for row in EXCEPTIONS)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_network_takes_the_same_time_however_it_is_spelled(seed: int) -> None:
    random = Random(seed)
    spelling = random_network(random)
    result, before = computed(spelling), latencies(graph_of(spelling))
    for _ in range(STEPS):
        found = rewritten(spelling, random)
        assert found is not None
        name, step = found
        spelling = step.spelling
        assert np.abs(computed(spelling) - result).max() < LARGEST_DIFFERENCE, f"{name} changed the result"
        after = latencies(graph_of(spelling))
        for target, then in before.items():
            now = after[target]
            same = then == now if then is None or now is None else equal(then, now)
            assert same or excused(name, step.operator, target), f"{target}: {name}: {then} s, then {now} s"
        before = after


def test_the_proof_notices_a_rewrite_that_changes_the_result() -> None:
    spelling = random_network(Random(0))
    first, *others = spelling.nodes
    reversed_channels = first._replace(order=tuple(range(spelling.shape[-1]))[::-1])
    changed = spelling._replace(nodes=(reversed_channels, *others))
    assert np.abs(computed(changed) - computed(spelling)).max() > LARGEST_DIFFERENCE
