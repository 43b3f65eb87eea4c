"""The claim rows are read as their columns mean."""

from __future__ import annotations

import pytest

from benchmarks.paper.claims import Claim, Tolerance, load_claims, parse_tolerance


def make(comparator: str, value: str, tolerance: str) -> Claim:
    return Claim("C000", "", "", "", "", "", "", comparator, value, "", tolerance, "", "tested", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1%", Tolerance(relative=0.01)),
        ("2% CI (App A)", Tolerance(relative=0.02)),
        ("0.1", Tolerance(absolute=0.1)),
        ("0.5 pp", Tolerance(absolute=0.5)),
        ("0.5 (rounded)", Tolerance(absolute=0.5)),
        ("exact", Tolerance()),
        ("up to", Tolerance()),
        ("order", Tolerance(factor=10**0.5)),
        ("order of magnitude", Tolerance(factor=10**0.5)),
    ],
)
def test_a_tolerance_is_read_in_every_form_the_table_uses(text: str, expected: Tolerance) -> None:
    assert parse_tolerance(text) == pytest.approx(expected)


@pytest.mark.parametrize("text", ["qualitative", "ordering", "small", "negligible", "1 %"])
def test_a_tolerance_that_is_not_a_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a quantity"):
        parse_tolerance(text)


@pytest.mark.parametrize(
    ("comparator", "value", "tolerance", "inside", "outside"),
    [
        ("=", "569", "1%", (563.4, 574.6), (563.2, 574.8)),
        ("=", "64", "0.5 pp", (63.5, 64.3), (63.4, 64.6)),
        ("=", "8", "exact", (8,), (7, 9)),
        ("=", "1e12", "order", (1.78e12, 4e11), (4e12, 2e11)),
        ("=", "4", "up to", (1, 4), (4.1,)),
        (">", "11", "", (11.5,), (10.9,)),
        ("<", "3.6", "", (3.58,), (3.7,)),
        ("between", "1.31-3", "0.05", (1.32, 2.9, 3.04), (1.2, 3.1)),
    ],
)
def test_a_number_agrees_within_comparator_and_tolerance(
    comparator: str, value: str, tolerance: str, inside: tuple[float, ...], outside: tuple[float, ...]
) -> None:
    claim = make(comparator, value, tolerance)
    assert all(claim.within(x) for x in inside)
    assert not any(claim.within(x) for x in outside)


def test_slack_widens_the_tolerance_by_that_much() -> None:
    claim = make("=", "10", "0.5")
    assert claim.within(11.4, slack=1.0)
    assert not claim.within(11.6, slack=1.0)


def test_numbers_inside_a_name_are_not_numbers() -> None:
    assert make("=", "140 M (ShuffleNetV1) to 6.55 G (ResNetV2)", "").numbers == (140, 6.55)
    assert make("=", "1.5-2.0", "").numbers == (1.5, 2.0)
    assert make("=", "219 / 300", "").numbers == (219, 300)


def test_every_tolerance_of_a_numeric_claim_can_be_read() -> None:
    for claim in load_claims():
        if claim.tolerance not in ("qualitative", "ordering", "small", "negligible"):
            parse_tolerance(claim.tolerance)
