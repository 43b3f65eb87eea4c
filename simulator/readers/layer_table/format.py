"""The layer table's columns, read from CSV or Parquet and verified as whole arrays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from stairline.hwmodels.reports.text import did_you_mean
from stairline.simulator.graph.ops import ACTIVATIONS
from stairline.simulator.readers.errors import ReadError
from stairline.simulator.readers.formats import LAYER_TABLE_SUFFIXES, is_layer_table

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
"""Every operator that one row can express."""

DTYPES = ("float32", "float16", "bfloat16", "int8", "uint8", "int16", "int32")
LARGEST = 1 << 20
"""Largest height, width, channel count or window accepted, in elements: far above any network, and a product of
three still fits in 64 bits."""


class Columns(NamedTuple):
    """One array per column, all of one length; optional columns stand at the value that their absence means."""

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


def read_columns(path: Path) -> Columns:
    """The verified columns of a file. Raises ReadError with the first thing that is wrong."""
    frame = _frame(path)
    missing = [c for c in REQUIRED if c not in frame.columns]
    if missing:
        raise ReadError(f"{path}: column '{missing[0]}' is missing; a layer table has {', '.join(REQUIRED)}")
    unknown = [str(c) for c in frame.columns if c not in NUMBERS + TEXTS]
    if unknown:
        raise ReadError(f"{path}: column '{unknown[0]}' is unknown{near_or_all(unknown[0], NUMBERS + TEXTS)}")
    if not len(frame):
        raise ReadError(f"{path}: the table has no rows; give one row per layer")
    columns = Columns(**{name: _column(path, frame, name) for name in Columns._fields})
    check = _Check(path, columns)
    _verify_values(check)
    _verify_order(check)
    _verify_shapes(check)
    return columns


def near_or_all(word: str, words: tuple[str, ...]) -> str:
    """A hint to end an error line with: the nearest known word, or all of them."""
    return did_you_mean(word, words, f"; known: {', '.join(words)}")


def paddings(size: Ints, out: Ints, kernel: Ints, stride: Ints, dilation: Ints) -> tuple[Ints, Ints, Bools]:
    """(before, after) in elements that explain each output size along one axis, and whether any padding does.

    "SAME" explains ceil(size / stride), with the odd element after; any other size takes the smallest padding,
    equal on both sides where that gives the same output.
    """
    reach = (kernel - 1) * dilation + 1
    total = np.maximum((out - 1) * stride + reach - size, 0)
    same = out == -(-size // stride)
    even = total + total % 2
    total = np.where(~same & ((size + even - reach) // stride + 1 == out), even, total)
    explained = ((size + total - reach) // stride + 1 == out) & (size + total >= reach) & (total <= 2 * (reach - 1))
    return total // 2, total - total // 2, explained


def row_place(path: Path | str, row: int) -> str:
    """Where a row is: rows count from 1 after the header, as a data frame's reader would."""
    return f"{path}: row {row + 1}"


def _frame(path: Path) -> pd.DataFrame:
    if not is_layer_table(path):
        raise ReadError(f"{path}: suffix is none of {', '.join(LAYER_TABLE_SUFFIXES)}; rename the file or convert it")
    try:
        if path.suffix.lower() == ".parquet":
            from fastparquet import ParquetFile  # only a Parquet table pays for this import

            frame: pd.DataFrame = ParquetFile(str(path)).to_pandas()
            return frame
        empty = {name: [""] for name in NUMBERS}
        return pd.read_csv(path, dtype=dict.fromkeys(TEXTS, "str"), keep_default_na=False, na_values=empty)
    except FileNotFoundError:
        raise ReadError(f"{path}: no such file") from None
    except Exception as error:  # whatever the decoders raise on bytes that are no table
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


class _Check:
    """Columns under verification; ``refuse`` raises for the first row where a rule is broken."""

    def __init__(self, path: Path, columns: Columns) -> None:
        self.path, self.columns = path, columns

    def refuse(self, broken: Bools, column: str, rule: Callable[[int], str]) -> None:
        if broken.any():
            row = int(broken.argmax())
            value = getattr(self.columns, column)[row]
            op = self.columns.op[row]
            raise ReadError(f"{row_place(self.path, row)} ({op}): column '{column}' is {value!s:.40}: {rule(row)}")

    def of(self, ops: frozenset[str]) -> Bools:
        return among(self.columns.op, tuple(ops))


def among(texts: npt.NDArray[Any], words: tuple[str, ...]) -> Bools:
    """Where a text column holds one of ``words``."""
    codes, found = pd.factorize(texts)
    return np.array([w in words for w in found], dtype=np.bool_)[codes]


