"""Where predicted time goes, and which operators' errors would explain the networks' errors."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import least_squares

from stairline.calibration.fitting.measured import Measured
from stairline.calibration.records.spread import deviation
from stairline.hwmodels import Platform
from stairline.hwmodels.kernels.base import Work
from stairline.simulator.pricing.arrays import Indices, Vector

OUTSIDE = "outside kernels"
"""The name among operators under which transfers and the cost of an inference are listed."""

LIKELY_ERROR = 0.3
"""Standard deviation of the prior of an operator's log error: what the networks leave open stays near 0."""

_LEAST_NOISE = 1e-3
_ELEMENTS = [Work._fields.index(name) for name in ("input_elements", "output_elements", "weight_elements")]
_MACS = Work._fields.index("macs")


class Breakdown(NamedTuple):
    """Predicted time of observations by operator, and their work."""

    ops: tuple[str, ...]
    """Operators that kernels are named by, then ``OUTSIDE`` where anything is spent there; the longest first."""
    times_s: Vector
    """(observations, operators): predicted time, in seconds."""
    macs: Vector
    """(observations,): multiply-accumulates of each."""
    moved_bytes: Vector
    """(observations,): bytes of the tensors and parameters of all kernels, each read or written once."""

    @property
    def shares(self) -> Vector:
        """(observations, operators): the share of each operator in the predicted time of each observation."""
        shares: Vector = self.times_s / np.sum(self.times_s, axis=1, keepdims=True)
        return shares

    def longest(self) -> tuple[str, ...]:
        """The operator that takes most of each observation's time."""
        return tuple(self.ops[i] for i in np.argmax(self.times_s, axis=1))


class OperatorErrors(NamedTuple):
    """By how much operators' times would have to be off to explain the networks' errors."""

    log_errors: Vector
    """log(predicted / true) of each operator's time, one for all of its shapes."""
    standard_errors: Vector
    explained: float
    """Share of the networks' mean squared error that these explain; the rest lies within operators: shapes, noise."""


def breakdown(measured: Measured, platform: Platform) -> Breakdown:
    """Break the latencies that the platform predicts for the observations down by operator."""
    networks = measured.networks
    labels = [slot.label for slot in networks.slots]
    ops = list(dict.fromkeys(labels))
    own = np.array([ops.index(label) for label in labels])[networks.unique_slots[networks.kernels]]
    network = networks.network_of_kernel
    cells = len(measured) * len(ops)
    times_s = _summed(network * len(ops) + own, networks.kernels_s(platform), cells).reshape(-1, len(ops))
    outside_s = np.maximum(networks.latencies_s(platform) - times_s.sum(axis=1), 0.0)
    times_s = np.column_stack([times_s, np.where(outside_s > 1e-9 * times_s.sum(axis=1), outside_s, 0.0)])
    order = [i for i in np.argsort(-times_s.sum(axis=0), kind="stable") if times_s[:, i].any()]
    works, element_bytes = networks.works[networks.kernels], networks.element_bytes[networks.kernels]
    return Breakdown(
        tuple([*ops, OUTSIDE][i] for i in order),
        times_s[:, order],
        _summed(network, works[:, _MACS], len(measured)),
        _summed(network, works[:, _ELEMENTS].sum(axis=1) * element_bytes, len(measured)),
    )


def operator_errors(shares: Vector, log_errors: Vector) -> OperatorErrors:
    """Robust least squares of the networks' log errors on the operators' shares of their predicted time.

    To first order a network's log error is the mean of its operators' log errors, weighted by these shares.
    """
    noise = max(deviation(log_errors), _LEAST_NOISE)
    held = np.eye(shares.shape[1]) / LIKELY_ERROR
    weighted = np.vstack([shares / noise, held])
    wanted = np.concatenate([log_errors / noise, np.zeros(len(held))])
    solution = least_squares(
        lambda x: weighted @ x - wanted, np.zeros(len(held)), lambda _: weighted, loss="soft_l1", x_scale="jac"
    )
    total, left = (float(np.mean(errors**2)) for errors in (log_errors, log_errors - shares @ solution.x))
    spread = np.sqrt(np.diag(np.linalg.inv(weighted.T @ weighted)))
    return OperatorErrors(solution.x, spread, max(1.0 - left / total, 0.0) if total > 0.0 else 0.0)


def _summed(places: Indices, values: Vector, count: int) -> Vector:
    """The sum of the values at each of the places 0 to count - 1."""
    return np.bincount(places, values, count).astype(np.float64)
