"""The cost functions of the kernel models compiled for arrays of kernels: dispatch and loops, no arithmetic."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from types import FunctionType
from typing import Any

import numba
from numba.extending import register_jitable
from numba.np.unsafe.ndarray import to_fixed_tuple as _to_fixed_tuple

from stairline.hwmodels.kernels.base import Cost, Roof, Work
from stairline.hwmodels.kernels.registry import kernel_model, module_names

_WORK, _ROOF, _COST = len(Work._fields), len(Roof._fields), len(Cost._fields)

_fields: Any = _to_fixed_tuple
"""The first columns of a row as a tuple, whose length the compiler knows."""


@cache
def register_functions(modules: tuple[str, ...]) -> str:
    """Make every function of the modules callable from compiled code; the digest of all that goes into it.

    The digest covers numba's version, which modules there are, and every byte of them and of this file.
    """
    digest = hashlib.sha256(numba.__version__.encode())
    for name in (*modules, __name__):
        module = import_module(name)
        source = Path(str(module.__file__)).read_bytes()
        digest.update(f"{name} {len(source)} ".encode() + source)
        for item in vars(module).values():
            if isinstance(item, FunctionType) and item.__module__ == name and name != __name__:
                register_jitable(item)
    return digest.hexdigest()[:16]


def _cache_directory(digest: str) -> Path | None:
    """Where compiled code is kept between runs, or None where nothing can be written.

    One directory per digest of the cost sources, since numba's own cache notices edits in a function's own file only.
    """
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    directory = home / "stairline" / digest
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return directory if os.access(directory, os.W_OK) else None


@contextmanager
def _numba_cache_in(directory: Path) -> Iterator[None]:
    config: Any = numba.config
    before = config.CACHE_DIR
    config.CACHE_DIR = str(directory)
    try:
        yield
    finally:
        config.CACHE_DIR = before


@cache
def kernel_latencies_s(model: str) -> Any:
    """The compiled function that prices kernels of one model, in seconds.

    It takes ``works`` (kernels, fields of Work), ``rules`` (kernels,) which are rows of ``roofs`` (rules, fields of
    Roof) and of ``parameters`` (rules, at least as many columns as the model has parameters), and fills ``found``
    (kernels,). All are float64 but ``rules``. Nothing is returned: a cached function that makes an array has been seen
    to load without its dtype.
    """
    parameter_list, kernel_cost = kernel_model(model).parameters, kernel_model(model).cost
    columns = len(parameter_list._fields)

    def latencies_s(works: Any, rules: Any, roofs: Any, parameters: Any, found: Any) -> None:
        for i in range(len(rules)):
            work, roof = Work(*_fields(works[i], _WORK)), Roof(*_fields(roofs[rules[i]], _ROOF))
            found[i] = kernel_cost(work, roof, parameter_list(*_fields(parameters[rules[i]], columns))).latency_s

    return compiled(latencies_s, register_functions(tuple(sorted(module_names().values()))), model)


@cache
def kernel_costs(model: str) -> Any:
    """The compiled function that prices kernels of one model at many points, bound by bound.

    It takes ``works`` (kernels, fields of Work), ``rules`` (kernels,) which are rows of the second axis of ``roofs``
    (points, rules, fields of Roof) and of ``parameters`` (points, rules, at least as many as the model has), and fills
    ``found`` (points, kernels, fields of Cost). All are float64 but ``rules``.
    """
    parameter_list, kernel_cost = kernel_model(model).parameters, kernel_model(model).cost
    columns = len(parameter_list._fields)

    def costs(works: Any, rules: Any, roofs: Any, parameters: Any, found: Any) -> None:
        for i in range(len(rules)):
            work = Work(*_fields(works[i], _WORK))
            for point in range(len(roofs)):
                roof = Roof(*_fields(roofs[point, rules[i]], _ROOF))
                cost = kernel_cost(work, roof, parameter_list(*_fields(parameters[point, rules[i]], columns)))
                for field in range(_COST):
                    found[point, i, field] = cost[field]

    return compiled(costs, register_functions(tuple(sorted(module_names().values()))), f"{model}-costs")


def compiled(function: Callable[..., None], digest: str, name: str) -> Any:
    """The function compiled, its code kept between runs under the digest of all that goes into it and a name there."""
    njit: Any = numba.njit
    directory = _cache_directory(digest)
    if directory is None:
        return njit(nogil=True)(function)
    with _numba_cache_in(directory / name):
        return njit(nogil=True, cache=True)(function)
