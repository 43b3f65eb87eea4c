"""The quantities that every kernel model reads and gives, and how bounds combine: plain numbers in, plain numbers out.

``combine`` and what is built on it take bounds by name. Rounding functions give floats, so that compiled code sees one
type where plain Python would accept two.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from math import inf
from typing import Any, NamedTuple


class Roof(NamedTuple):
    """The roofs one kernel meets. Rates in MAC/s and bytes/s, clock in Hz, ``element_bytes`` per tensor element."""

    macs_per_s: float
    bytes_per_s: float
    weight_bytes_per_s: float
    stream_bytes_per_s: float
    """Rate at which parameters outside the on-chip cache arrive."""
    clock_hz: float
    element_bytes: float
    overlap: float
    """0: compute and memory time add; 1: the longer one hides the other."""
    cache_bytes: float = 0.0
    """Bytes of a kernel's tensors that caches before the memory hold."""
    cache_bytes_per_s: float = inf


class Work(NamedTuple):
    """One kernel's work in counts: elements, MACs and element operations; no times, no bytes."""

    n: float
    h_in: float
    w_in: float
    c_in: float
    h_out: float
    w_out: float
    c_out: float
    kernel_h: float
    kernel_w: float
    stride_h: float
    stride_w: float
    dilation_h: float
    dilation_w: float
    groups: float
    macs: float
    element_ops: float
    """Element operations of the first operator."""
    epilogue_ops: float
    """Element operations of the operators fused behind it."""
    input_elements: float
    """All tensors read from outside the kernel."""
    output_elements: float
    weight_elements: float
    streamed_elements: float
    """Parameters that have no place on chip and arrive with every inference."""
    operands: float
    """Tensors read from outside the kernel."""
    uneven_padding: float = 0.0
    """1 where opposite sides of the input are padded by different amounts, else 0."""
    runs: float = 0.0
    """Contiguous copies of the first operator, whatever the order of its operands."""
    input_line_elements: float = 0.0
    """``input_elements`` with the channels of each tensor padded to whole lines of the processor's memory."""


BOUNDS = ("compute", "memory", "weights", "epilogue", "overhead")
"""Names of the bounds of a kernel; the time of each is the field of ``Cost`` that ends in ``_s``."""


class Cost(NamedTuple):
    """What a kernel costs: its bounds in seconds, and the padded MACs behind the compute bound."""

    padded_macs: float
    compute_s: float
    memory_s: float
    weights_s: float
    """Reading parameters, or streaming them from outside the chip."""
    epilogue_s: float
    overhead_s: float
    latency_s: float

    @property
    def bounds_s(self) -> dict[str, float]:
        """The time of each bound by name, in seconds."""
        return {name: getattr(self, f"{name}_s") for name in BOUNDS}


CostFunction = Callable[[Work, Roof, Any], Cost]
"""A kernel's work, its roofs and its parameters to its cost."""


class KernelModel(NamedTuple):
    """A kernel model as the registry finds it: the class of its parameters, a NamedTuple, and its cost function."""

    parameters: Any
    cost: CostFunction


SHARED_PARAMETERS = frozenset({"kernel_s", "epilogue_s_per_element"})
"""Parameters that a platform gives once, under [overheads]; a kernel may state its own."""


def ceil(value: float) -> float:
    """``value`` rounded up to a whole number."""
    return float(math.ceil(value))


def floor(value: float) -> float:
    """``value`` rounded down to a whole number."""
    return float(math.floor(value))


def pad_to(size: float, tile: float) -> float:
    """``size`` rounded up to a multiple of ``tile``."""
    return ceil(size / tile) * tile


def combine(
    roof: Roof,
    padded_macs: float = 0.0,
    compute_s: float = 0.0,
    memory_s: float = 0.0,
    weights_s: float = 0.0,
    epilogue_s: float = 0.0,
    overhead_s: float = 0.0,
) -> Cost:
    """The cost of a kernel from its bounds, in seconds; a bound that is left out takes no time.

    The latency is busy + moved - overlap * min(busy, moved) + overhead, where busy is compute and epilogue, moved is
    memory and weights.
    """
    busy_s = compute_s + epilogue_s
    moved_s = memory_s + weights_s
    latency_s = busy_s + moved_s - roof.overlap * min(busy_s, moved_s) + overhead_s
    return Cost(padded_macs, compute_s, memory_s, weights_s, epilogue_s, overhead_s, latency_s)


def rows(work: Work) -> float:
    """Rows of the product that a convolution or fully connected layer is: output pixels of all images."""
    return work.n * work.h_out * work.w_out


def tensors_s(work: Work, roof: Roof) -> float:
    """Time to read the operands and write the result: the caches' bytes at their rate, others at the memory roof."""
    moved_bytes = (work.input_elements + work.output_elements) * roof.element_bytes
    cached_bytes = min(moved_bytes, roof.cache_bytes)
    return cached_bytes / roof.cache_bytes_per_s + (moved_bytes - cached_bytes) / roof.bytes_per_s


def parameters_s(work: Work, roof: Roof) -> float:
    """Time to read the parameters that are on chip at their roof, and to stream the others in, padding included."""
    resident = max(work.weight_elements - work.streamed_elements, 0.0)
    return roof.element_bytes * (resident / roof.weight_bytes_per_s + work.streamed_elements / roof.stream_bytes_per_s)
