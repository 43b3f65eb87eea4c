"""The columns of a layer table, read from CSV or Parquet into arrays."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from stairline.hwmodels.spelling import did_you_mean
from stairline.simulator.graph.ops import ACTIVATIONS
from stairline.simulator.graph.sources import LAYER_TABLE_SUFFIXES, is_layer_table
from stairline.simulator.readers.errors import ReadError

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

SIZES = ("h_in", "w_in", "c_in", "h_out", "w_out", "c_out")
REQUIRED = ("net", "layer", "op", *SIZES, "kernel", "stride")
NUMBERS = ("layer", *SIZES, "kernel", "stride", "kernel_w", "stride_w", "dilation", "groups")
TEXTS = ("net", "op", "activation", "dtype", "inputs")

WINDOWS = frozenset({"conv2d", "dwconv2d", "maxpool2d", "avgpool2d"})
GLOBAL_POOLS = frozenset({"globalavgpool2d", "globalmaxpool2d"})
ELEMENTWISE_JOINS = frozenset({"add", "sub", "mul", "div", "maximum", "minimum"})
JOINS = ELEMENTWISE_JOINS | {"concat"}
POINTWISE = ACTIVATIONS | {"softmax", "batch_norm", "layer_norm", "prelu", "quantize", "dequantize", "channel_shuffle"}
TABLE_OPS = tuple(sorted(WINDOWS | GLOBAL_POOLS | JOINS | POINTWISE | {"dense", "reshape", "resize", "split"}))
"""The operators that one row of a table can express."""

DTYPES = ("float32", "float16", "bfloat16", "int8", "uint8", "int16", "int32")
LARGEST = 1 << 20
"""Largest height, width, channel count and window accepted, in elements: far above those of any network, and small
enough that a product of three fits in 64 bits."""


class Columns(NamedTuple):
    """The columns as arrays of equal length; a column that the file leaves out is filled with its default."""

    net: npt.NDArray[Any]
    layer: Ints
    op: npt.NDArray[Any]
    h_in: Ints
    w_in: Ints
    c_in: Ints
    h_out: Ints
    w_out: Ints
    c_out: Ints
    kernel: Ints
    stride: Ints
    kernel_w: Ints
    stride_w: Ints
    dilation: Ints
    groups: Ints
    activation: npt.NDArray[Any]
    dtype: npt.NDArray[Any]
    inputs: npt.NDArray[Any]
    row: Ints
    """The row's place in the file, from 0, whatever networks are left out."""

    def without(self, networks: Collection[str]) -> Columns:
        """The rows of all networks but these."""
        kept = ~among(self.net, tuple(networks))
        return Columns(*(column[kept] for column in self))


class BrokenRowsError(ReadError):
    """Rows that break a rule. ``networks`` holds, by network, the complaint on its first such row."""

    def __init__(self, networks: Mapping[str, str]) -> None:
        super().__init__(next(iter(networks.values())))
        self.networks = networks


def read_columns(path: Path) -> Columns:
    """The columns of a file. Raises ReadError for a file, column or number that cannot be read.

    The values themselves are not verified yet: see ``verify.verify``.
    """
    frame = _frame(path)
    missing = [c for c in REQUIRED if c not in frame.columns]
    if missing:
        raise ReadError(f"{path}: column '{missing[0]}' is missing; a layer table needs {', '.join(REQUIRED)}")
    unknown = [str(c) for c in frame.columns if c not in NUMBERS + TEXTS]
    if unknown:
        raise ReadError(f"{path}: column '{unknown[0]}' is unknown{near_or_all(unknown[0], NUMBERS + TEXTS)}")
    if not len(frame):
        raise ReadError(f"{path}: the table has no rows; give one row per layer")
    columns = {name: _column(path, frame, name) for name in Columns._fields if name != "row"}
    return Columns(**columns, row=np.arange(len(frame), dtype=np.int64))


def near_or_all(word: str, words: tuple[str, ...]) -> str:
    """The end of an error message: the known word that is most similar to ``word``, or all known words."""
    return did_you_mean(word, words, f"; known: {', '.join(words)}")


