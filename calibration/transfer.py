"""Moving a calibrated platform to a sibling device by a handful of measurements.

Structure and numbers are the calibrated platform's. The sibling's differ by scale factors: one of all, one of each
group, one of each fitted number, with priors that narrow in that order (``siblings``). The most probable factors are
found by least squares, so one record moves everything alike, and more records tell the groups apart as far as they go.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import exp, log, sqrt
from typing import NamedTuple

import numpy as np
from scipy.optimize import least_squares
from scipy.stats import norm, t

from hwmodels import Platform, quantities
from hwmodels.domain import Domain
from hwmodels.overlay import Calibration, Change, OverlayFile, Scores
from hwmodels.provenance import Source, at_dtype
from simulator import zoo
from simulator.graph import Graph
from simulator.plan import plan

from .calibrate import noted, planned, rounded, uncertainty
from .errors import RecordsError
from .intervals import COVERAGE, Interval, averaged, outline
from .pricing import Measured, Observation, Vector, prepare
from .records import Records
from .scores import SEED, score
from .siblings import Hierarchy, hierarchy
from .verdict import FAR, Fact, about_records, refusals

MOST_LEFT_OUT = 20
"""Times that the transfer is repeated without some of the networks; up to so many, each is left out by itself."""

MOST_OBSERVATIONS = 200
"""Beyond, a fit learns more than a transfer."""

_PRIOR_OBSERVATIONS = 5.0
"""Weight of the stated uncertainty against the errors that are met, in observations."""
_STEP = 1e-3
_TYPICAL_KERNELS = 10
"""As many kernels of equal time let as much of their errors average out as those of a typical network."""


class Moved(NamedTuple):
    """The sibling, its log factors, and their covariance at the solution."""

    platform: Platform
    factors: Vector
    covariance: Vector


class Structure(NamedTuple):
    """The error of the models on the device that they were calibrated on: moved, they are no better."""

    sigma: float
    """Standard deviation of the log error of a kernel."""
    common: float
    """Share of its square that all kernels of a network have together; see ``hwmodels.schema.Uncertainty``."""
    unlike_sigma: float
    """In networks unlike all that were calibrated."""
    domain: Domain | None

    def sigmas(self, platform: Platform, measured: Measured) -> Vector:
        """Of the log error of each network."""
        return self.sigma * averaged(self.common, outline(platform, measured).concentrations)


class Learned(NamedTuple):
    """What some observations say of a sibling."""

    moved: Moved
    left_out: Vector
    """log(predicted / observed) of every observation by a transfer to those of the other networks."""
    interval: Interval
    """Of networks that were not measured."""


class Transferred(NamedTuple):
    """A platform moved to a sibling. Errors are log(predicted / observed) per observation."""

    calibrated: Platform
    base: Platform
    records: Records
    measured: Measured
    hierarchy: Hierarchy
    learned: Learned
    before: Vector
    """By the calibrated platform's numbers as they stand."""
    ratio: Vector
    """By these times one ratio, that of the other networks."""
    verdict: tuple[Fact, ...]


def transfer(calibrated: Platform, base: Platform, records: Records, graphs: Iterable[Graph]) -> Transferred:
    """Move a calibrated platform to the device of the records, over the mechanisms of ``base``.

    Raises RecordsError where nothing should be moved to them, PlatformError for a precision that a platform lacks.
    """
    dtypes = frozenset(row.dtype for row in records.rows)
    _verify_dtypes(calibrated, dtypes)
    space = hierarchy(calibrated, base, dtypes)
    tabled: dict[str, None] = {}
    measured = planned(space.centre, records, noted(graphs, tabled), tabled)
    if len(measured) > MOST_OBSERVATIONS:
        raise RecordsError(
            f"{records.name}: {len(measured)} observations are enough for 'fit', which learns more of them"
        )
    before = measured.log_errors(space.centre)
    for fact in refusals(measured, before):
        raise RecordsError(f"{records.name}: {fact.line}")
    dtype = measured.dtypes[0]
    learned = learn(space, measured, structure(calibrated, dtype), built_in(space.centre, dtype))
    ratio = _ratio_errors(measured, before)
    done = Transferred(calibrated, base, records, measured, space, learned, before, ratio, ())
    return done._replace(verdict=(*about_records(records.rows, measured, frozenset(tabled)), *_facts(done)))


