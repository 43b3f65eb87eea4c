"""Times that Arm's Vela 5.2 prints for small int8 networks: facts that no law of growth could tell.

Accelerators ethos-u55-128 and ethos-u85-256 under the systems that the platform files name. The weights are those that
``stairline.measure.models.parameters`` seeds, since Vela compresses them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from stairline.measure.models.parameters import with_weights
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph

from .operators import Size, network
from .scaling import Violation
from .spellings import (
    Grouped,
    Inserted,
    Line,
    Pooled,
    Product,
    axes_of_a_line,
    dense_or_convolution,
    dense_ranks,
    depthwise_spellings,
    global_means,
    identity_reshape,
    split_and_rejoined,
)
from .targets import Target

TOLERANCE = 0.01
"""Relative difference up to which a time counts as the one that was printed."""


class Compiled(NamedTuple):
    """A network, and what Vela prints for it on either accelerator, in microseconds."""

    name: str
    build: Callable[[], Graph]
    u55_us: float
    u85_us: float


def _concatenated(step: int) -> Graph:
    b = GraphBuilder("concat")
    x = b.input((1, 28, 28, 24))
    return b.build(b.layer("concat", *[b.conv2d(x, c, 3) for c in (8, 64, 96)][::step], axis=-1))


def _chain(n: int) -> Graph:
    b = GraphBuilder("chain")
    x = b.conv2d(b.input((n, 28, 28, 16)), 32, 3, activation="relu")
    return b.build(b.conv2d(b.dwconv2d(x, 3, activation="relu"), 64))


def _dilated(op: str, dilation: int) -> Graph:
    b = GraphBuilder("dilated")
    x = b.input((1, 56, 56, 64))
    return b.build(b.conv2d(x, 64, 3, dilation=dilation) if op == "conv2d" else b.dwconv2d(x, 3, dilation=dilation))


_ROWS, _RESHAPED = Product(196, 16, 64), Inserted("relu", 8, 24)
_LINE, _GROUPED = Line("conv2d", 160, 8, 5, 1), Grouped(14, 24, 3, 1)

COMPILED = (
    Compiled("concat", lambda: _concatenated(1), 802.64, 782.81),
    Compiled("concat reversed", lambda: _concatenated(-1), 810.77, 782.81),
    Compiled("dense, rank 2", lambda: dense_ranks(_ROWS)["rank 2"], 16.03, 9.79),
    Compiled("dense, rank 3", lambda: dense_ranks(_ROWS)["rank 3"], 16.03, 9.79),
    Compiled("dense, rank 4", lambda: dense_ranks(_ROWS)["rank 4"], 16.03, 9.79),
    Compiled("convolution of rows", lambda: dense_or_convolution(_ROWS)["1x1 convolution"], 15.70, 9.66),
    Compiled("line across", lambda: axes_of_a_line(_LINE)["along the width"], 3.27, 5.16),
    Compiled("line down", lambda: axes_of_a_line(_LINE)["along the height"], 4.30, 3.98),
    Compiled("pooled", lambda: global_means(Pooled(7, 96, True))["globalavgpool2d"], 27.42, 10.45),
    Compiled("mean", lambda: global_means(Pooled(7, 96, True))["mean"], 35.06, 15.06),
    Compiled("reshape", lambda: identity_reshape(_RESHAPED)["reshaped"], 3.58, 3.75),
    Compiled("split", lambda: split_and_rejoined(_RESHAPED)["split and rejoined"], 14.72, 8.09),
    Compiled("depthwise", lambda: depthwise_spellings(_GROUPED)["depthwise"], 10.96, 11.48),
    Compiled("grouped depthwise", lambda: depthwise_spellings(_GROUPED)["grouped"], 10.96, 11.48),
    Compiled("batch 1", lambda: _chain(1), 175.84, 70.81),
    Compiled("batch 2", lambda: _chain(2), 552.93, 194.58),
    Compiled("batch 4", lambda: _chain(4), 1089.38, 382.40),
    Compiled("pool of 16", lambda: network("maxpool2d", Size(1, 14, 14, 16, 16, 3)), 13.06, 4.59),
    Compiled("pool of 32", lambda: network("maxpool2d", Size(1, 14, 14, 32, 32, 3)), 24.31, 15.31),
    Compiled("conv2d", lambda: _dilated("conv2d", 1), 1828.17, 3500.00),
    Compiled("conv2d dilated by 3", lambda: _dilated("conv2d", 3), 9847.98, 5880.00),
    Compiled("dwconv2d", lambda: _dilated("dwconv2d", 1), 305.07, 800.00),
    Compiled("dwconv2d dilated by 2", lambda: _dilated("dwconv2d", 2), 335.14, 254.42),
)


def unlike_vela(case: Compiled, target: Target) -> Iterator[Violation]:
    """The Ethos-U's platforms give what the compiler prints."""
    printed = {"ethos-u55-128-vela5.2": case.u55_us, "ethos-u85-256-vela5.2": case.u85_us}.get(target.device.name)
    if printed is None or target.dtype != "int8":
        return
    found_s = target.latency_s(with_weights(case.build()))
    if found_s is None or abs(found_s * 1e6 / printed - 1.0) > TOLERANCE:
        found = "refused" if found_s is None else f"{found_s * 1e6:.2f} us"
        yield Violation(case.name, f"Vela prints {printed:.2f} us, predicted {found}")
