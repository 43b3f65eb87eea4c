"""The reader of CSVs of latencies: what a writer wrote is read, and every other text is refused in one line."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stairline.measure.timing.errors import MeasureError
from stairline.measure.tool_output import latencies
from stairline.measure.tool_output.latencies import columns, content, rows

CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8).map(str.strip)


@given(st.lists(st.tuples(CELLS.filter(bool), st.floats(1e-6, 1e9), st.none() | st.floats(0, 1e9)), min_size=1))
def test_what_a_writer_wrote_is_read(written: list[tuple[str, float, float | None]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["net", "std_ms", "latency_ms"])
    writer.writerows((net, "" if std is None else repr(std), repr(ms)) for net, ms, std in written)
    assert columns("", text.getvalue()) == ("net", "std_ms", "latency_ms")
    found = [(row.others["net"], row.latency_s, row.std_s) for row in rows("", text.getvalue(), filled=("net",))]
    assert found == [(net, ms / 1e3, None if std is None else std / 1e3) for net, ms, std in written]


@given(st.text(max_size=60) | st.text(',"\n\r1.-neaift ', max_size=60))
def test_any_other_text_is_read_or_refused_in_one_line(text: str) -> None:
    complaint = ""
    try:
        assert all(row.latency_s > 0.0 for row in rows("f.csv, ", f"net,latency_ms\n{text}"))
    except MeasureError as error:
        complaint = str(error)
    assert not complaint or complaint.startswith("f.csv, line ")
    assert len(complaint.splitlines()) <= 1


def test_a_cell_with_a_line_break_is_complained_of_in_one_line() -> None:
    with pytest.raises(MeasureError, match=r"^line 3: latency_ms 'a\\nb' is not a number; take the line out$"):
        list(rows("", 'net,latency_ms\nx,"a\nb"\n'))


def test_a_file_that_is_too_large_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "f.csv"
    path.write_text("net,latency_ms\n" + "a,1\n" * 9, encoding="utf-8")
    monkeypatch.setattr(latencies, "MOST_ROWS", 8)
    with pytest.raises(MeasureError, match=r"^line 10: more than 8 latencies"):
        list(rows("", content(path).decode()))
    monkeypatch.setattr(latencies, "MOST_BYTES", 8)
    with pytest.raises(MeasureError, match="split it"):
        content(path)
    with pytest.raises(MeasureError, match=r"absent\.csv: cannot be read"):
        content(tmp_path / "absent.csv")
