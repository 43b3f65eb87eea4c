"""Direct depthwise convolution with unrolled channel loops."""

from __future__ import annotations

from .base import Cost, Roof, Work, combine, floor, pad_to, parameters_s, tensors_s
from .processor_models import UnrolledChannels
from .vector_kernels import inside


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
    per_tap_s = inside(work, p.clip, p.clip) * (
        p.pixel_s + p.tap_s * (wide + narrow * p.narrow_slowdown + scalar * p.scalar_slowdown)
    )
    small = work.kernel_h == 3.0 and work.kernel_w == 3.0 and work.dilation_h == 1.0 and work.dilation_w == 1.0
    if p.tap_3x3_s > 0.0 and small and pad_to(channels, p.block_3x3) == channels:
        per_tap_s = p.tap_3x3_s * channels
    return combine(
        roof,
        work.macs,
        taps * per_tap_s,
        tensors_s(work, roof),
        parameters_s(work, roof),
        p.epilogue_s_per_element * work.output_elements,
        p.kernel_s,
    )
