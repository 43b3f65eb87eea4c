"""How time grows with work: pieces and wholes, roofs, nothing for nothing, clocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

import stairline as sl
from stairline.hwmodels.kernels.base import Roof
from stairline.hwmodels.platform import Rule
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph
from stairline.simulator.pricing.prediction import KernelPrediction

from .operators import OPERATORS, Size, network, reach
from .targets import Target

SLACK = 1e-6
"""Relative excess that rounding explains."""


class Violation(NamedTuple):
    """How a law is broken: by which operator or kernel model, and with what numbers."""

    operator: str
    text: str


class Law(NamedTuple):
    """What every platform obeys: cases to draw, and how a target breaks it in one of them."""

    cases: SearchStrategy[Any]
    broken: Callable[[Any, Target], Iterator[Violation]]


class Cut(NamedTuple):
    """An operator over ``first`` plus ``second`` along an axis: its batch, its rows or its channels."""

    op: str
    axis: str
    size: Size
    first: int
    second: int


def sized(case: Cut, amount: int) -> Size:
    """The size whose axis has ``amount`` elements of the output."""
    if case.axis == "batch":
        return case.size._replace(n=amount)
    if case.axis == "rows":
        return case.size._replace(h=amount + reach(case.op, case.size) - 1)
    if case.op in ("conv2d", "dense", "conv2d_transpose", "matmul"):
        return case.size._replace(c_out=amount)
    return case.size._replace(c_in=amount)


def superadditive(case: Cut, target: Target) -> Iterator[Violation]:
    """Subadditivity: a whole takes no longer than its pieces, one after the other, each with its fixed overhead."""
    amounts = case.first + case.second, case.first, case.second
    times = [target.analytical.latency_s(network(case.op, sized(case, amount))) for amount in amounts]
    whole, first, second = times
    if whole is not None and first is not None and second is not None and whole > (first + second) * (1.0 + SLACK):
        pieces = f"{amounts[1]} and {amounts[2]} {(first + second) * 1e6:.2f} us"
        yield Violation(f"{case.op} {case.axis}", f"{amounts[0]} take {whole * 1e6:.2f} us, {pieces}")


class Batch(NamedTuple):
    """An operator over a batch, at sizes that fill every tile of every platform."""

    op: str
    n: int
    side: int
    channels: int
    kernel: int


FIXED_SHARE = 0.9
"""Least share of a batch's arithmetic that is n times that of one: fixed costs per kernel are not in it."""


def batch_ignored(case: Batch, target: Target) -> Iterator[Violation]:
    """Each item of a batch needs the arithmetic of one, where no padding is shared between them."""
    size = Size(1, case.side, case.side, case.channels, case.channels, case.kernel)
    side = case.side + reach(case.op, size) - 1
    size = size._replace(h=side, w=side)
    one, many = (target.analytical.predict(network(case.op, s)) for s in (size, size._replace(n=case.n)))
    if one is None or many is None or [k.ops for k in one.kernels] != [k.ops for k in many.kernels]:
        return
    for a, b in zip(one.kernels, many.kernels):
        busy, expected = b.cost.compute_s + b.cost.epilogue_s, case.n * (a.cost.compute_s + a.cost.epilogue_s)
        if busy < FIXED_SHARE * expected:
            text = f"{case.n} items compute {busy * 1e6:.2f} us, one {expected / case.n * 1e6:.2f} us"
            yield Violation(b.ops[0], text)


def owners(target: Target) -> dict[str, dict[str, Rule]]:
    """By processor, the rules of the platform and of the one that it falls back to."""
    found: dict[str, dict[str, Rule]] = {}
    machine = target.device.platform.machine(target.dtype)
    machines = [machine]
    if machine.fallback is not None:
        other = sl.load(machine.fallback)
        machines.append(other.platform.machine(target.dtype if target.dtype in other.dtypes else None))
    for one in machines:
        for op, rule in one.rules.items():
            found.setdefault(rule.processor, {})[op] = rule
    return found


