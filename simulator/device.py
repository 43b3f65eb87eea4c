"""A device predicts the latency of networks on one platform; ``stairline.load`` returns it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, overload

from stairline import hwmodels
from stairline.hwmodels import Platform
from stairline.simulator.graph.graph import Graph
from stairline.simulator.pricing.predict import predict
from stairline.simulator.pricing.prediction import Prediction

from .networks import as_graph, named

if TYPE_CHECKING:
    from pandas import DataFrame

Network = Graph | str | Path
"""A network, the path of a model file or the name of a built-in network."""


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

    @overload
    def predict(  # type: ignore[overload-overlap] # A text is an iterable of texts as well, but names one network.
        self, graph: Network, dtype: str | None = None, *, allow_unknown: bool = False, residual: bool = True
    ) -> Prediction: ...
    @overload
    def predict(
        self, graph: Iterable[Network], dtype: str | None = None, *, allow_unknown: bool = False, residual: bool = True
    ) -> DataFrame: ...
    def predict(
        self,
        graph: Network | Iterable[Network],
        dtype: str | None = None,
        *,
        allow_unknown: bool = False,
        residual: bool = True,
    ) -> Prediction | DataFrame:
        """Predict the latency of ``graph`` at ``dtype``; a model file's path and a built-in network's name do as well.

        Of several networks in an iterable, such as those of ``stairline.networks``, a table with a row for each: where
        there is no prediction its status is "failed" and its reason says why.

        By default that is the precision of the model file that the network was read from, or the nearest one that the
        platform has (the prediction is then flagged), and for other networks the platform's default.

        Raises ReadError for a file that cannot be read, PlatformError for a precision that the platform lacks, and
        UnknownOperatorError when an operator has no kernel model. With ``allow_unknown`` such operators are left out
        and the latency is a lower bound. Without ``residual`` a calibrated platform predicts by its kernel models
        alone.
        """
        platform = self.platform if residual else self._analytical
        if isinstance(graph, (Graph, str, Path)):
            return predict(as_graph(graph), platform, dtype, allow_unknown=allow_unknown)
        from stairline.simulator.pricing.frame import frame

        return frame(named(graph), platform, dtype, allow_unknown)

    @cached_property
    def _analytical(self) -> Platform:
        return hwmodels.without_residual(self.platform)


def load(name: str | Path) -> Device:
    """The device whose platform has this name, alias (in any case) or file. Raises PlatformError where none has."""
    return Device(hwmodels.load(name))


def available() -> tuple[Device, ...]:
    """All devices that ship with the package: those of the paper's Table 2 in its order, then the others by name."""
    return tuple(map(Device, hwmodels.available()))
