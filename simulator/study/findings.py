"""The paper's nine findings, each as a sentence about one platform that predictions meet or do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from stairline.simulator.graph.graph import GraphError
from stairline.simulator.mapping.plan import UnknownOperatorError

from . import shapes
from .experiments import CHANNELS, FREE, HALF_SIZE_DOUBLE_CHANNEL, LARGE
from .results import Results

HOLDS, FAILS, UNTESTED = "holds", "does not hold", "cannot be tested"
PAPER_PLATFORMS = ("CPU", "GPU", "DSP", "VPU", "TPU", "KPU", "NPU")
"""The paper's platforms by its abbreviations."""

_MUCH_LESS = 0.75
"""Growth exponent of time over operations below which time grows "much less": 49-fold operations cost 19-fold."""
_MUCH_FASTER, _SE_LARGE = 11.0, 1.5
"""Finding 5 speaks of a speed-up over 11; a squeeze-and-excite that takes half a block again is large."""


class Met(NamedTuple):
    """Whether predictions meet a sentence, None where that cannot be said, and the numbers behind it."""

    holds: bool | None
    evidence: str


class Finding(NamedTuple):
    """One of the paper's findings as a sentence about a single platform."""

    number: int
    sentence: str
    paper: str
    """What the paper says in words."""
    holds_on: tuple[str, ...]
    """The paper's platforms of which the paper says that the sentence holds."""
    fails_on: tuple[str, ...]
    test: Callable[[Results], Met]


class Verdict(NamedTuple):
    """A finding on one platform: the word for the prediction, and the word for what the paper measured there."""

    finding: Finding
    word: str
    evidence: str
    in_paper: str
    """Empty for a platform that is none of the paper's."""

    @property
    def agrees(self) -> bool | None:
        """Whether prediction and paper agree; None where one of them says nothing."""
        said = (HOLDS, FAILS)
        return self.word == self.in_paper if self.word in said and self.in_paper in said else None


def verdicts(results: Results, alias: str) -> tuple[Verdict, ...]:
    """All findings on one platform; ``alias`` is the paper's abbreviation, or any other name."""
    return tuple(_verdict(finding, results, alias) for finding in FINDINGS)


def _verdict(finding: Finding, results: Results, alias: str) -> Verdict:
    in_paper = HOLDS if alias in finding.holds_on else FAILS if alias in finding.fails_on else ""
    if alias in PAPER_PLATFORMS:
        in_paper = in_paper or UNTESTED
    try:
        met = finding.test(results)
    except (GraphError, UnknownOperatorError) as error:
        met = Met(None, str(error))
    word = UNTESTED if met.holds is None else HOLDS if met.holds else FAILS
    return Verdict(finding, word, met.evidence, in_paper)


def _steps(ys: list[float]) -> Met:
    """Whether a curve over ``CHANNELS`` climbs in steps, and what else it does."""
    ends = ", ".join(f"{edge:g}" for edge in shapes.edges(CHANNELS, ys)[:4])
    if shapes.is_staircase(CHANNELS, ys):
        return Met(True, f"the curve climbs in steps, which end at {ends} and so on")
    if shapes.is_quadratic(CHANNELS, ys):
        return Met(False, "the curve is quadratic")
    if shapes.is_linear(CHANNELS, ys):
        return Met(False, "the curve is linear")
    if shapes.has_varying_steps(CHANNELS, ys):
        return Met(True, f"the curve climbs in steps that vary in width, and end at {ends} and so on")
    return Met(False, "the curve has no shape that the paper names")


def _convolution_climbs(results: Results) -> Met:
    return _steps(results.conv_s)


def _squeeze_and_excite(results: Results) -> Met:
    ratio = results.blocks_s["MobileNetV2Block+SE"] / results.blocks_s["MobileNetV2Block"]
    return Met(ratio > _SE_LARGE, f"squeeze-and-excite makes MobileNetV2's block take {ratio:.2f} times as long")


def _activations(results: Results) -> Met:
    plain_s = results.activations_s["none"]
    ratios = {op: time_s / plain_s for op, time_s in results.activations_s.items()}
    free = ratios["relu"] <= FREE and ratios["relu6"] <= FREE
    said = ", ".join(f"{op} {ratio:.2f}" for op, ratio in ratios.items() if op != "none")
    return Met(free and ratios["swish"] >= LARGE, f"times as long as without: {said}")


def _kernels(results: Results) -> Met:
    grown = shapes.growth_exponent([k**2 for k in results.kernels_s], list(results.kernels_s.values()))
    return Met(grown < _MUCH_LESS, f"time grows as operations to the power of {grown:.2f}")


def _precision(results: Results) -> Met:
    if not results.speedups:
        return Met(None, "the platform has no 8-bit precision beside a floating one")
    low, high = min(results.speedups.values()), max(results.speedups.values())
    return Met(high > _MUCH_FASTER, f"8 bits are {low:.2f} to {high:.2f} times as fast")


