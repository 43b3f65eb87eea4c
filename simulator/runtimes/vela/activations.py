"""Operators that an Ethos-U applies to each element on its way out, in the pass of another operator or in one alone."""

from __future__ import annotations

from stairline.simulator.graph.ops import ACTIVATIONS

LOOKED_UP = frozenset({"exp", "elu", "log", "rsqrt"})
"""Functions that Vela 5.2 turns into a table of 256 values, as it does sigmoid and tanh: its times of all are equal."""

PASSED_THROUGH = ACTIVATIONS | LOOKED_UP
"""Operators of one element each that take no pass of their own behind another operator."""
