"""The measurements of a store as a table: CSV or Parquet, one row each, times in milliseconds."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from stairline.measure.campaign.agreement import Pace, drift, is_converged, is_settled, paces
from stairline.measure.store.store import Record
from stairline.measure.timing.record import Measurement

COLUMNS = (
    *("net", "latency_ms", "std_ms", "dtype", "backend", "mean_ms", "ci95_ms", "min_ms", "median_ms", "mad_ms"),
    *("p90_ms", "p95_ms", "p99_ms", "visits", "runs", "converged", "settled", "drift", "temperature_c", "energy_mj"),
    *("device", "cpu", "governor", "clock_hz", "cpus", "threads", "runtime", "runtime_version", "delegate"),
    *("model_sha256", "setting", "taken_at"),
)
"""``latency_ms`` and ``std_ms`` are of the representative visit, the other times of the runs of all visits."""

Row = tuple[object, ...]


def rows(records: Sequence[Record]) -> list[Row]:
    """One row with the values of COLUMNS for each measurement; None for a value that is not known."""
    best = paces(records)
    return [
        _row(record, record.outcome, best[record.conditions.setting_digest])
        for record in records
        if isinstance(record.outcome, Measurement)
    ]


def write_csv(found: Sequence[Row], file: TextIO) -> None:
    """Write the rows as CSV below a line with the names of the columns."""
    csv.writer(file, lineterminator="\n").writerows([COLUMNS, *found])


def write_parquet(found: Sequence[Row], path: Path) -> None:
    """Write the rows as Parquet, in which numbers are numbers and a value that is not known is null."""
    import pandas as pd
    from fastparquet import write

    frame = pd.DataFrame(found, columns=COLUMNS)
    sparse = {"temperature_c": "float64", "energy_mj": "float64", "clock_hz": "Int64"}
    write(str(path), frame.astype(sparse), write_index=False)


def _row(record: Record, measurement: Measurement, best: Pace) -> Row:
    s, c = measurement.statistics, measurement.conditions
    reported = measurement.representative
    times_s = (s.mean_s, s.ci95_s, s.min_s, s.median_s, s.mad_s, s.p90_s, s.p95_s, s.p99_s)
    return (
        *(record.configuration.label, _ms(measurement.latency_s), _ms(measurement.reported.std_s)),
        *(record.configuration.dtype, record.backend, *map(_ms, times_s), len(measurement.runs), measurement.run_count),
        *(int(is_converged(measurement)), int(is_settled(measurement.runs, best)), round(drift(reported, best), 4)),
        *(_temperature_c(measurement), None if reported.energy_j is None else 1e3 * reported.energy_j),
        *(c.device, c.cpu, c.governor, c.clock_hz, " ".join(map(str, c.cpus))),
        *(c.threads, c.runtime, c.runtime_version, c.delegate, c.model_sha256, c.setting_digest, record.taken_at),
    )


def _ms(time_s: float) -> float:
    return float(f"{1e3 * time_s:.6g}")


def _temperature_c(measurement: Measurement) -> float | None:
    """The highest temperature that was read around any visit; None where none was read."""
    readings = (reading.temperature_c for run in measurement.runs for reading in (run.before, run.after))
    return max((read for read in readings if read is not None), default=None)