def _verify_values(check: _Check) -> None:
    c = check.columns
    check.refuse(c.net == "", "net", lambda _r: "empty; name the network that the layer belongs to")
    for name, words, optional in (
        ("op", TABLE_OPS, ()),
        ("activation", tuple(ACTIVATIONS), ("",)),
        ("dtype", DTYPES, ()),
    ):
        texts = getattr(c, name)
        known = tuple(words) + tuple(optional)
        check.refuse(
            ~among(texts, known),
            name,
            lambda r, texts=texts, words=words: "unknown" + near_or_all(texts[r], tuple(sorted(words))),  # type: ignore[misc]
        )
    for name in (*SIZES, "dilation", "groups"):
        values = getattr(c, name)
        rule = f"must be from 1 to {LARGEST}"
        check.refuse((values < 1) | (values > LARGEST), name, lambda _r, rule=rule: rule)  # type: ignore[misc]
    windows = check.of(WINDOWS)
    for name in ("kernel", "kernel_w", "stride", "stride_w"):
        values = getattr(c, name)
        rule = f"must be from 1 to {LARGEST} (0 only where the operator has no window)"
        broken = (values < 0) | (values > LARGEST) | (windows & (values == 0))
        check.refuse(broken, name, lambda _r, rule=rule: rule)  # type: ignore[misc]


def _verify_order(check: _Check) -> None:
    c = check.columns
    starts = network_starts(c.net)
    names = c.net[starts]
    again = pd.Series(names).duplicated().to_numpy()
    scattered = np.zeros(len(c.net), dtype=np.bool_)
    scattered[starts[again]] = True
    check.refuse(scattered, "net", lambda _r: "its rows are not together; sort the table by net and layer")
    lengths = np.diff(np.append(starts, len(c.net)))
    expected = np.arange(len(c.net)) - np.repeat(starts, lengths)
    check.refuse(
        c.layer != expected, "layer", lambda r: f"expected {expected[r]}; number a network's layers 0, 1, 2, ..."
    )


def network_starts(net: npt.NDArray[Any]) -> Ints:
    """Index of each network's first row."""
    codes = pd.factorize(net)[0]
    return np.flatnonzero(np.diff(codes, prepend=-1)).astype(np.int64)


def _verify_shapes(check: _Check) -> None:
    c = check.columns
    kept = ~check.of(frozenset({"conv2d", "dwconv2d", "dense", "reshape", "split"}))
    check.refuse(kept & (c.c_out != c.c_in), "c_out", lambda r: f"the operator keeps the {c.c_in[r]} input channels")
    still = check.of(POINTWISE | JOINS | {"split"})
    for axis in ("h", "w"):
        size, out = getattr(c, f"{axis}_in"), getattr(c, f"{axis}_out")
        check.refuse(still & (size != out), f"{axis}_out", lambda r, s=size: f"the operator keeps the input's {s[r]}")  # type: ignore[misc]
        check.refuse(check.of(GLOBAL_POOLS) & (out != 1), f"{axis}_out", lambda _r: "a global pool leaves 1")
    _verify_channels(check)
    _verify_windows(check)


def _verify_channels(check: _Check) -> None:
    c = check.columns
    grouped = check.of(frozenset({"conv2d", "channel_shuffle"}))
    broken = grouped & ((c.c_in % c.groups != 0) | (c.c_out % c.groups != 0))
    check.refuse(broken, "groups", lambda r: f"must divide c_in {c.c_in[r]} and c_out {c.c_out[r]}")
    depthwise = check.of(frozenset({"dwconv2d"}))
    check.refuse(depthwise & (c.c_out % c.c_in != 0), "c_out", lambda r: f"must be a multiple of c_in {c.c_in[r]}")
    halves = check.of(frozenset({"split"}))
    check.refuse(halves & (c.c_out > c.c_in), "c_out", lambda r: f"a part cannot exceed c_in {c.c_in[r]}")
    elements_in, elements_out = c.h_in * c.w_in * c.c_in, c.h_out * c.w_out * c.c_out
    moved = check.of(frozenset({"reshape"})) & (elements_in != elements_out)
    check.refuse(moved, "c_out", lambda r: f"{elements_in[r]} elements cannot become {elements_out[r]}")
    flat = (c.h_out == 1) & (c.w_out == 1)
    per_place = (c.h_out == c.h_in) & (c.w_out == c.w_in)
    dense = check.of(frozenset({"dense"})) & ~flat & ~per_place
    check.refuse(dense, "h_out", lambda r: f"dense gives 1x1, or {c.h_in[r]}x{c.w_in[r]} when applied per position")


def _verify_windows(check: _Check) -> None:
    c = check.columns
    windows = check.of(WINDOWS)
    for axis, kernel, stride in (("h", c.kernel, c.stride), ("w", c.kernel_w, c.stride_w)):
        size, out = getattr(c, f"{axis}_in"), getattr(c, f"{axis}_out")
        explained = paddings(size, out, np.maximum(kernel, 1), np.maximum(stride, 1), c.dilation)[2]

        def rule(r: int, size: Ints = size, kernel: Ints = kernel, stride: Ints = stride) -> str:
            k, s, d = int(kernel[r]), int(stride[r]), int(c.dilation[r])
            same = -(-int(size[r]) // s)
            return (
                f"no padding explains it from input {size[r]}, kernel {k}, stride {s}, dilation {d};"
                f" 'same' padding gives {same}, none gives {(int(size[r]) - (k - 1) * d - 1) // s + 1}"
            )

        check.refuse(windows & ~explained, f"{axis}_out", rule)
