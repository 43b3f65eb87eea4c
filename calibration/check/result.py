"""What a check found, and its JSON, which programs rely on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Literal, NamedTuple

from .explain import Reason
from .faults import Fault
from .hypotheses import Ranges
from .rows import HALF_90, Row

SCHEMA_VERSION = 1


class Description(NamedTuple):
    """One divergence, described once."""

    text: str
    op: str | None
    """None for whole networks."""
    ranges: Ranges
    covers: int
    """Rows that diverge, or have no partner, and that it describes."""
    spares_wrongly: int
    """Rows that diverge and that no description has."""
    time_lost_s: float
    """Measured less predicted, over the rows that it describes; negative where the device is quicker."""
    reasons: tuple[Reason, ...]
    settle_with: str
    platform_keys: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Check:
    """Measurements held against a platform."""

    platform: str
    platform_digest: str
    records: str
    nets: tuple[str, ...]
    """The names of the networks, which rows refer to by their place."""
    false_discovery: float
    verdict: Literal["agrees", "diverges", "cannot_tell"]
    rows: tuple[Row, ...]
    causes: tuple[str | None, ...]
    """The first reason of the description of each row."""
    descriptions: tuple[Description, ...]
    faults: tuple[Fault, ...]
    left_out: tuple[str, ...] = ()
    """Networks that were measured and could not be predicted, each with the reason."""

    def to_json(self) -> dict[str, Any]:
        """The check as one object."""
        return {
            "schema_version": SCHEMA_VERSION,
            "platform": self.platform,
            "platform_digest": self.platform_digest,
            "records": self.records,
            "false_discovery": self.false_discovery,
            "verdict": self.verdict,
            "rows": [_row(self.nets, row, cause) for row, cause in zip(self.rows, self.causes)],
            "descriptions": [_description(one) for one in self.descriptions],
            "measurement_faults": [fault._asdict() for fault in self.faults],
        }


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else 1e3 * seconds


def _row(nets: Sequence[str], row: Row, cause: str | None) -> dict[str, Any]:
    one, predicted = row.joined, row.joined.predicted_s
    half = None if one.std_s is None else HALF_90 * one.std_s
    measured = one.measured_s
    return {
        "net": nets[one.net],
        "kernel": one.kernel,
        "layers": list(one.layers),
        "op": one.op,
        "dtype": one.dtype,
        "predicted_ms": _ms(predicted),
        "lower_ms": None if predicted is None else _ms(predicted / one.factor),
        "upper_ms": None if predicted is None else _ms(predicted * one.factor),
        "measured_ms": _ms(measured),
        "measured_lower_ms": None if measured is None or half is None else _ms(max(measured - half, 0.0)),
        "measured_upper_ms": None if measured is None or half is None else _ms(measured + half),
        "error": row.error,
        "z": row.z,
        "cause": cause,
        "flags": list(row.flags),
        "verdict": row.verdict,
    }


def _description(one: Description) -> dict[str, Any]:
    return {
        "text": one.text,
        "op": one.op,
        "ranges": {name: [low, None if high == inf else high] for name, (low, high) in one.ranges.items()},
        "covers": one.covers,
        "spares_wrongly": one.spares_wrongly,
        "time_lost_ms": _ms(one.time_lost_s),
        "reasons": [
            {"cause": r.cause, "detail": r.detail, "closes": r.closes, "evidence": r.evidence} for r in one.reasons
        ],
        "settle_with": one.settle_with,
        "platform_keys": list(one.platform_keys),
    }
