"""The kernel models, found by listing this folder and its rooms.

A file that holds a ``MODEL`` is a kernel model, and its name is the model's name. A file is imported when its model is
asked for, so that a platform pays for the models that it names.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from .base import KernelModel

_PACKAGE = __name__.rpartition(".")[0]


def module_names() -> dict[str, str]:
    """Every module of the folder and its rooms: its own name, and the dotted name it is imported by.

    Raises ImportError where two have the same name.
    """
    return _listed(_PACKAGE, _folders())


def kernel_model(name: str) -> KernelModel:
    """The kernel model that a platform file names. Raises KeyError where there is none."""
    return _model(name, _folders())


def kernel_models() -> dict[str, KernelModel]:
    """All kernel models by name, room by room. Imports every one of them."""
    modules = {name: import_module(dotted) for name, dotted in module_names().items()}
    return {name: module.MODEL for name, module in modules.items() if hasattr(module, "MODEL")}


def _folders() -> tuple[str, ...]:
    """Where the package's files are; whoever adds a folder to the package's path adds its models."""
    return tuple(sys.modules[_PACKAGE].__path__)


@cache
def _model(name: str, folders: tuple[str, ...]) -> KernelModel:
    model = getattr(import_module(_listed(_PACKAGE, folders)[name]), "MODEL", None)
    if not isinstance(model, KernelModel):
        raise KeyError(name)
    return model


@cache
def _listed(package: str, folders: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for info in iter_modules(folders, f"{package}."):
        if info.ispkg:
            inside = _listed(info.name, tuple(import_module(info.name).__path__))
        else:
            inside = {info.name.rpartition(".")[2]: info.name}
        for name in inside.keys() & found.keys():
            raise ImportError(f"{inside[name]} and {found[name]} are both called '{name}': rename one of them")
        found |= inside
    return found
