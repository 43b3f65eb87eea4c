"""Rockchip's RKNN Toolkit, with a stand-in that prints what the real one prints."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from stairline.measure.runtimes.registry import backend
from stairline.measure.timing.errors import MeasureError
from stairline.measure.timing.protocol import DEFAULT
from stairline.simulator.graph.builder import GraphBuilder
from tests.measure.vendor_output import RKNN

TOOLKIT = f'''
class RKNN:
    """Stands in for rknn.api.RKNN: it takes what the real one takes and prints what it prints."""
    def config(self, quantized_dtype): self.dtype = quantized_dtype
    def load_tflite(self, model): return 0 if open(model, "rb").read(8)[4:] == b"TFL3" else 1
    def build(self, do_quantization, dataset):
        import os
        return 0 if do_quantization and all(os.path.exists(line) for line in open(dataset).read().split()) else 1
    def export_rknn(self, path): return 0 if open(path, "w").write(self.dtype) else 1
    def load_rknn(self, path): return 0 if open(path).read() else 1
    def init_runtime(self, target, perf_debug): return 0 if target == "rk3399pro" else 1
    def eval_perf(self, is_print): print({RKNN!r})
    def release(self): pass
'''


@pytest.fixture
def toolkit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python of its own that has the stand-in, as the toolkit has to have."""
    home = tmp_path / "python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
    (packages,) = home.glob("lib/python3*/site-packages")
    (packages / "rknn").mkdir()
    (packages / "rknn" / "__init__.py").write_text("", encoding="utf-8")
    (packages / "rknn" / "api.py").write_text(TOOLKIT, encoding="utf-8")
    metadata = "Metadata-Version: 2.1\nName: rknn-toolkit\nVersion: 1.2.1\n"
    (packages / "rknn_toolkit-1.2.1.dist-info").mkdir()
    (packages / "rknn_toolkit-1.2.1.dist-info" / "METADATA").write_text(metadata, encoding="utf-8")
    monkeypatch.setenv("STAIRLINE_RKNN_PYTHON", str(home / "bin" / "python"))


@pytest.mark.usefixtures("toolkit")
def test_the_rknn_toolkit_builds_and_measures_in_a_python_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, b = backend("rknn"), GraphBuilder("n")
    assert found.conditions(1).runtime_version == "1.2.1"
    model = found.build(b.build(b.conv2d(b.input((1, 8, 8, 3)), 4, 3)), "dfp8", tmp_path)
    assert model.read_text(encoding="utf-8") == "dynamic_fixed_point-8"
    assert found.visit(model, 1, DEFAULT).median_s == pytest.approx(1281e-6)
    monkeypatch.setenv("STAIRLINE_RKNN_TARGET", "rk9999")
    with pytest.raises(MeasureError, match="RKNN Toolkit left with exit code 1: init_runtime failed with code 1"):
        backend("rknn").visit(model, 1, DEFAULT)


@pytest.mark.usefixtures("toolkit")
def test_nothing_in_the_current_folder_stands_in_for_the_toolkit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here" / "rknn").mkdir(parents=True)
    for name in ("rknn/__init__.py", "json.py", "site.py"):
        (tmp_path / "here" / name).write_text('raise SystemExit("stranger")', encoding="utf-8")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "here"))
    assert backend("rknn").conditions(1).runtime_version == "1.2.1"
