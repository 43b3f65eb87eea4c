"""The functions of ``cost/`` compiled for arrays of kernels. No arithmetic lives here: it only dispatches and loops."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import FunctionType
from typing import Any

import numba
from numba.extending import register_jitable
from numba.np.unsafe.ndarray import to_fixed_tuple as _to_fixed_tuple

from stairline.hwmodels import kernels as cost
from stairline.hwmodels import machine
from stairline.hwmodels.kernels import MODELS, accelerator_models, ethos_u_models, processor_models
from stairline.hwmodels.kernels.base import Roof, Work
from stairline.hwmodels.kernels.kernel_models import KERNEL_MODELS

_WORK, _ROOF = len(Work._fields), len(Roof._fields)
PARAMETER_COLUMNS = max(len(model._fields) for model in KERNEL_MODELS.values())
"""Columns of a parameter table: those of the longest parameter list."""

_fields: Any = _to_fixed_tuple
"""The first columns of a row as a tuple, whose length the compiler knows."""


@cache
def _register_cost_functions() -> str:
    """Make every function of ``cost/`` callable from compiled code; the digest of all sources that go into it."""
    digest = hashlib.sha256(numba.__version__.encode())
    modules = [import_module(f"{cost.__name__}.{info.name}") for info in iter_modules(cost.__path__)]
    for module in modules:
        for item in vars(module).values():
            if isinstance(item, FunctionType) and item.__module__ == module.__name__:
                register_jitable(item)
    for path in sorted(
        [
            __file__,
            *(str(m.__file__) for m in (processor_models, accelerator_models, ethos_u_models, machine, *modules)),
        ]
    ):
        digest.update(Path(path).read_bytes())
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
    Roof) and of ``parameters`` (rules, PARAMETER_COLUMNS), and fills ``found`` (kernels,). All are float64 but
    ``rules``. Nothing is returned: a cached function that makes an array has been seen to load without its dtype.
    """
    kernel_cost, parameter_list, columns = MODELS[model], KERNEL_MODELS[model], len(KERNEL_MODELS[model]._fields)

    def latencies_s(works: Any, rules: Any, roofs: Any, parameters: Any, found: Any) -> None:
        for i in range(len(rules)):
            work, roof = Work(*_fields(works[i], _WORK)), Roof(*_fields(roofs[rules[i]], _ROOF))
            found[i] = kernel_cost(work, roof, parameter_list(*_fields(parameters[rules[i]], columns))).latency_s

    njit: Any = numba.njit
    directory = _cache_directory(_register_cost_functions())
    if directory is None:
        return njit(nogil=True)(latencies_s)
    with _numba_cache_in(directory / model):
        return njit(nogil=True, cache=True)(latencies_s)
