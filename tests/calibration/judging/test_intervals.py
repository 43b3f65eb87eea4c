"""Intervals: what they cover of networks that are like the calibrated ones, and of those that are not."""

from __future__ import annotations

from math import exp, log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stairline.calibration.fitting.measured import prepare
from stairline.calibration.judging.intervals import (
    Outline,
    averaged,
    conformal_factor,
    coverage,
    interval,
    outline,
    unlike_factor,
)
from stairline.calibration.judging.scores import HeldOut
from stairline.calibration.records.observation import Observation
from stairline.hwmodels import load
from stairline.hwmodels.domain import Domain
from stairline.simulator.pricing.intervals import averaging
from stairline.simulator.zoo import build_block


@given(st.floats(0, 1), st.integers(1, 60))
def test_equal_kernels_average_out_what_they_do_not_have_in_common(common, kernels):
    """The variance of a mean of n errors with correlation c is c + (1 - c) / n of one's."""
    expected = sqrt(common + (1.0 - common) / kernels)
    assert averaging(common, [1.0 / kernels] * kernels) == pytest.approx(expected)
    assert averaged(common, np.array([1.0 / kernels]))[0] == pytest.approx(expected)


def test_an_unlike_factor_counts_each_family_once():
    """A thousand networks of one good family do not outvote nine bad ones."""
    errors = np.concatenate([np.full(1000, 0.01), np.full(9, 0.3)])
    families = np.array(["good"] * 1000 + [f"bad{i}" for i in range(9)])
    assert unlike_factor(errors, families, np.ones(1009), 1.0) == pytest.approx(exp(0.3))
    assert conformal_factor(errors) == pytest.approx(exp(0.01))


def test_an_unlike_factor_makes_up_for_networks_that_are_only_half_unlike():
    """Half the way from 0.1 to the far end must be 0.3, so the far end is 0.5."""
    errors, families = np.full(20, 0.3), np.repeat(np.arange(10).astype(str), 2)
    assert unlike_factor(errors, families, np.full(20, 0.5), exp(0.1)) == pytest.approx(exp(0.5))


def test_an_unlike_factor_covers_networks_of_new_families():
    """Nine in ten on average over families drawn alike, less what 20 families leave to chance."""
    random = np.random.default_rng(0)
    covered = []
    for _ in range(300):
        shifts = random.normal(0.0, 0.1, 21)
        errors = shifts[:, None] + random.normal(0.0, 0.03, (21, 50))
        families = np.repeat(np.arange(20).astype(str), 50)
        factor = unlike_factor(errors[:20].ravel(), families, np.ones(1000), 1.0)
        covered.append(np.mean(np.abs(errors[20]) <= log(factor)))
    assert 0.85 < np.mean(covered) < 0.95


def test_a_check_of_coverage_can_fail():
    """The quantile of a dozen errors covers eleven of that dozen by construction; folds too few for one say nothing."""
    random = np.random.default_rng(2)
    seen = Outline(np.ones(12), np.zeros((12, 6)), ("conv2d 1x1",), np.full(12, ""))
    found = coverage(seen, HeldOut(random.normal(0.0, 0.1, 12), None), np.arange(12) % 5)
    assert found.networks == 12
    few = coverage(seen.only(np.arange(12) < 9), HeldOut(random.normal(0.0, 0.1, 9), None), np.arange(9) % 5)
    assert few == (None, 9, None)


def test_errors_of_a_fold_that_is_off_are_not_covered_by_intervals_from_the_others():
    errors = np.where(np.arange(100) % 5 == 0, 1.0, np.random.default_rng(3).normal(0.0, 0.01, 100))
    seen = Outline(np.ones(100), np.zeros((100, 6)), ("conv2d 1x1",), np.full(100, ""))
    assert coverage(seen, HeldOut(errors, None), np.arange(100) % 5).folds == pytest.approx(0.8, abs=0.05)


def population(random: np.random.Generator, families: int, size: int) -> tuple[Outline, HeldOut]:
    """Networks whose profiles lie around their family's, with errors that are larger when the family is held out."""
    names = np.repeat([f"family{i}" for i in range(families)], size)
    centres = random.normal(0.0, 4.0, (families, 6))
    profiles = np.repeat(centres, size, axis=0) + random.normal(0.0, 0.2, (families * size, 6))
    concentrations = random.uniform(0.02, 0.6, families * size)
    own = random.normal(0.0, 0.05, families * size) * np.sqrt(0.3 + 0.7 * concentrations)
    shifts = np.repeat(random.normal(0.0, 0.08, families), size)
    return Outline(concentrations, profiles, ("conv2d 1x1",), names), HeldOut(own, own + shifts)


