"""Reports on predictions for people: functions that return blocks of text."""

from __future__ import annotations

from collections.abc import Callable

from stairline.hwmodels import Platform
from stairline.hwmodels.reports.platforms import provenance, rests_on
from stairline.hwmodels.reports.text import Block, Cell, Facts, Heading
from stairline.hwmodels.spelling import first
from stairline.simulator.pricing.precision import difference
from stairline.simulator.pricing.prediction import Prediction, Summary

from .digits import prefixed, three_digits
from .kernels import all_kernels, kinds_of_kernel, limited_by
from .outcomes import is_bounded
from .statuses import MEANINGS, STYLES, split


def single(prediction: Prediction, platform: Platform, *, every_kernel: bool = False) -> list[Block]:
    """The report on one prediction; ``every_kernel`` adds a line for each kernel."""
    s = prediction.summary
    title = f"{s.model} on {s.platform}, {s.dtype}"
    rest = ("rests on", rests_on(provenance(platform, s.dtype)))
    return [
        Heading(f"LOWER BOUND: {title}" if "lower_bound" in s.flags else title),
        platform.file.title,
        Facts((*_outcome(prediction, platform), *_work(prediction), rest)),
        kinds_of_kernel(prediction),
        *([all_kernels(prediction)] if every_kernel else []),
    ]


def _outcome(prediction: Prediction, platform: Platform) -> list[tuple[str, str | Cell]]:
    s = prediction.summary
    bounded = is_bounded(s)
    rows: list[tuple[str, str | Cell]] = [
        ("latency", Cell(f"{'at least ' * bounded}{three_digits(s.latency_s * 1e3)} ms", "bold"))
    ]
    if s.status != "cannot_run":
        low, high = _ends(s, lambda seconds: three_digits(seconds * 1e3))
        rows.append(("90 % interval", f"{low} to {high} ms{' for the operators that are modelled' * bounded}"))
    rows += [("status", _status(s)), *_choices(s, platform)]
    if s.extrapolates_in:
        differs = f"differs from every calibrated network, most in {s.extrapolates_in}"
        rows.append(("extrapolation", Cell(differs, "yellow")))
    if s.analytical_s != s.latency_s:
        rows.append(("analytical", f"{three_digits(s.analytical_s * 1e3)} ms, without the platform's residual"))
    rows += [("assumed", Cell(note, "yellow")) for note in s.notes]
    rows += [*_on_host(prediction), *(("reason", text) for text in _kinds_of_reason(prediction))]
    if s.energy_j is not None:
        rows.append(("energy", f"{three_digits(s.energy_j * 1e3)} mJ"))
    return rows


def _work(p: Prediction) -> list[tuple[str, str | Cell]]:
    macs = sum(k.macs for k in p.kernels)
    rows: list[tuple[str, str | Cell]] = [("work", f"{prefixed(macs, 'MAC')} in {len(p.kernels)} kernels")]
    padded = [k for k in p.kernels if k.cost.padded_macs > 0]
    wasted = sum(k.cost.padded_macs - k.macs for k in padded)
    if wasted > 0:
        share = wasted / sum(k.cost.padded_macs for k in padded)
        rows.append(
            ("padding", f"{prefixed(wasted, 'MAC')} added by partly filled tiles, {share:.1%} of the MACs executed")
        )
    limits = ", ".join(f"{what} {share:.0%}" for what, share in limited_by(p).items() if share >= 0.005)
    if limits:
        rows.append(("limited by", f"{limits} of the time"))
    if p.fixed_s > 0.0:
        rows.append(("fixed cost", f"{three_digits(p.fixed_s * 1e3)} ms per inference, the same for every network"))
    rows.append(("peak memory", f"{prefixed(p.peak_memory_bytes, 'B')} of activations, without parameters"))
    rows.append(("coverage", _coverage(p.summary)))
    return rows


def _coverage(s: Summary) -> str | Cell:
    if s.coverage == (1.0, 1.0, 1.0):
        return "complete"
    shares = s.coverage._asdict().items()
    known = ", ".join(f"{_percent(share)} of {what}" for what, share in shares if share is not None)
    unknown = ", an unknown amount of macs left out" if s.coverage.macs is None else ""
    return Cell(known + unknown, "bold red")


def _percent(share: float) -> str:
    """A share with one decimal place; one below 1 is never rounded to 100 %."""
    return f"{min(share, 0.999) if share < 1.0 else 1.0:.1%}"


def _status(s: Summary) -> Cell:
    """What the status means; that operators have no model is said where all others run on the platform."""
    if s.status == "ok" and "operators_omitted" in s.flags:
        return Cell("lower bound: the platform's measurements leave out operators of this network", "yellow")
    return Cell(MEANINGS[s.status], STYLES[s.status])


def _ends(s: Summary, text: Callable[[float], str]) -> tuple[str, str]:
    """Both ends of the interval; a latency that no device can show has none."""
    return ("-", "-") if s.status == "cannot_run" else (text(s.lower_s), text(s.upper_s))


def _choices(s: Summary, platform: Platform) -> list[tuple[str, str | Cell]]:
    """What the prediction departs from: the file's precision, and the platform as its file states it."""
    rows: list[tuple[str, str | Cell]] = []
    if differs := difference(s.dtype, s.file_dtype, platform):
        rows.append(("precision", Cell(differs, "yellow")))
    if "operators_omitted" in s.flags:
        rows.append(("omitted", Cell(f"{', '.join(platform.omitted)}: not in the platform's measurements", "yellow")))
    origin = platform.as_read
    if origin.digest != platform.digest:
        lost = ", without its residual" if origin.residual and not platform.residual else ""
        kept = "the interval is that of its kernel models" if lost else "its interval is kept"
        rows.append(("derived from", f"{origin.name} ({origin.digest}){lost}; {kept}"))
    return rows


def _on_host(p: Prediction) -> list[tuple[str, str | Cell]]:
    """The sum of what runs on the fallback processor, and of the crossings to it and back."""
    kernels = [k for k in p.kernels if k.on_host]
    if not kernels:
        return []
    plural = "s" * (len(kernels) != 1)
    falls = f"{three_digits(p.host_s * 1e3)} of {three_digits(p.latency_s * 1e3)} ms in {len(kernels)} kernel{plural}"
    return [("on the host", Cell(f"{falls}, crossings {three_digits(p.crossings_s * 1e3)} ms", "yellow"))]


def _kinds_of_reason(p: Prediction, shown: int = 8) -> list[str]:
    """Reasons such as "conv1: the kernel must be square", one line for all layers that share one, ``shown`` at most.

    Those of the layers that take the longest come first, with their time.
    """
    times_s = {layer: k.latency_s for k in p.kernels for layer in k.layers}
    layers: dict[str, list[str]] = {}
    for reason in p.reasons:
        layer, why = split(reason)
        layers.setdefault(why, []).append(layer)
    kinds = [(sum(times_s.get(name, 0.0) for name in names), why, names) for why, names in layers.items()]
    kinds.sort(key=lambda kind: -kind[0])
    texts = [
        f"{first(names, 'layers')}: {why}{f' ({three_digits(time_s * 1e3)} ms)' * (time_s > 0.0)}"
        for time_s, why, names in kinds
    ]
    if len(texts) <= shown:
        return texts
    return [*texts[:shown], f"and {len(texts) - shown} more reasons; --json lists them all"]


def label(platform: Platform) -> str:
    """The name of a platform in tables: its first alias, or its full name where it has none."""
    return platform.file.aliases[0] if platform.file.aliases else platform.name