def priced(target: Target, size: Size) -> Iterator[tuple[KernelPrediction, Rule]]:
    """Each kernel of every operator by itself, with the rule that prices it; transfers are left out."""
    rules = owners(target)
    for op in OPERATORS:
        prediction = target.predict(network(op, size))
        for kernel in prediction.kernels if prediction is not None else ():
            if kernel.processor in rules:
                yield kernel, rules[kernel.processor][kernel.ops[0]]


def least_memory_s(bytes_moved: float, roof: Roof) -> float:
    """Least time for the bytes of a kernel: what caches hold at their rate, the rest at the fastest memory's."""
    fastest = max(roof.bytes_per_s, roof.weight_bytes_per_s)
    cached = min(bytes_moved, roof.cache_bytes)
    cache_rate = max(roof.cache_bytes_per_s, fastest)
    return cached / cache_rate + (bytes_moved - cached) / fastest


def above_roof(size: Size, target: Target) -> Iterator[Violation]:
    """No kernel multiplies faster than its processor can, and its padded work is no less than its work."""
    for kernel, rule in priced(target.analytical, size):
        peak_s = kernel.macs / rule.roof.macs_per_s
        if kernel.cost.latency_s < peak_s * (1.0 - SLACK):
            text = f"{kernel.cost.latency_s * 1e6:.2f} us, at the peak rate {peak_s * 1e6:.2f} us"
            yield Violation(kernel.ops[0], text)
        if 0.0 < kernel.cost.padded_macs < kernel.macs * (1.0 - SLACK):
            yield Violation(kernel.ops[0], f"{kernel.macs} macs are padded to {kernel.cost.padded_macs:.0f}")


def above_memory(size: Size, target: Target) -> Iterator[Violation]:
    """No kernel that runs moves its operands faster than the fastest memory that its rule names."""
    for kernel, rule in priced(target.analytical, size):
        least_s = least_memory_s(kernel.bytes_moved, rule.roof)
        if rule.model != "free" and kernel.cost.latency_s < least_s * (1.0 - SLACK):
            text = f"{kernel.ops[0]}: {kernel.cost.latency_s * 1e6:.2f} us, its bytes need {least_s * 1e6:.2f} us"
            yield Violation(rule.model, text)


def corrected_above_roof(size: Size, target: Target) -> Iterator[Violation]:
    """What calibration learned does not lift a kernel above its roofs."""
    if target.analytical is target:
        return
    for kernel, rule in priced(target, size):
        least_s = max(kernel.macs / rule.roof.macs_per_s, least_memory_s(kernel.bytes_moved, rule.roof))
        if rule.model != "free" and kernel.latency_s < least_s * (1.0 - SLACK) <= kernel.cost.latency_s:
            text = f"{kernel.latency_s * 1e6:.2f} us corrected, its roof is {least_s * 1e6:.2f} us"
            yield Violation(kernel.ops[0], text)


def free_work(size: Size, target: Target) -> Iterator[Violation]:
    """A kernel takes time unless its rule says that nothing runs, which no rule says of multiplications."""
    for kernel, rule in priced(target.analytical, size):
        free = rule.model == "free"
        if (free and kernel.macs > 0) or (not free and kernel.cost.latency_s <= 0.0):
            text = f"{kernel.macs} macs and {kernel.bytes_moved} bytes take {kernel.cost.latency_s * 1e6:.2f} us"
            yield Violation(kernel.ops[0], text)


TEXTURES = "texture_"
"""Kernel models whose memory bound is made of the texture caches' rates, which run at the processor's clock."""


def clock_ignored(size: Size, target: Target) -> Iterator[Violation]:
    """Doubling every clock halves what is neither the memory's time nor a fixed overhead.

    What falls back runs at the clock of another platform's file, and is left out.
    """
    own = {rule.processor for rule in target.rules().values()}
    pairs = zip(priced(target.analytical, size), priced(target.at_double_clock, size))
    for (slow, rule), (fast, _) in pairs:
        if slow.processor not in own:
            continue
        memory_s = slow.bytes_moved / min(rule.roof.bytes_per_s, rule.roof.weight_bytes_per_s)
        if not rule.model.startswith(TEXTURES):
            memory_s = max(memory_s, slow.cost.memory_s + slow.cost.weights_s)
        fixed_s = slow.cost.overhead_s + memory_s
        movable_s = max(slow.cost.latency_s - fixed_s, 0.0)
        allowed_s = slow.cost.latency_s - movable_s / 2.0
        if fast.cost.latency_s > allowed_s * 1.01:
            text = (
                f"{slow.ops[0]}: {slow.cost.latency_s * 1e6:.2f} us, {fast.cost.latency_s * 1e6:.2f} at twice the "
                f"clock, of which {memory_s * 1e6:.2f} can be the memory's and {slow.cost.overhead_s * 1e6:.2f} fixed"
            )
            yield Violation(rule.model, text)


