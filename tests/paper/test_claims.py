"""Every claim of the paper is a test named by its id: asserted, or listed with the reason why it is not."""

from __future__ import annotations

from statistics import median

import pytest

from benchmarks.paper.checks.table4 import LATENCIES, RATIOS, both, latency_error
from benchmarks.paper.claims import STATUSES, Claim, load_claims
from benchmarks.paper.registry import load_checks

CLAIMS = load_claims()
CHECKS = load_checks()


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_claim(claim: Claim) -> None:
    check = CHECKS.get(claim.id)
    if claim.status == "tested":
        assert check is not None, f"claim {claim.id} has no check"
        check(claim)
    elif claim.status == "missed":
        assert claim.reason, f"claim {claim.id} is missed without a reason"
        assert check is not None, f"claim {claim.id} has no check"
        with pytest.raises(AssertionError):
            check(claim)
        pytest.xfail(claim.reason)
    else:
        assert claim.reason, f"claim {claim.id} is {claim.status} without a reason"
        assert check is None, f"claim {claim.id} is {claim.status} and yet has a check"


def test_no_claim_of_the_paper_is_dropped() -> None:
    assert [claim.id for claim in CLAIMS] == [f"C{number:03d}" for number in range(1, 384)]


def test_every_claim_has_a_known_status() -> None:
    assert {claim.status for claim in CLAIMS} <= set(STATUSES)


def test_every_check_belongs_to_a_claim() -> None:
    assert set(CHECKS) <= {claim.id for claim in CLAIMS}


def test_every_published_latency_is_tested() -> None:
    """Table 4 prints a latency in 50 cells: 8 columns for six models, and 2 for ShuffleNetV1."""
    assert len(LATENCIES) == 8 * 6 + 2
    assert all(claim.status == "tested" and claim.unit == "ms" and claim.number > 0 for claim in LATENCIES)


def test_the_median_error_over_table_4_is_at_most_5_percent() -> None:
    assert median(abs(latency_error(claim)) for claim in LATENCIES) <= 0.05


@pytest.mark.parametrize("claim", RATIOS, ids=lambda claim: claim.id)
def test_the_copy_of_the_table_gives_the_ratios_derived_from_it(claim: Claim) -> None:
    published_ms = {(row.subject, row.platform, row.precision): row.number for row in LATENCIES}
    after, before = (
        published_ms[claim.subject, *at] for at in zip(both(claim.platform), both(claim.precision), strict=True)
    )
    assert claim.within(before / after)
