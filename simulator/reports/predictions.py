"""Reports on predictions for people: functions that return blocks of text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from stairline.hwmodels import Platform
from stairline.hwmodels.reports.platforms import provenance, rests_on
from stairline.hwmodels.reports.text import Block, Cell, Facts, Heading, Table, number, prose, word
from stairline.simulator.pricing.precision import difference
from stairline.simulator.pricing.prediction import Prediction, Summary

from .digits import decimal_places, prefixed, three_digits
from .kernels import all_kernels, kinds_of_kernel, limited_by

_STYLES = {"ok": "green", "lower_bound": "yellow", "falls_back": "yellow", "cannot_run": "bold red"}
_MARKS = {"ok": " ", "lower_bound": " ", "falls_back": "*", "cannot_run": "!"}
_MEANINGS = {
    "ok": "ok: all operators run on the platform",
    "lower_bound": "lower_bound: operators without a model are left out; the others run on the platform",
    "falls_back": "falls_back: some operators run on the fallback processor; their time and transfers are included",
    "cannot_run": "cannot_run: the platform cannot run the network; the latency is what its operators would take",
}


class Outcome(NamedTuple):
    """The headline of a prediction on the platform ``label``, and the reasons for a status other than ok."""

    label: str
    summary: Summary
    reasons: tuple[str, ...]


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


def several(outcomes: Sequence[Outcome]) -> list[Block]:
    """The report on many predictions: a line for each, then the reasons for each status other than ok."""
    energy = any(o.summary.energy_j is not None for o in outcomes)
    decimals = decimal_places([o.summary.lower_s * 1e3 for o in outcomes])
    columns = (
        *(prose("network"), prose("platform"), word("precision"), number("ms"), number("from"), number("to")),
        *((number("mJ"),) if energy else ()),
        word("status"),
    )
    rows = tuple(
        (
            s.model,
            label,
            s.dtype,
            f"{'>' * _bounded(s)}{s.latency_s * 1e3:,.{decimals}f}",
            *(_ends(s, lambda seconds: f"{seconds * 1e3:,.{decimals}f}")),
            *(("-" if s.energy_j is None else three_digits(s.energy_j * 1e3),) if energy else ()),
            Cell(" ".join(dict.fromkeys((s.status, *s.flags))), _STYLES[s.status]),
        )
        for label, s, _ in outcomes
    )
    return [Table(columns, rows), *_explanations(outcomes), *_precisions(outcomes)]


def comparison(outcomes: Sequence[Outcome], platforms: int) -> list[Block]:
    """The table of latencies in ms, networks by platforms, then the reasons for each status other than ok.

    ``outcomes`` holds, network after network, one outcome for each of the ``platforms``.
    """
    decimals = decimal_places([o.summary.latency_s * 1e3 for o in outcomes])
    rows: list[tuple[str | Cell, ...]] = []
    for start in range(0, len(outcomes), platforms):
        row = [o.summary for o in outcomes[start : start + platforms]]
        rows.append((row[0].model, *(_marked(s, decimals) for s in row)))
    heads = (_head(outcomes[place::platforms]) for place in range(platforms))
    columns = (prose("ms"), *map(number, heads))
    return [Table(columns, tuple(rows)), *_explanations(outcomes, _MARKS), *_precisions(outcomes)]


def _head(column: Sequence[Outcome]) -> str:
    """A platform and the precisions of its column, each once, in the order of the rows."""
    return f"{column[0].label}\n{'/'.join(dict.fromkeys(o.summary.dtype for o in column))}"


def _outcome(prediction: Prediction, platform: Platform) -> list[tuple[str, str | Cell]]:
    s = prediction.summary
    bounded = _bounded(s)
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
    rows += [("reason", text) for text in _kinds_of_reason(prediction.reasons)]
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


def _bounded(s: Summary) -> bool:
    """Whether work of the network is left out of the latency."""
    return "lower_bound" in s.flags or "operators_omitted" in s.flags


def _status(s: Summary) -> Cell:
    """What the status means; that operators have no model is said where all others run on the platform."""
    if s.status == "ok" and "operators_omitted" in s.flags:
        return Cell("lower bound: the platform's measurements leave out operators of this network", "yellow")
    return Cell(_MEANINGS[s.status], _STYLES[s.status])


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


def _kinds_of_reason(reasons: Sequence[str], shown: int = 8) -> list[str]:
    """Reasons such as "conv1: the kernel must be square", one line for all layers that share one, ``shown`` at most."""
    layers: dict[str, list[str]] = {}
    for reason in reasons:
        layer, why = _split(reason)
        layers.setdefault(why, []).append(layer)
    kinds = [f"{_first(names, 'layers')}: {why}" for why, names in layers.items()]
    if len(kinds) <= shown:
        return kinds
    return [*kinds[:shown], f"and {len(kinds) - shown} more reasons; --json lists them all"]


def _split(reason: str) -> tuple[str, str]:
    """The layer that a reason is about, "" where it is about the whole network, and the reason itself."""
    layer, _, why = reason.partition(": ")
    return (layer, why) if why else ("", layer)


def _first(names: Sequence[str], what: str) -> str:
    """A single name, or of several their number and the first."""
    return names[0] if len(names) == 1 else f"{len(names):,} {what}, the first {names[0]}"


def _explanations(
    outcomes: Iterable[Outcome], marks: Mapping[str, str] = MappingProxyType({}), shown: int = 30
) -> list[Block]:
    """The meaning of each status other than ok that occurs, behind its mark, and the table of reasons."""
    explained = [o for o in outcomes if o.summary.status != "ok" or _bounded(o.summary)]
    if not explained:
        return []
    legend = [
        f"{marks.get(status, '')} {text}".lstrip()
        for status, text in _MEANINGS.items()
        if status not in ("ok", "lower_bound") and any(o.summary.status == status for o in explained)
    ]
    if any(_bounded(o.summary) for o in explained):
        legend.append("> a lower bound: operators that have no model or were not measured are left out")
    networks: dict[tuple[str, str], dict[str, None]] = {}
    for outcome in explained:
        for reason in outcome.reasons:
            networks.setdefault((outcome.label, _split(reason)[1]), {})[outcome.summary.model] = None
    rows = [(label, why, _first(list(names), "networks")) for (label, why), names in networks.items()]
    left = f"and {len(rows) - shown:,} more reasons; --json lists them all"
    table = [Table((word("platform"), prose("reason"), prose("network")), tuple(rows[:shown]))] if rows else []
    return ["", *legend, *table, *([left] if len(rows) > shown else [])]


def _precisions(outcomes: Iterable[Outcome]) -> list[Block]:
    """A line for each network and precision that is not its file's, with the platforms that it is predicted so on."""
    labels: dict[tuple[str, str, str], list[str]] = {}
    for o in outcomes:
        if "other_precision" in o.summary.flags:
            labels.setdefault((o.summary.model, o.summary.file_dtype, o.summary.dtype), []).append(o.label)
    return [
        f"the file of {model} is {file_dtype}: predicted as {dtype} on {', '.join(names)}"
        for (model, file_dtype, dtype), names in labels.items()
    ]


def _marked(s: Summary, decimals: int) -> Cell:
    bound = ">" * _bounded(s)
    return Cell(f"{bound}{s.latency_s * 1e3:,.{decimals}f}{_MARKS[s.status]}", _STYLES[s.status])


def label(platform: Platform) -> str:
    """The name of a platform in tables: its first alias, or its full name where it has none."""
    return platform.file.aliases[0] if platform.file.aliases else platform.name