def test_intervals_cover_nine_in_ten_like_and_unlike_the_calibrated_and_are_wider_for_the_latter():
    seen, errors = population(np.random.default_rng(4), 14, 60)
    found = interval(seen, errors)
    covered = coverage(seen, errors, np.arange(len(errors.folds)) % 5)
    assert 0.88 <= covered.folds <= 0.95
    assert covered.families is not None
    assert covered.families >= 0.85
    assert found.unlike_factor > 1.1 > found.factor
    assert found.common == pytest.approx(0.3, abs=0.15)


def test_without_families_the_unlike_are_twice_as_uncertain_and_without_records_nothing_is_known():
    seen, errors = population(np.random.default_rng(5), 4, 30)
    alone = interval(seen, HeldOut(errors.folds, None))
    assert log(alone.unlike_factor) == pytest.approx(2.0 * log(alone.factor))
    few = np.arange(len(errors.folds)) < 5
    assert interval(seen.only(few), HeldOut(errors.folds[few], None)).factor == float("inf")
    assert interval(seen.only(few), HeldOut(errors.folds[few], None)).domain is None


def test_single_operators_tell_the_interval_of_a_kernel_and_networks_that_of_a_network():
    """However widely single operators miss, networks get the interval that covers networks."""
    random = np.random.default_rng(6)
    parts, networks = random.normal(0.0, 0.4, 500), random.normal(0.0, 0.05, 500)
    names = np.repeat(["", "one", "other"], [500, 250, 250])
    concentrations = np.concatenate([random.uniform(0.5, 1.0, 500), random.uniform(0.0, 0.1, 500)])
    seen = Outline(concentrations, np.zeros((1000, 6)), ("conv2d 1x1",), names)
    found = interval(seen, HeldOut(np.concatenate([parts, networks]), None))
    # 1.645 standard deviations hold nine in ten of a normal distribution.
    assert log(found.factor) == pytest.approx(1.645 * 0.4, rel=0.1)
    assert log(found.factor) * averaging(found.common, []) == pytest.approx(1.645 * 0.05, rel=0.15)
    assert np.mean(found.covers(seen, np.concatenate([parts, networks]))[500:]) >= 0.9


def test_networks_are_outlined_by_the_kinds_of_the_calibrated_ones():
    """Time in kinds that were not calibrated counts together, in the place behind theirs."""
    platform = load("pixel4-cortexa76-tflite2.1")
    blocks = [build_block("conv", 28, 64, 3), build_block("dwconv", 28, 64, 3)]
    known, strange = (prepare(platform, [Observation(graph, "float32", 1e-3)]) for graph in blocks)
    seen = outline(platform, known)
    assert seen.kinds == ("conv2d 3x3",)
    other = outline(platform, strange, seen.kinds)
    assert other.profiles.shape == seen.profiles.shape
    assert (seen.profiles[0, 0], seen.profiles[0, 1]) == (other.profiles[0, 1], other.profiles[0, 0]) == (4.0, 0.0)


def test_a_domain_of_other_sizes_is_refused():
    with pytest.raises(ValueError, match="profile 0 must be 6"):
        Domain(reach=1.0, kinds=("add",), profiles=((0.0,) * 5,))


@pytest.mark.parametrize("noise", ["normal", "laplace", "uniform"])
def test_the_conformal_factor_covers_nine_in_ten_whatever_the_noise(noise):
    """Split conformal prediction covers between 0.9 and 0.9 + 1 / (n + 1) on average over calibration sets."""
    random = np.random.default_rng(1)
    draw = {
        "normal": random.normal,
        "laplace": random.laplace,
        "uniform": lambda a, b, n: random.uniform(a - b, a + b, n),
    }
    covered = []
    for _ in range(500):
        factor = conformal_factor(draw[noise](0.0, 0.2, 40))
        covered.append(np.mean(np.abs(draw[noise](0.0, 0.2, 500)) <= log(factor)))
    assert 0.89 < np.mean(covered) < 0.9 + 1 / 41 + 0.01
