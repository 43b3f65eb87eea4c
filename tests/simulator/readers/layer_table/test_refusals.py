"""A bad layer table is refused in one line that names the file, the row, the column and the value."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stairline.simulator.readers.errors import ReadError
from stairline.simulator.readers.layer_table.reader import is_layer_table, read_table

from .tables import GOOD, HEADER, table


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (HEADER.replace(",c_in", "") + "\n" + GOOD, ["'c_in' is missing"]),
        (HEADER + ",colour\n" + GOOD + ",1", ["'colour' is unknown"]),
        (HEADER + "\n", ["no rows"]),
        ("", ["not a readable layer table"]),
        (f"{HEADER}\n{GOOD}\nn,1,con2d,8,8,6,8,8,6,3,1", ["row 2", "'op'", "con2d", "did you mean 'conv2d'"]),
        (f"{HEADER}\n{GOOD}\nn,1,relu,0,8,6,8,8,6,3,1", ["row 2", "'h_in' is 0", "from 1"]),
        (f"{HEADER}\nn,0,conv2d,8,8,-4,8,8,6,3,1", ["row 1", "'c_in' is -4"]),
        (f"{HEADER}\nn,0,conv2d,8,8,4,8,8,6.5,3,1", ["row 1", "'c_out' is '6.5'", "whole number"]),
        (f"{HEADER}\nn,0,conv2d,8,8,4,8,8,,3,1", ["row 1", "'c_out' is empty"]),
        (f"{HEADER}\nn,0,conv2d,8,8,4,8,8,nan,3,1", ["row 1", "'c_out' is 'nan'"]),
        (f"{HEADER}\nn,0,conv2d,8,8,4,8,8,inf,3,1", ["row 1", "'c_out' is 'inf'"]),
        (f"{HEADER}\nn,0,conv2d,8,8,4,8,8,wide,3,1", ["row 1", "'c_out' is 'wide'"]),
        (f"{HEADER}\nn,0,conv2d,8,8,4,8,8,9999999999,3,1", ["row 1", "'c_out' is 9999999999"]),
        (f"{HEADER}\nn,0,conv2d,8,8,4,8,8,6,0,1", ["row 1", "'kernel' is 0"]),
        (f"{HEADER}\nn,0,conv2d,8,8,4,3,8,6,3,1", ["row 1", "'h_out' is 3", "'same' padding gives 8, none gives 6"]),
        (f"{HEADER}\nn,0,conv2d,8,8,4,8,30,6,3,1", ["row 1", "'w_out' is 30", "no padding gives it"]),
        (f"{HEADER}\nn,0,relu,8,8,4,8,8,6,0,0", ["row 1", "'c_out' is 6", "keeps the 4"]),
        (f"{HEADER}\nn,0,relu,8,8,4,8,7,4,0,0", ["row 1", "'w_out' is 7", "keeps the input's 8"]),
        (f"{HEADER}\nn,0,globalavgpool2d,8,8,4,2,1,4,0,0", ["row 1", "'h_out' is 2"]),
        (f"{HEADER}\nn,0,dwconv2d,8,8,4,8,8,6,3,1", ["row 1", "'c_out' is 6", "multiple of c_in 4"]),
        (f"{HEADER}\n{GOOD}\nn,2,relu,8,8,6,8,8,6,0,0", ["row 2", "'layer' is 2", "expected 1"]),
        (f"{HEADER}\n{GOOD}\nm{GOOD[1:]}\n{GOOD}", ["row 3", "'net' is n", "not consecutive"]),
        (f"{HEADER},groups\n{GOOD},3", ["row 1", "'groups' is 3", "divide"]),
        (f"{HEADER},dtype\n{GOOD},float23", ["row 1", "float23", "did you mean 'float32'"]),
        (f"{HEADER},activation\n{GOOD},rellu", ["row 1", "rellu", "did you mean 'relu'"]),
        (f"{HEADER},inputs\n{GOOD},0", ["row 1", "'inputs' is '0'", "not earlier"]),
        (f"{HEADER},inputs\n{GOOD},7", ["row 1", "'inputs' is '7'", "not earlier"]),
        (f"{HEADER},inputs\n{GOOD},-2", ["row 1", "'inputs' is '-2'", "separated by spaces"]),
        (f"{HEADER},inputs\n{GOOD},x", ["row 1", "'inputs' is 'x'", "separated by spaces"]),
        (f"{HEADER},inputs\n{GOOD},\nn,1,relu,8,8,6,8,8,6,0,0,-1", ["row 2", "states 8x8x6", "give 8x8x4"]),
        (f"{HEADER},inputs\n{GOOD},\nn,1,add,8,8,6,8,8,6,0,0,0", ["row 2", "two rows or more, not 1"]),
        (f"{HEADER},inputs\n{GOOD},\nn,1,relu,8,8,6,8,8,6,0,0,0 0", ["row 2", "one row, not 2"]),
        (f"{HEADER},inputs\n{GOOD},\nn,1,concat,8,8,9,8,8,9,0,0,0 -1", ["row 2", "states 8x8x9"]),
    ],
)
def test_a_bad_table_gets_one_line_with_the_file_the_place_and_the_value(
    tmp_path: Path, text: str, parts: list[str]
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(ReadError) as caught:
        read_table(path)
    message = str(caught.value)
    assert all(part in message for part in [str(path), *parts]), message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("layers", "parts"),
    [
        (["conv2d 8x8x4 8x8x6 3 1", "conv2d 8x8x7 8x8x6 3 1"], ["row 2", "8x8x7", "no earlier row", "inputs"]),
        (["conv2d 8x8x4 8x8x6 3 1", "concat 8x8x9 8x8x9"], ["row 2", "8x8x9", "no earlier row fits the join"]),
        (["conv2d 8x8x4 8x8x6 3 1", "mul 8x8x6 8x8x6"], ["row 2", "8x8x6", "no earlier row fits the join"]),
        (["conv2d 8x8x4 8x8x6 3 1", "split 8x8x6 8x8x4"], ["row 2", "[4]", "add up to c_in 6"]),
    ],
)
def test_a_row_that_nothing_fits_is_named_when_its_network_is_built(
    tmp_path: Path, layers: list[str], parts: list[str]
) -> None:
    with pytest.raises(ReadError) as caught:
        list(table(tmp_path, *layers).networks())
    assert all(part in str(caught.value) for part in parts), str(caught.value)


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet"])
@settings(max_examples=30, deadline=None)
@given(content=st.binary(max_size=200))
def test_random_bytes_are_refused_in_one_line(suffix: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"junk{suffix}"
        path.write_bytes(content)
        with pytest.raises(ReadError) as caught:
            read_table(path)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_foreign_suffix_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="no such file"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(ReadError, match="suffix"):
        read_table(tmp_path / "model.onnx")
    assert [is_layer_table(p) for p in ("a.csv", "a.CSV.gz", "a.parquet", "a.tflite")] == [True, True, True, False]
