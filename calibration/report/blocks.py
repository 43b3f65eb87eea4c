"""What people read about a calibration: functions that return blocks of text, see ``hwmodels.reports.text``."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import shorten
from typing import NamedTuple

import numpy as np

from stairline.calibration.fitting.fit import PRIOR_SIGMA
from stairline.calibration.fitting.parameters import Parameter
from stairline.calibration.judging.attribution import Breakdown, OperatorErrors, breakdown, operator_errors
from stairline.calibration.judging.headline import USABLE
from stairline.calibration.judging.intervals import Interval
from stairline.calibration.judging.precision import BestMeasurement, best_measurements, standard_errors
from stairline.calibration.judging.scores import MOST_FAMILIES, NO_NETWORKS, Score, drawn, families, score
from stairline.calibration.judging.verdict import Fact, at_limit
from stairline.calibration.overlays.calibrated import Calibrated
from stairline.hwmodels.reports.text import Block, Cell, Column, Facts, Heading, Table, Value, number, prose, word
from stairline.simulator.pricing.arrays import Indices, Vector

_LEAST_SHARE = 0.001
"""Mean share of the predicted time below which an operator is not listed."""
_POORLY = 0.1
"""Standard error of a parameter's log above which the report says what would determine it."""
_UNDETERMINED = 0.9 * PRIOR_SIGMA
"""Standard error above which nothing but the prior holds a parameter."""
_MOST_CHARACTERS = 100
"""Characters shown of a network's name: a chain may have many steps."""
_MOST_WORST = 10
"""Networks listed as furthest off."""


class Diagnosis(NamedTuple):
    """What a report says beyond scores and verdict."""

    breakdown: Breakdown
    """The latencies that the fitted platform predicts, by operator."""
    operators: OperatorErrors
    """Errors by operator, from the held-out errors."""
    alone: OperatorErrors | None
    """Errors by operator of the models alone, where there is a residual."""
    standard_errors: Vector
    """(parameters,): standard error of the log of each fitted parameter."""
    best_measurements: tuple[BestMeasurement, ...]
    """For each parameter that is poorly known, the measurement that determines it best."""


def diagnose(done: Calibrated) -> Diagnosis:
    """Find where predicted time and errors lie, how well parameters are known, and what would determine them."""
    apart = breakdown(done.measured, done.platform)
    errors = standard_errors(done.fit, drawn(done.measured, np.arange(len(done.measured))).sigma)
    poor = [p for p, error in zip(done.fit.parameters, errors) if error > _POORLY and not at_limit(p)]
    return Diagnosis(
        apart,
        operator_errors(apart.shares, done.held_out.folds),
        operator_errors(apart.shares, done.analytical.folds) if done.trained else None,
        errors,
        tuple(best_measurements(done.fit.platform, done.measured.dtypes[0], poor)),
    )


def calibration(done: Calibrated, name: str, path: str) -> list[Block]:
    """What the terminal shows of a calibration."""
    found = diagnose(done)
    further: list[Block] = [Heading("What to measure next"), to_measure(found)] if found.best_measurements else []
    return [
        headlined(done),
        summary(done, name, path),
        Heading("Beside predictions that need no fit"),
        compared(done),
        Heading("Scores on networks that the fit had not seen"),
        scores(done, found),
        Heading("Error by operator"),
        operators(found),
        operators_explained(found),
        Heading("Furthest off, held out"),
        furthest_off(done, found),
        Heading("Parameters"),
        parameters(done, found),
        Heading("Verdict"),
        facts(done.verdict),
        *further,
    ]


def summary(done: Calibrated, name: str, path: str) -> Facts:
    """What was fitted to what, how far predictions can be trusted, and where the result lies."""
    rows: tuple[tuple[str, Value], ...] = (
        ("platform", Cell(name, "bold")),
        ("base", f"{done.base.name} (digest {done.base.as_read.fitted_digest})"),
        ("records", f"{done.records.name} (digest {done.records.digest}), {len(done.measured)} used"),
        ("90 % interval", _interval(done)),
        ("written to", path),
    )
    return Facts(rows)


def headlined(done: Calibrated) -> Facts:
    """The verdict in one line."""
    found = done.headline
    return Facts((("verdict", Cell(found.line, "bold" if found.word == USABLE else "yellow")),))


