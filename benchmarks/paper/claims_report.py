"""Print how the paper's claims stand: counts by section, and every claim that does not pass, with its reason.

Run from the root of the repository: python -m benchmarks.paper.claims_report [PLATFORM...], where CPU, GPU, DSP, VPU,
TPU, KPU and NPU restrict the report to claims that name one of them. Takes ten seconds.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from .claims import STATUSES, Claim, load_claims
from .registry import Check, load_checks

COLUMNS = ("passes", "fails", *STATUSES[1:])


class Outcome(NamedTuple):
    """What becomes of a claim when it is checked now: one of COLUMNS, and why."""

    claim: Claim
    result: str
    why: str


def outcome(claim: Claim, check: Check | None) -> Outcome:
    """Check one claim. A check that cannot run has failed."""
    if claim.status not in ("tested", "missed"):
        return Outcome(claim, claim.status, claim.reason)
    if check is None:
        return Outcome(claim, "fails", "has no check")
    try:
        check(claim)
    except (AssertionError, LookupError, ValueError) as error:
        what = f"{claim.platform} {claim.subject}: {claim.metric} {claim.comparator} {claim.value} {claim.unit}"
        result, why = ("missed", claim.reason) if claim.status == "missed" else ("fails", str(error) or check.__name__)
        return Outcome(claim, result, f"{what}; {why}")
    return Outcome(claim, "passes", "")


def part(claim: Claim) -> str:
    """The part of the paper that a claim comes from: its first section."""
    return re.split(r"/| Fig| Finding| implication", claim.section)[0]


def table(outcomes: Sequence[Outcome]) -> list[str]:
    """Lines of counts, one per part of the paper and one in all."""
    lines = [f"{'part':<18}" + "".join(f"{column:>14}" for column in COLUMNS)]
    for name in (*dict.fromkeys(part(o.claim) for o in outcomes), "all"):
        counts = Counter(o.result for o in outcomes if name in (part(o.claim), "all"))
        lines.append(f"{name:<18}" + "".join(f"{counts[column] or '-':>14}" for column in COLUMNS))
    return lines


def not_passing(outcomes: Sequence[Outcome]) -> list[str]:
    """A line for each claim that does not pass."""
    return [f"{o.claim.id} {o.result}: {o.why}" for o in outcomes if o.result != "passes"]


def main(platforms: Sequence[str]) -> None:
    """Check every claim that names one of ``platforms`` (all claims where none is given) and print the result."""
    checks = load_checks()
    wanted = [c for c in load_claims() if not platforms or set(platforms) & set(re.findall(r"[A-Z]+", c.platform))]
    outcomes = [outcome(claim, checks.get(claim.id)) for claim in wanted]
    print("\n".join([*table(outcomes), "", *not_passing(outcomes)]))


if __name__ == "__main__":
    main(sys.argv[1:])
