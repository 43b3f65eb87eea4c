"""What is read out of a store: the table, the text and the picture of a sweep."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stairline.measure.figures import picture
from stairline.measure.figures.sweeps import sweep_figure
from stairline.measure.reports import table
from stairline.measure.reports.store import store_lines
from stairline.measure.store.sweeps import sweeps_over
from stairline.measure.timing.errors import MeasureError

from .records import CONDITIONS, TWO_VISITS, record, visit_ms


def named(row: table.Row) -> dict[str, object]:
    return dict(zip(table.COLUMNS, row))


def test_a_row_reports_one_visit_and_the_mean_of_all() -> None:
    (row,) = map(named, table.rows([TWO_VISITS]))
    assert (row["net"], row["latency_ms"], row["std_ms"]) == ("conv2d hw=28 cout=8", 3.0, 1.0)
    assert (row["mean_ms"], row["min_ms"], row["median_ms"]) == (4.5, 2.0, 4.0)
    assert (row["visits"], row["runs"]) == (2, 6)
    assert (row["drift"], row["settled"], row["converged"]) == (1.5, 0, 0)  # a matmul of 1.5 where 1.0 was seen
    assert row["temperature_c"] == 55.5


def test_failures_are_in_the_text_and_not_in_the_table() -> None:
    failed = TWO_VISITS._replace(outcome="it broke")
    assert len(table.rows([TWO_VISITS, failed])) == 1
    assert "failed: 1 x it broke (first: conv2d hw=28 cout=8)" in store_lines([TWO_VISITS, failed])


def test_the_text_says_that_no_calm_visits_agree_and_what_to_do() -> None:
    text = "\n".join(store_lines([TWO_VISITS]))
    assert "3.0000 ~" in text
    assert "meanwhile 40 to 56 degrees Celsius" in text
    assert "~ 1 of 1: no 3 calm visits" in text
    assert "--max-visits" in text
    settled = store_lines([record(8, *(visit_ms(3.0, 3.0) for _ in range(3)))])
    assert not any("~" in line or "*" in line for line in settled)


def test_csv_and_parquet_hold_the_same(tmp_path: Path) -> None:
    import fastparquet

    rows = table.rows(
        [TWO_VISITS, record(16, visit_ms(1.0, 1.25), conditions=replace(CONDITIONS, clock_hz=2_400_000_000))]
    )
    text = io.StringIO()
    table.write_csv(rows, text)
    table.write_parquet(rows, tmp_path / "t.parquet")
    found = fastparquet.ParquetFile(tmp_path / "t.parquet").to_pandas()
    from_csv = list(csv.DictReader(io.StringIO(text.getvalue())))
    assert list(found.columns) == list(table.COLUMNS)
    for column in ("latency_ms", "p99_ms", "drift", "runs", "temperature_c"):
        assert [float(row[column]) for row in from_csv] == found[column].tolist()
    assert [row["net"] for row in from_csv] == found["net"].tolist()
    assert [row["clock_hz"] for row in from_csv] == ["", "2400000000"]
    assert found["clock_hz"].isna().tolist() == [True, False]


def test_the_figure_draws_the_latencies_and_marks_the_steps(tmp_path: Path) -> None:
    found = sweeps_over([record(cout, visit_ms(cout / 8, cout / 8, cout)) for cout in (12, 8, 24, 40)], "cout")
    figure = sweep_figure(found, step=16)
    (panel,) = figure.axes
    curve, *marks = panel.get_lines()
    assert curve.get_xdata().tolist() == [8, 12, 24, 40]
    np.testing.assert_allclose(curve.get_ydata(), [1.0, 1.5, 3.0, 5.0])
    assert [mark.get_xdata()[0] for mark in marks] == [16, 32]
    assert panel.get_title(loc="left") == "tflite: conv2d hw=28"
    picture.save(figure, tmp_path / "s.png")
    assert (tmp_path / "s.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(MeasureError, match=r"s\.txt: no format of pictures"):
        picture.save(figure, tmp_path / "s.txt")