def row_place(path: Path | str, row: int | np.int64) -> str:
    """The file and row number with which a message begins; the first row after the header has number 1."""
    return f"{path}: row {row + 1}"


def _frame(path: Path) -> pd.DataFrame:
    if not is_layer_table(path):
        raise ReadError(f"{path}: its suffix is none of {', '.join(LAYER_TABLE_SUFFIXES)}; rename or convert the file")
    try:
        if path.suffix.lower() == ".parquet":
            from fastparquet import ParquetFile  # only a Parquet table pays for this import

            frame: pd.DataFrame = ParquetFile(str(path)).to_pandas()
            return frame
        empty = {name: [""] for name in NUMBERS}
        return pd.read_csv(path, dtype=dict.fromkeys(TEXTS, "str"), keep_default_na=False, na_values=empty)
    except FileNotFoundError:
        raise ReadError(f"{path}: no such file") from None
    except Exception as error:  # The decoders raise errors of many types for bytes that are no table.
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ReadError(f"{path}: not a readable layer table ({reason}); write it again as CSV or Parquet") from error


def _column(path: Path, frame: pd.DataFrame, name: str) -> npt.NDArray[Any]:
    if name in frame.columns:
        return _numbers(path, frame, name) if name in NUMBERS else _texts(frame[name])
    if name in TEXTS:
        return np.full(len(frame), "float32" if name == "dtype" else "", dtype=object)
    if name in ("kernel_w", "stride_w"):
        return _column(path, frame, name.removesuffix("_w"))
    if name == "groups":
        return np.where(_texts(frame["op"]) == "channel_shuffle", 2, 1)
    return np.ones(len(frame), dtype=np.int64)


def _texts(column: pd.Series[Any]) -> npt.NDArray[Any]:
    codes, words = pd.factorize(column)
    table = np.array([*(str(w).strip() for w in words), ""], dtype=object)
    return table[codes]


def _numbers(path: Path, frame: pd.DataFrame, name: str) -> Ints:
    column = frame[name]
    if column.dtype.kind in "iu":
        return column.to_numpy(np.int64)
    values = pd.to_numeric(column, errors="coerce").to_numpy(np.float64)
    bad = ~np.isfinite(values) | (values != np.floor(values)) | (np.abs(values) > 1 << 53)
    if bad.any():
        row = int(bad.argmax())
        value = column.iloc[row]
        shown = "empty" if pd.isna(value) else f"'{value}'"
        raise ReadError(f"{row_place(path, row)}: column '{name}' is {shown}; give a whole number")
    return values.astype(np.int64)


def among(texts: npt.NDArray[Any], words: tuple[str, ...]) -> Bools:
    """For each entry of a text column, whether it is one of ``words``."""
    codes, found = pd.factorize(texts)
    return np.array([w in words for w in found], dtype=np.bool_)[codes]


def network_starts(net: npt.NDArray[Any]) -> Ints:
    """The index of each network's first row."""
    codes = pd.factorize(net)[0]
    return np.flatnonzero(np.diff(codes, prepend=-1)).astype(np.int64)


def paddings(size: Ints, out: Ints, kernel: Ints, stride: Ints, dilation: Ints) -> tuple[Ints, Ints, Bools]:
    """The padding before and after each input along one axis that gives its output size, and whether there is one.

    An output of ceil(size / stride) is taken as "SAME" padding, with an odd element after. For any other output it is
    the smallest padding that gives it, equal on both sides where that gives the same output. All are in elements.
    """
    reach = (kernel - 1) * dilation + 1
    total = np.maximum((out - 1) * stride + reach - size, 0)
    same = out == -(-size // stride)
    even = total + total % 2
    total = np.where(~same & ((size + even - reach) // stride + 1 == out), even, total)
    explained = ((size + total - reach) // stride + 1 == out) & (size + total >= reach) & (total <= 2 * (reach - 1))
    return total // 2, total - total // 2, explained
