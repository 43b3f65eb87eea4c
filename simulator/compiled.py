"""The functions of ``cost/`` compiled for arrays of kernels. No arithmetic lives here: it only dispatches and loops."""

from __future__ import annotations

import hashlib
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
from numba.np.unsafe.ndarray import to_fixed_tuple

from hwmodels.kernel_models import (
    KERNEL_MODELS,
    Free,
    Gemv,
    InterleavedTiles,
    Streaming,
    TiledGemm,
    UnrolledChannels,
    ZeroSkipping,
)
from hwmodels.platform import Roof

from . import cost
from .cost.interleaved_tiles import interleaved_tiles, zero_skipping
from .cost.roof import Cost, Work
from .cost.streaming import free, gemv, streaming
from .cost.tiled_gemm import tiled_gemm
from .cost.unrolled_channels import unrolled_channels

MODEL_CODES = {name: code for code, name in enumerate(KERNEL_MODELS)}
"""Integer code of each kernel model: numba does not compile functions that arrive as arguments."""

_WORK, _ROOF = len(Work._fields), len(Roof._fields)
PARAMETER_COLUMNS = max(len(model._fields) for model in KERNEL_MODELS.values())
"""Columns of a parameter table: those of the longest parameter list."""

_fields: Any = to_fixed_tuple

_TILED_GEMM, _TILED_GEMM_N = MODEL_CODES["tiled_gemm"], len(TiledGemm._fields)
_UNROLLED, _UNROLLED_N = MODEL_CODES["unrolled_channels"], len(UnrolledChannels._fields)
_INTERLEAVED, _INTERLEAVED_N = MODEL_CODES["interleaved_tiles"], len(InterleavedTiles._fields)
_SKIPPING, _SKIPPING_N = MODEL_CODES["zero_skipping"], len(ZeroSkipping._fields)
_STREAMING, _STREAMING_N = MODEL_CODES["streaming"], len(Streaming._fields)
_GEMV, _GEMV_N = MODEL_CODES["gemv"], len(Gemv._fields)
_FREE = MODEL_CODES["free"]


def _register_cost_functions() -> str:
    """Make every function of ``cost/`` callable from compiled code; the digest of their sources."""
    digest = hashlib.sha256(numba.__version__.encode())
    digest.update(Path(__file__).read_bytes())
    for info in sorted(iter_modules(cost.__path__), key=lambda i: i.name):
        module = import_module(f"{cost.__name__}.{info.name}")
        digest.update(Path(str(module.__file__)).read_bytes())
        for item in vars(module).values():
            if isinstance(item, FunctionType) and item.__module__ == module.__name__:
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


def _compiled(function: Any) -> Any:
    njit: Any = numba.njit
    directory = _cache_directory(_register_cost_functions())
    if directory is None:
        return njit(function)
    with _numba_cache_in(directory):
        return njit(cache=True)(function)


@register_jitable
def _kernel_cost(code: int, work: Work, roof: Roof, row: Any) -> Cost:
    if code == _TILED_GEMM:
        return tiled_gemm(work, roof, TiledGemm(*_fields(row, _TILED_GEMM_N)))
    if code == _UNROLLED:
        return unrolled_channels(work, roof, UnrolledChannels(*_fields(row, _UNROLLED_N)))
    if code == _INTERLEAVED:
        return interleaved_tiles(work, roof, InterleavedTiles(*_fields(row, _INTERLEAVED_N)))
    if code == _SKIPPING:
        return zero_skipping(work, roof, ZeroSkipping(*_fields(row, _SKIPPING_N)))
    if code == _STREAMING:
        return streaming(work, roof, Streaming(*_fields(row, _STREAMING_N)))
    if code == _GEMV:
        return gemv(work, roof, Gemv(*_fields(row, _GEMV_N)))
    return free(work, roof, Free())


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
