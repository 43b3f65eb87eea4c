"""The functions of ``cost/`` compiled for arrays of kernels. No arithmetic lives here: it only dispatches and loops."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import FunctionType
from typing import Any

import numba
import numpy as np
from numba.extending import register_jitable
from numba.np.unsafe.ndarray import to_fixed_tuple as _to_fixed_tuple

from hwmodels import kernel_models, platform
from hwmodels.kernel_models import KERNEL_MODELS
from hwmodels.platform import Roof

from . import cost
from .cost import MODELS
from .cost.roof import Cost, Work, combine

MODEL_CODES = {name: code for code, name in enumerate(KERNEL_MODELS)}
"""Integer code of each kernel model: numba does not compile functions that arrive as arguments."""

_WORK, _ROOF = len(Work._fields), len(Roof._fields)
PARAMETER_COLUMNS = max(len(model._fields) for model in KERNEL_MODELS.values())
"""Columns of a parameter table: those of the longest parameter list."""

_fields: Any = _to_fixed_tuple
"""The first columns of a row as a tuple, whose length the compiler knows."""


def _register_cost_functions() -> str:
    """Make every function of ``cost/`` callable from compiled code; the digest of all sources that go into it."""
    digest = hashlib.sha256(numba.__version__.encode())
    modules = [import_module(f"{cost.__name__}.{info.name}") for info in iter_modules(cost.__path__)]
    for module in modules:
        for item in vars(module).values():
            if isinstance(item, FunctionType) and item.__module__ == module.__name__:
                register_jitable(item)
    for path in sorted([__file__, *(str(m.__file__) for m in (kernel_models, platform, *modules))]):
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


def _compiled(function: Any) -> Any:
    njit: Any = numba.njit
    directory = _cache_directory(_register_cost_functions())
    if directory is None:
        return njit(function)
    with _numba_cache_in(directory):
        return njit(cache=True)(function)


def _no_model(_code: int, _work: Work, roof: Roof, _row: Any) -> Cost:
    return combine(roof, 0.0, math.nan, 0.0, 0.0, 0.0, 0.0)


def _branch(code: int, name: str, otherwise: Any) -> Any:
    model, parameters, columns = MODELS[name], KERNEL_MODELS[name], len(KERNEL_MODELS[name]._fields)

    def kernel_cost(which: int, work: Work, roof: Roof, row: Any) -> Any:
        if which == code:
            return model(work, roof, parameters(*_fields(row, columns)))
        return otherwise(which, work, roof, row)

    return register_jitable(kernel_cost)


def _dispatcher() -> Any:
    """One branch per kernel model, compared by code; a code that none has prices to not-a-number."""
    chain = register_jitable(_no_model)
    for name, code in MODEL_CODES.items():
        chain = _branch(code, name, chain)
    return chain


_kernel_cost = _dispatcher()


@_compiled
def kernel_latencies_s(works: Any, rules: Any, codes: Any, roofs: Any, parameters: Any) -> Any:
    """Latency of every kernel, in seconds.

    ``works`` (kernels, fields of Work), ``rules`` (kernels,) rows of the three tables ``codes`` (rules,), ``roofs``
    (rules, fields of Roof) and ``parameters`` (rules, PARAMETER_COLUMNS); all float64 but the two integer vectors.
    """
    latencies_s = np.empty(len(rules))
    for i in range(len(rules)):
        rule = rules[i]
        work = Work(*_fields(works[i], _WORK))
        roof = Roof(*_fields(roofs[rule], _ROOF))
        latencies_s[i] = _kernel_cost(codes[rule], work, roof, parameters[rule]).latency_s
    return latencies_s
