"""A platform that nobody has, as a file: what it was derived from, what is assumed, and how much less certain it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from stairline.hwmodels import Platform
from stairline.hwmodels.files.changes import Change
from stairline.hwmodels.files.settings import as_written
from stairline.hwmodels.provenance import Quantity
from stairline.hwmodels.schema import NAME_PATTERN, Derivation, PlatformFile, Uncertainty

from .effects import widened
from .errors import WhatIfError


def derived_file(
    derived: Platform, name: str, changes: Sequence[Change], ratios: Sequence[float], networks: Sequence[str]
) -> PlatformFile:
    """The file of a derived platform under a name of its own.

    ``ratios`` are what each change alone multiplies the mean latency of the ``networks`` by: the interval is widened by
    them as ``effects.widened`` says.
    """
    file, origin = derived.file, derived.as_read
    notes = [*file.notes]
    if derived.omitted:
        notes.append(f"{', '.join(derived.omitted)}: no time, since the measurements of {origin.name} leave them out.")
    return file.model_copy(
        update={
            "name": name,
            "aliases": (),
            "title": f"What if: {file.title}",
            "platform": file.platform.model_copy(update={"backend": None}),
            "uncertainty": _widened(file.uncertainty, ratios),
            "notes": tuple(notes),
            "derived_from": Derivation(
                platform=origin.name,
                digest=origin.digest,
                changes=tuple(map(as_written, changes)),
                networks=tuple(networks),
            ),
        }
    )


def name_of(path: Path) -> str:
    """The name of the platform in a file: what the file is called. Raises WhatIfError where it can be none."""
    if path.suffix != ".toml" or not re.fullmatch(NAME_PATTERN, path.stem):
        raise WhatIfError(
            f"-o {path}: a platform's file is named in small letters, digits, dots and hyphens: my-npu.toml"
        )
    return path.stem


def _widened(stated: Uncertainty, ratios: Sequence[float]) -> Uncertainty:
    def wider(quantity: Quantity) -> Quantity:
        return quantity.model_copy(update={"value": widened(quantity.value, ratios), "source": "what-if"})

    factor, unlike = stated.factor, stated.unlike_factor
    return stated.model_copy(
        update={
            "factor": wider(factor)
            if isinstance(factor, Quantity)
            else {dtype: wider(one) for dtype, one in factor.items()},
            "unlike_factor": None if unlike is None else widened(unlike, ratios),
        }
    )