def structure(calibrated: Platform, dtype: str) -> Structure:
    """The error of the models, from the calibrated interval: without a residual, which stays behind."""
    overlay = calibrated.overlay
    stated = (overlay and overlay.analytical_uncertainty) or calibrated.file.uncertainty
    factor = at_dtype(stated.factor, dtype).value
    deviations = float(norm.ppf((1.0 + COVERAGE) / 2.0))
    unlike_sigma = log(stated.unlike_factor or factor) / deviations
    return Structure(log(factor) / deviations, stated.common, unlike_sigma, overlay.domain if overlay else None)


def move(space: Hierarchy, measured: Measured, sigma: Vector, start: Vector | None = None) -> Moved:
    """The most probable factors, given the observations and ``sigma``, the structure's log error on each."""
    weight = np.hypot(measured.sigma, sigma)

    def residuals(factors: Vector) -> Vector:
        return np.concatenate([measured.log_errors(space.platform(factors)) / weight, factors / space.sigmas])

    def jacobian(factors: Vector) -> Vector:
        return np.vstack([slopes(space, measured, factors) / weight[:, None], np.diag(1.0 / space.sigmas)])

    first = np.zeros(len(space.sigmas)) if start is None else start
    solution = least_squares(residuals, first, jacobian, loss="soft_l1", ftol=1e-4, xtol=1e-3)
    return Moved(space.platform(solution.x), solution.x, np.linalg.inv(solution.jac.T @ solution.jac))


def slopes(space: Hierarchy, measured: Measured, factors: Vector) -> Vector:
    """(observations, factors): d log(latency) / d log(factor)."""
    here = np.log(measured.latencies_s(space.platform(factors)))
    steps = factors + _STEP * np.eye(len(factors))
    moved = [np.log(measured.latencies_s(space.platform(at))) for at in steps]
    return np.column_stack([(there - here) / _STEP for there in moved])


def learn(space: Hierarchy, measured: Measured, error: Structure, usual: Measured) -> Learned:
    """Move the sibling to the observations. ``usual`` are networks as people will ask for, for the interval.

    Their predictive variance is that of the structure, and what the records leave open of the factors, which is alike
    for all kernels of a network. It grows with the errors met on networks left out, each in units of the deviation
    predicted for it, and as there are few of them, by Student's t.
    """
    sigma = error.sigmas(space.centre, measured)
    moved = move(space, measured, sigma)
    left_out, surprises = _left_out(space, measured, sigma, moved.factors)
    degrees = _PRIOR_OBSERVATIONS + len(surprises)
    scale = sqrt((_PRIOR_OBSERVATIONS + float(np.sum(surprises**2))) / degrees)
    deviations = float(t.ppf((1.0 + COVERAGE) / 2.0, degrees)) * scale
    left_open = float(np.mean(_left_open(space, moved, usual)))
    factor, unlike = (
        exp(deviations * sqrt(left_open + own**2)) for own in (error.sigma, max(error.sigma, error.unlike_sigma))
    )
    common = (left_open + error.common * error.sigma**2) / (left_open + error.sigma**2)
    return Learned(moved, left_out, Interval(factor, common, unlike, error.domain))


def _left_open(space: Hierarchy, moved: Moved, measured: Measured) -> Vector:
    """Variance of each network's log latency from what is not known of the factors."""
    found = slopes(space, measured, moved.factors)
    return np.asarray(np.einsum("ij,jk,ik->i", found, moved.covariance, found))


def built_in(platform: Platform, dtype: str) -> Measured:
    """The zoo's networks that the platform models. Raises RecordsError without any."""
    machine = platform.machine(dtype)
    graphs = [zoo.build(name) for name in zoo.MODELS]
    known = [g for g in graphs if all(k.rule is not None for k in plan(g, machine).kernels)]
    if not known:
        raise RecordsError(f"{platform.name}: models none of the built-in networks, which its interval is told on")
    return prepare(platform, (Observation(graph, dtype, 1.0) for graph in known))


def _left_out(space: Hierarchy, measured: Measured, sigma: Vector, start: Vector) -> tuple[Vector, Vector]:
    """Errors on networks left out of the transfer, and the same in units of the deviation predicted for each."""
    names, network = np.unique(measured.names, return_inverse=True)
    part = np.random.default_rng(SEED).permutation(len(names)) % min(len(names), MOST_LEFT_OUT)
    errors, deviations = np.zeros(len(measured)), np.zeros(len(measured))
    for one in np.unique(part):
        own, others = np.flatnonzero(part[network] == one), np.flatnonzero(part[network] != one)
        moved = move(space, measured.only(others), sigma[others], start) if len(others) else _unmoved(space)
        left = measured.only(own)
        errors[own] = left.log_errors(moved.platform)
        deviations[own] = np.sqrt(_left_open(space, moved, left) + sigma[own] ** 2 + left.sigma**2)
    return errors, errors / deviations


