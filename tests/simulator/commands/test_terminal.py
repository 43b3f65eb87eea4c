"""The command in a terminal, in a pipe, interrupted, and quick to start."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from tests.checkout import ROOT, STAIRLINE
from tests.interrupts import take_interrupts

from .running import in_terminal, process, without_colour


def test_a_terminal_gets_colour_and_a_pipe_gets_the_same_words_without() -> None:
    seen = in_terminal("predict", "mobilenet_v2", "-p", "CPU", columns=120)
    piped = process("predict", "mobilenet_v2", "-p", "CPU").stdout
    assert "\x1b[" in seen
    assert "\x1b" not in piped
    words = [word for word in without_colour(seen).split() if set(word) != {"─"}]
    assert words == piped.split()


@pytest.mark.parametrize("args", [("predict", "mobilenet_v3_large", "-p", "CPU", "--kernels"), ("platforms",)])
def test_a_narrow_terminal_is_not_overrun(args: tuple[str, ...]) -> None:
    lines = without_colour(in_terminal(*args, columns=80)).splitlines()
    assert max(map(len, lines)) <= 80


def test_a_long_batch_shows_its_progress_in_a_terminal_only() -> None:
    many = ("predict", *["mobilenet_v1"] * 60, "-p", "CPU", "--csv", os.devnull)
    assert "predicting" in in_terminal(*many)
    assert "predicting" not in process(*many).stderr


def test_a_reader_that_stops_reading_ends_the_command_quietly() -> None:
    command = [*STAIRLINE, "predict", *["mobilenet_v2"] * 50, "-p", "CPU", "--json"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.readline()
        child.stdout.close()
        assert child.stderr.read() == ""


def test_an_interrupt_ends_the_command_quietly_with_130() -> None:
    command = [*STAIRLINE, "predict", *["nasnet_a_mobile"] * 500, "-p", "CPU", "--json"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, text=True, preexec_fn=take_interrupts, **pipes) as child:
        assert child.stdout is not None
        child.stdout.readline()
        child.send_signal(signal.SIGINT)
        _, complaint = child.communicate(timeout=60)
    assert (child.returncode, complaint.strip()) == (130, "")


def test_predicting_one_network_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom stairline.command import main\n"
        "try:\n    main(['predict', 'mobilenet_v2', '-p', 'CPU'])\n"
        "except SystemExit:\n    pass\n"
        "print(*sys.modules, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    heavy = {"numba", "numpy", "onnx", "pandas", "scipy", "sklearn", "tensorflow", "xgboost"}
    assert heavy.isdisjoint(done.stderr.split())
