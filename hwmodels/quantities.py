"""The numbers of a platform file by their dotted keys."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel

from .provenance import Quantity
from .schema import ELEMENT_BYTES, KernelRule, PlatformFile


def quantities(file: PlatformFile) -> Iterator[tuple[str, Quantity]]:
    """Every quantity of a file with its dotted key, such as ``kernels.conv2d.efficiency.float32``."""
    return _walk(file, "")


def _walk(node: object, path: str) -> Iterator[tuple[str, Quantity]]:
    if isinstance(node, Quantity):
        yield path, node
    elif isinstance(node, KernelRule):
        yield from _walk(node.parameters, path)
    elif isinstance(node, BaseModel):
        for name in type(node).model_fields:
            yield from _walk(getattr(node, name), f"{path}.{name}" if path else name)
    elif isinstance(node, dict):
        for name, child in node.items():
            yield from _walk(child, f"{path}.{name}")


def without_dtype(key: str) -> str:
    """A dotted key without the precision in it: ``roofs.compute.int8.macs_per_cycle`` is that of every precision."""
    return ".".join(part for part in key.split(".") if part not in ELEMENT_BYTES)


def dtype_of(key: str) -> str | None:
    """The precision in a dotted key; None where the quantity is that of all precisions."""
    return next((part for part in key.split(".") if part in ELEMENT_BYTES), None)
