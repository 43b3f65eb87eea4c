"""The rules that the columns of a layer table must satisfy, checked over whole arrays at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from stairline.simulator.graph.ops import ACTIVATIONS

from .columns import (
    DTYPES,
    GLOBAL_POOLS,
    JOINS,
    LARGEST,
    POINTWISE,
    SIZES,
    TABLE_OPS,
    WINDOWS,
    Bools,
    BrokenRowsError,
    Columns,
    Ints,
    among,
    near_or_all,
    network_starts,
    paddings,
    row_place,
)


def verify(path: Path, columns: Columns) -> None:
    """Raise BrokenRowsError for the rows whose values, order or shapes break the first rule that any row breaks."""
    check = _Check(path, columns)
    _verify_values(check)
    _verify_order(check)
    _verify_shapes(check)


class _Check:
    """The columns under verification, with what an error message names."""

    def __init__(self, path: Path, columns: Columns) -> None:
        self.path, self.columns = path, columns

    def refuse(self, broken: Bools, column: str, rule: Callable[[int], str]) -> None:
        """Raise BrokenRowsError where ``broken`` is true in any row; ``rule`` gives the text of the broken rule."""
        if not broken.any():
            return
        c, values, complaints = self.columns, getattr(self.columns, column), dict[str, str]()
        for row in np.flatnonzero(broken).tolist():
            if c.net[row] not in complaints:
                where = f"{row_place(self.path, c.row[row])} ({c.op[row]})"
                complaints[c.net[row]] = f"{where}: column '{column}' is {values[row]!s:.40}: {rule(row)}"
        raise BrokenRowsError(complaints)

    def has_op(self, ops: frozenset[str]) -> Bools:
        """For each row, whether its operator is one of ``ops``."""
        return among(self.columns.op, tuple(ops))


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
    windows = check.has_op(WINDOWS)
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
    check.refuse(scattered, "net", lambda _r: "its rows are not consecutive; sort the table by net and layer")
    lengths = np.diff(np.append(starts, len(c.net)))
    expected = np.arange(len(c.net)) - np.repeat(starts, lengths)
    check.refuse(
        c.layer != expected, "layer", lambda r: f"expected {expected[r]}; number a network's layers 0, 1, 2, ..."
    )


def _verify_shapes(check: _Check) -> None:
    c = check.columns
    kept = ~check.has_op(frozenset({"conv2d", "dwconv2d", "dense", "reshape", "split"}))
    check.refuse(kept & (c.c_out != c.c_in), "c_out", lambda r: f"the operator keeps the {c.c_in[r]} input channels")
    still = check.has_op(POINTWISE | JOINS | {"split"})
    for axis in ("h", "w"):
        size, out = getattr(c, f"{axis}_in"), getattr(c, f"{axis}_out")
        check.refuse(still & (size != out), f"{axis}_out", lambda r, s=size: f"the operator keeps the input's {s[r]}")  # type: ignore[misc]
        check.refuse(check.has_op(GLOBAL_POOLS) & (out != 1), f"{axis}_out", lambda _r: "a global pool leaves 1")
    _verify_channels(check)
    _verify_windows(check)


def _verify_channels(check: _Check) -> None:
    c = check.columns
    grouped = check.has_op(frozenset({"conv2d", "channel_shuffle"}))
    broken = grouped & ((c.c_in % c.groups != 0) | (c.c_out % c.groups != 0))
    check.refuse(broken, "groups", lambda r: f"must divide c_in {c.c_in[r]} and c_out {c.c_out[r]}")
    depthwise = check.has_op(frozenset({"dwconv2d"}))
    check.refuse(depthwise & (c.c_out % c.c_in != 0), "c_out", lambda r: f"must be a multiple of c_in {c.c_in[r]}")
    halves = check.has_op(frozenset({"split"}))
    check.refuse(halves & (c.c_out > c.c_in), "c_out", lambda r: f"a part cannot exceed c_in {c.c_in[r]}")
    elements_in, elements_out = c.h_in * c.w_in * c.c_in, c.h_out * c.w_out * c.c_out
    moved = check.has_op(frozenset({"reshape"})) & (elements_in != elements_out)
    check.refuse(moved, "c_out", lambda r: f"{elements_in[r]} elements cannot become {elements_out[r]}")
    flat = (c.h_out == 1) & (c.w_out == 1)
    per_place = (c.h_out == c.h_in) & (c.w_out == c.w_in)
    dense = check.has_op(frozenset({"dense"})) & ~flat & ~per_place
    check.refuse(dense, "h_out", lambda r: f"dense gives 1x1, or {c.h_in[r]}x{c.w_in[r]} when applied per position")


def _verify_windows(check: _Check) -> None:
    c = check.columns
    windows = check.has_op(WINDOWS)
    for axis, kernel, stride in (("h", c.kernel, c.stride), ("w", c.kernel_w, c.stride_w)):
        size, out = getattr(c, f"{axis}_in"), getattr(c, f"{axis}_out")
        explained = paddings(size, out, np.maximum(kernel, 1), np.maximum(stride, 1), c.dilation)[2]

        def rule(r: int, size: Ints = size, kernel: Ints = kernel, stride: Ints = stride) -> str:
            k, s, d = int(kernel[r]), int(stride[r]), int(c.dilation[r])
            same = -(-int(size[r]) // s)
            return (
                f"no padding gives it from input {size[r]}, kernel {k}, stride {s}, dilation {d};"
                f" 'same' padding gives {same}, none gives {(int(size[r]) - (k - 1) * d - 1) // s + 1}"
            )

        check.refuse(windows & ~explained, f"{axis}_out", rule)
