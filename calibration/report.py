"""What people read about a calibration: functions that return blocks of text, see ``hwmodels.text``."""

from __future__ import annotations

import numpy as np

from hwmodels.text import Block, Cell, Column, Facts, Heading, Table, Value, number, prose, word

from .calibrate import Calibrated
from .pricing import Indices
from .scores import Score, families, family_scores, score
from .verdict import at_limit

_CALM = ("converged", "sampled", "without_record")
"""Facts that ask for nothing."""


def calibration(done: Calibrated, name: str, path: str) -> list[Block]:
    """The scores by family, the parameters with what became of them, the verdict."""
    facts: tuple[tuple[str, Value], ...] = (
        ("platform", Cell(name, "bold")),
        ("base", f"{done.base.name} (digest {done.base.digest})"),
        ("records", f"{done.records.name} (digest {done.records.digest}), {len(done.measured)} used"),
        ("90 % interval", _interval(done)),
        ("written to", path),
    )
    return [
        Facts(facts),
        Heading("Scores on networks that the fit had not seen"),
        _scores(done),
        Heading("Parameters"),
        _parameters(done),
        Heading("Verdict"),
        Facts(tuple((f.name, _toned(f.name, f.line.removeprefix(f"{f.name}: "))) for f in done.verdict)),
    ]


def _interval(done: Calibrated) -> str:
    if not np.isfinite(done.factor):
        return "the base's: fewer than 9 observations"
    text = f"[t / f, t f] with f = {done.factor:.3f}"
    if done.family_errors is None:
        return text
    covered = np.mean(np.abs(done.family_errors) <= np.log(done.factor))
    return f"{text}; it covers {covered:.1%} of the networks where their family is left out of the fit"


def _scores(done: Calibrated) -> Table:
    columns: tuple[Column, ...] = (
        word("family"),
        number("networks"),
        number("measured\n(median ms)"),
        number("base\n<= 10 %"),
        number("fitted\n<= 10 %"),
        number("<= 20 %"),
        number("MAPE"),
        number("family left out\n<= 10 %"),
        number("<= 20 %"),
    )
    base, fold = family_scores(done.measured, done.base_errors), family_scores(done.measured, done.fold_errors)
    left_out = family_scores(done.measured, done.family_errors) if done.family_errors is not None else {}
    rows = [
        (name, *_row(done, own, base[name], fold[name], left_out.get(name)))
        for name, own in sorted(families(done.measured).items())
    ]
    everything = np.arange(len(done.measured))
    total = _row(done, everything, score(done.base_errors), score(done.fold_errors), done.families)
    return Table(columns, (*rows, ("all", *total)))


def _row(done: Calibrated, own: Indices, base: Score, fold: Score, left_out: Score | None) -> tuple[str, ...]:
    outside = (f"{left_out.within_10:.1%}", f"{left_out.within_20:.1%}") if left_out else ("-", "-")
    median_ms = float(np.median(done.measured.observed_s[own])) * 1e3
    return (
        str(len(own)),
        f"{median_ms:.4g}",
        f"{base.within_10:.1%}",
        f"{fold.within_10:.1%}",
        f"{fold.within_20:.1%}",
        f"{fold.mape:.1%}",
        *outside,
    )


def _parameters(done: Calibrated) -> Table:
    rows = tuple(
        (
            after.key,
            f"{before.value:.4g}",
            f"{after.value:.4g}",
            f"{after.low:g} to {after.high:g}",
            at_limit(after) or "",
        )
        for before, after in zip(done.start, done.fit.parameters)
    )
    return Table((prose("key"), number("base"), number("fitted"), word("bounds"), word("at limit")), rows)


def _toned(name: str, text: str) -> Value:
    return text if name in _CALM else Cell(text, "yellow")
