"""Which check asserts which claim."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pkgutil import iter_modules

from . import checks
from .claims import Claim

Check = Callable[[Claim], None]

_checks: dict[str, Check] = {}


def claim(*ids: str) -> Callable[[Check], Check]:
    """Register a function as the check of these claims. A claim has one check: a second one raises ValueError."""

    def register(check: Check) -> Check:
        for id_ in ids:
            if id_ in _checks:
                raise ValueError(f"claim {id_} is checked by both {_checks[id_].__name__} and {check.__name__}")
            _checks[id_] = check
        return check

    return register


def load_checks() -> Mapping[str, Check]:
    """Every registered check by claim id, from all modules of the folder ``checks``."""
    for module in iter_modules(checks.__path__, f"{checks.__name__}."):
        import_module(module.name)
    return _checks
