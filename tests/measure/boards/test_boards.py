"""Boards: a real sshd on the loopback address with the real runner, a real adb client, and a stand-in for a device."""

from __future__ import annotations

import getpass
import os
import resource
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import scipy.stats

from stairline.measure.boards import runner, transports
from stairline.measure.boards.files import pushed
from stairline.measure.boards.on_board import on_board
from stairline.measure.boards.transports.ssh import Ssh
from stairline.measure.boards.transports.target import transport
from stairline.measure.boards.transports.transport import TransportError
from stairline.measure.runtimes.registry import backend
from stairline.measure.store.store import opened
from stairline.measure.timing import record
from stairline.measure.timing.errors import MeasureError
from stairline.measure.timing.record import Measurement
from tests.checkout import ROOT

PLAN = """schema = 1
[[measure]]
op = "conv2d"
hw = 8
cin = 8
kernel = 3
sweep = { cout = "8:16:8" }
"""
SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def write_settings(home: Path, port: int) -> None:
    """For the daemon and for whoever calls it."""
    server = {
        "Port": port,
        "ListenAddress": "127.0.0.1",
        "HostKey": home / "host",
        "StrictModes": "no",
        "AuthorizedKeysFile": home / "authorized",
        "UsePAM": "no",
        "PasswordAuthentication": "no",
        "PidFile": home / "pid",
        "Subsystem": "sftp internal-sftp",
    }
    client = {
        "IdentityFile": home / "user",
        "UserKnownHostsFile": home / "known",
        "IdentitiesOnly": "yes",
        "GlobalKnownHostsFile": "/dev/null",
    }
    for name, settings in (("server", server), ("client", client)):
        text = "\n".join(f"{key} {value}" for key, value in settings.items())
        (home / name).write_text(f"{text}\n", encoding="utf-8")


class Server:
    """An sshd that lets this user in by a key of its own, and how to reach it."""

    def __init__(self, home: Path, largest_file_bytes: int | None = None) -> None:
        self.port = free_port()
        for name in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", home / name], check=True)
        (home / "authorized").write_bytes((home / "user.pub").read_bytes())
        host_key = (home / "host.pub").read_text(encoding="ascii")
        (home / "known").write_text(f"[127.0.0.1]:{self.port} {host_key}", encoding="ascii")
        write_settings(home, self.port)
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(parents=True, exist_ok=True)

        def limited() -> None:
            if largest_file_bytes:
                resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file_bytes,) * 2)

        command = [str(SSHD), "-D", "-e", "-f", str(home / "server")]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL, preexec_fn=limited)
        self.environment = {"STAIRLINE_SSH_OPTIONS": f"-F {home / 'client'}", "STAIRLINE_BOARD_PYTHON": sys.executable}
        self.target = f"ssh:{getpass.getuser()}@127.0.0.1:{self.port}"
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        pytest.fail("sshd does not listen")

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()
        shutil.rmtree(Path.home() / ".cache" / "stairline-board", ignore_errors=True)

    def cut(self) -> int:
        """Break every connection that is open now; how many there were."""
        listing = subprocess.run(["ps", "-eo", "pid,ppid"], capture_output=True, text=True, check=True).stdout
        parents = [tuple(map(int, line.split())) for line in listing.splitlines()[1:]]
        connections = [pid for pid, parent in parents if parent == self._process.pid]
        inner = [pid for pid, parent in parents if parent in connections]
        for pid in connections + inner:
            os.kill(pid, signal.SIGKILL)
        return len(connections)


Start = Callable[..., Server]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    if SSHD is None or shutil.which("ssh") is None:
        pytest.skip("OpenSSH's server and client are not installed")
    started: list[Server] = []

    def begin(largest_file_bytes: int | None = None) -> Server:
        home = tmp_path / f"ssh{len(started)}"
        home.mkdir(mode=0o700)
        started.append(Server(home, largest_file_bytes))
        for key, value in started[-1].environment.items():
            monkeypatch.setenv(key, value)
        return started[-1]

    yield begin
    for server in started:
        server.close()


def measured(*arguments: object, cwd: Path, plan: str = PLAN) -> subprocess.CompletedProcess[str]:
    (cwd / "p.toml").write_text(plan, encoding="utf-8")
    quick = ("--visits", 1, "--max-visits", 1, "--warmups", 1, "--runs", 2, "--max-runs", 2)
    command = [sys.executable, "-m", "stairline", "measure", "run", "p.toml", "--store", "s.db", *quick, *arguments]
    return subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def outcomes(path: Path) -> list[Measurement | str]:
    with opened(path) as store:
        return [found.outcome for found in store.records()]


def test_a_plan_is_measured_over_ssh_by_the_runtime_of_the_board(tmp_path: Path, start: Start) -> None:
    server = start()
    done = measured("-b", "tflite", "--on", server.target, cwd=tmp_path)
    assert done.stderr.splitlines()[-1].startswith("s.db: 2 measured and 0 failed now"), done.stderr
    for found in outcomes(tmp_path / "s.db"):
        assert isinstance(found, Measurement)
        assert 0 < found.latency_s < 1
        assert found.conditions.cpus
    left = list((Path.home() / ".cache" / "stairline-board").iterdir())
    assert [path.suffix for path in left] == [".pyz"]  # Models are taken away again.


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


