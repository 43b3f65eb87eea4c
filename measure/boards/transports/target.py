"""The board that a user names by --on."""

from __future__ import annotations

from .adb import Adb
from .ssh import Ssh
from .transport import Transport, TransportError


def transport(target: str) -> Transport:
    """The board "ssh:user@host", "ssh:host:2222", "adb" or "adb:serial". Raises TransportError for anything else."""
    kind, _, rest = target.partition(":")
    if kind == "ssh" and rest:
        return Ssh.to(rest)
    if kind == "adb":
        return Adb.to(rest)
    raise TransportError(f"--on {target}: write ssh:user@host, ssh:user@host:port, adb or adb:serial")
