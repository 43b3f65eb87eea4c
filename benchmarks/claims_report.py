"""Print how the paper's claims stand: counts by section and status, and the claims that are not asserted, with reasons.

Run from the root of the repository: python -m benchmarks.claims_report
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from tests.paper.claims import STATUSES, Claim, load_claims
from tests.paper.registry import Check, load_checks

COLUMNS = ("passes", "fails", *STATUSES[1:])


def outcome(claim: Claim, check: Check | None) -> str:
    """One of COLUMNS: what becomes of a claim when it is checked now. A check that cannot run has failed."""
    if claim.status != "tested":
        return claim.status
    if check is None:
        return "fails"
    try:
        check(claim)
    except (AssertionError, LookupError, ValueError):
        return "fails"
    return "passes"


def group(claim: Claim) -> str:
    """The part of the paper that a claim comes from: its first section."""
    return re.split(r"/| Fig| Finding| implication", claim.section)[0]


def table(outcomes: Sequence[tuple[Claim, str]]) -> list[str]:
    """Lines of counts, one per part of the paper and one in all."""
    lines = [f"{'part':<18}" + "".join(f"{column:>14}" for column in COLUMNS)]
    parts = dict.fromkeys(group(claim) for claim, _ in outcomes)
    for part in (*parts, "all"):
        counts = Counter(result for claim, result in outcomes if part in (group(claim), "all"))
        lines.append(f"{part:<18}" + "".join(f"{counts[column] or '-':>14}" for column in COLUMNS))
    return lines


def open_claims(outcomes: Sequence[tuple[Claim, str]]) -> list[str]:
    """A line for each claim that does not pass."""
    return [
        f"{claim.id} {result}: {claim.reason or f'{claim.platform} {claim.subject} {claim.metric}'}"
        for claim, result in outcomes
        if result != "passes"
    ]


def main() -> None:
    """Check every claim and print the result."""
    checks = load_checks()
    outcomes = [(claim, outcome(claim, checks.get(claim.id))) for claim in load_claims()]
    print("\n".join([*table(outcomes), "", *open_claims(outcomes)]))


if __name__ == "__main__":
    main()