def _unmoved(space: Hierarchy) -> Moved:
    return Moved(space.centre, np.zeros(len(space.sigmas)), np.diag(space.sigmas**2))


def _ratio_errors(measured: Measured, before: Vector) -> Vector:
    """Errors when the median ratio of the other networks is all that is moved; as they stand without others."""
    names = np.array(measured.names)
    return np.array([e - (np.median(o) if len(o := before[names != n]) else 0.0) for n, e in zip(names, before)])


def _verify_dtypes(calibrated: Platform, dtypes: frozenset[str]) -> None:
    for dtype in sorted(dtypes):
        if dtype not in calibrated.dtypes:
            known = ", ".join(calibrated.dtypes)
            raise RecordsError(
                f"{calibrated.name}: calibrated at {known}, and the records are {dtype}: nothing can be moved; "
                "say --dtype where that is wrong, else use 'fit'"
            )


def _facts(done: Transferred) -> Iterator[Fact]:
    count, own = len(done.measured), len(done.hierarchy.own)
    yield Fact("transferred", f"{count} observation{'s' * (count != 1)} move 1 factor of all, 3 of groups, {own} own")
    if count < 3:
        yield Fact(
            "only_all_told", "fewer than 3 observations: next to all of it is the factor of all", "measure 3 or more"
        )
    values = done.hierarchy.values(done.learned.moved.factors)
    for s in done.hierarchy.own:
        if values[s.key] in (s.low, s.high):
            found = f"{s.key} = {values[s.key]:.3g}, its bound"
            yield Fact("at_limit", found, "the sibling differs by more than a number: is its base the right one?")
    if done.calibrated.residual is not None:
        yield Fact("residual_left_behind", "the calibrated platform's corrections were learnt of its own device")
    ratio = exp(-float(np.median(done.before)))
    if not 1 / FAR < ratio < FAR:
        found = f"the median of measured / predicted by the calibrated platform is {ratio:.3g}"
        yield Fact("far_from_calibrated", found, "is this a sibling, and the same precision?")
    error, by_ratio = score(done.learned.left_out).mape, score(done.ratio).mape
    if count > 2 and error > 1.05 * by_ratio + 0.001:
        found = f"mean error {error:.1%} on networks left out, {by_ratio:.1%} by one ratio"
        yield Fact("ratio_as_good", found, "the records tell nothing but a speed: measure networks that differ more")


def overlay_of(done: Transferred, name: str, title: str, parent: str, conditions: Mapping[str, str]) -> OverlayFile:
    """The overlay of the sibling over ``base``, named as the file is to name it; its values are absolute."""
    digest = done.records.digest[:8]
    moved_source, left_out_source = f"transfer-{digest}", f"predictive-{digest}"
    cite = f"{len(done.measured)} latencies of {done.records.name} (digest {done.records.digest})"
    stated = "".join(f"; {key}: {value}" for key, value in conditions.items())
    origin = f"{done.calibrated.name} (digest {done.calibrated.digest})"
    values = {key: rounded(value) for key, value in done.hierarchy.values(done.learned.moved.factors).items()}
    before = {key: quantity.value for key, quantity in quantities(done.base.file)}
    found = score(done.learned.left_out)
    return OverlayFile(
        schema=1,
        name=name,
        title=title,
        parent=parent,
        parent_digest=done.base.digest,
        omitted=done.calibrated.overlay.omitted if done.calibrated.overlay else (),
        values={k: Change(value=v, source=moved_source) for k, v in values.items() if v != before[k]},
        calibration=Calibration(
            records=done.records.name,
            records_digest=done.records.digest,
            networks=len(set(done.measured.names)),
            dtypes=tuple(dtype for dtype in done.base.file.platform.dtypes if dtype in done.measured.dtypes),
            conditions=dict(conditions),
            verdict=tuple(fact.line for fact in done.verdict),
            scores=Scores(
                within_10=rounded(found.within_10), within_20=rounded(found.within_20), mape=rounded(found.mape)
            ),
        ),
        uncertainty=uncertainty(done.learned.interval, left_out_source),
        domain=done.learned.interval.domain,
        sources={
            moved_source: Source(kind="fitted", cite=f"moved from {origin} over {done.base.name} to {cite}{stated}"),
            left_out_source: Source(kind="derived", cite=f"predictive deviation over the built-in networks, {cite}"),
        },
    )
