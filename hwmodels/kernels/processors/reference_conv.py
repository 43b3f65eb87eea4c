"""Convolutions by loops over outputs and taps, as a library's reference kernel runs those in groups."""

from __future__ import annotations

from typing import NamedTuple

from stairline.hwmodels.kernels.base import Cost, KernelModel, Roof, Work, parameters_s, tensors_s
from stairline.hwmodels.kernels.parameters import AtClock, Ratio

from .vector_stores import stores_s, with_parameters
from .window_taps import executed_share


class ReferenceConv(NamedTuple):
    """A convolution by plain loops over outputs and taps, as TFLite's reference kernel runs those in groups."""

    mac_s: AtClock
    """Time per multiply-add."""
    tap_s: AtClock
    """Time of each tap of each output on the map, whatever the channels."""
    output_s: AtClock
    """Time of each output, whatever the taps."""
    addition_s: AtClock
    """Time after which the sum of a tap can take the next product."""
    overlap_s: AtClock
    """Part of a tap's additions that the processor executes together with those of the next tap."""
    kernel_s: float
    """Dispatch cost of one kernel."""
    epilogue_s_per_element: AtClock
    """Storing one output element."""
    op_s: AtClock = 0.0
    """Time per element operation that is fused behind the convolution."""
    hidden_ops: Ratio = 0.0
    """Fused element operations per output element that take no time."""


def reference_conv(work: Work, roof: Roof, p: ReferenceConv) -> Cost:
    """One output after the other, over the taps of its window that lie on the map, over the group's channels.

    A tap's products go to one sum: with many channels each addition waits for the one before, with few the processor
    is at the next taps meanwhile. Source: TensorFlow Lite, kernels/internal/reference/conv.h.
    """
    taps, channels = work.kernel_h * work.kernel_w * executed_share(work, 1.0, 1.0), work.c_in / work.groups
    waiting_s = channels * p.addition_s - p.overlap_s
    tap_s = max(p.tap_s + channels * p.mac_s, waiting_s)
    return with_parameters(
        roof,
        padded_macs=work.macs,
        compute_s=work.output_elements * (p.output_s + taps * tap_s),
        memory_s=tensors_s(work, roof),
        weights_s=parameters_s(work, roof),
        epilogue_s=stores_s(work, p.epilogue_s_per_element, p.op_s, p.hidden_ops),
        overhead_s=p.kernel_s,
    )


MODEL = KernelModel(ReferenceConv, reference_conv)
