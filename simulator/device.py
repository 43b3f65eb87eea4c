"""A device predicts the latency of networks on one platform; ``stairline.load`` returns it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stairline import hwmodels
from stairline.hwmodels import Platform
from stairline.simulator.graph.graph import Graph
from stairline.simulator.pricing.predict import predict
from stairline.simulator.pricing.prediction import Prediction

from .networks import read


@dataclass(frozen=True, eq=False)
class Device:
    """A platform with the method that predicts the latency of a network on it."""

    platform: Platform

    @property
    def name(self) -> str:
        """The name of the platform, which is made of device, processor and runtime."""
        return self.platform.name

    @property
    def dtypes(self) -> tuple[str, ...]:
        """The precisions of the platform, the default one first."""
        return self.platform.dtypes

    def __repr__(self) -> str:
        return f"Device('{self.name}')"

    def predict(
        self, graph: Graph | str | Path, dtype: str | None = None, *, allow_unknown: bool = False
    ) -> Prediction:
        """Predict the latency of ``graph`` at ``dtype``; a model file's path and a built-in network's name do as well.

        By default that is the precision of the model file that the network was read from, or the nearest one that the
        platform has (the prediction is then flagged), and for other networks the platform's default.

        Raises ReadError for a file that cannot be read, PlatformError for a precision that the platform lacks, and
        UnknownOperatorError when an operator has no kernel model. With ``allow_unknown`` such operators are left out
        and the latency is a lower bound.
        """
        network = graph if isinstance(graph, Graph) else read(graph)
        return predict(network, self.platform, dtype, allow_unknown=allow_unknown)


def load(name: str | Path) -> Device:
    """The device whose platform has this name, alias (in any case) or file. Raises PlatformError where none has."""
    return Device(hwmodels.load(name))


def available() -> tuple[Device, ...]:
    """All devices that ship with the package: those of the paper's Table 2 in its order, then the others by name."""
    return tuple(map(Device, hwmodels.available()))
