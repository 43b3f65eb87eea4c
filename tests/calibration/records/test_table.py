"""Records in a CSV: what they say, and what is refused with the line, the column and the value."""

from __future__ import annotations

from pathlib import Path

import pytest

from stairline.calibration.records.errors import RecordsError
from stairline.calibration.records.record import NetworkLatency
from stairline.calibration.records.table import read_records
from tests.calibration.board import run_fit


def written(directory: Path, text: str) -> Path:
    path = directory / "r.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_line_is_a_network_with_its_latency_in_seconds(tmp_path: Path) -> None:
    text = '\ufeffnet, latency_ms ,std_ms,dtype\nplain_0,1.5,0.3,int8\n\n"wide,1",2,,\n'
    assert read_records(written(tmp_path, text), "float32").rows == (
        NetworkLatency("plain_0", 0.0015, 0.0003, "int8", 2, "plain"),
        NetworkLatency("wide,1", 0.002, 0.0, "float32", 4, "wide,1"),
    )


def test_a_family_is_what_the_column_says_and_else_the_name_less_its_number(tmp_path: Path) -> None:
    text = "net,latency_ms,family\nresnet18_7,1,residual\nresnet34_2,1,\n"
    assert [row.family for row in read_records(written(tmp_path, text), "float32").rows] == ["residual", "resnet34"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("net,latency_ms\nplain_0,nan", "line 2: latency_ms is nan"),
        ("net,latency_ms\nplain_0,inf", "line 2: latency_ms is inf"),
        ("net,latency_ms\nplain_0,1\nplain_1,-4", "line 3: latency_ms -4 is not positive"),
        ("net,latency_ms\nplain_0,0", "line 2: latency_ms 0 is not positive"),
        ("net,latency_ms\nplain_0,fast", "line 2: latency_ms 'fast' is not a number"),
        ("net,latency_ms\nplain_0", "line 2: latency_ms '' is not a number"),
        ("net,latency_ms\nplain_0,1,2", "line 2: more cells than the header has columns"),
        ("net,latency_ms\n,1", "line 2: net is empty"),
        ("net,latency_ms,std_ms\nplain_0,1,-1", "line 2: std_ms -1 is negative"),
        ("net,latency_ms,dtype\nplain_0,1,float23", "line 2: dtype 'float23' is no precision; did you mean 'float32'"),
        ("net,latency\nplain_0,1", "unknown column 'latency'; did you mean 'latency_ms'"),
        ("net,latency_ms,net\nplain_0,1,a", "column 'net' stands twice"),
        ('net,latency_ms\n"plain_0,1', "not CSV: unexpected end of data"),
        ("net\nplain_0", "no column 'latency_ms'"),
        ("net,latency_ms\n", "no records below the header"),
        ("", "no column 'net'"),
    ],
)
def test_bad_records_are_refused_in_one_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(RecordsError) as caught:
        read_records(written(tmp_path, text), "float32")
    assert words in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "r.csv"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("net,latency_ms\nplain_0,fast", "line 2: latency_ms 'fast' is not a number"),
        ("net,latency_ms,dtype\nplain_0,1,uint8", "no precision 'uint8'; it has float32, int8"),
        ("net,latency_ms\nplane_0,1\nplane_1,2", "none of its networks is in the layer table, such as 'plane_0'; did"),
    ],
)
def test_a_fit_to_bad_records_ends_with_exit_code_2_and_writes_nothing(place, tmp_path, text, words):
    result = run_fit(place, written(tmp_path, text), tmp_path / "o.toml")
    assert result.exit_code == 2
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "o.toml").exists()
