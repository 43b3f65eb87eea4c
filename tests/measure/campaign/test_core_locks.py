"""Sessions take turns on the cores that they measure on."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from stairline.measure.campaign.core_locks import cores_to_itself
from stairline.measure.timing.errors import MeasureError
from tests.checkout import ROOT

CORE = 987
HOLD = f"""
from stairline.measure.campaign.core_locks import cores_to_itself
with cores_to_itself([{CORE}, 988]):
    print("measuring", flush=True)
    input()
"""


@pytest.fixture(autouse=True)
def own_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@contextmanager
def another_session() -> Iterator[subprocess.Popen[str]]:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", HOLD], cwd=ROOT, text=True, **pipes) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "measuring\n"
        yield other


def is_free(core: int, directory: Path) -> bool:
    try:
        with FileLock(directory / f"stairline-core-{core}.lock", timeout=0):
            return True
    except Timeout:
        return False


def test_one_session_measures_on_a_core_at_a_time(tmp_path: Path) -> None:
    with another_session() as other:
        assert (is_free(CORE, tmp_path), is_free(988, tmp_path)) == (False, False)
        entered = threading.Event()

        def measure() -> None:
            with cores_to_itself([CORE]):
                entered.set()

        waiting = threading.Thread(target=measure)
        waiting.start()
        assert not entered.wait(0.5)
        other.communicate("over\n")
        assert entered.wait(30)
        waiting.join()
    assert is_free(CORE, tmp_path)


def test_a_session_that_is_killed_frees_its_cores(tmp_path: Path) -> None:
    with another_session() as other:
        other.send_signal(signal.SIGKILL)
        other.wait()
    with cores_to_itself([CORE, 988]):
        assert not is_free(CORE, tmp_path)


def test_sessions_on_different_cores_do_not_wait_for_each_other() -> None:
    with another_session(), cores_to_itself([CORE + 10]):
        pass


def test_every_user_of_the_machine_may_wait_for_a_core(tmp_path: Path) -> None:
    with cores_to_itself([CORE]):
        mode = (tmp_path / f"stairline-core-{CORE}.lock").stat().st_mode
    assert mode & 0o777 == 0o666


def test_a_lock_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "stairline-core-3.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(MeasureError, match=r"stairline-core-3\.lock: cannot be locked"), cores_to_itself([3]):
        pass
    assert not (tmp_path / "elsewhere").exists()