def compared(done: Calibrated) -> Table:
    """The fit on what it had not seen, beside what it has to beat; whole networks alone where there are any."""
    own = done.whole if done.whole.any() else ~done.whole
    rows = (
        ("fitted, held out", done.held_out.folds),
        ("the base as it stands", done.beside.base),
        ("the base times one ratio", done.beside.scaled),
        ("one latency for all", done.beside.constant),
    )
    what = "networks" if done.whole.any() else "operators, blocks"
    columns = (word("predicted by"), number(what), number("<= 10 %"), number("<= 20 %"), number("MAPE"))
    scored = ((name, score(errors[own])) for name, errors in rows)
    return Table(
        columns,
        tuple((n, str(s.networks), f"{s.within_10:.1%}", f"{s.within_20:.1%}", f"{s.mape:.1%}") for n, s in scored),
    )


def scores(done: Calibrated, found: Diagnosis) -> Table:
    """Scores by kind of network: of the base, of fits that had not seen the networks, of fits without the family."""
    columns: tuple[Column, ...] = (
        word("kind"),
        number("networks"),
        number("measured\n(median ms)"),
        number("base\n<= 10 %"),
        *((number("models alone\n<= 10 %"),) if done.trained else ()),
        number("fitted\n<= 10 %"),
        number("<= 20 %"),
        number("MAPE"),
        *((number("family left out\n<= 10 %"), number("<= 20 %")) if done.held_out.families is not None else ()),
    )
    rows = [(name, *_row(done, chosen)) for name, chosen in kinds(done, found).items()]
    return Table(columns, (*rows, ("all", *_row(done, np.arange(len(done.measured)), done.families))))


def kinds(done: Calibrated, found: Diagnosis) -> dict[str, Indices]:
    """The observations by family; single operators, and all where names are no families, by what takes most time."""
    own = {name: places for name, places in families(done.measured).items() if name != NO_NETWORKS}
    named = np.zeros(len(done.measured), dtype=bool)
    if len(own) <= MOST_FAMILIES:
        named[[place for places in own.values() for place in places]] = True
    longest = np.array(found.breakdown.longest())
    rest = {f"mostly {op}": np.flatnonzero((longest == op) & ~named) for op in found.breakdown.ops}
    shown = sorted(own.items()) if named.any() else []
    return dict(shown) | {name: places for name, places in rest.items() if len(places)}


def operators(found: Diagnosis) -> Table:
    """How much of the predicted time each operator takes, and what it would have to be off by."""
    shares, errors, alone = found.breakdown.shares, found.operators, found.alone
    columns = (
        *(word("operator"), number("networks"), number("share of\npredicted time"), number("in its time, off by")),
        number("in a network's\nlatency, off by"),
        *((number("models alone,\nin its time, off by"),) if alone else ()),
    )
    rows = tuple(
        (
            op,
            str(np.count_nonzero(shares[:, i])),
            f"{share:.1%}",
            _percent(errors, i),
            f"{share * errors.log_errors[i]:+.2%}",
            *((_percent(alone, i),) if alone else ()),
        )
        for i, op, share in listed(found.breakdown)
    )
    return Table(columns, rows)


def _percent(errors: OperatorErrors, i: int) -> str:
    return f"{errors.log_errors[i]:+.1%} ± {errors.standard_errors[i]:.1%}"


def listed(apart: Breakdown) -> list[tuple[int, str, float]]:
    """The operators that take any time to speak of: place, name and mean share of the predicted time."""
    shares = apart.shares.mean(axis=0)
    return [(i, op, float(shares[i])) for i, op in enumerate(apart.ops) if shares[i] >= _LEAST_SHARE]


def operators_explained(found: Diagnosis) -> str:
    """The explanation of how errors by operator are estimated."""
    return (
        "Too long is +. Robust least squares of the held-out errors on each operator's share of the predicted time: "
        "one error for all shapes of an operator, which explains "
        f"{found.operators.explained:.0%} of the squared errors; the rest lies in shapes and noise."
    )


