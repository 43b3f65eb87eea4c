"""Direct depthwise convolution with unrolled channel loops."""

from __future__ import annotations

from typing import NamedTuple

from stairline.hwmodels.kernels.base import (
    Cost,
    KernelModel,
    Roof,
    Work,
    combine,
    floor,
    pad_to,
    parameters_s,
    tensors_s,
)
from stairline.hwmodels.kernels.parameters import AtClock, Count, Ratio, Share

from .window_taps import executed_share


class UnrolledChannels(NamedTuple):
    """Direct depthwise convolution with unrolled channel loops (TFLite): 16, then 4, then 1 channel at a time."""

    tap_s: AtClock
    """Time of one filter tap over one fully unrolled channel block at one pixel, per channel."""
    kernel_s: float
    """Dispatch cost of one kernel."""
    epilogue_s_per_element: AtClock
    """Cost per output element of bias, clamp and requantisation."""
    unroll_wide: Count
    """Channels of one pass of the wide loop."""
    unroll_narrow: Count
    """Channels of one pass of the narrow loop, which takes what the wide loop leaves."""
    narrow_slowdown: Ratio
    """Time per channel in the narrow loop, relative to the wide loop."""
    scalar_slowdown: Ratio
    """Time per channel in the scalar loop, relative to the wide loop."""
    pixel_s: AtClock = 0.0
    """Time of one filter tap at one pixel whatever the channels: the loop over pixels itself."""
    tap_3x3_s: AtClock = 0.0
    """Time of one tap per channel in a kernel for 3x3 filters that keeps sums in registers; 0 where there is none."""
    block_3x3: Count = 8.0
    """The kernel for 3x3 filters takes channels by multiples of this only."""
    skipped_padding: Share = 0.0
    """Share of the window's taps on padding that the unrolled loops leave out."""


def unrolled_channels(work: Work, roof: Roof, p: UnrolledChannels) -> Cost:
    """Per pixel and filter tap: whole wide blocks, then narrow ones, then channel by channel.

    The remainder loops are slower per channel, so the curve over channels zig-zags with minima at multiples of the wide
    block. Source: paper appendix B.2, TFLite's depthwiseconv_float.h.
    """
    channels = work.c_out
    wide = floor(channels / p.unroll_wide) * p.unroll_wide
    narrow = floor((channels - wide) / p.unroll_narrow) * p.unroll_narrow
    scalar = channels - wide - narrow
    taps = work.n * work.h_out * work.w_out * work.kernel_h * work.kernel_w
    per_tap_s = executed_share(work, p.skipped_padding, p.skipped_padding) * (
        p.pixel_s + p.tap_s * (wide + narrow * p.narrow_slowdown + scalar * p.scalar_slowdown)
    )
    small = work.kernel_h == 3.0 and work.kernel_w == 3.0 and work.dilation_h == 1.0 and work.dilation_w == 1.0
    if p.tap_3x3_s > 0.0 and small and pad_to(channels, p.block_3x3) == channels:
        per_tap_s = p.tap_3x3_s * channels
    return combine(
        roof,
        padded_macs=work.macs,
        compute_s=taps * per_tap_s,
        memory_s=tensors_s(work, roof),
        weights_s=parameters_s(work, roof),
        epilogue_s=p.epilogue_s_per_element * work.output_elements,
        overhead_s=p.kernel_s,
    )


MODEL = KernelModel(UnrolledChannels, unrolled_channels)
