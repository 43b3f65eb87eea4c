"""Nothing in the folder from which a user measures stands in for a module, in any process that is started."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stairline.measure.campaign.process import Worker
from tests.checkout import ROOT
from tests.measure.specimens import QUICK, stairline

PLAN = 'schema = 1\n[[measure]]\nop = "conv2d"\nhw = 8\ncin = 8\n'
STRANGERS = ("measure.py", "queue.py", "simulator/__init__.py", "calibration.py", "hwmodels/__init__.py")


@pytest.fixture
def among_strangers(tmp_path: Path) -> Path:
    """A folder with modules of a user's own that have the names of ours and of the standard library's."""
    for name in (*STRANGERS, "numpy.py", "onnxruntime.py", "ethosu/__init__.py", "filelock.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text('raise SystemExit("stranger")\n', encoding="ascii")
    (tmp_path / "p.toml").write_text(PLAN, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(("backend", "dtype"), [("onnxruntime", "float32"), ("vela-ethos-u55-128", "int8")])
def test_a_plan_is_measured_among_strangers(among_strangers: Path, backend: str, dtype: str) -> None:
    (among_strangers / "p.toml").write_text(f'{PLAN}dtype = "{dtype}"\n', encoding="utf-8")
    done = stairline("measure", "run", "p.toml", "-b", backend, "--store", "s.db", *QUICK, cwd=among_strangers)
    assert "s.db: 1 measured and 0 failed now" in done.stderr, done.stderr
    assert "stranger" not in done.stderr


def test_a_worker_runs_the_package_that_starts_it(tmp_path: Path) -> None:
    # Imported from where only this interpreter looks, as from a script's own folder.
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from stairline.measure.campaign.process import Worker\n"
        "with Worker() as worker: print(worker.ask(duty='describe', backend='vela-ethos-u55-128', threads=1))\n"
    )
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert "ethos-u55-128" in done.stdout, done.stderr


def test_a_worker_adds_no_folder_to_the_search_path() -> None:
    with Worker() as worker:
        worker.ask(duty="describe", backend="vela-ethos-u55-128", threads=1)
        assert worker._process is not None
        environment = Path(f"/proc/{worker._process.pid}/environ").read_bytes().split(b"\0")
    paths = [entry for entry in environment if entry.startswith(b"PYTHONPATH=")]
    assert paths == [f"PYTHONPATH={value}".encode() for key, value in os.environ.items() if key == "PYTHONPATH"]