def test_a_stranger_is_told_how_to_be_let_in(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    server = start()
    monkeypatch.setenv("STAIRLINE_SSH_OPTIONS", server.environment["STAIRLINE_SSH_OPTIONS"] + " -o IdentityFile=none")
    with pytest.raises(TransportError, match="accept the board's key"):
        transport(server.target.replace("127.0.0.1", "localhost")).run(["true"], 20)


def test_a_backend_that_runs_here_only_is_refused() -> None:
    with pytest.raises(MeasureError, match="on boards run tflite, tflite-builtin, benchmark_model"):
        on_board(backend("openvino"), "ssh:board")


def test_an_address_may_be_of_version_6() -> None:
    assert Ssh.to("pi@[fe80::1]:2222") == Ssh("pi@fe80::1", 2222)
    assert Ssh.to("board") == Ssh("board", None)


def test_the_runner_needs_nothing_but_python_and_a_tflite_runtime(tmp_path: Path) -> None:
    (tmp_path / "r.pyz").write_bytes(runner.archive())
    for name in ("scipy", "simulator", "hwmodels", "click", "pandas"):
        (tmp_path / "hidden").mkdir(exist_ok=True)
        (tmp_path / "hidden" / f"{name}.py").write_text("raise ImportError('not on a board')\n", encoding="ascii")
    request = '{"duty": "describe", "backend": "tflite", "threads": 1}'
    done = subprocess.run(
        [sys.executable, tmp_path / "r.pyz", request],
        env={"PYTHONPATH": str(tmp_path / "hidden")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert '"conditions"' in done.stdout.splitlines()[-1], done.stdout + done.stderr


def test_the_runner_holds_the_modules_as_they_are() -> None:
    with zipfile.ZipFile(BytesIO(runner.archive())) as file:
        for name in file.namelist():
            if name not in ("__main__.py", "measure/boards/__init__.py"):
                assert file.read(name) == (ROOT / name).read_bytes()


@pytest.mark.parametrize("freedom", [9, 16, 49, 300])
def test_without_scipy_the_interval_is_as_wide(freedom: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.special", None)
    assert record._student_t975(freedom) == pytest.approx(scipy.stats.t.ppf(0.975, freedom), rel=1e-3)


@pytest.mark.skipif(shutil.which("adb") is None, reason="adb is not installed")
def test_the_real_adb_without_a_device_is_one_sentence(tmp_path: Path) -> None:
    done = measured("-b", "benchmark_model", "--on", "adb", cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "adb: no device is ready; plug one in" in done.stderr


STAND_IN = """#!{python}
# Stands in for adb and one device: what it is asked to run, it runs here; where it is asked to push, it copies.
import os, shutil, subprocess, sys
words = sys.argv[1:]
if words == ["devices"]:
    print("List of devices attached\\n" + {devices!r})
    sys.exit(0)
assert words[:2] == ["-s", "emulator-1"], words
here = lambda path: path.replace("/data/local/tmp", {home!r})
if words[2] == "push":
    shutil.copyfile(words[3], here(words[4]))
    print("1 file pushed")
else:
    sys.exit(subprocess.run(["sh", "-c", here(words[3])]).returncode)
"""

TOOL = """#!/bin/sh
# Stands in for benchmark_model: it prints what the real one does.
echo "count=5 first=900 curr=500 min=480 max=900 avg=600 std=100"
echo "count=17 first=520 curr=500 min=490 max=530 avg=505.5 std=9"
"""


def stand_in(home: Path, devices: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the stand-in before any real adb, with its device's files below ``home``."""
    (home / "bin").mkdir()
    (home / "device").mkdir()
    text = STAND_IN.format(python=sys.executable, devices=devices, home=str(home / "device"))
    for path, content in ((home / "bin" / "adb", text), (home / "device" / "benchmark_model", TOOL)):
        path.write_text(content, encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{home / 'bin'}:{os.environ['PATH']}")


def test_benchmark_model_is_driven_over_adb_as_a_stand_in_answers_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, "emulator-1\tdevice\n", monkeypatch)
    done = measured("-b", "benchmark_model", "--on", "adb", cwd=tmp_path)
    assert "2 measured and 0 failed now" in done.stderr, done.stderr
    for found in outcomes(tmp_path / "s.db"):
        assert isinstance(found, Measurement)
        assert found.latency_s == pytest.approx(505.5e-6)
        assert (found.run_count, found.statistics.min_s) == (17, pytest.approx(490e-6))
        assert np.isnan(found.statistics.p95_s)


@pytest.mark.parametrize(
    ("devices", "target", "complaint"),
    [
        ("", "adb", "no device is ready"),
        ("a\tdevice\nb\tdevice\n", "adb", "several are: a, b; write adb:SERIAL"),
        ("a\tunauthorized\n", "adb:a", "unauthorized; allow debugging on its screen; ready are none"),
        ("a\tdevice\n", "adb:b", "not connected; ready are a"),
    ],
)
def test_which_device_is_meant_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, devices: str, target: str, complaint: str
) -> None:
    stand_in(tmp_path, devices, monkeypatch)
    with pytest.raises(TransportError, match=complaint):
        transport(target)


def test_a_missing_client_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(TransportError, match="adb is not installed: install Android's platform tools"):
        transport("adb")
    with pytest.raises(TransportError, match="ssh is not installed: install OpenSSH's client"):
        transport("ssh:board").run(["true"], 5)


def test_an_answer_that_does_not_come_is_a_lost_connection() -> None:
    with pytest.raises(transports.ConnectionLostError, match=r"no answer within 0.1 s"):
        transports.called("board", ["sleep", "5"], 0.1, "")
