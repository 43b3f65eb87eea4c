"""What only one compiler or runtime does to a network. Each module registers its rules with ``mapping``."""

from __future__ import annotations

from importlib import import_module
from pkgutil import walk_packages


def register_all() -> None:
    """Import every module in this folder, and in its rooms, which registers their rules; repeating it is cheap."""
    for module in walk_packages(__path__, f"{__name__}."):
        import_module(module.name)
