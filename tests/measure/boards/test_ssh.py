"""Boards reached by ssh: a real sshd on the loopback address, with the real runner."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from pathlib import Path

import pytest

from stairline.measure.boards.files import pushed
from stairline.measure.boards.transports import ssh
from stairline.measure.boards.transports.ssh import Ssh
from stairline.measure.boards.transports.target import transport
from stairline.measure.boards.transports.transport import TransportError
from stairline.measure.timing.record import Measurement

from .board_server import Start
from .measured import PLAN, measured, outcomes


def test_a_plan_is_measured_over_ssh_by_the_runtime_of_the_board(tmp_path: Path, start: Start) -> None:
    server = start()
    done = measured("-b", "tflite", "--on", server.target, cwd=tmp_path)
    assert done.stderr.splitlines()[-1].startswith("s.db: 2 measured and 0 failed now"), done.stderr
    for found in outcomes(tmp_path / "s.db"):
        assert isinstance(found, Measurement)
        assert 0 < found.latency_s < 1
        assert found.conditions.cpus
    assert [path.suffix for path in server.files] == [".pyz"]  # Models are taken away again.


def test_a_session_makes_one_connection_for_all_its_calls(tmp_path: Path, start: Start) -> None:
    server = start()
    done = measured("-b", "tflite", "--on", server.target, cwd=tmp_path, plan=PLAN.replace("8:16:8", "8:64:8"))
    assert "8 measured and 0 failed now" in done.stderr, done.stderr
    assert server.logins == 1


def test_a_folder_of_connections_that_others_may_use_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / f"stairline-ssh-{os.getuid()}").mkdir(mode=0o777)
    (tmp_path / f"stairline-ssh-{os.getuid()}").chmod(0o777)
    monkeypatch.setattr(ssh, "_MOST_SOCKET_CHARACTERS", 1000)
    with pytest.raises(TransportError, match="others may use it"):
        Ssh.to("board").run(["true"], 5)


def test_options_of_the_user_come_before_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAIRLINE_SSH_OPTIONS", "-o ControlMaster=no")
    options = Ssh.to("board")._options("-p")
    assert options[:2] == ["-o", "ControlMaster=no"]  # Of an option given twice ssh takes the first.
    assert "ControlMaster=auto" in options


def test_a_connection_that_is_cut_once_is_made_anew(tmp_path: Path, start: Start) -> None:
    server = start()
    cuts: list[int] = []

    def cut_once() -> None:
        deadline_s = time.monotonic() + 60
        while not cuts and time.monotonic() < deadline_s:
            if (tmp_path / "s.db").exists() and (found := server.cut()):
                cuts.append(found)
            time.sleep(0.02)

    cutter = threading.Thread(target=cut_once)
    cutter.start()
    done = measured("-b", "tflite", "--on", server.target, cwd=tmp_path)
    cutter.join()
    assert cuts
    assert "2 measured and 0 failed now" in done.stderr


def test_a_board_that_goes_away_in_the_middle_fails_what_is_left_and_loses_nothing(
    tmp_path: Path, start: Start
) -> None:
    server = start()
    ended = threading.Event()

    def cut_always() -> None:
        while not ended.wait(0.02):
            if (tmp_path / "s.db").exists() and outcomes(tmp_path / "s.db"):
                server.cut()

    cutter = threading.Thread(target=cut_always)
    cutter.start()
    done = measured("-b", "tflite", "--on", server.target, cwd=tmp_path)
    ended.set()
    cutter.join()
    assert "1 measured and 1 failed now" in done.stderr, done.stderr
    reasons = [found for found in outcomes(tmp_path / "s.db") if isinstance(found, str)]
    assert all(reason.startswith(server.target) for reason in reasons)
    again = measured("-b", "tflite", "--on", server.target, "--retry-failed", cwd=tmp_path)
    assert "1 measured and 0 failed now, 1 before, 0 left" in again.stderr


def test_two_sessions_at_one_board_keep_their_models_apart(tmp_path: Path, start: Start) -> None:
    board = Ssh.to(start().target.removeprefix("ssh:"))
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.tflite").write_text(name, encoding="ascii")
    with pushed(board, tmp_path / "one" / "model.tflite") as one:
        with pushed(board, tmp_path / "other" / "model.tflite") as other:
            assert (board.run(["cat", one], 60.0), board.run(["cat", other], 60.0)) == ("one", "other")
        assert board.run(["cat", one], 60.0) == "one"
    assert board.run(["find", board.directory, "-name", "model*"], 60.0) == ""


def test_a_board_without_room_is_told(tmp_path: Path, start: Start) -> None:
    server = start(100_000)
    large = 'schema = 1\n[[measure]]\nop = "conv2d"\nhw = 4\ncin = 256\ncout = 256\nkernel = 3\n'
    done = measured("-b", "tflite", "--on", server.target, cwd=tmp_path, plan=large)
    assert "0 measured and 1 failed now" in done.stderr, done.stderr
    (reason,) = outcomes(tmp_path / "s.db")
    assert isinstance(reason, str)
    assert "cannot be put there" in reason


def test_a_stranger_is_told_how_to_be_let_in(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    server = start()
    monkeypatch.setenv("STAIRLINE_SSH_OPTIONS", server.environment["STAIRLINE_SSH_OPTIONS"] + " -o IdentityFile=none")
    with pytest.raises(TransportError, match="accept the board's key"):
        transport(server.target.replace("127.0.0.1", "localhost")).run(["true"], 20)


def test_an_address_may_be_of_version_6() -> None:
    assert Ssh.to("pi@[fe80::1]:2222") == Ssh("pi@fe80::1", 2222)
    assert Ssh.to("board") == Ssh("board", None)
