"""Which board is meant, and what is said where it cannot be reached."""

from __future__ import annotations

from pathlib import Path

import pytest

from stairline.measure.boards.on_board import on_board
from stairline.measure.boards.transports.target import transport
from stairline.measure.boards.transports.transport import ConnectionLostError, TransportError, run_client
from stairline.measure.runtimes.registry import backend
from stairline.measure.timing.errors import MeasureError

from .measured import measured


@pytest.mark.parametrize(
    ("target", "complaint"),
    [
        ("ssh:nobody@127.0.0.1:1", "Connection refused: is a server listening at that port?"),
        ("ssh:host with space", "write ssh:user@host"),
        ("ssh:-oProxyCommand=x", "write ssh:user@host"),
        ("telnet:board", "write ssh:user@host, ssh:user@host:port, adb or adb:serial"),
    ],
)
def test_a_board_that_cannot_be_reached_is_one_sentence(tmp_path: Path, target: str, complaint: str) -> None:
    done = measured("-b", "tflite", "--on", target, cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert complaint in done.stderr
    assert not (tmp_path / "s.db").exists()


def test_a_backend_that_runs_here_only_is_refused() -> None:
    with pytest.raises(MeasureError, match="on boards run tflite, tflite-builtin, benchmark_model"):
        on_board(backend("openvino"), "ssh:board")


def test_a_missing_client_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(TransportError, match="adb is not installed: install Android's platform tools"):
        transport("adb")
    with pytest.raises(TransportError, match="ssh is not installed: install OpenSSH's client"):
        transport("ssh:board").run(["true"], 5)


def test_an_answer_that_does_not_come_is_a_lost_connection() -> None:
    with pytest.raises(ConnectionLostError, match=r"no answer within 0.1 s"):
        run_client("board", ["sleep", "5"], 0.1, "")
