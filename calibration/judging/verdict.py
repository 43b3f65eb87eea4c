"""What may be wrong with a calibration, as named facts with a remedy each."""

from __future__ import annotations

from collections.abc import Iterator
from math import exp, isinf
from typing import NamedTuple

import numpy as np

from stairline.calibration.fitting.fit import Fit, covariance
from stairline.calibration.fitting.measured import Measured
from stairline.calibration.fitting.parameters import Parameter
from stairline.calibration.fitting.residual import BOUND, Trained
from stairline.calibration.records.record import NetworkLatency
from stairline.hwmodels import Platform
from stairline.hwmodels.spelling import did_you_mean
from stairline.simulator.pricing.arrays import Vector

from .intervals import conformal_factor
from .scores import MOST_CROSS_FITTED, score

FEW_PER_PARAMETER = 3
"""Measured networks per free parameter below which a fit follows noise."""

FAR = 5.0
"""Factor between the records and the base from which another device is the likelier explanation."""

CONTRADICTION = 1.2
"""Factor between two latencies of one network that no noise explains."""

LARGE_CORRECTION = 0.1
"""Mean correction of an operator, as a natural logarithm, that says its model is at fault."""

MOST_AT_BOUND = 0.5
"""Share of the time with corrections at their limit above which they stand for a mechanism, and none is kept."""

_AT_BOUND = 0.95
_SLOW, _OFTEN = 1.25, 0.05
"""A machine is disturbed where more than this share of its readings are slower than this times the quickest."""
_CORRELATION = 0.97


class Fact(NamedTuple):
    """Something true of a calibration: its name, what was found, and what to do."""

    name: str
    found: str
    remedy: str = ""

    @property
    def text(self) -> str:
        """What was found and what to do."""
        return self.found + (f"; {self.remedy}" if self.remedy else "")

    @property
    def line(self) -> str:
        """The fact as one line."""
        return f"{self.name}: {self.text}"


def about_records(rows: tuple[NetworkLatency, ...], measured: Measured, tabled: frozenset[str]) -> Iterator[Fact]:
    """Networks without a record, records without a network, and records that contradict each other."""
    unknown = list(dict.fromkeys(r.net for r in rows if r.net not in tabled))
    if unknown:
        hint = did_you_mean(unknown[0], sorted(tabled)[:1000])
        found = (
            f"{_count(len(unknown), 'measured network')} not in the layer table and left out, such as '{unknown[0]}'"
        )
        yield Fact("unknown_network", found + hint, "add their layers, or correct the names")
    bare = sorted(tabled - {r.net for r in rows})
    if bare:
        yield Fact("without_record", f"{_count(len(bare), 'network')} of the layer table, such as '{bare[0]}'")
    spans: dict[tuple[str, str], list[float]] = {}
    for name, dtype, latency_s in zip(measured.names, measured.dtypes, measured.observed_s.tolist()):
        spans.setdefault((name, dtype), []).append(latency_s)
    torn = [name for (name, _), found in spans.items() if max(found) > CONTRADICTION * min(found)]
    if torn:
        found_text = (
            f"{_count(len(torn), 'network')} with latencies over {CONTRADICTION - 1:.0%} apart, such as '{torn[0]}'"
        )
        yield Fact("contradicting_records", found_text, "measure them again, or keep those under one condition")


def about_fit(fitted: Fit, observations: int, base_errors: Vector) -> Iterator[Fact]:
    """How well the fit and its data agree; ``observations`` is the number of all of them, fitted or not."""
    free = len(fitted.parameters)
    if fitted.converged:
        yield Fact("converged", f"{_count(free, 'parameter')}, {_count(len(fitted.log_errors), 'observation')}")
    else:
        yield Fact("not_converged", "the fit ran out of steps", "look for contradicting records")
    if observations > MOST_CROSS_FITTED:
        found = (
            f"{len(fitted.log_errors)} of {observations} observations were fitted, and at most {MOST_CROSS_FITTED} "
            "in each fit of the cross-validation, drawn at random; all were scored"
        )
        yield Fact("sampled", found)
    if observations < FEW_PER_PARAMETER * free:
        found = f"{_count(observations, 'observation')} for {_count(free, 'parameter')}"
        yield Fact("too_few_records", found, f"measure {FEW_PER_PARAMETER * free} or more different networks")
    if isinf(conformal_factor(base_errors)):
        yield Fact(
            "no_interval", "fewer than 9 observations: the base's uncertainty stays", "measure 9 or more networks"
        )
    ratio = measured_over_predicted(base_errors)
    if is_far(ratio):
        found = f"the median of measured / predicted by the base is {ratio:.3g}"
        yield Fact("far_from_base", found, "is the base of this device, runtime and precision?")
    yield from _about_parameters(fitted)


