"""Sessions on one machine take turns on its cores, since each would disturb the times of the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import gettempdir

from stairline.measure.runtimes.backend import import_runtime
from stairline.measure.timing.errors import MeasureError


@contextmanager
def cores_to_itself(cpus: Iterable[int]) -> Iterator[None]:
    """Wait until no other session measures on these cores, and keep others from them until the end of the block.

    The system frees the locks of a process that is killed. Raises MeasureError where a lock's file cannot be used.
    """
    with ExitStack() as held:
        for core in sorted(cpus):  # In one order, so that no two sessions wait for each other.
            held.enter_context(_lock(core))
        yield


@contextmanager
def _lock(core: int) -> Iterator[None]:
    path = Path(gettempdir()) / f"stairline-core-{core}.lock"
    # Every user may lock it: two users of one machine disturb each other as well.
    filelock = import_runtime("filelock", "filelock")
    lock = filelock.FileLock(path, mode=0o666, fallback_to_soft=False)
    try:
        lock.acquire()
    except OSError as error:
        raise MeasureError(
            f"{path}: cannot be locked: {error.strerror or error}; sessions take turns by it: remove it or set TMPDIR"
        ) from None
    try:
        yield
    finally:
        lock.release()
