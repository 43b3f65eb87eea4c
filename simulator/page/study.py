"""The paper's study as a report: its findings on each platform, and its figures regenerated from the models."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from stairline.simulator.mapping.plan import UnknownOperatorError
from stairline.simulator.study.experiments import CHANNELS, HALF_SIZE_DOUBLE_CHANNEL
from stairline.simulator.study.findings import FINDINGS, Verdict, verdicts
from stairline.simulator.study.results import Results

from .bars import Bar, bars
from .curves import Figure, figure
from .environment import environment

CSV_COLUMNS = ("platform", "dtype", "finding", "sentence", "predicted", "in_the_paper", "evidence")


class Chapter(NamedTuple):
    """The study of one platform."""

    label: str
    name: str
    title: str
    dtype: str
    verdicts: tuple[Verdict, ...]
    figures: tuple[Figure, ...]
    groups: tuple[tuple[str, list[Bar]], ...]
    """Titles of groups of bars, and the bars."""
    missing: tuple[str, ...]
    """Why figures are left out."""


def chapter(results: Results, label: str) -> Chapter:
    """The study of one platform, called ``label``. A figure of an operator without a model is left out, and said."""
    figures: list[Figure] = []
    groups: list[tuple[str, list[Bar]]] = []
    missing: list[str] = []
    for draw in _FIGURES:
        try:
            figures += draw(results)
        except UnknownOperatorError as error:
            missing.append(str(error))
    for draw_bars in _GROUPS:
        try:
            groups += draw_bars(results)
        except UnknownOperatorError as error:
            missing.append(str(error))
    about = (label, results.platform.name, results.platform.file.title, results.dtype)
    return Chapter(*about, verdicts(results, label), tuple(figures), tuple(groups), tuple(missing))


def report(chapters: Sequence[Chapter]) -> str:
    """The whole report as one page."""
    template = environment("stairline.simulator.page").get_template("study.html")
    return template.render(chapters=chapters, findings=FINDINGS)


def write_report(chapters: Sequence[Chapter], folder: Path) -> list[Path]:
    """Write ``index.html`` and ``findings.csv`` into a folder, which is made; return their paths. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    page, table = folder / "index.html", folder / "findings.csv"
    page.write_text(report(chapters), encoding="utf-8", errors="replace")
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(CSV_COLUMNS)
        for one in chapters:
            for v in one.verdicts:
                about = (str(v.finding.number), v.finding.sentence, v.word, v.in_paper, v.evidence)
                writer.writerow((one.name, one.dtype, *about))
    return [page, table]


def _convolution(results: Results) -> Iterator[Figure]:
    title = "Fig. 4, B.1: convolution, 28 x 28, 320 channels in, 3x3"
    yield figure(title, "output channels", CHANNELS, {"convolution": results.conv_s})


def _depthwise(results: Results) -> Iterator[Figure]:
    title = "Fig. B.3: depthwise convolution, 7 x 7, 3x3"
    yield figure(title, "channels", CHANNELS, {"depthwise convolution": results.dwconv_s})


def _depths(results: Results) -> Iterator[Figure]:
    everywhere = [name for name in results.depths_s[0] if all(name in at for at in results.depths_s)]
    series = {name: [at[name] for at in results.depths_s] for name in everywhere}
    if series:
        layers = range(1, len(HALF_SIZE_DOUBLE_CHANNEL) + 1)
        yield figure("Fig. B.5: blocks, 112 x 112 x 32 to 7 x 7 x 512", "layer", layers, series)


def _blocks(results: Results) -> Iterator[tuple[str, list[Bar]]]:
    yield "Fig. 6a: blocks at 56 x 56 x 32, times MobileNetV1Block", _ratios(results.blocks_s, "MobileNetV1Block")


def _activations(results: Results) -> Iterator[tuple[str, list[Bar]]]:
    yield "Fig. 7: depthwise convolution with an activation, times without", _ratios(results.activations_s, "none")


def _kernels(results: Results) -> Iterator[tuple[str, list[Bar]]]:
    times_s = {f"{size}x{size}": time_s for size, time_s in results.kernels_s.items()}
    if times_s:
        yield "Fig. 8a: convolution by kernel, times the smallest", _ratios(times_s, next(iter(times_s)))


def _networks(results: Results) -> Iterator[tuple[str, list[Bar]]]:
    latencies_ms = {name: p.latency_s * 1e3 for name, p in results.networks.items()}
    yield f"Table 4, Fig. B.6: networks in {results.dtype}", bars(latencies_ms, " ms")
    energies_mj = {name: 1e3 * p.energy_j for name, p in results.networks.items() if p.energy_j is not None}
    if energies_mj:
        yield "Fig. B.7: energy of an inference", bars(energies_mj, " mJ")
    if results.speedups:
        yield "Table 4: 8 bits, times as fast as floating point", bars(results.speedups)


def _ratios(times_s: Mapping[str, float], base: str) -> list[Bar]:
    return bars({name: time_s / times_s[base] for name, time_s in times_s.items()})


_FIGURES = (_convolution, _depthwise, _depths)
_GROUPS = (_blocks, _activations, _kernels, _networks)
"""What draws each experiment, in the order of the report."""