def about_scores(fold_errors: Vector, base_errors: Vector) -> Iterator[Fact]:
    """Whether the fit is of use for networks that it has not seen."""
    fitted, base = score(fold_errors).mape, score(base_errors).mape
    if is_worse(fitted, base):
        found = f"mean error {fitted:.1%} on networks held out of the fit, {base:.1%} by the base as it stands"
        yield Fact("worse_than_base", found, "stay with the base, or measure more networks")


def about_residual(fitted: Platform, measured: Measured, trained: Trained | None) -> Iterator[Fact]:
    """How much of each operator's time the residual corrects: where that is much, a mechanism is missing."""
    if trained is None:
        yield Fact("no_residual", "corrections would not help networks that they had not seen, or were not asked for")
        return
    networks = measured.networks
    unique_s = networks.unique_kernels_s(fitted)
    times_s = np.bincount(networks.kernels, minlength=len(unique_s)) * unique_s
    logs = np.log(networks.corrections(trained.residual, unique_s))
    operators = np.array(networks.operators)
    for op in trained.operators:
        own = operators == op
        mean = float(np.average(logs[own], weights=times_s[own])) if times_s[own].sum() > 0.0 else 0.0
        if abs(mean) > LARGE_CORRECTION and times_s[own].sum() > 0.01 * times_s.sum():
            found = f"the time of {op} is corrected by {np.expm1(mean):+.0%} on average"
            yield Fact("residual_large", found, "its model lacks a mechanism: look at its shapes, measure it alone")


def at_bound(fitted: Platform, measured: Measured, trained: Trained) -> float:
    """The share of the predicted time of corrected operators in which corrections are at their limit."""
    networks = measured.networks
    unique_s = networks.unique_kernels_s(fitted)
    times_s = np.bincount(networks.kernels, minlength=len(unique_s)) * unique_s
    limited = np.abs(np.log(networks.corrections(trained.residual, unique_s))) >= _AT_BOUND * BOUND
    own = np.isin(np.array(networks.operators), trained.operators)
    return float(times_s[limited & own].sum() / max(times_s[own].sum(), 1e-30))


def about_bound(share: float) -> Iterator[Fact]:
    """What corrections at their limit say, where they are in this share of the time."""
    if share > MOST_AT_BOUND:
        found = f"corrections reach their limit in {share:.0%} of the predicted time, so none is kept"
        yield Fact("residual_at_bound", found, "is the base of this device? else it lacks a mechanism")


def about_machine(paces: tuple[float, ...]) -> Iterator[Fact]:
    """Whether the machine was at one speed; ``paces`` are times of fixed work, over the quickest of them."""
    slow = float(np.mean(np.array(paces) > _SLOW)) if paces else 0.0
    if slow > _OFTEN:
        found = (
            f"fixed work between the measurements took over {_SLOW:.2f} times as long as at the quickest moment in "
            f"{slow:.0%} of {len(paces)} readings, at worst {max(paces):.1f} times"
        )
        yield Fact("disturbed", found, "measure again with nothing else running and a steady clock")


def measured_over_predicted(log_errors: Vector) -> float:
    """The median ratio of log(predicted / observed)."""
    return exp(-float(np.median(log_errors)))


def is_far(ratio: float) -> bool:
    """Whether a median of measured / predicted says that the two are of different devices."""
    return not 1 / FAR < ratio < FAR


def is_worse(error: float, other: float) -> bool:
    """Whether a mean error is larger than another by more than chance; both as fractions."""
    return error > 1.05 * other + 0.001


def at_limit(p: Parameter) -> str | None:
    """Which bound a fitted parameter has run into, None where neither."""
    return "low" if p.value <= p.low * 1.001 else "high" if p.value >= p.high * 0.999 else None


def _about_parameters(fitted: Fit) -> Iterator[Fact]:
    remedy = "measure networks that spend time on it"
    for i, p in enumerate(fitted.parameters):
        side = at_limit(p)
        if i in fitted.unreached:
            yield Fact("unidentified", f"{p.key}: no record determines its value, which stays the base's", remedy)
        elif i in fitted.flat:
            found = f"{p.key} = {p.value:.3g}: it does not matter near this value, though the base's fits worse"
            yield Fact("undetermined", found, remedy)
        elif side:
            found = f"{p.key} = {p.value:.3g}, its {side} bound"
            yield Fact("at_limit", found, "widen the bound if that is possible; else a mechanism is missing")
    left_open = {*fitted.unreached, *fitted.flat}
    decided = np.array([i for i in range(len(fitted.parameters)) if i not in left_open], dtype=np.int64)
    joint = covariance(fitted.jacobian[:, decided])
    spread = np.sqrt(np.diag(joint))
    for i, j in zip(*np.nonzero(np.triu(np.abs(joint / np.outer(spread, spread)) > _CORRELATION, 1))):
        pair = " and ".join(fitted.parameters[decided[k]].key for k in (i, j))
        yield Fact("ill_conditioned", pair, "only their combination is known: measure networks that differ in one")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
