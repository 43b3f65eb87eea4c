"""Print the paper's Table 4 beside the predictions: latencies in ms, errors, free parameters, leave-one-model-out.

Run from the root of the repository: python -m benchmarks.paper.table4 [--quick] (--quick leaves the refits out).
The refits start from the shipped platform files and fit what they mark ``fit`` to the other models of the column, so
they show how far a column carries to a model that it has not seen.
"""

from __future__ import annotations

import sys
from math import exp
from statistics import median
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

import stairline
from stairline.calibration.fitting.fit import leave_one_out
from stairline.calibration.fitting.parameters import parameters
from stairline.calibration.records.observation import Observation
from stairline.hwmodels import Platform

from .claims import load_claims
from .scenarios import MODELS, PRECISIONS, model


class Cell(NamedTuple):
    """One latency of Table 4, published and predicted, in ms."""

    model: str
    platform: str
    dtype: str
    published_ms: float
    predicted_ms: float

    @property
    def error(self) -> float:
        """Relative error of the prediction."""
        return self.predicted_ms / self.published_ms - 1.0


def cells() -> list[Cell]:
    """Every latency of Table 4 with its prediction."""
    found = []
    for claim in load_claims():
        if claim.section == "Table 4" and claim.metric == "end-to-end latency" and claim.subject in MODELS:
            dtype = PRECISIONS[claim.precision]
            predicted_s = stairline.load(claim.platform).predict(model(claim.subject), dtype).latency_s
            found.append(Cell(claim.subject, claim.platform, dtype, claim.number, predicted_s * 1e3))
    return found


def column_table(column: list[Cell], left_out: dict[str, float]) -> Table:
    """One column of Table 4 as a table for people."""
    table = Table("model", title=f"{column[0].platform} {column[0].dtype}")
    for heading in ("published ms", "predicted ms", "error", "left out"):
        table.add_column(heading, justify="right")
    for c in column:
        outside = f"{left_out[c.model]:+.1%}" if c.model in left_out else "-"
        table.add_row(c.model, f"{c.published_ms:.1f}", f"{c.predicted_ms:.1f}", f"{c.error:+.1%}", outside)
    return table


def left_out_errors(platform: Platform, columns: list[list[Cell]]) -> dict[tuple[str, str], float]:
    """Relative error per (model, dtype) when the platform is refitted without that model, all columns together."""
    flat = [c for column in columns for c in column]
    observations = [Observation(model(c.model), c.dtype, c.published_ms / 1e3) for c in flat]
    return {(c.model, c.dtype): exp(e) - 1.0 for c, e in zip(flat, leave_one_out(platform, observations))}


def fitted_to_table4(platform: Platform, dtype: str) -> int:
    """Free parameters that bear on a column."""
    return len(parameters(platform, frozenset({dtype})))


def main(arguments: list[str]) -> None:
    """Print the tables and the totals."""
    console, everything = Console(width=100), cells()
    in_sample, outside = [], []
    for name in dict.fromkeys(c.platform for c in everything):
        platform = stairline.load(name).platform
        dtypes = list(dict.fromkeys(c.dtype for c in everything if c.platform == name))
        columns = [[c for c in everything if (c.platform, c.dtype) == (name, dtype)] for dtype in dtypes]
        refit = {} if "--quick" in arguments else left_out_errors(platform, columns)
        for dtype, column in zip(dtypes, columns):
            left_out = {m: e for (m, d), e in refit.items() if d == dtype}
            console.print(column_table(column, left_out))
            console.print(
                f"  {fitted_to_table4(platform, dtype)} free parameters bear on it, of "
                f"{len(parameters(platform, frozenset(dtypes)))} on the platform's {len(dtypes)} columns; "
                f"median |error| {median(abs(c.error) for c in column):.1%}\n"
            )
            in_sample += [abs(c.error) for c in column]
            outside += [abs(e) for e in left_out.values()]
    report = [f"{len(in_sample)} latencies: median |error| {median(in_sample):.1%}, largest {max(in_sample):.1%}"]
    if outside:
        report.append(f"leave one model out: median {median(outside):.1%}, largest {max(outside):.1%}")
    console.print("\n".join(report))


if __name__ == "__main__":
    main(sys.argv[1:])
