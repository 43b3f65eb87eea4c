"""Moving a calibrated platform to a sibling device by a handful of measurements.

Structure and numbers are the calibrated platform's. The sibling's differ by scale factors: one of all, one of each
group, one of each fitted number, with priors that narrow in that order (``siblings``). The most probable factors are
found by least squares, so one record moves everything alike, and more records tell the groups apart as far as they go.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from stairline.calibration.errors import RecordsError
from stairline.calibration.fitting.pricing import Measured, Vector
from stairline.calibration.judging.scores import score
from stairline.calibration.judging.verdict import Fact, about_records, is_far, is_worse, measured_over_predicted, refuse
from stairline.calibration.overlay import Heading, calibration, cited, cited_with_conditions, rounded, uncertainty
from stairline.calibration.records.table import Records, planned
from stairline.hwmodels import Platform, quantities
from stairline.hwmodels.overlay import Change, OverlayFile, Scores
from stairline.hwmodels.provenance import Source
from stairline.simulator.graph.graph import Graph

from .moving import Learned, built_in, learn, structure
from .siblings import Hierarchy, hierarchy

MOST_OBSERVATIONS = 200
"""Beyond, a fit learns more than a transfer."""

SURPRISING = 3.0
"""Errors on networks left out, in units of what was expected, from which another kind of device is likelier."""

_MOST_FACTOR = 20.0
"""Half of a 90 % interval, as a factor, beyond which a prediction says nothing."""


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
    measured, tabled = planned(space.centre, records, graphs)
    if len(measured) > MOST_OBSERVATIONS:
        raise RecordsError(
            f"{records.name}: {len(measured)} observations are enough for 'fit', which learns more of them"
        )
    before = measured.log_errors(space.centre)
    refuse(records.name, measured, before)
    dtype = measured.dtypes[0]
    learned = learn(space, measured, structure(calibrated, dtype), built_in(space.centre, dtype))
    if learned.interval.factor > _MOST_FACTOR:
        raise RecordsError(f"{records.name}: {_no_sibling(learned).line}")
    ratio = _ratio_errors(measured, before)
    done = Transferred(calibrated, base, records, measured, space, learned, before, ratio, ())
    return done._replace(verdict=(*about_records(records.rows, measured, tabled), *_facts(done)))


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
    ratio = measured_over_predicted(done.before)
    if is_far(ratio):
        found = f"the median of measured / predicted by the calibrated platform is {ratio:.3g}"
        yield Fact("far_from_calibrated", found, "is this a sibling, and the same precision?")
    if done.learned.surprise > SURPRISING:
        yield _no_sibling(done.learned)
    error, by_ratio = score(done.learned.left_out).mape, score(done.ratio).mape
    if count > 2 and is_worse(error, by_ratio):
        found = f"mean error {error:.1%} on networks left out, {by_ratio:.1%} by one ratio"
        yield Fact("ratio_as_good", found, "the records tell nothing but a speed: measure networks that differ more")


def _no_sibling(learned: Learned) -> Fact:
    found = f"networks left out are {learned.surprise:.0f} times as far off as on a sibling as expected"
    return Fact("no_sibling", found, "is this the same kind of processor and runtime? else fit over a base of its own")


def overlay_of(done: Transferred, heading: Heading) -> OverlayFile:
    """The overlay of the sibling over ``base``; its values are absolute."""
    digest = done.records.digest[:8]
    moved_source, left_out_source = f"transfer-{digest}", f"predictive-{digest}"
    origin = f"{done.calibrated.name} (digest {done.calibrated.as_read.digest})"
    moved = f"moved from {origin} over {done.base.name} to {cited_with_conditions(done, heading)}"
    left_out = f"predictive deviation over the built-in networks, {cited(done)}"
    values = {key: quantity.value for key, quantity in quantities(done.learned.moved.platform.file)}
    before = {key: quantity.value for key, quantity in quantities(done.base.file)}
    found = score(done.learned.left_out)
    scores = Scores(within_10=rounded(found.within_10), within_20=rounded(found.within_20), mape=rounded(found.mape))
    return OverlayFile(
        schema=2,
        name=heading.name,
        title=heading.title,
        parent=heading.parent,
        parent_digest=done.base.as_read.digest,
        omitted=done.calibrated.overlay.omitted if done.calibrated.overlay else (),
        values={k: Change(value=rounded(v), source=moved_source) for k, v in values.items() if v != before[k]},
        calibration=calibration(done, heading, scores),
        uncertainty=uncertainty(done.learned.interval, left_out_source),
        domain=done.learned.interval.domain,
        sources={
            moved_source: Source(kind="fitted", cite=moved),
            left_out_source: Source(kind="derived", cite=left_out),
        },
    )
