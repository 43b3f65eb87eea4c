"""What all tests need around them: a home and a cache of their own, and a worker where no other disturbs them."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A home and a cache folder of this test session, for the tests and for every process that they start.

    All workers of a session share them, so that compiled code and models are made once for all tests.
    """
    base = tmp_path_factory.getbasetemp()
    session = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    home = session / "home"
    (home / ".cache").mkdir(parents=True, exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("XDG_CACHE_HOME", str(home / ".cache"))
        yield


DEVICE = "device"
"""The group of tests that measure on this machine's cores, take turns at them, or start a server: one at a time."""

_MEASURING = tuple(f"tests/measure/{room}/" for room in ("boards", "campaign", "commands", "runtimes", "timing")) + (
    "tests/calibration/commands/test_calibrate.py",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a file's tests with one worker, which makes their fixtures once, and all that measure with the same one."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            file = item.nodeid.partition("::")[0]
            item.add_marker(pytest.mark.xdist_group(DEVICE if file.startswith(_MEASURING) else file))