def _accuracy(_results: Results) -> Met:
    return Met(None, "accuracy is measured, not predicted")


def _runs_all(results: Results) -> Met:
    unknown = [name for name, status in results.statuses.items() if not status]
    if unknown:
        return Met(None, f"{len(unknown)} networks have an operator without a model, the first {unknown[0]}")
    refused = [name for name, status in results.statuses.items() if status != "ok"]
    runs = len(results.statuses) - len(refused)
    named = f"; not {', '.join(refused[:4])}{' and others' * (len(refused) > 4)}" if refused else ""
    return Met(not refused, f"{runs} of {len(results.statuses)} networks run without fallback{named}")


def _depthwise_climbs(results: Results) -> Met:
    # Every fourth width, as in the paper's figure: what remains of four channels is computed one by one.
    width = shapes.zigzag_width(CHANNELS[3::4], results.dwconv_s[3::4])
    return (
        _steps(results.dwconv_s) if width is None else Met(True, f"the curve is a zig-zag, lowest at every {width:g}")
    )


def _no_block_wins(results: Results) -> Met:
    depths_s = results.depths_s
    if not all(depths_s):
        return Met(None, "no block runs in some of the layers")
    # A block that is as good as the fastest, as far as a figure shows it, counts as the fastest.
    always = [b for b in depths_s[0] if all(b in at and at[b] <= FREE * min(at.values()) for at in depths_s)]
    if always:
        return Met(False, f"{always[0]} is the fastest in every layer, or within {FREE - 1.0:.0%} of it")
    fastest = [min(at, key=at.__getitem__) for at in depths_s]
    layers = [f"{name} at {hw}" for name, (hw, _) in zip(fastest, HALF_SIZE_DOUBLE_CHANNEL)]
    return Met(True, f"fastest: {', '.join(layers)}")


def _but(*left: str) -> tuple[str, ...]:
    """The paper's platforms but these."""
    return tuple(alias for alias in PAPER_PLATFORMS if alias not in left)


FINDINGS = (
    Finding(
        1,
        "The latency of a convolution climbs in steps with its output channels",
        "It does on the NN platforms, except for the KPU, where it is linear.",
        holds_on=_but("KPU"),
        fails_on=("KPU",),
        test=_convolution_climbs,
    ),
    Finding(
        2,
        "Operators other than convolutions largely increase latency",
        "They do on NN platforms except the CPU: squeeze-and-excite makes a block take 2 to 51 times longer.",
        holds_on=_but("CPU"),
        fails_on=("CPU",),
        test=_squeeze_and_excite,
    ),
    Finding(
        3,
        "ReLU and ReLU6 cost next to nothing, and Swish largely increases latency",
        "Only ReLU and ReLU6 are negligible everywhere; Swish is large on every platform except for the KPU.",
        holds_on=_but("KPU"),
        fails_on=("KPU",),
        test=_activations,
    ),
    Finding(
        4,
        "The latency of a convolution grows much less with its kernel than its operations do",
        "It does on the other platforms than the CPU and GPU, on which convolutions are bound by computation.",
        holds_on=_but("CPU", "GPU"),
        fails_on=("CPU", "GPU"),
        test=_kernels,
    ),
    Finding(
        5,
        "8 bits are over 11 times as fast as floating point",
        "They are on the NPU, except for MobileNetV3; on the CPU they are under 3.6 times as fast.",
        holds_on=("NPU",),
        fails_on=("CPU",),
        test=_precision,
    ),
    Finding(
        6,
        "8 bits can dramatically decrease accuracy",
        "They do for various models, such as MobileNetV3 on the CPU and the NPU.",
        holds_on=("CPU", "DSP", "TPU", "NPU"),
        fails_on=(),
        test=_accuracy,
    ),
    Finding(
        7,
        "The platform runs every network itself",
        "The CPU does; blocks do not run on the GPU and TPU, ShuffleNetV1 not on the NPU, no network on the KPU.",
        holds_on=("CPU",),
        fails_on=("GPU", "TPU", "KPU", "NPU"),
        test=_runs_all,
    ),
    Finding(
        8,
        "The latency of a depthwise convolution climbs in steps with its channels",
        "It does on the CPU (in a zig-zag), DSP, TPU and VPU; it is quadratic on the NPU and linear on GPU and KPU.",
        holds_on=("CPU", "DSP", "TPU", "VPU"),
        fails_on=("NPU", "GPU", "KPU"),
        test=_depthwise_climbs,
    ),
    Finding(
        9,
        "No one block is the fastest in every layer",
        "None is on the CPU; on the other platforms MobileNetV1Block is the fastest in every layer.",
        holds_on=("CPU",),
        fails_on=_but("CPU"),
        test=_no_block_wins,
    ),
)
"""The nine findings, in the paper's order."""
