"""A platform at many points at once: arrays in the place of some of its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from .machine import Machine, resolve
from .platform import Platform
from .provenance import Quantity
from .schema import KernelRule


def machine_at(platform: Platform, dtype: str, values: Mapping[str, Any]) -> Machine:
    """The machine at a precision with arrays (points,) in the place of the numbers of these dotted keys.

    What a machine holds of its platform is arithmetic on the platform's numbers, so each number of the machine that
    depends on one of the keys is an array as well. The values are not validated, and none may be of ``placement``.
    """
    return resolve(_with(platform.file, "", values), dtype)


def _with(node: Any, path: str, values: Mapping[str, Any]) -> Any:
    """A part of a platform file with the values in it; the same object where none of them is in it."""
    if path and not any(key == path or key.startswith(f"{path}.") for key in values):
        return node
    if isinstance(node, Quantity):
        return Quantity.model_construct(**{**dict(node), "value": values[path]})
    if isinstance(node, KernelRule):
        parameters = _with(node.parameters, path, values)
        return node if parameters is node.parameters else node.model_copy(update={"parameters": parameters})
    if not isinstance(node, BaseModel | dict):
        return node
    before = node if isinstance(node, dict) else dict(node)
    after = {name: _with(child, f"{path}.{name}" if path else name, values) for name, child in before.items()}
    changed = {name: child for name, child in after.items() if child is not before[name]}
    if not changed:
        return node
    return node | changed if isinstance(node, dict) else node.model_copy(update=changed)
