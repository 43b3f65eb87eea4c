"""The archive of a saved PyTorch program: a zip file, of which only the JSON text of the program is read.

Weights and example inputs are pickles or raw bytes beside it, and never opened. Source: PyTorch,
torch/export/pt2_archive.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import BinaryIO
from zipfile import BadZipFile, ZipFile

from stairline.simulator.readers.errors import ReadError
from stairline.simulator.readers.formats import EXPORT

_LARGEST_BYTES = 64 << 20
"""Largest program that is read: that of a network of a thousand operators takes about one megabyte."""

_BEFORE_ARCHIVES = "serialized_exported_program.json"
"""Where PyTorch 2.6 and 2.7 store the program."""


def program_text(file: BinaryIO | Path) -> bytes:
    """The JSON text of the one program in an archive. Raises ReadError for a file that holds none, or more than one."""
    try:
        with ZipFile(file) as archive:
            names = [name for name in archive.namelist() if _is_program(name)]
            if len(names) != 1:
                held = f"{len(names)} programs" if names else "no exported program"
                raise ReadError(f"the archive holds {held}, not one: {EXPORT}")
            size = archive.getinfo(names[0]).file_size
            if size > _LARGEST_BYTES:
                raise ReadError(f"the program takes {size} bytes: more than {_LARGEST_BYTES} are not read")
            return archive.read(names[0])
    except (BadZipFile, EOFError, NotImplementedError, RuntimeError, UnicodeError, ValueError, zlib.error) as error:
        if isinstance(error, ReadError):
            raise
        raise ReadError(f"is no archive of an exported program, or damaged ({error}): {EXPORT}") from None


def _is_program(name: str) -> bool:
    parts = name.split("/")
    return parts[-1] == _BEFORE_ARCHIVES or (parts[-2:-1] == ["models"] and parts[-1].endswith(".json"))
