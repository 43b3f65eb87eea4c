"""Energy of one inference from a power trace, by the paper's appendix A.

Power fluctuates while the network is loaded, then repeats the same pattern until the inferences end. The energy is the
average power over that stage times the time of one inference.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from math import sqrt
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stairline.measure.timing.errors import MeasureError
from stairline.measure.timing.sample import ci95

Vector = NDArray[np.float64]

MOST_SAMPLES = 20_000_000
FEWEST_CYCLES = 10
"""Repetitions below which a pattern may be chance. The paper runs hundreds of inferences."""
FEWEST_SAMPLES_A_CYCLE = 4
_LIKENESS = 0.3
"""Correlation of a stretch with itself one period later that counts as a repetition."""
_BLOCKS = 20
"""Blocks of whole cycles whose means the interval takes as independent."""
_NOTHING_REPEATS = (
    "no repeating pattern: these are no inferences one after the other, or each takes fewer than "
    f"{FEWEST_SAMPLES_A_CYCLE} samples, or noise hides them; run the same network hundreds of times, or sample faster"
)


class Trace(NamedTuple):
    """Power at even intervals: ``watts`` (samples,), ``step_s`` seconds apart, the first at ``start_s``."""

    start_s: float
    step_s: float
    watts: Vector
    resampled: bool
    """Whether the samples came at uneven intervals and were interpolated."""


class Energy(NamedTuple):
    """The energy of one inference, and the stage of the trace that it was taken from."""

    stage_s: tuple[float, float]
    """Times between which the pattern repeats, in seconds."""
    period_s: float
    cycles: int
    power_w: float
    """Average over the whole cycles of the stage."""
    power_ci95_w: float
    """Half-width of the power's 95 % confidence interval, by the means of blocks of cycles."""
    inference_s: float
    """The latency that was given, else the period."""

    @property
    def energy_j(self) -> float:
        """Energy of one inference: power times time."""
        return self.power_w * self.inference_s

    @property
    def energy_ci95_j(self) -> float:
        """Half-width of the energy's 95 % confidence interval, as far as it comes from the power."""
        return self.power_ci95_w * self.inference_s


def read_trace(path: Path) -> Trace:
    """A trace from a CSV of time in seconds and power in watts, one sample a line, with or without a heading.

    Raises MeasureError naming the file, the line and the value.
    """
    times_s, watts = [], []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, row in enumerate(csv.reader(file), 1):
                sample = _sample(f"{path}, line {number}", row, number == 1)
                if sample:
                    times_s.append(sample[0])
                    watts.append(sample[1])
                if len(times_s) > MOST_SAMPLES:
                    raise MeasureError(f"{path}: more than {MOST_SAMPLES} samples; cut it to the inferences")
    except OSError as error:
        raise MeasureError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise MeasureError(f"{path}: not a CSV of seconds and watts: {error}") from None
    return trace(str(path), np.array(times_s), np.array(watts))


def trace(name: str, times_s: Vector, watts: Vector) -> Trace:
    """A trace from samples, interpolated where they come at uneven intervals. Raises MeasureError."""
    if len(times_s) < FEWEST_CYCLES * FEWEST_SAMPLES_A_CYCLE:
        raise MeasureError(f"{name}: {len(times_s)} samples are too few to show a pattern; record the whole experiment")
    steps_s = np.diff(times_s)
    if not (steps_s > 0).all():
        at = int(np.argmin(steps_s > 0)) + 1
        raise MeasureError(f"{name}: sample {at + 1} is not later than the one before; times must grow")
    step_s = float(np.median(steps_s))
    count = int((times_s[-1] - times_s[0]) / step_s) + 1
    if count > MOST_SAMPLES:
        raise MeasureError(f"{name}: spans {count} steps of {step_s:g} s, mostly without a sample; cut it")
    uneven = bool(np.abs(steps_s - step_s).max() > 0.1 * step_s)
    if uneven:
        watts = np.interp(times_s[0] + step_s * np.arange(count), times_s, watts)
    return Trace(float(times_s[0]), step_s, watts, uneven)


