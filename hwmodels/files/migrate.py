"""Files of schema 1 as schema 2 writes them: renamed models and parameters, moved and dropped keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .released import RELEASED_PARENTS
from .upgrade import COPIED_PARAMETERS, DROPPED_PARAMETERS, MOVED_KEYS, NEW_RULES, RENAMED_MODELS, RENAMED_PARAMETERS

SCHEMA = 2
"""The schema that files are written in."""

_ROOFS_AND_ENGINE = ("processor", "memory", "weights")
"""Keys of a kernel rule that hold for its operators whatever their kernel model."""


def upgraded(data: Mapping[str, Any]) -> dict[str, Any]:
    """The parsed TOML of a platform file or an overlay of schema 1, in schema 2.

    What has not the shape of such a file stays as it is, for validation to complain about.
    """
    found = {**data, "schema": SCHEMA}
    kernels, shared, values, digest = (data.get(key) for key in ("kernels", "shared", "values", "parent_digest"))
    if isinstance(kernels, dict):
        found["kernels"] = _kernels(kernels)
    if isinstance(shared, dict):
        found["shared"] = {RENAMED_PARAMETERS.get(name, name): value for name, value in shared.items()}
    if isinstance(values, dict):
        copies = {copy: change for key, change in values.items() for copy in copied_keys(key)}
        found["values"] = copies | {upgraded_key(key): change for key, change in values.items()}
    if isinstance(digest, str):
        found["parent_digest"] = RELEASED_PARENTS.get(digest, digest)
    return found


def upgraded_key(key: str) -> str:
    """The dotted key of a quantity of schema 1, such as ``kernels.conv2d|dense.tile_n.int8``, in schema 2."""
    section, *names = key.split(".")
    if section == "kernels" and len(names) > 1:
        ops, parameter, *dtype = names
        return ".".join((_moved(ops, parameter) or f"kernels.{ops}.{_renamed(parameter)}", *dtype))
    return f"shared.{'.'.join((_renamed(names[0]), *names[1:]))}" if section == "shared" and names else key


def copied_keys(key: str) -> tuple[str, ...]:
    """Keys of rules that schema 2 creates and whose value in schema 1 was that of ``key``.

    An overlay's parent has such a rule only if it stated parameters that moved there.
    """
    section, *names = key.split(".")
    if section != "kernels" or len(names) < 2:
        return ()
    ops, parameter, *dtype = names
    grouped = {f"grouped_{op}" for op in ops.split("|")}
    rules = [rule for rule, copied in COPIED_PARAMETERS.items() if parameter in copied]
    return tuple(
        ".".join(("kernels", rule, _renamed(parameter), *dtype)) for rule in rules if grouped & set(rule.split("|"))
    )


def _kernels(kernels: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for ops, rule in kernels.items():
        if not isinstance(rule, dict):
            found[ops] = rule
            continue
        model = str(rule.get("model"))
        own = found.setdefault(ops, {})
        for name, value in rule.items():
            if name == "model":
                own[name] = RENAMED_MODELS.get(model, value)
            elif key := _moved(ops, name):
                _, new_rule, parameter = key.split(".")
                engine = {name: rule[name] for name in _ROOFS_AND_ENGINE if name in rule}
                copied = {_renamed(n): rule[n] for n in COPIED_PARAMETERS.get(new_rule, ()) if n in rule}
                found.setdefault(new_rule, {"model": NEW_RULES[new_rule]} | engine | copied)[parameter] = value
            elif name not in DROPPED_PARAMETERS.get(model, ()):
                own[_renamed(name)] = value
    return found


def _moved(ops: str, parameter: str) -> str | None:
    """The dotted key that a parameter of a rule for these operators moves to, or None where it stays."""
    return next((MOVED_KEYS[key] for op in ops.split("|") if (key := f"kernels.{op}.{parameter}") in MOVED_KEYS), None)


def _renamed(parameter: str) -> str:
    return RENAMED_PARAMETERS.get(parameter, parameter)
