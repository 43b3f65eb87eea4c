"""The overlay that states a platform fitted to records."""

from __future__ import annotations

from math import isinf

from stairline.calibration.fitting.measured import Measured
from stairline.calibration.judging.intervals import COVERAGE
from stairline.calibration.judging.scores import HeldOut, family_scores, over_families, score
from stairline.hwmodels.overlay import Change, OverlayFile, Scores
from stairline.hwmodels.provenance import Source

from .calibrated import Calibrated
from .contents import OverlayHeader, calibration, cited, cited_with_conditions, four_digits, uncertainty


def fitted_overlay(
    done: Calibrated, header: OverlayHeader, residual_file: str, omitted: tuple[str, ...] = ()
) -> OverlayFile:
    """Make the overlay of a calibrated platform: what was changed, and how good it is.

    ``residual_file`` is the name of the file that holds the residual if there is one, ``omitted`` the operators whose
    time the records do not hold.
    """
    fitted_source, held_out_source = f"fit-{done.records.digest[:8]}", f"held-out-{done.records.digest[:8]}"
    fitted = f"fitted over {done.base.name} to {cited_with_conditions(done, header)}"
    sources = {fitted_source: Source(kind="fitted", cite=fitted)}
    if not isinf(done.interval.factor):
        within = f"{COVERAGE:.0%} of networks held out of the fit lie within (quantile of cross-validated errors, CV+)"
        sources[held_out_source] = Source(kind="fitted", cite=f"{within}; {cited(done)}")
    values = {p.key: four_digits(p.value) for p in done.fit.parameters}
    before = {p.key: p.value for p in done.start}
    scores = _scores(done.measured, done.held_out)
    analytical = _scores(done.measured, done.analytical) if done.trained else None
    return OverlayFile(
        schema=2,
        name=header.name,
        title=header.title,
        parent=header.parent,
        parent_digest=done.base.as_read.fitted_digest,
        omitted=omitted,
        values={k: Change(value=v, source=fitted_source) for k, v in values.items() if v != before[k]},
        calibration=calibration(done, header, scores, analytical, done.headline.line),
        uncertainty=uncertainty(done.interval, held_out_source),
        analytical_uncertainty=uncertainty(done.analytical_interval, held_out_source) if done.trained else None,
        domain=done.interval.domain,
        residual=done.trained.record(residual_file) if done.trained else None,
        sources=sources,
    )


def _scores(measured: Measured, errors: HeldOut) -> Scores:
    by_fold, by_family = score(errors.folds), over_families(measured, errors)
    return Scores(
        within_10=four_digits(by_fold.within_10),
        within_20=four_digits(by_fold.within_20),
        mape=four_digits(by_fold.mape),
        families=len(family_scores(measured, errors.families)) if errors.families is not None else 0,
        family_within_10=four_digits(by_family.within_10) if by_family else None,
        family_within_20=four_digits(by_family.within_20) if by_family else None,
        family_mape=four_digits(by_family.mape) if by_family else None,
    )
