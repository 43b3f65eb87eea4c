"""A platform that predicts: what ``stairline.load`` gives."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stairline import hwmodels
from stairline.hwmodels import Platform
from stairline.simulator.graph.graph import Graph
from stairline.simulator.pricing.predict import predict
from stairline.simulator.pricing.prediction import Prediction


@dataclass(frozen=True, eq=False)
class Device:
    """A platform together with the walk that predicts on it."""

    platform: Platform

    @property
    def name(self) -> str:
        """Device-processor-runtime."""
        return self.platform.name

    @property
    def dtypes(self) -> tuple[str, ...]:
        """Precisions, the default one first."""
        return self.platform.dtypes

    def predict(self, graph: Graph, dtype: str | None = None, *, allow_unknown: bool = False) -> Prediction:
        """The latency of ``graph`` at ``dtype`` (the default precision where None), kernel by kernel.

        Raises PlatformError for a precision that the platform lacks, and UnknownOperatorError when an operator has no
        model, unless ``allow_unknown``: then the latency is a lower bound.
        """
        return predict(graph, self.platform, dtype, allow_unknown=allow_unknown)


def load(name: str | Path) -> Device:
    """A device by its platform's name, alias (any case) or file. Raises PlatformError."""
    return Device(hwmodels.load(name))


def available() -> tuple[Device, ...]:
    """All shipped devices, in the order of the paper's Table 2, then by name."""
    return tuple(map(Device, hwmodels.available()))
