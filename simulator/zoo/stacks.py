"""Graphs of a single block, of one block repeated, and of a chain of different blocks and operators."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping

from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph

from .blocks import BLOCKS
from .operators import OPERATORS
from .parts import ZooError, unknown
from .units import UNITS

STEPS: dict[str, Callable[..., int]] = BLOCKS | OPERATORS | UNITS
"""The blocks, operators and units that a chain may consist of, by name."""

MAX_STEPS = 500
"""Largest number of steps in a chain."""


def chain(b: GraphBuilder, x: int, *, steps: str) -> int:
    """Append blocks and operators with their settings one after the other, such as "conv:c_out=16:stride=2 relu".

    Raises ZooError for an unknown step or setting, which the message names.
    """
    stated = steps.split()
    if not 0 < len(stated) <= MAX_STEPS:
        raise ZooError(f"chain: {len(stated)} steps: give 1 to {MAX_STEPS}, such as 'conv:c_out=16 relu'")
    for step in stated:
        name, *pairs = step.split(":")
        settings = dict(_setting(step, pair) for pair in pairs)
        x = _verified(name, STEPS, settings)(b, x, **settings)
    return x


def _setting(step: str, pair: str) -> tuple[str, int | str | tuple[int, ...]]:
    """Name and value of a setting written NAME=VALUE: a number, a word, or a height and width such as 1x7."""
    key, equals, text = pair.partition("=")
    if not (key and equals and text):
        raise ZooError(f"chain: step '{step}': '{pair}': give NAME=VALUE, such as c_out=16")
    parts = text.split("x")
    if not all(part.isascii() and part.isdecimal() and len(part) < 10 for part in parts):
        return key, text
    return key, int(text) if len(parts) == 1 else tuple(map(int, parts))


def build_block(
    name: str, hw: int = 56, channels: int = 32, kernel: int | None = None, stride: int = 1, **settings: object
) -> Graph:
    """A graph of one block on an input of ``hw`` x ``hw`` pixels and ``channels`` channels.

    ``kernel`` None is the block's own size, mostly 3. ``settings`` are the block's further keywords, such as ``c_out``.
    Raises ZooError for an unknown block, a setting that the block does not have, and numbers below 1.
    """
    return build_stack(name, 1, hw, channels, kernel, stride, **settings)


def build_stack(
    name: str,
    depth: int,
    hw: int = 56,
    channels: int = 32,
    kernel: int | None = None,
    stride: int = 1,
    **settings: object,
) -> Graph:
    """A graph of ``depth`` equal blocks in a row; the other arguments and the errors are those of ``build_block``.

    The latencies of two depths give that of one block without the costs of an inference (the paper's appendix A).
    """
    known = STEPS | {"chain": chain}
    if kernel is not None:
        settings["kernel"] = kernel
    if stride != 1:
        settings["stride"] = stride
    _verify_positive(name, depth=depth, hw=hw, channels=channels)
    block = _verified(name, known, settings)
    b = GraphBuilder(name, source=f"zoo:{name}")
    y = b.input((1, hw, hw, channels))
    for _ in range(depth):
        y = block(b, y, **settings)
    return b.build(y)


def _verified(name: str, known: Mapping[str, Callable[..., int]], settings: Mapping[str, object]) -> Callable[..., int]:
    """The block of that name. Raises ZooError where it is unknown or does not take these settings."""
    if name not in known:
        raise ZooError(unknown("block", name, known))
    _verify_positive(name, **settings)
    taken = {key: p.annotation for key, p in list(inspect.signature(known[name]).parameters.items())[2:]}
    for key, value in settings.items():
        if key not in taken:
            raise ZooError(f"{name}: has no setting '{key}'; it takes {', '.join(taken)}")
        if isinstance(value, str) != (taken[key] == "str"):
            raise ZooError(f"{name}: {key} {value!r} must be a {'word' if taken[key] == 'str' else 'number'}")
    return known[name]


def _verify_positive(name: str, **settings: object) -> None:
    for key, value in settings.items():
        numbers = [part for part in (value if isinstance(value, tuple) else (value,)) if isinstance(part, int | float)]
        if not all(number >= 1 for number in numbers):
            raise ZooError(f"{name}: {key} {value} must be at least 1")
