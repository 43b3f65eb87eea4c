"""Vendors' converters: how they are called, with stand-ins, and what is said where they are missing."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from stairline.measure.models.common import BuildError
from stairline.measure.runtimes.registry import backend
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph


def network() -> Graph:
    b = GraphBuilder("n")
    return b.build(b.conv2d(b.input((1, 8, 8, 3)), 4, 3))


@pytest.mark.parametrize(
    ("name", "dtype", "complaint"),
    [
        ("snpe-dsp", "int8", "snpe-tflite-to-dlc is not installed: install Qualcomm's SNPE SDK"),
        ("nncase-k210", "int8", "ncc is not installed: put nncase 0.2's compiler"),
        ("edgetpu", "int8", "edgetpu_compiler is not installed: install Coral's package edgetpu-compiler"),
        ("rknn", "uint8", "rknn-toolkit is not installed in"),
    ],
)
def test_a_missing_converter_says_what_to_install(tmp_path: Path, name: str, dtype: str, complaint: str) -> None:
    with pytest.raises(BuildError, match=complaint):
        backend(name).build(network(), dtype, tmp_path)


def tool(home: Path, name: str, text: str, interpreter: str = "/bin/sh") -> None:
    home.mkdir(exist_ok=True)
    path = home / name
    path.write_text(f"#!{interpreter}\n{text}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


COPY = """# Stands in for a converter: it writes its own command line to the file it is asked for.
while [ $# -gt 0 ]; do
  case "$1" in -o|--output_dlc) out="$2";; compile) out="$3";; esac
  line="$line $1"; shift
done
case "$out" in *kmodel) ;; *) ;; esac
echo "$line" > "$out"
"""


def test_converters_are_given_shapes_and_calibration_inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("snpe-tflite-to-dlc", "snpe-dlc-quantize", "ncc"):
        tool(tmp_path / "bin", name, COPY)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    words = {}
    for name in ("snpe-gpu", "snpe-dsp"):
        (tmp_path / name).mkdir()
        dtype = backend(name).dtypes[0]
        words[name] = backend(name).build(network(), dtype, tmp_path / name).read_text(encoding="utf-8").split()
    assert words["snpe-gpu"][words["snpe-gpu"].index("-d") + 1 :][:2] == ["input_0", "1,8,8,3"]
    listing = Path(words["snpe-dsp"][words["snpe-dsp"].index("--input_list") + 1])
    for line in listing.read_text(encoding="utf-8").splitlines():
        assert Path(line).stat().st_size == 8 * 8 * 3 * 4  # float32


def test_ncc_is_asked_for_a_k210_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool(tmp_path / "bin", "ncc", 'echo "$@" > "$3"')
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    result = backend("nncase-k210").build(network(), "int8", tmp_path)
    assert "-i tflite -o kmodel -t k210" in result.read_text(encoding="utf-8")


def test_a_converter_that_ends_well_and_writes_nothing_has_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool(tmp_path / "bin", "ncc", "true")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    with pytest.raises(BuildError, match=r"ncc ended without an error and without model\.kmodel"):
        backend("nncase-k210").build(network(), "int8", tmp_path)
