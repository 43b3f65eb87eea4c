"""Predictions as JSON records and CSV rows, for programs."""

from __future__ import annotations

from typing import Any

from stairline.hwmodels import Platform
from stairline.hwmodels.reports.platforms import provenance
from stairline.simulator.graph.graph import Graph, digest
from stairline.simulator.pricing.prediction import FAILED, KernelPrediction, Prediction

from .outcomes import Outcome

SCHEMA_VERSION = 1
"""Version of the JSON record; it is raised by a change that breaks programs that read it."""

CSV_COLUMNS = (
    "net",
    "platform",
    "dtype",
    "latency_ms",
    "lower_ms",
    "upper_ms",
    "energy_mj",
    "coverage",
    "flags",
    "reason",
)


def record(prediction: Prediction, graph: Graph, platform: Platform) -> dict[str, Any]:
    """The JSON record of one prediction; times are in ms, energy in mJ."""
    p, s = prediction, prediction.summary
    return {
        "schema_version": SCHEMA_VERSION,
        "model": graph.name,
        "network": s.model,
        "model_source": graph.source or None,
        "model_digest": digest(graph),
        "platform": s.platform,
        "platform_digest": p.platform_digest,
        "derived_from": _derived_from(platform),
        "dtype": s.dtype,
        "file_dtype": s.file_dtype or None,
        "status": s.status,
        "notes": list(s.notes),
        "reasons": list(p.reasons),
        "flags": list(s.flags),
        "latency_ms": s.latency_s * 1e3,
        "lower_ms": None if s.status == "cannot_run" else s.lower_s * 1e3,
        "upper_ms": None if s.status == "cannot_run" else s.upper_s * 1e3,
        "fixed_ms": s.fixed_s * 1e3,
        "host_ms": p.host_s * 1e3,
        "crossings_ms": p.crossings_s * 1e3,
        "analytical_ms": s.analytical_s * 1e3,
        "unlike_calibrated_in": s.extrapolates_in or None,
        "energy_mj": None if s.energy_j is None else s.energy_j * 1e3,
        "peak_memory_bytes": p.peak_memory_bytes,
        "coverage": s.coverage._asdict(),
        "provenance": provenance(platform, s.dtype),
        "kernels": [_kernel_record(kernel) for kernel in p.kernels],
    }


def failure(outcome: Outcome, graph: Graph | None, platform: Platform) -> dict[str, Any]:
    """The JSON record of a network that has no prediction on a platform: its reason, and null for what is not known."""
    return {
        "schema_version": SCHEMA_VERSION,
        "model": graph.name if graph else outcome.model,
        "network": outcome.model,
        "model_source": (graph.source or None) if graph else None,
        "model_digest": digest(graph) if graph else None,
        "platform": platform.name,
        "platform_digest": platform.digest,
        "derived_from": _derived_from(platform),
        "dtype": outcome.dtype or None,
        "file_dtype": (graph.file_dtype or None) if graph else None,
        "status": FAILED,
        "notes": [],
        "reasons": list(outcome.reasons),
        "flags": [],
        **dict.fromkeys(_UNKNOWN),
        "kernels": [],
    }


_UNKNOWN = (
    *("latency_ms", "lower_ms", "upper_ms", "fixed_ms", "host_ms", "crossings_ms", "analytical_ms"),
    *("unlike_calibrated_in", "energy_mj", "peak_memory_bytes", "coverage", "provenance"),
)
"""What the record of a failure does not know."""


def csv_row(outcome: Outcome) -> tuple[str, ...]:
    """One answer as the texts of ``CSV_COLUMNS``; a status other than ok is the first of the flags.

    Only a row without a prediction has a reason: those of the others are in the JSON record.
    """
    s = outcome.summary
    if s is None:
        return outcome.model, outcome.platform, outcome.dtype, "", "", "", "", "", FAILED, "; ".join(outcome.reasons)
    flags = tuple(dict.fromkeys((s.status, *s.flags))) if s.status != "ok" else s.flags
    energy = "" if s.energy_j is None else f"{s.energy_j * 1e3:.6g}"
    ends = ("", "") if s.status == "cannot_run" else (f"{s.lower_s * 1e3:.6g}", f"{s.upper_s * 1e3:.6g}")
    latency, covered = f"{s.latency_s * 1e3:.6g}", f"{s.coverage.least:.6g}"
    return outcome.model, s.platform, s.dtype, latency, *ends, energy, covered, ";".join(flags), ""


def _derived_from(platform: Platform) -> dict[str, str] | None:
    """Name and digest of the platform that this one was changed from; None where it predicts as its file says."""
    origin = platform.as_read
    return None if origin.digest == platform.digest else {"platform": origin.name, "platform_digest": origin.digest}


def _kernel_record(k: KernelPrediction) -> dict[str, Any]:
    return {
        "name": k.name,
        "layers": list(k.layers),
        "op": "+".join(k.ops),
        "processor": k.processor,
        "macs": k.macs,
        "padded_macs": int(k.cost.padded_macs),
        "bytes": k.bytes_moved,
        "bounds": {f"{name}_ms": seconds * 1e3 for name, seconds in k.cost.bounds_s.items()},
        "limited_by": k.bound,
        "correction": k.correction,
        "latency_ms": k.latency_s * 1e3,
        "lower_ms": k.latency_s / k.factor * 1e3,
        "upper_ms": k.latency_s * k.factor * 1e3,
    }
