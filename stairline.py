"""Stairline: how long does this neural network take on that device? The public API and the command."""

from __future__ import annotations

from pathlib import Path

import hwmodels
from hwmodels import Platform, PlatformError
from simulator.graph import Graph, GraphError
from simulator.predict import Prediction, predict

__all__ = ["Graph", "GraphError", "Platform", "PlatformError", "Prediction", "load", "predict"]


def load(name: str | Path) -> Platform:
    """A platform by name, alias or path. Raises PlatformError."""
    return hwmodels.load(name)
