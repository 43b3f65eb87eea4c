"""The digest of what a platform predicts from: its numbers and rules, however its file is written."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pydantic import BaseModel

from .domain import Domain
from .provenance import Quantity
from .residual import ResidualRecord
from .schema import Description, PlatformFile

_NOT_COUNTED: dict[type[BaseModel], frozenset[str]] = {
    PlatformFile: frozenset(
        {"schema_", "name", "aliases", "title", "fallback_only", "notes", "derived_from", "sources"}
    ),
    Description: frozenset({"device", "processor", "runtime", "backend"}),
}
"""Keys that name, describe or cite and that no predicted number depends on, beside the ``source`` of every rule."""


def platform_digest(file: PlatformFile, domain: Domain | None = None, residual: ResidualRecord | None = None) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of everything that predictions of a platform depend on.

    Values, rules and the names that rules refer to count. Texts do not, nor where a number comes from, nor within which
    bounds it may be fitted. A key that states its default counts as one that is left out, and the order of tables does
    not matter, but that the first memory roof is the main one. ``domain`` and ``residual`` are those of an overlay.
    """
    counted = {
        "file": _counted(file),
        "main_memory": next(iter(file.roofs.memory)),
        "domain": domain and _counted(domain),
        "residual": residual and _counted(residual.model_copy(update={"file": ""})),
    }
    text = json.dumps(counted, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _counted(node: object) -> Any:
    if isinstance(node, Quantity):
        return node.value
    if isinstance(node, BaseModel):
        left_out = _NOT_COUNTED.get(type(node), frozenset()) | {"source"}
        fields = {name: field for name, field in type(node).model_fields.items() if name not in left_out}
        values = {name: getattr(node, name) for name in fields}
        stated = (n for n, value in values.items() if value != fields[n].get_default(call_default_factory=True))
        return {name: _counted(values[name]) for name in stated}
    if isinstance(node, dict):
        return {key: _counted(value) for key, value in node.items()}
    return [_counted(value) for value in node] if isinstance(node, tuple) else node
