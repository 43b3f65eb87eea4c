"""Replacing files such that a full disk, or a process that ends in the middle, leaves the earlier ones as they were."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile

from stairline.hwmodels.platform import PlatformError


def replace_files(contents: Mapping[Path, bytes]) -> None:
    """Write all of the files, then put them in the places of earlier ones.

    Each is written under another name in its own directory, and to the disk. Raises PlatformError, which names the
    file, where one cannot be written: the earlier files are then as they were.
    """
    written: dict[Path, Path] = {}
    try:
        for path, content in contents.items():
            written[path] = _beside(path, content)
        for path, temporary in written.items():
            temporary.replace(path)
    except OSError as error:
        at = error.filename or ", ".join(map(str, contents))
        raise PlatformError(f"{at}: cannot be written: {error.strerror}; earlier files are as they were") from None
    finally:
        for temporary in written.values():
            temporary.unlink(missing_ok=True)


def _beside(path: Path, content: bytes) -> Path:
    """A file of this content beside ``path``. Raises OSError, which names ``path``, and leaves nothing then."""
    temporary: Path | None = None
    try:
        with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = Path(file.name)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_mask())
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(path)) from None
    return temporary


def _mask() -> int:
    """The permissions that new files of this process lack."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
