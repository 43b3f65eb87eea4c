"""The causes of a divergence that a check can name: a closed vocabulary, with what splits those that look alike."""

from __future__ import annotations

CAUSES: dict[str, str] = {
    "unknown_operator": "measure the operator alone, and give the platform a rule for it",
    "extrapolation": "measure networks of that size, and fit again",
    "tile": "sweep the channels of that axis one by one ('measure plan'), and 'probe' the steps",
    "fusion_missing": "measure the pair of operators beside each of them alone ('probe' finds what runs as one kernel)",
    "fusion_unexpected": "measure the pair of operators beside each of them alone ('probe' finds what runs as one)",
    "fallback": "ask the runtime which operators it delegated (its log of partitions), or profile the network",
    "placement": "sweep the channels across the capacity of the memory ('measure plan'), and 'probe' the cliff",
    "layout_copy": "profile the network, and look for transposes, reorders and copies that it does not hold itself",
    "kernel_overhead": "measure chains of 1, 2, 4 ... 64 tiny layers: the slope is the cost of a kernel",
    "inference_overhead": "measure a network of one tiny layer: what it takes is the cost of an inference",
    "scale": "read the clock during the run, and run again at 1 thread on an idle machine",
    "threads": "run again at 1 and at 2 threads, all else equal",
    "load": "run again on an idle machine; the load shows in operators that the memory limits",
    "precision": "read the precision of the file that was run and of the delegate",
    "delegate_off": "run again with the delegate switched off: the same times mean that it never ran",
    "runtime_version": "read the version of the runtime that was run, and measure with the platform's",
    "operator_rate": "measure that operator alone at three sizes, and fit again",
    "shape_local": "measure that operator alone within and just outside these ranges",
    "wrong_model": "compare the digest, the multiply-accumulates and the input shape of the file that was run",
    "unit": "read the unit in the tool that wrote the file",
    "drift": "measure the first networks again at the end, in random order",
}
"""Each cause with the measurement that would settle it."""

CLASSES: tuple[frozenset[str], ...] = (frozenset({"scale", "threads", "load"}),)
"""Causes that latencies without conditions cannot tell apart."""

FAULTS: dict[str, str] = {
    "below_bound": "shorter than the work at the peak rate of the processor",
    "sum_not_total": "the operators do not add up to the inference",
    "quantiles_out_of_order": "a higher quantile is below a lower one",
    "mean_far_from_median": "a few slow runs make up the mean",
    "coarse_clock": "the times repeat the steps of a clock",
    "drift": "the times grow or shrink in the order in which they were taken",
    "wrong_network": "not the network that is named",
    "unit": "off by a power of a thousand",
}
"""Each fault of a measurement with what it means."""


def class_of(cause: str) -> frozenset[str]:
    """The causes that look like this one, itself among them."""
    return next((found for found in CLASSES if cause in found), frozenset({cause}))
