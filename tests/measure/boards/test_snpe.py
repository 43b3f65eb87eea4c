"""Qualcomm's SNPE on a board, with a stand-in for the board."""

from __future__ import annotations

from pathlib import Path

import pytest

from stairline.measure.boards import on_board
from stairline.measure.runtimes.registry import BOARD_ONLY, backend
from stairline.measure.timing.errors import MeasureError
from stairline.measure.timing.protocol import DEFAULT
from tests.measure.vendor_output import SNPE


@pytest.mark.parametrize("name", BOARD_ONLY)
def test_what_runs_elsewhere_says_where(name: str) -> None:
    with pytest.raises(MeasureError, match=r"--on ssh:user@host|stairline measure import"):
        backend(name).conditions(1)


class Board:
    """Stands in for a board with SNPE's tool: it answers what it is known to answer and notes what it was asked."""

    name, directory = "board", "home"

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def push(self, _local: Path, name: str) -> str:
        return f"{self.directory}/{name}"

    def run(self, command: list[str], _timeout_s: float) -> str:
        self.asked.append(list(command))
        if command[0] != "snpe-throughput-net-run":
            return "Pixel 3 XL\n" if command[0] == "getprop" else ""
        return "SNPE v1.30.0.480\n" if "--version" in command else SNPE


def test_snpe_is_run_on_the_processor_that_the_backend_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    board = Board()
    monkeypatch.setattr(on_board, "transport", lambda _target: board)
    found = on_board.on_board(backend("snpe-dsp"), "adb")
    conditions = found.conditions(1)
    assert (conditions.device, conditions.runtime_version, conditions.delegate) == ("Pixel 3 XL", "1.30.0.480", "dsp")
    assert found.visit(tmp_path / "model.dlc", 1, DEFAULT).median_s == pytest.approx(0.004)
    (run,) = [words for words in board.asked if "--container" in words]
    assert "--use_dsp" in run
    assert board.asked[-1][0] == "rm"
