"""Files that are replaced whole or not at all, on a real disk that is full."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stairline.hwmodels import PlatformError
from stairline.hwmodels.files.replacing import replace_files


@contextmanager
def room_for(size_bytes: int) -> Iterator[None]:
    """A context in which no file grows beyond a size, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_disk_that_is_full_leaves_every_earlier_file_as_it_was(tmp_path: Path) -> None:
    small, large = tmp_path / "residual.json", tmp_path / "mine.toml"
    for path in (small, large):
        path.write_bytes(b"earlier")
    with room_for(4096), pytest.raises(PlatformError, match=r"mine\.toml: cannot be written: File too large"):
        replace_files({small: b"new", large: b"x" * 100_000})
    assert (small.read_bytes(), large.read_bytes()) == (b"earlier", b"earlier")
    assert sorted(tmp_path.iterdir()) == [large, small]


def test_all_files_are_replaced_and_keep_their_permissions(tmp_path: Path) -> None:
    old, new = tmp_path / "old.toml", tmp_path / "new.toml"
    old.write_bytes(b"earlier")
    old.chmod(0o640)
    replace_files({old: b"first", new: b"second"})
    assert (old.read_bytes(), new.read_bytes()) == (b"first", b"second")
    assert old.stat().st_mode & 0o777 == 0o640
    assert sorted(tmp_path.iterdir()) == [new, old]


def test_a_directory_that_is_not_there_is_one_line_that_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match=r"mine\.toml: cannot be written: No such file or directory"):
        replace_files({tmp_path / "absent" / "mine.toml": b"new"})
