"""Boards that tests measure on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from .board_server import SFTP, SSHD, Server, Start


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    if SSHD is None or SFTP is None or shutil.which("ssh") is None:
        pytest.skip("OpenSSH's server and client are not installed")
    started: list[Server] = []

    def begin(largest_file_bytes: int | None = None) -> Server:
        place = tmp_path / f"ssh{len(started)}"
        place.mkdir(mode=0o700)
        started.append(Server(place, largest_file_bytes))
        for key, value in started[-1].environment.items():
            monkeypatch.setenv(key, value)
        return started[-1]

    yield begin
    for server in started:
        server.close()
