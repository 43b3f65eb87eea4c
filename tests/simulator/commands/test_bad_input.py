"""Input that is wrong gets one line on standard error and exit code 2."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .running import process, run

BAD = {
    "an unknown model": (("predict", "mobilnet_v2", "-p", "CPU"), "did you mean 'mobilenet_v2'"),
    "a missing file": (("predict", "nowhere/x.tflite", "-p", "CPU"), "nowhere/x.tflite: no such file"),
    "an unknown platform": (("predict", "mobilenet_v2", "-p", "CPUX"), "did you mean 'CPU'"),
    "a part of a platform": (
        ("predict", "mobilenet_v2", "-p", "pixel4"),
        "pixel4-adreno640-tflite2.10, pixel4-",
    ),
    "the board of a platform": (("predict", "mobilenet_v2", "-p", "coral"), "did you mean coral-edgetpu-tflite, "),
    "a missing platform file": (("predict", "mobilenet_v2", "-p", "nowhere.toml"), "nowhere.toml"),
    "a misspelt precision": (("predict", "mobilenet_v2", "-p", "CPU", "--dtype", "flaot32"), "did you mean 'float32'"),
    "a precision that it lacks": (
        ("predict", "mobilenet_v2", "-p", "CPU", "--dtype", "uint8"),
        "ask for int8, the nearest",
    ),
    "no pixels": (("predict", "mobilenet_v2", "-p", "CPU", "--input", "0"), "at least 1"),
    "a negative width": (("predict", "mobilenet_v2", "-p", "CPU", "--width", "-1"), "positive"),
    "a width where there is none": (("predict", "resnet_v1_50", "-p", "CPU", "--width", "1"), "no width multiplier"),
    "a shape for the zoo": (("predict", "mobilenet_v2", "-p", "CPU", "--shape", "1,2"), "input size"),
    "a shape that is none": (("predict", "mobilenet_v2", "-p", "CPU", "--shape", "a,b"), "--shape 'a,b'"),
    "an unwritable file": (("predict", "mobilenet_v2", "-p", "CPU", "--csv", "/nowhere/x.csv"), "/nowhere/x.csv"),
    "two outputs": (("predict", "mobilenet_v2", "-p", "CPU", "--csv", "x.csv", "--json"), "exclude each other"),
    "no platform": (("predict", "mobilenet_v2"), "--platform"),
    "no model": (("predict", "-p", "CPU"), "MODEL"),
    "an unknown verb": (("predikt",), "predict"),
    "an unknown option": (("platforms", "--jsn"), "--json"),
    "an unknown platform to show": (("platforms", "show", "CPX"), "did you mean 'CPU'"),
}


@pytest.mark.parametrize(("args", "part"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_reported_in_one_line_with_exit_code_2(args: tuple[str, ...], part: str) -> None:
    result = run(*args)
    assert (result.exit_code, result.stdout) == (2, "")
    [line] = result.stderr.splitlines()
    assert line.startswith("stairline: ")
    assert part in line


@pytest.mark.parametrize(
    ("name", "content"),
    [("x.tflite", b"\x1c\0\0\0TFL3" + b"\xff" * 64), ("x.onnx", b"\x08\xff" * 40), ("x.csv", b"net,layer\na,1\n")],
)
def test_a_broken_file_is_reported_in_one_line_with_its_path(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    result = process("predict", path, "-p", "CPU")
    assert (result.returncode, result.stdout) == (2, "")
    [line] = result.stderr.splitlines()
    assert line.startswith(f"stairline: {path}: ")


def test_a_platform_file_with_an_unknown_key_names_file_and_key(platform_file: Any) -> None:
    path = platform_file("typo")
    path.write_text(path.read_text(encoding="utf-8").replace("tile_n = ", "tile_nn = "), encoding="utf-8")
    result = process("platforms", "show", path)
    assert result.returncode == 2
    [line] = result.stderr.splitlines()
    assert f"{path}: " in line
    assert "did you mean 'tile_n'" in line


def test_a_csv_is_left_alone_when_an_argument_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "kept.csv"
    path.write_text("mine\n", encoding="utf-8")
    assert run("predict", "mobilnet_v2", "-p", "CPU", "--csv", path).exit_code == 2
    assert path.read_text(encoding="utf-8") == "mine\n"