def furthest_off(done: Calibrated, found: Diagnosis) -> Table:
    """The networks whose held-out prediction is furthest from what was measured."""
    columns = (prose("network"), number("measured\n(ms)"), number("predicted\n(ms)"), number("error"), prose("mostly"))
    errors, observed_ms = done.held_out.folds, done.measured.observed_s * 1e3
    longest = found.breakdown.longest()
    rows = tuple(
        (
            shorten(done.measured.names[i], _MOST_CHARACTERS, placeholder=" ..."),
            f"{observed_ms[i]:.4g}",
            f"{observed_ms[i] * np.exp(errors[i]):.4g}",
            f"{np.expm1(errors[i]):+.1%}",
            f"{longest[i]} {found.breakdown.shares[i].max():.0%}",
        )
        for i in np.argsort(-np.abs(errors), kind="stable")[:_MOST_WORST]
    )
    return Table(columns, rows)


def parameters(done: Calibrated, found: Diagnosis) -> Table:
    """Every fitted number: what it was and became, how well it is known, and whether it ran into a bound."""
    rows = tuple(
        (
            after.key,
            f"{before.value:.4g}",
            f"{after.value:.4g}",
            known_to(after, error),
            f"{after.low:g} to {after.high:g}",
            at_limit(after) or "",
        )
        for before, after, error in zip(done.start, done.fit.parameters, found.standard_errors)
    )
    columns = (prose("key"), number("base"), number("fitted"), number("± 1 sigma"), word("bounds"), word("at limit"))
    return Table(columns, rows)


def known_to(p: Parameter, standard_error: float) -> str:
    """How well a fitted parameter is known: in percent, or as a factor where that is wide."""
    if at_limit(p):
        return "-"
    if standard_error > _UNDETERMINED:
        return "not determined"
    return f"± {standard_error:.1%}" if standard_error < 0.3 else f"factor {np.exp(standard_error):.2g}"


def facts(verdict: Iterable[Fact]) -> Facts:
    """Named facts; those that ask for something in colour."""
    return Facts(tuple((f.name, Cell(f.text, "yellow") if f.remedy else f.text) for f in verdict))


def to_measure(found: Diagnosis) -> Table:
    """For each parameter that is poorly known, the options of 'measure plan' for what determines it best."""
    rows = tuple((t.key, _options(t), f"{t.elasticity:.0%}") for t in found.best_measurements)
    return Table((prose("to determine"), prose("stairline measure plan"), number("moves with it")), rows)


def _options(best: BestMeasurement) -> str:
    if best.configuration is None:
        return "nothing in the design space depends on it"
    settings = (f"--{key} {value}" for key, value in best.configuration.settings)
    return " ".join([f"--op {best.configuration.name}", *settings])


def interval_text(found: Interval) -> str:
    """The factor of a kernel, and of a network where that is less."""
    text = f"[t / f, t f], of one kernel f = {found.factor:.3f}"
    if found.common < 1.0:
        text += f", less in a network ({found.factor ** np.sqrt(found.common):.3f} of very many kernels)"
    return text


def _interval(done: Calibrated) -> str:
    found, covered = done.interval, done.coverage
    if not np.isfinite(found.factor):
        return "the base's: fewer than 9 observations"
    text = f"{interval_text(found)}, {found.unlike_factor:.3f} in networks unlike these"
    if covered.folds is None:
        return f"{text}; what it covers cannot be told from {covered.networks} observations"
    text += f"; by CV+ covers {covered.folds:.1%} of {covered.networks} held out"
    return text if covered.families is None else f"{text}, {covered.families:.1%} of families held out"


def _row(done: Calibrated, own: Indices, families_left_out: Score | None = None) -> tuple[str, ...]:
    base, fold = score(done.base_errors[own]), score(done.held_out.folds[own])
    outside = families_left_out or _left_out(done, own)
    known = () if done.held_out.families is None else ("-", "-")
    return (
        str(len(own)),
        f"{float(np.median(done.measured.observed_s[own])) * 1e3:.4g}",
        f"{base.within_10:.1%}",
        *((f"{score(done.analytical.folds[own]).within_10:.1%}",) if done.trained else ()),
        f"{fold.within_10:.1%}",
        f"{fold.within_20:.1%}",
        f"{fold.mape:.1%}",
        *((f"{outside.within_10:.1%}", f"{outside.within_20:.1%}") if outside else known),
    )


def _left_out(done: Calibrated, own: Indices) -> Score | None:
    """The score, with their family left out, of the given observations; None where none of their families was."""
    if done.held_out.families is None:
        return None
    errors = done.held_out.families[own]
    return score(errors[np.isfinite(errors)]) if np.isfinite(errors).any() else None