class Dilated(NamedTuple):
    """A dilated 3x3 window whose output is ``side`` pixels a side, unpadded."""

    op: str
    side: int
    channels: int
    dilation: int


def dilation_gains(case: Dilated, target: Target) -> Iterator[Violation]:
    """A window that is pulled apart is no faster: it has the same products and reads no less of the map."""

    def graph(dilation: int) -> Graph:
        b = GraphBuilder("dilated")
        x = b.input((1, case.side + 2 * dilation, case.side + 2 * dilation, case.channels))
        if case.op == "conv2d":
            return b.build(b.conv2d(x, case.channels, 3, dilation=dilation, padding="valid"))
        return b.build(b.dwconv2d(x, 3, dilation=dilation, padding="valid"))

    plain, dilated = (target.analytical.latency_s(graph(d)) for d in (1, case.dilation))
    if plain is not None and dilated is not None and dilated < plain * (1.0 - SLACK):
        yield Violation(case.op, f"dilated {dilated * 1e6:.2f} us, plain {plain * 1e6:.2f} us")


AMOUNTS = {"batch": (1, 2, 3, 4), "rows": (3, 5, 8, 14, 28), "channels": (3, 8, 16, 24, 40, 64, 96)}
_SIZES = st.builds(
    Size,
    st.just(1),
    st.sampled_from((7, 8, 14, 28)),
    st.sampled_from((7, 8, 14, 28)),
    st.sampled_from((8, 16, 24, 64)),
    st.sampled_from((8, 16, 24, 64)),
    st.sampled_from((1, 3)),
)
CUT_OPERATORS = (
    *("conv2d", "dwconv2d", "dense", "matmul", "maxpool2d", "globalavgpool2d", "add", "sigmoid", "softmax"),
    *("concat", "resize", "transpose", "chain"),
)


@st.composite
def cuts(draw: st.DrawFn) -> Cut:
    """Cuts of any of the operators along any axis."""
    axis = draw(st.sampled_from(tuple(AMOUNTS)))
    amount = st.sampled_from(AMOUNTS[axis])
    return Cut(draw(st.sampled_from(CUT_OPERATORS)), axis, draw(_SIZES), draw(amount), draw(amount))


_LARGE = st.builds(
    Size,
    st.just(1),
    st.sampled_from((16, 32, 56)),
    st.sampled_from((16, 32, 56)),
    st.sampled_from((32, 64, 128)),
    st.sampled_from((32, 64, 128)),
    st.sampled_from((1, 3, 5)),
)

LAWS: dict[str, Law] = {
    "subadditive": Law(cuts(), superadditive),
    "batch counts": Law(
        st.builds(
            Batch,
            st.sampled_from(("conv2d", "dwconv2d", "dense", "maxpool2d", "globalavgpool2d", "add", "concat")),
            st.sampled_from((2, 3, 4, 8)),
            st.just(48),
            st.sampled_from((64, 128)),
            st.sampled_from((1, 3)),
        ),
        batch_ignored,
    ),
    "compute roof": Law(_LARGE, above_roof),
    "memory roof": Law(_LARGE, above_memory),
    "corrected roof": Law(_LARGE, corrected_above_roof),
    "nothing is free": Law(_SIZES, free_work),
    "clock": Law(_LARGE, clock_ignored),
    "dilation": Law(
        st.builds(
            Dilated,
            st.sampled_from(("conv2d", "dwconv2d")),
            st.sampled_from((14, 28, 56)),
            st.sampled_from((16, 64, 128)),
            st.sampled_from((2, 3)),
        ),
        dilation_gains,
    ),
}
