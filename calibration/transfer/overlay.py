"""The overlay that states a platform moved to a sibling device."""

from __future__ import annotations

from stairline.calibration.judging.scores import score
from stairline.calibration.overlays.contents import (
    OverlayHeader,
    calibration,
    cited,
    cited_with_conditions,
    four_digits,
    uncertainty,
)
from stairline.hwmodels import quantities
from stairline.hwmodels.overlay import Change, OverlayFile, Scores
from stairline.hwmodels.provenance import Source

from .transfer import Transferred


def transferred_overlay(done: Transferred, header: OverlayHeader) -> OverlayFile:
    """Make the overlay of the sibling over ``base``; its values are absolute."""
    digest = done.records.digest[:8]
    moved_source, left_out_source = f"transfer-{digest}", f"predictive-{digest}"
    origin = f"{done.calibrated.name} (digest {done.calibrated.as_read.digest})"
    moved = f"moved from {origin} over {done.base.name} to {cited_with_conditions(done, header)}"
    left_out = f"predictive deviation over the built-in networks, {cited(done)}"
    values = {key: quantity.value for key, quantity in quantities(done.sibling.moved.platform.file)}
    before = {key: quantity.value for key, quantity in quantities(done.base.file)}
    found = score(done.sibling.left_out)
    scores = Scores(
        within_10=four_digits(found.within_10), within_20=four_digits(found.within_20), mape=four_digits(found.mape)
    )
    return OverlayFile(
        schema=2,
        name=header.name,
        title=header.title,
        parent=header.parent,
        parent_digest=done.base.as_read.fitted_digest,
        omitted=done.calibrated.overlay.omitted if done.calibrated.overlay else (),
        values={k: Change(value=four_digits(v), source=moved_source) for k, v in values.items() if v != before[k]},
        calibration=calibration(done, header, scores),
        uncertainty=uncertainty(done.sibling.interval, left_out_source),
        domain=done.sibling.interval.domain,
        sources={
            moved_source: Source(kind="fitted", cite=moved),
            left_out_source: Source(kind="derived", cite=left_out),
        },
    )
