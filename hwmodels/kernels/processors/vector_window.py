"""Windows over each channel by itself, on a processor with vector registers."""

from __future__ import annotations

from typing import NamedTuple

from stairline.hwmodels.kernels.base import Cost, KernelModel, Roof, Work, ceil, pad_to, parameters_s, tensors_s
from stairline.hwmodels.kernels.parameters import AtClock, Count, CountOrNone, Ratio, Share

from .vector_stores import stores_s, with_parameters
from .window_taps import executed_share

SPILL_RANGE = 0.25
"""Excess over a cache, relative to it, from which a loop over all of it finds none of it there any more."""


class VectorWindow(NamedTuple):
    """A window over each channel by itself, a vector of channels at a time: depthwise convolution and pooling."""

    tap_s: AtClock
    """Time of one tap over one vector of channels at one pixel."""
    kernel_s: float
    """Dispatch cost of one kernel."""
    epilogue_s_per_element: AtClock
    """Storing one output element."""
    lanes: Count
    """Channels are padded to a multiple of this."""
    pixel_s: AtClock = 0.0
    """Time of one vector of channels at one output pixel, whatever the taps."""
    row_s: AtClock = 0.0
    """Time to start one output row of one vector of channels."""
    cache_bytes: float = 0.0
    """Filters and one window of all channels that the first cache holds; 0 where that does not matter."""
    spilled_tap: Ratio = 1.0
    """Time of a tap where filters and window exceed the cache by a quarter or more, relative to one where they fit."""
    taps_max: CountOrNone = 0.0
    """Taps of the largest window that the vector kernel takes; 0 for windows of any size."""
    channel_multiple: Count = 1.0
    """Channels must be a multiple of this for the vector kernel."""
    single_tap_s: AtClock = 0.0
    """Time of one tap of one channel in the kernel for windows and channels that the vector kernel does not take."""
    skipped_padding_h: Share = 0.0
    """Share of the window's taps above and below the map that are left out, where others multiply zeros."""
    skipped_padding_w: Share = 0.0
    """Share of the window's taps to the left and right of the map that are left out, where others multiply zeros."""
    op_s: AtClock = 0.0
    """Time per element operation that is fused behind the window."""
    hidden_ops: Ratio = 0.0
    """Fused element operations per output element that take no time."""


def vector_window(work: Work, roof: Roof, p: VectorWindow) -> Cost:
    """Every tap loads a vector of the input, and one of the filter if there is one, for a single operation.

    A loop over all channels at each pixel (XNNPACK) reads all filters again at the next, from the second cache where
    the first does not hold them together with the window.
    """
    taps, rows = work.kernel_h * work.kernel_w, work.n * work.h_out
    vectors = ceil(work.c_out / p.lanes)
    if 0.0 < p.taps_max < taps or pad_to(work.c_out, p.channel_multiple) > work.c_out:
        compute_s = rows * work.w_out * work.c_out * taps * p.single_tap_s
    else:
        tap_s = p.tap_s
        if p.cache_bytes > 0.0:
            held_bytes = 2.0 * taps * work.c_out * roof.element_bytes
            excess = (held_bytes - p.cache_bytes) / (SPILL_RANGE * p.cache_bytes)
            tap_s *= 1.0 + (p.spilled_tap - 1.0) * min(max(excess, 0.0), 1.0)
        executed = executed_share(work, p.skipped_padding_h, p.skipped_padding_w)
        compute_s = rows * vectors * (p.row_s + work.w_out * (p.pixel_s + taps * executed * tap_s))
    return with_parameters(
        roof,
        padded_macs=work.macs,
        compute_s=compute_s,
        memory_s=tensors_s(work, roof),
        weights_s=parameters_s(work, roof),
        epilogue_s=stores_s(work, p.epilogue_s_per_element, p.op_s, p.hidden_ops),
        overhead_s=p.kernel_s,
    )


MODEL = KernelModel(VectorWindow, vector_window)
