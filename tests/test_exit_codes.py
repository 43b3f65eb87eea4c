"""How the command leaves: the codes that shells and scripts know, and one line on standard error where it complains."""

from __future__ import annotations

import re
import signal
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from stairline.calibration.records import store as records
from stairline.command import main
from stairline.exit_codes import ExitCode
from tests.checkout import ROOT, STAIRLINE


def test_the_page_on_the_command_lists_every_code_and_no_other() -> None:
    section = (ROOT / "docs" / "command.md").read_text(encoding="utf-8").partition("## Exit codes")[2]
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", section, re.MULTILINE)] == sorted(ExitCode)


def test_codes_of_signals_are_what_a_shell_reports() -> None:
    assert (ExitCode.INTERRUPTED, ExitCode.NOBODY_READS) == (128 + signal.SIGINT, 128 + signal.SIGPIPE)


@pytest.mark.parametrize("arguments", [("--help",), ("predict", "mobilenet_v2", "-p", "CPU", "--kernels")])
def test_a_command_whose_output_nobody_reads_leaves_with_141_and_no_complaint(arguments: tuple[str, ...]) -> None:
    with subprocess.Popen(
        [*STAIRLINE, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        complaint = child.stderr.read()
        assert (child.wait(timeout=60), complaint) == (141, "")


def test_a_pipe_that_is_read_to_its_end_is_done() -> None:
    done = subprocess.run([*STAIRLINE, "platforms"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.xdist_group("device")
def test_a_run_of_which_some_failed_is_done_in_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("absent.toml").write_text('schema = 1\n[[measure]]\nfile = "absent.onnx"\n', encoding="utf-8")
    once = ["--visits", "1", "--max-visits", "1"]
    done = CliRunner().invoke(main, ["measure", "run", "absent.toml", "-b", "onnxruntime", "--store", "s.db", *once])
    assert (done.exit_code, "0 measured and 1 failed now" in done.stderr) == (3, True)


def test_a_calibration_that_measured_but_cannot_be_fitted_is_done_in_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(path: Path, backend: str) -> None:
        raise records.RecordsError(f"{path}: holds too few networks on {backend}; measure more")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(records, "read_store", refused)
    monkeypatch.setattr("stairline.calibration.commands.calibrate._measure", lambda *_: None)
    done = CliRunner().invoke(main, ["calibrate", "-b", "onnxruntime", "-o", "mine.toml"])
    assert done.exit_code == 3, done.output
    assert done.stderr.splitlines()[-1] == (
        "stairline: mine.db: holds too few networks on onnxruntime; measure more; "
        "no overlay was written, mine.db keeps what was measured"
    )
    assert (Path("mine.toml").exists(), Path("mine.db").exists()) == (False, True)
