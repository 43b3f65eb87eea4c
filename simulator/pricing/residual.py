"""The factors by which a calibrated platform corrects its kernels: the trees of ``hwmodels.residual``, over arrays.

Loaded only for a platform that carries a residual, since it needs numpy. XGBoost compares and stores in float32; so
does this, which makes the walk of every kernel that of XGBoost itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stairline.hwmodels.kernels.base import Work
from stairline.hwmodels.platform import PlatformError
from stairline.hwmodels.residual import Residual
from stairline.simulator.mapping.plan import Plan

Vector = NDArray[np.float64]

FEATURES = (
    "operator", "c_in", "c_out", "w_out", "pixels", "kernel", "stride", "operands", "log2_macs", "log2_input_bytes",
    "log2_output_bytes", "log2_weight_bytes", "log2_epilogue_ops", "log2_intensity", "log2_latency",
)  # fmt: skip
"""The features of a kernel that the trees read: its operator's code, geometry and work, and its analytical latency."""

_BLOCK = 4096
"""Kernels walked at a time: few enough for the arrays of a level to stay in cache."""


class Forest(NamedTuple):
    """All trees side by side, (trees, nodes): a leaf is its own child, so that every walk may take the same steps."""

    feature: NDArray[np.intp]
    threshold: NDArray[np.float32]
    left: NDArray[np.intp]
    right: NDArray[np.intp]
    """Children as positions in the flattened arrays, as ``left``."""
    value: Vector
    depth: int


def features(
    codes: NDArray[np.float64], works: Vector, latencies_s: Vector, element_bytes: Vector
) -> NDArray[np.float32]:
    """The ``FEATURES`` of kernels, an array (kernels, features).

    ``codes`` are the codes of the kernels' operators and ``works`` an array (kernels, fields of Work); latencies are in
    seconds.
    """
    w = dict(zip(Work._fields, works.T))
    inputs, outputs, weights = (w[f"{which}_elements"] * element_bytes for which in ("input", "output", "weight"))
    return np.column_stack(
        [
            *(codes, w["c_in"] / w["groups"], w["c_out"], w["w_out"], w["n"] * w["h_out"] * w["w_out"]),
            *(np.maximum(w["kernel_h"], w["kernel_w"]), np.maximum(w["stride_h"], w["stride_w"]), w["operands"]),
            *(_log2(amount) for amount in (w["macs"], inputs, outputs, weights, w["epilogue_ops"])),
            *(_log2(w["macs"]) - _log2(inputs + outputs + weights), _log2(latencies_s * 1e9)),
        ]
    ).astype(np.float32)


def corrections(
    residual: Residual, ops: Sequence[str], works: Vector, latencies_s: Vector, element_bytes: Vector
) -> Vector:
    """The factor by which the residual multiplies the latency of each kernel; 1 for operators that were not calibrated.

    Raises PlatformError for a residual of another version of ``FEATURES``.
    """
    if residual.features != FEATURES:
        raise PlatformError("the platform's residual asks for other features than this version has: fit it again")
    code_of = {op: float(code) for code, op in enumerate(residual.operators)}
    codes = np.array([code_of.get(op, -1.0) for op in ops])
    factors, known = np.ones(len(codes)), np.flatnonzero((codes >= 0.0) & (latencies_s > 0.0))
    forest = _forest(residual)
    for start in range(0, len(known), _BLOCK):
        own = known[start : start + _BLOCK]
        asked = features(codes[own], works[own], latencies_s[own], element_bytes[own])
        factors[own] = np.exp(np.clip(_leaves(forest, asked), -residual.bound, residual.bound))
    return factors


def plans_corrections(plans: Sequence[Plan], works: Vector, latencies_s: Vector) -> Vector:
    """The factors of the modelled kernels of plans for one machine, one plan after the other.

    The residual is that of the machine, so kernels that run on its fallback have a factor of 1.
    """
    factors, machine = np.ones(len(works)), plans[0].machine
    if machine.residual is None:
        return factors
    kernels = [
        (k.machine is machine, planned.graph.layers[k.layers[0]].op)
        for planned in plans
        for k in planned.kernels
        if k.rule is not None
    ]
    own = np.flatnonzero([is_own for is_own, _ in kernels])
    ops = [op for is_own, op in kernels if is_own]
    element_bytes = np.full(len(own), float(machine.element_bytes))
    factors[own] = corrections(machine.residual, ops, works[own], latencies_s[own], element_bytes)
    return factors


def kernel_corrections(planned: Plan, latencies_s: Sequence[float]) -> list[float]:
    """The factors of the modelled kernels of one plan; ``latencies_s`` are their analytical times in seconds."""
    works = np.array([k.work for k in planned.kernels if k.rule is not None], dtype=np.float64)
    factors = plans_corrections([planned], works.reshape(-1, len(Work._fields)), np.array(latencies_s))
    return [float(factor) for factor in factors]


def _leaves(forest: Forest, asked: NDArray[np.float32]) -> Vector:
    """For each kernel the sum of the leaves that it reaches in the trees."""
    kernel = np.arange(len(asked))[:, None]
    at = np.broadcast_to(np.arange(len(forest.feature)) * forest.feature.shape[1], (len(asked), len(forest.feature)))
    feature, threshold, left, right = (column.ravel() for column in forest[:4])
    for _ in range(forest.depth):
        at = np.where(asked[kernel, feature[at]] < threshold[at], left[at], right[at])
    return np.asarray(forest.value.ravel()[at].sum(axis=1))


@lru_cache(maxsize=16)
def _forest(residual: Residual) -> Forest:
    trees = residual.trees
    nodes = max((len(tree.left_children) for tree in trees), default=1)
    shape = len(trees), nodes
    own = np.arange(len(trees) * nodes).reshape(shape)
    forest = Forest(np.zeros(shape, np.intp), np.zeros(shape, np.float32), own.copy(), own.copy(), np.zeros(shape), 0)
    depth = 0
    for row, tree in enumerate(trees):
        columns = (tree.left_children, tree.right_children, tree.split_indices, tree.split_conditions)
        level = np.zeros(len(tree.left_children), np.intp)
        for node, (left, right, feature, condition) in enumerate(zip(*columns)):
            if left == -1:
                forest.value[row, node] = np.float32(condition)
                continue
            forest.feature[row, node], forest.threshold[row, node] = feature, condition
            forest.left[row, node], forest.right[row, node] = own[row, left], own[row, right]
            level[left] = level[right] = level[node] + 1
        depth = max(depth, int(level.max()))
    return forest._replace(depth=depth)


def _log2(amounts: Vector) -> Vector:
    """Base-2 logarithms of amounts; an amount of 0 counts as 1."""
    return np.asarray(np.log2(np.maximum(amounts, 1.0)))
