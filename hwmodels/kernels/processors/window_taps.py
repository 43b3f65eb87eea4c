"""The taps of a window that fall on the map, and those that fall on its padding."""

from __future__ import annotations

from stairline.hwmodels.kernels.base import Work, ceil, floor


def executed_share(work: Work, skipped_h: float, skipped_w: float) -> float:
    """Share of the window's taps that are executed.

    Every tap on the map is; ``skipped_h`` and ``skipped_w`` are the shares of the padding taps above and below the map,
    and to its left and right, that the code leaves out.
    """
    h = padding_share(work.h_in, work.h_out, work.kernel_h, work.stride_h, work.dilation_h)
    w = padding_share(work.w_in, work.w_out, work.kernel_w, work.stride_w, work.dilation_w)
    return (1.0 - skipped_h * h) * (1.0 - skipped_w * w)


def padding_share(size_in: float, size_out: float, kernel: float, stride: float, dilation: float) -> float:
    """Share of the taps along one axis that fall on padding.

    The padding follows from the sizes in pixels, and each end of the axis has half of it.
    """
    padding = max((size_out - 1.0) * stride + (kernel - 1.0) * dilation + 1.0 - size_in, 0.0)
    taps = 0.0
    for side in (floor(padding / 2.0), padding - floor(padding / 2.0)):
        beyond = side
        while beyond > 0.0:
            taps += min(ceil(beyond / dilation), kernel - 1.0)
            beyond -= stride
    return min(taps / (size_out * kernel), 1.0 - 1.0 / kernel)
