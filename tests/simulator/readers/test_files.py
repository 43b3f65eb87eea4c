"""Files that are no model are refused in one line that names the file."""

from __future__ import annotations

import pytest

from stairline.simulator.readers.dispatch import read
from stairline.simulator.readers.errors import ReadError


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.onnx", b"", "is empty"),
        ("empty.tflite", b"", "is empty"),
        ("text.onnx", b"not a model at all, just words", "not an ONNX model|damaged|truncated"),
        ("text.tflite", b"not a model at all, just words", "not a TFLite model"),
        ("other.onnx", b"\x1c\0\0\0TFL3" + b"\0" * 40, "rename it to .tflite"),
        ("model.xyz", b"whatever it is", "suffix '.xyz'"),
        ("no_suffix", b"whatever it is", "suffix ''"),
    ],
)
def test_a_file_that_is_no_model_gets_one_line(name, content, words, tmp_path):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ReadError, match=words) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder_get_one_line(tmp_path):
    with pytest.raises(ReadError, match="No such file"):
        read(tmp_path / "missing.onnx")
    with pytest.raises(ReadError, match=r"directory without saved_model\.pb"):
        read(tmp_path)