def energy(found: Trace, latency_s: float | None = None) -> Energy:
    """The stage of a trace in which one pattern repeats, and the energy of one repetition.

    ``latency_s`` is the time of one inference where it is known; without it the pattern's period stands for it.
    Raises MeasureError where nothing repeats, or not often enough, or faster than it was sampled.
    """
    steady = _without_spikes(found.watts)
    period = _period(steady)
    first, last = _stage(steady, period)
    cycles = int((last - first) / period)
    if cycles < FEWEST_CYCLES:
        raise MeasureError(
            f"the pattern of {period * found.step_s * 1e3:.3g} ms repeats {cycles} times only; run "
            f"{FEWEST_CYCLES} inferences or more one after the other, better hundreds"
        )
    edges = first + np.round(np.arange(cycles + 1) * period).astype(int)
    means_w = np.add.reduceat(found.watts[: edges[-1]], edges[:-1]) / np.diff(edges)
    period_s = period * found.step_s
    return Energy(
        (found.start_s + first * found.step_s, found.start_s + int(edges[-1]) * found.step_s),
        period_s,
        cycles,
        float(found.watts[first : edges[-1]].mean()),
        _power_ci95_w(means_w),
        period_s if latency_s is None else latency_s,
    )


def _sample(place: str, row: Sequence[str], may_be_heading: bool) -> tuple[float, float] | None:
    if not any(cell.strip() for cell in row):
        return None
    try:
        time_s, power_w = (float(cell) for cell in row)
    except ValueError:
        if may_be_heading:
            return None
        raise MeasureError(f"{place}: '{','.join(row)[:60]}' is not a time in seconds and a power in watts") from None
    if not np.isfinite(time_s) or not np.isfinite(power_w):
        raise MeasureError(f"{place}: {time_s:g}, {power_w:g}: not finite; take the line out")
    return time_s, power_w


