"""A real sshd on the loopback address, which stands for a board with a home of its own."""

from __future__ import annotations

import getpass
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
SFTP = next(filter(os.path.exists, ("/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server")), None)

_SHELL = """#!/bin/sh
# Runs what the client asks for in the home of the board, and not in that of the user who runs the tests.
HOME={home}
export HOME
cd "$HOME" && exec /bin/sh -c "$SSH_ORIGINAL_COMMAND"
"""


class Server:
    """An sshd that lets this user in by a key of its own, and how to reach it."""

    def __init__(self, place: Path, largest_file_bytes: int | None = None) -> None:
        self.home, self._log, self.port = place / "board", place / "log", _free_port()
        self.home.mkdir()
        for name in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", place / name], check=True)
        (place / "authorized").write_bytes((place / "user.pub").read_bytes())
        host_key = (place / "host.pub").read_text(encoding="ascii")
        (place / "known").write_text(f"[127.0.0.1]:{self.port} {host_key}", encoding="ascii")
        (place / "shell").write_text(_SHELL.format(home=self.home), encoding="ascii")
        (place / "shell").chmod(0o700)
        _write_settings(place, self.port)
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(parents=True, exist_ok=True)

        def limited() -> None:
            if largest_file_bytes:
                resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file_bytes,) * 2)

        command = [str(SSHD), "-D", "-e", "-f", str(place / "server")]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, stderr=log, preexec_fn=limited)
        self.environment = {"STAIRLINE_SSH_OPTIONS": f"-F {place / 'client'}", "STAIRLINE_BOARD_PYTHON": sys.executable}
        self.target = f"ssh:{getpass.getuser()}@127.0.0.1:{self.port}"
        self._wait_until_it_listens()

    @property
    def files(self) -> list[Path]:
        """What lies in the board's folder for files that are pushed."""
        return sorted((self.home / ".cache" / "stairline-board").iterdir())

    @property
    def logins(self) -> int:
        """Number of connections that were let in so far."""
        return self._log.read_text(encoding="utf-8", errors="replace").count("Accepted publickey")

    def cut(self) -> int:
        """Break every connection that is open now; how many there were."""
        listing = subprocess.run(["ps", "-eo", "pid,ppid"], capture_output=True, text=True, check=True).stdout
        parents = [tuple(map(int, line.split())) for line in listing.splitlines()[1:]]
        connections = [pid for pid, parent in parents if parent == self._process.pid]
        inner = [pid for pid, parent in parents if parent in connections]
        for pid in connections + inner:
            os.kill(pid, signal.SIGKILL)
        return len(connections)

    def close(self) -> None:
        self.cut()
        self._process.terminate()
        self._process.wait()

    def _wait_until_it_listens(self) -> None:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        pytest.fail(f"sshd does not listen: {self._log.read_text(encoding='utf-8', errors='replace')}")


Start = Callable[..., Server]
"""Starts a server; its one argument is the size of the largest file that the board has room for."""


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _write_settings(place: Path, port: int) -> None:
    """The configuration of the daemon, and of whoever calls it."""
    server = {
        "Port": port,
        "ListenAddress": "127.0.0.1",
        "HostKey": place / "host",
        "StrictModes": "no",
        "AuthorizedKeysFile": place / "authorized",
        "UsePAM": "no",
        "PasswordAuthentication": "no",
        "PidFile": place / "pid",
        "Subsystem": f"sftp {SFTP}",
        "ForceCommand": place / "shell",
    }
    client = {
        "IdentityFile": place / "user",
        "UserKnownHostsFile": place / "known",
        "IdentitiesOnly": "yes",
        "GlobalKnownHostsFile": "/dev/null",
    }
    for name, settings in (("server", server), ("client", client)):
        text = "\n".join(f"{key} {value}" for key, value in settings.items())
        (place / name).write_text(f"{text}\n", encoding="utf-8")
