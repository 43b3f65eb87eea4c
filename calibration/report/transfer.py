"""What people read about a transfer to a sibling device."""

from __future__ import annotations

import numpy as np

from stairline.calibration.judging.scores import score
from stairline.calibration.transfer.siblings import GROUPS
from stairline.calibration.transfer.transfer import Transferred
from stairline.hwmodels.reports.text import Block, Cell, Facts, Heading, Table, number, prose, word
from stairline.simulator.pricing.arrays import Vector

from .blocks import facts, interval_text

_MOST_NETWORKS = 20
"""Networks up to which each is listed."""


def transferred(done: Transferred, name: str, path: str) -> list[Block]:
    """How the sibling differs, how well networks left out are predicted, the verdict."""
    return [
        _summary(done, name, path),
        Heading("How long the sibling takes for the same"),
        _factors(done),
        Heading("Numbers with a factor of their own"),
        _numbers(done),
        Heading("Scores on networks left out of the transfer"),
        _scores(done),
        *([_networks(done)] if len(done.measured) <= _MOST_NETWORKS else []),
        Heading("Verdict"),
        facts(done.verdict),
    ]


def _summary(done: Transferred, name: str, path: str) -> Facts:
    left_open = "what the records leave open, and the error of the calibrated platform"
    return Facts(
        (
            ("platform", Cell(name, "bold")),
            ("moved from", f"{done.calibrated.name} (digest {done.calibrated.as_read.digest})"),
            ("over", f"{done.base.name} (digest {done.base.as_read.digest})"),
            ("records", f"{done.records.name} (digest {done.records.digest}), {len(done.measured)} used"),
            ("90 % interval", f"{interval_text(done.sibling.interval)}: {left_open}"),
            ("written to", path),
        )
    )


def _factors(done: Transferred) -> Table:
    """The factor of each group times that of all: as expected, and as the records determine it."""
    moved, count = done.sibling.moved, len(done.hierarchy.sigmas)
    rows = []
    for i, group in enumerate(GROUPS, 1):
        both = np.zeros(count)
        both[[0, i]] = 1.0
        spread = np.sqrt(both @ moved.covariance @ both)
        expected = np.sqrt(both @ done.hierarchy.sigmas**2)
        times = np.exp(both @ moved.factors)
        rows.append((group, f"{times:.3f}", f"{np.exp(spread):.3f}", f"{np.exp(expected):.3g}"))
    columns = (word("what"), number("times as long"), number("known to\na factor of"), number("expected\nwithin"))
    return Table(columns, tuple(rows))


def _numbers(done: Transferred) -> Table:
    factors, values = done.sibling.moved.factors, done.hierarchy.values(done.sibling.moved.factors)
    own = zip(done.hierarchy.own, factors[1 + len(GROUPS) :])
    rows = tuple((s.key, f"{s.centre:.4g}", f"{values[s.key]:.4g}", f"{np.exp(factor):.3f}") for s, factor in own)
    return Table((prose("key"), number("calibrated"), number("moved"), number("of its own")), rows)


def _scores(done: Transferred) -> Table:
    rows = tuple(
        (how, str(s.networks), f"{s.within_10:.1%}", f"{s.within_20:.1%}", f"{s.mape:.1%}")
        for how, s in (
            ("moved", score(done.sibling.left_out)),
            ("one ratio", score(done.ratio)),
            ("not moved", score(done.before)),
        )
    )
    return Table((word(""), number("observations"), number("<= 10 %"), number("<= 20 %"), number("MAPE")), rows)


def _networks(done: Transferred) -> Table:
    headings = ("measured\n(ms)", "moved,\nleft out", "one ratio", "not moved")
    rows = tuple(
        (name, f"{1e3 * observed_s:.4g}", *(f"{error:+.1%}" for error in errors))
        for name, observed_s, *errors in zip(
            *(done.measured.names, done.measured.observed_s),
            *map(_relative, (done.sibling.left_out, done.ratio, done.before)),
        )
    )
    return Table((prose("network"), *map(number, headings)), rows)


def _relative(log_errors: Vector) -> list[float]:
    return [float(error) for error in np.expm1(log_errors)]
