"""What vendors' tools print, in its documented form."""

from __future__ import annotations

from pathlib import Path

import pytest

from stairline.measure.timing.errors import MeasureError
from stairline.measure.tool_output.reading import read
from stairline.measure.tool_output.vendor_tools import k210_driver, rknn_performance, snpe_throughput
from tests.measure.vendor_output import K210, RKNN, SNPE


def test_snpe_takes_its_time_over_its_images() -> None:
    run = snpe_throughput(SNPE)
    assert run.median_s == pytest.approx(0.004)
    assert run.summary is not None
    assert run.summary.runs == 2500
    with pytest.raises(MeasureError, match="2 threads"):
        snpe_throughput(SNPE + SNPE)


def test_rknn_reports_a_total_and_layers() -> None:
    run = rknn_performance(RKNN)
    assert run.median_s == pytest.approx(1281e-6)
    assert [(c.op, c.time_s) for c in run.counters] == [("TENSOR_TRANS", 361e-6), ("CONVOLUTION", 920e-6)]
    assert rknn_performance("Total Time(us): 7140FPS: 140.06").median_s == pytest.approx(7.14e-3)


def test_the_k210_reports_every_run() -> None:
    run = k210_driver(K210)
    assert run.runs_s == pytest.approx((0.004, 0.0042))
    assert [(c.op, c.time_s) for c in run.counters] == [("K210Conv", 0.0035), ("GAP", pytest.approx(0.0007))]


@pytest.mark.parametrize(("text", "tool"), [(SNPE, "SNPE"), (RKNN, "RKNN"), (K210, "K210")])
def test_what_they_printed_is_imported(tmp_path: Path, text: str, tool: str) -> None:
    (tmp_path / "o.txt").write_text(text, encoding="utf-8")
    found, times = read(tmp_path / "o.txt")
    assert tool in found
    assert len(times) == 1
