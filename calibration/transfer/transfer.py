"""Moving a calibrated platform to a sibling device by a handful of measurements.

Structure and numbers are the calibrated platform's. The sibling's differ by scale factors: one of all, one of each
group, one of each fitted number, with priors that narrow in that order (``siblings``). The most probable factors are
found by least squares, so one record moves everything alike, and more records separate the groups as far as they go.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from stairline.calibration.fitting.measured import Measured, prepare_records
from stairline.calibration.judging.refusals import refuse
from stairline.calibration.judging.scores import score
from stairline.calibration.judging.verdict import Fact, about_records, is_far, is_worse, measured_over_predicted
from stairline.calibration.records.errors import RecordsError
from stairline.calibration.records.record import Records
from stairline.hwmodels import Platform
from stairline.simulator.graph.graph import Graph
from stairline.simulator.pricing.arrays import Vector

from .estimate import SiblingEstimate, built_in, estimate_sibling, structure
from .siblings import Hierarchy, hierarchy

MOST_OBSERVATIONS = 200
"""Observations beyond which a fit predicts better than a transfer."""

SURPRISING = 3.0
"""Errors on networks left out, in units of the expected deviation, from which another kind of device is likelier."""

_MOST_FACTOR = 20.0
"""Half of a 90 % interval, as a factor, beyond which a prediction says nothing."""


class Transferred(NamedTuple):
    """A platform moved to a sibling. Errors are log(predicted / observed) per observation."""

    calibrated: Platform
    base: Platform
    records: Records
    measured: Measured
    hierarchy: Hierarchy
    sibling: SiblingEstimate
    before: Vector
    """Errors by the calibrated platform's numbers as they stand."""
    ratio: Vector
    """Errors by these predictions times one ratio, that of the other networks."""
    verdict: tuple[Fact, ...]


def transfer(calibrated: Platform, base: Platform, records: Records, graphs: Iterable[Graph]) -> Transferred:
    """Move a calibrated platform to the device of the records, over the mechanisms of ``base``.

    Raises RecordsError where nothing should be moved to them, PlatformError for a precision that a platform lacks.
    """
    dtypes = frozenset(row.dtype for row in records.rows)
    _verify_dtypes(calibrated, dtypes)
    space = hierarchy(calibrated, base, dtypes)
    measured, tabled = prepare_records(space.centre, records, graphs)
    if len(measured) > MOST_OBSERVATIONS:
        raise RecordsError(
            f"{records.name}: {len(measured)} observations are enough for 'fit', which makes better use of so many"
        )
    before = measured.log_errors(space.centre)
    refuse(records, measured, before)
    dtype = measured.dtypes[0]
    sibling = estimate_sibling(space, measured, structure(calibrated, dtype), built_in(space.centre, dtype))
    if sibling.interval.factor > _MOST_FACTOR:
        raise RecordsError(f"{records.name}: {_no_sibling(sibling).line}")
    ratio = _ratio_errors(measured, before)
    done = Transferred(calibrated, base, records, measured, space, sibling, before, ratio, ())
    return done._replace(verdict=(*about_records(records.rows, measured, tabled), *_facts(done)))


def _ratio_errors(measured: Measured, before: Vector) -> Vector:
    """Errors when only the median ratio of the other networks is moved; the errors as they stand without any others."""
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
    values = done.hierarchy.values(done.sibling.moved.factors)
    for s in done.hierarchy.own:
        if values[s.key] in (s.low, s.high):
            found = f"{s.key} = {values[s.key]:.3g}, its bound"
            yield Fact("at_limit", found, "the sibling differs by more than a number: is its base the right one?")
    if done.calibrated.residual is not None:
        yield Fact("residual_left_behind", "the calibrated platform's corrections were trained on its own device")
    ratio = measured_over_predicted(done.before)
    if is_far(ratio):
        found = f"the median of measured / predicted by the calibrated platform is {ratio:.3g}"
        yield Fact("far_from_calibrated", found, "is this a sibling, and the same precision?")
    if done.sibling.surprise > SURPRISING:
        yield _no_sibling(done.sibling)
    error, by_ratio = score(done.sibling.left_out).mape, score(done.ratio).mape
    if count > 2 and is_worse(error, by_ratio):
        found = f"mean error {error:.1%} on networks left out, {by_ratio:.1%} by one ratio"
        yield Fact("ratio_as_good", found, "the records determine only a speed: measure networks that differ more")


def _no_sibling(sibling: SiblingEstimate) -> Fact:
    found = f"networks left out are {sibling.surprise:.0f} times as far off as on a sibling as expected"
    return Fact("no_sibling", found, "is this the same kind of processor and runtime? else fit over a base of its own")