def _period(watts: Vector) -> float:
    """The period, in samples and their fractions, of the stretch of the trace that repeats most clearly."""
    from scipy.signal import find_peaks

    best: tuple[float, float] | None = None
    for width in _widths(len(watts)):
        for start in range(0, len(watts) - width + 1, width // 2):
            likeness = _autocorrelation(watts[start : start + width])
            # By how much a peak stands out: a step of the power alone makes all lags alike.
            peaks, found = find_peaks(likeness, prominence=_LIKENESS)
            repeated = [p for p in peaks.tolist() if _recurs(p, peaks, len(likeness))]
            if repeated:
                clearness = dict(zip(peaks.tolist(), found["prominences"].tolist()))
                highest = max(clearness[p] for p in repeated)
                shortest = next(p for p in repeated if clearness[p] > 0.5 * highest)
                significance = highest * sqrt(width)
                if best is None or significance > best[0]:
                    best = significance, _refined(likeness, shortest)
    if best is None:
        raise MeasureError(_NOTHING_REPEATS)
    return best[1]


def _recurs(peak: int, peaks: Vector, lags: int) -> bool:
    """Whether there is a peak at most multiples of this one, of which there are two or more."""
    count = min((lags - peak // 2) // peak, 12)
    multiples = peak * np.arange(1, count + 1)
    nearest = np.abs(peaks[None, :] - multiples[:, None]).min(axis=1)
    # A peak lies at a whole sample, half of one off at the most, and that many times off at a multiple.
    near = nearest <= np.maximum(0.5 * multiples / peak, peak / 8)
    return count >= 2 and bool(near.mean() > 0.8)


def _without_spikes(watts: Vector) -> Vector:
    """The trace with single extreme samples brought to the edge of the others: they would hide where it repeats."""
    low, high = np.quantile(watts, (0.005, 0.995))
    return np.clip(watts, low, high)


def _widths(samples: int) -> list[int]:
    """Lengths of stretches to look at: the whole trace, halves, quarters, eighths."""
    return [width for width in (samples, samples // 2, samples // 4, samples // 8) if width >= 32]


def _autocorrelation(watts: Vector) -> Vector:
    """Correlation of a stretch with itself by lag, up to a third of it; what is slower than that is taken out."""
    from scipy.signal import detrend

    centred = detrend(watts)
    if np.abs(centred).max() < 1e-6 * np.abs(watts).max():
        return np.zeros(len(centred) // 3)
    spectrum = np.fft.rfft(centred, 2 * len(centred))
    products = np.fft.irfft(np.abs(spectrum) ** 2)[: len(centred) // 3]
    overlap = 1.0 - np.arange(len(products)) / len(centred)
    likeness: Vector = products / overlap / max(float(products[0]), 1e-300)
    likeness[:FEWEST_SAMPLES_A_CYCLE] = 1.0  # No peak can be found among the first lags.
    return likeness


def _refined(likeness: Vector, peak: int) -> float:
    """The period from the peak's furthest multiple that is still as clear, which gives it to fractions of a sample."""
    period = float(peak)
    multiple = 2
    while (near := round(multiple * period)) + 2 < len(likeness):
        reach = max(1, peak // 4)
        window = likeness[near - reach : near + reach + 1]
        top = near - reach + int(np.argmax(window))
        if likeness[top] < 0.7 * likeness[peak] or top + 1 >= len(likeness):
            break
        before, here, after = likeness[top - 1 : top + 2]
        curvature = before - 2 * here + after
        period = (top + (0.5 * (before - after) / curvature if curvature else 0.0)) / multiple
        multiple *= 2
    return period


def _stage(watts: Vector, period: float) -> tuple[int, int]:
    """The longest stretch, in samples, that resembles itself one period later all along and keeps its mean power."""
    lag, width = round(period), min(max(round(6 * period), 64), len(watts) // 6)
    likeness = _local_likeness(watts, lag, width)
    alike = likeness > 0.6 * np.quantile(likeness, 0.9)
    means_w = np.convolve(watts, np.full(width, 1 / width), "valid")[: len(alike)]
    typical_w = float(np.median(means_w[alike]))
    spread_w = float(np.std(watts[: len(alike)][alike]))
    alike &= np.abs(means_w - typical_w) < max(0.5 * spread_w, 0.03 * typical_w)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], alike.astype(int), [0]])))
    starts, ends = edges[::2], edges[1::2]
    longest = int(np.argmax(ends - starts))
    if np.median(likeness[starts[longest] : ends[longest]]) < _LIKENESS:
        raise MeasureError(_NOTHING_REPEATS)
    first, last = int(starts[longest]), int(min(ends[longest] - 1 + lag + width, len(watts)))
    # A stretch that reaches into the start-up can still be alike.
    margin = min(width, (last - first) // 8)
    return first + margin, last - margin


def _local_likeness(watts: Vector, lag: int, width: int) -> Vector:
    """Correlation of each stretch of ``width`` samples with the one ``lag`` samples later."""
    one, other = watts[:-lag], watts[lag:]

    def windowed(values: Vector) -> Vector:
        sums = np.concatenate([[0.0], np.cumsum(values)])
        return np.asarray((sums[width:] - sums[:-width]) / width)

    a, b = windowed(one), windowed(other)
    covariance = windowed(one * other) - a * b
    variances = (windowed(one * one) - a * a) * (windowed(other * other) - b * b)
    return np.asarray(covariance / np.sqrt(np.maximum(variances, 1e-18)))


def _power_ci95_w(means_w: Vector) -> float:
    """Half-width of the 95 % interval of the mean: neighbouring cycles drift together, so blocks of them are taken."""
    blocks = min(_BLOCKS, len(means_w))
    block_means = np.array([block.mean() for block in np.array_split(means_w, blocks)])
    return ci95(float(block_means.std(ddof=1)), blocks)
