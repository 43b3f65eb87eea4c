"""Kernels of a processor with vector registers: products in register tiles, and windows over each channel."""

from __future__ import annotations

from .base import Cost, Roof, Work, ceil, combine, floor, pad_to, parameters_s, tensors_s
from .processor_models import VectorGemm, VectorWindow

SPILL_RANGE = 0.25
"""Excess over a cache, relative to it, from which a loop over all of it finds none of it there any more."""


def vector_gemm(work: Work, roof: Roof, p: VectorGemm) -> Cost:
    """Output pixels by output channels in register tiles, over the window's taps and the input channels.

    A product of one row has a kernel of its own in every library (XNNPACK's 1 x NR, MLAS's and Eigen's GEMV).
    """
    if work.groups > 1.0 and p.grouped_mac_s > 0.0:
        return _reference(work, roof, p)
    taps = work.kernel_h * work.kernel_w
    pixels = work.n * work.h_out * work.w_out
    c_in, c_out = work.c_in / work.groups, work.c_out / work.groups
    windowed = taps > 1.0 or work.stride_h > 1.0 or work.stride_w > 1.0
    wide = windowed and p.window_tile_n > 0.0 and c_out > p.tile_n
    filters = pad_to(c_out, p.window_tile_n if wide else p.tile_n)
    channels = pad_to(c_in, p.tile_c) if c_in >= p.tile_c else c_in
    rows = pad_to(pixels, p.tile_m) if pixels > 1.0 else pixels
    padded_macs = work.groups * rows * filters * taps * channels
    efficiency = p.efficiency
    if windowed and p.window_efficiency > 0.0:
        efficiency = p.window_efficiency
    matrix = pixels * taps * work.c_in
    prepared_s = (p.pack_s_per_element + (p.im2col_s_per_element if windowed else 0.0)) * matrix
    begun = p.tap_c + (p.row_c / work.kernel_w if windowed else 0.0)
    steps = padded_macs * (1.0 + begun / channels) * inside(work, p.clip_h, p.clip_w)
    compute_s = steps / (roof.macs_per_s * efficiency) + prepared_s
    weights_s = parameters_s(work, roof)
    return _with_parameters(
        roof,
        padded_macs,
        compute_s,
        tensors_s(work, roof),
        weights_s - p.prefetched * min(weights_s, compute_s),
        _epilogue_s(work, p),
        p.kernel_s,
    )


def _reference(work: Work, roof: Roof, p: VectorGemm) -> Cost:
    """One output after the other, over those taps of its window that lie within the map, over the group's channels.

    A tap's products go to one sum: with many channels each addition waits for the one before, with few the processor
    is at the next taps meanwhile.
    """
    taps, channels = work.kernel_h * work.kernel_w * inside(work, 1.0, 1.0), work.c_in / work.groups
    waiting_s = channels * p.grouped_addition_s - p.grouped_overlap_s
    tap_s = max(p.grouped_tap_s + channels * p.grouped_mac_s, waiting_s)
    compute_s = work.output_elements * (p.grouped_output_s + taps * tap_s)
    others = tensors_s(work, roof), parameters_s(work, roof), _epilogue_s(work, p), p.kernel_s
    return _with_parameters(roof, work.macs, compute_s, *others)


def inside(work: Work, clip_h: float, clip_w: float) -> float:
    """Share of the window's taps that run, where those shares of the taps beyond the map are left out."""
    h = outside(work.h_in, work.h_out, work.kernel_h, work.stride_h, work.dilation_h)
    w = outside(work.w_in, work.w_out, work.kernel_w, work.stride_w, work.dilation_w)
    return (1.0 - clip_h * h) * (1.0 - clip_w * w)


def outside(size_in: float, size_out: float, kernel: float, stride: float, dilation: float) -> float:
    """Share of the taps along one axis that lie beyond its ends, where the padding that sizes tell is halved."""
    padding = max((size_out - 1.0) * stride + (kernel - 1.0) * dilation + 1.0 - size_in, 0.0)
    taps = 0.0
    for side in (floor(padding / 2.0), padding - floor(padding / 2.0)):
        beyond = side
        while beyond > 0.0:
            taps += min(ceil(beyond / dilation), kernel - 1.0)
            beyond -= stride
    return min(taps / (size_out * kernel), 1.0 - 1.0 / kernel)


def _epilogue_s(work: Work, p: VectorGemm | VectorWindow) -> float:
    """Storing the result, and what is computed of it before."""
    ops = max(work.epilogue_ops - p.hidden_ops * work.output_elements, 0.0)
    return p.epilogue_s_per_element * work.output_elements + p.op_s * ops


def _with_parameters(
    roof: Roof,
    padded_macs: float,
    compute_s: float,
    memory_s: float,
    weights_s: float,
    epilogue_s: float,
    overhead_s: float,
) -> Cost:
    """Bounds combined, with the reading of parameters added: each is met for the first time."""
    others = combine(roof, padded_macs, compute_s, memory_s, 0.0, epilogue_s, overhead_s)
    latency_s = others.latency_s + weights_s
    return Cost(padded_macs, compute_s, memory_s, weights_s, epilogue_s, overhead_s, latency_s)


def vector_window(work: Work, roof: Roof, p: VectorWindow) -> Cost:
    """Every tap loads a vector of the input, and one of the filter if there is one, for a single operation.

    A loop over all channels at each pixel (XNNPACK) reads all filters again at the next, from the second cache where
    the first does not hold them beside the window.
    """
    taps, rows = work.kernel_h * work.kernel_w, work.n * work.h_out
    vectors = ceil(work.c_out / p.lanes)
    if 0.0 < p.taps_max < taps or pad_to(work.c_out, p.aligned) > work.c_out:
        compute_s = rows * work.w_out * work.c_out * taps * p.single_tap_s
    else:
        tap_s = p.tap_s
        if p.cache_bytes > 0.0:
            held_bytes = 2.0 * taps * work.c_out * roof.element_bytes
            excess = (held_bytes - p.cache_bytes) / (SPILL_RANGE * p.cache_bytes)
            tap_s *= 1.0 + (p.spilled_tap - 1.0) * min(max(excess, 0.0), 1.0)
        compute_s = (
            rows * vectors * (p.row_s + work.w_out * (p.pixel_s + taps * inside(work, p.clip_h, p.clip_w) * tap_s))
        )
    return _with_parameters(
        roof,
        work.macs,
        compute_s,
        tensors_s(work, roof),
        parameters_s(work, roof),
        _epilogue_s(work, p),
        p.kernel_s,
    )
