"""What a prediction says: records of its kernels, its coverage and its headline."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from stairline.hwmodels.kernels.base import Cost

CROSSING, HOST_IO = "crossing", "host_io"
"""Operator names of the transfers between processors, and of the network's inputs and outputs over the host link."""

FAILED = "failed"
"""The status in the place of a network that has no prediction."""


class KernelPrediction(NamedTuple):
    """One kernel of a prediction. ``ops`` are the operators in it, ``layers`` their names, times in seconds."""

    name: str
    ops: tuple[str, ...]
    layers: tuple[str, ...]
    processor: str
    macs: int
    bytes_moved: int
    cost: Cost
    correction: float = 1.0
    """Factor by which the platform's residual multiplies the analytical time."""
    factor: float = 1.0
    """The 90 % interval of the kernel is [t / factor, t * factor]; 1 for a transfer, whose error is the network's."""
    on_host: bool = False
    """Whether the kernel runs on the fallback processor."""

    @property
    def latency_s(self) -> float:
        """Time of the kernel, dispatch included."""
        return self.cost.latency_s * self.correction

    def to_dict(self) -> dict[str, Any]:
        """Everything that is said about the kernel as plain values, under the names of its attributes."""
        fields = self._asdict() | {"ops": list(self.ops), "layers": list(self.layers), "cost": self.cost._asdict()}
        return {**fields, "latency_s": self.latency_s, "bound": self.bound}

    @property
    def bound(self) -> str:
        """Which bound is the longest: the explanation of the kernel."""
        bounds_s = self.cost.bounds_s
        return max(bounds_s, key=bounds_s.__getitem__)


class Coverage(NamedTuple):
    """Share of a network's work that a kernel model covers; below 1 a latency is a lower bound."""

    macs: float | None
    """None where the work of an operator that is left out is unknown."""
    bytes: float
    operators: float

    @property
    def least(self) -> float:
        """The smallest of the shares that are known."""
        known = (share for share in self if share is not None)
        return min(known)


class Summary(NamedTuple):
    """The headline of a prediction. Times in seconds, energy in joules."""

    model: str
    platform: str
    dtype: str
    status: str
    """ok; lower_bound: layers without a model are left out; falls_back: some layers run on another processor, in the
    times given; cannot_run: times are hypothetical."""
    latency_s: float
    lower_s: float
    upper_s: float
    """The 90 % interval of the latency is from ``lower_s`` to ``upper_s``."""
    analytical_s: float
    """The latency without the platform's residual, from its kernel models alone."""
    energy_j: float | None
    """None where the power of a processor that runs some layers is not known."""
    coverage: Coverage
    flags: tuple[str, ...]
    """lower_bound: operators without a model are left out. operators_omitted: some take no time, because the platform's
    measurements do not include them. extrapolation: see ``extrapolates_in``. other_precision: see ``file_dtype``."""
    extrapolates_in: str = ""
    """The quantity in which the network differs most from every calibrated one; empty where it lies among them.

    The interval of a network that does not is wider."""
    fixed_s: float = 0.0
    """The part of the latency that belongs to no kernel: the cost of one inference, whatever the network."""
    file_dtype: str = ""
    """The precision of the file that the network was read from; empty where it was not read from a model file."""
    unlikeness: float = 0.0
    """How far the network is from every calibrated one, as far as its interval goes: 0 is among them, 1 beyond them."""
    notes: tuple[str, ...] = ()
    """What the reader had to assume about the network, such as the size of an axis that its file leaves open."""


@dataclass(frozen=True)
class Prediction:
    """How long a network takes on a platform at one precision, and why."""

    summary: Summary
    platform_digest: str
    reasons: tuple[str, ...]
    """Why layers left the processor, or why the network cannot run."""
    peak_memory_bytes: int
    """Largest sum of tensors alive at one time, parameters not counted."""
    kernels: tuple[KernelPrediction, ...]
    """In execution order, then the transfers between processors and over the host link."""

    def __repr__(self) -> str:
        s = self.summary
        return f"Prediction('{s.model}' on '{s.platform}', {s.dtype}: {s.latency_s * 1e3:.4g} ms, {s.status})"

    def to_dict(self) -> dict[str, Any]:
        """Everything that the prediction says as plain values, under the names of its attributes.

        Times are in seconds, energy in joules.
        """
        summary = self.summary._asdict() | {"coverage": self.summary.coverage._asdict()}
        return {
            **{key: list(value) if isinstance(value, tuple) else value for key, value in summary.items()},
            "platform_digest": self.platform_digest,
            "reasons": list(self.reasons),
            "peak_memory_bytes": self.peak_memory_bytes,
            "kernels": [kernel.to_dict() for kernel in self.kernels],
        }

    @property
    def latency_s(self) -> float:
        """Latency of one inference, in seconds."""
        return self.summary.latency_s

    @property
    def energy_j(self) -> float | None:
        """Energy of one inference, in joules; None where the platform's power is not known."""
        return self.summary.energy_j

    @property
    def fixed_s(self) -> float:
        """The part of the latency that belongs to no kernel, in seconds."""
        return self.summary.fixed_s

    @property
    def status(self) -> str:
        """ok, lower_bound, falls_back or cannot_run."""
        return self.summary.status

    @cached_property
    def host_s(self) -> float:
        """Sum of the kernels on the fallback processor, in seconds, without the crossings to it."""
        return sum(k.latency_s for k in self.kernels if k.on_host)

    @cached_property
    def crossings_s(self) -> float:
        """Time in which tensors cross between the processors, in seconds."""
        return sum(k.latency_s for k in self.kernels if k.ops == (CROSSING,))

    @cached_property
    def operators_s(self) -> float:
        """Sum of the kernels without the network's own input and output and the per-inference cost, in seconds.

        This is the paper's latency of an operator or block (appendix A); crossings inside the network belong to it.
        """
        return sum(k.latency_s for k in self.kernels if k.ops != (HOST_IO,))
