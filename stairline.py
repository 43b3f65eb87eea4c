"""Stairline: how long does this neural network take on that device? The public API and the command."""

from __future__ import annotations
