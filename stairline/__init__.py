"""Stairline: how long does this neural network take on that device? The public names, each imported on first use.

This file imports no module: ``python -m stairline`` runs it while the current folder is still first on the path.
"""

from __future__ import annotations

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stairline.calibration.records.errors import RecordsError
    from stairline.hwmodels import Platform, PlatformError
    from stairline.simulator.device import Device, available, load
    from stairline.simulator.graph.graph import Graph, GraphError
    from stairline.simulator.mapping.plan import UnknownOperatorError
    from stairline.simulator.networks import Networks, networks, read
    from stairline.simulator.pricing.prediction import KernelPrediction, Prediction
    from stairline.simulator.readers.errors import ReadError
    from stairline.simulator.spaces.catalogue import space
    from stairline.simulator.spaces.errors import SpaceError
    from stairline.simulator.spaces.space import Space
    from stairline.simulator.whatif.errors import WhatIfError
    from stairline.simulator.zoo import ZooError

__all__ = [
    "Device",
    "Graph",
    "GraphError",
    "KernelPrediction",
    "Networks",
    "Platform",
    "PlatformError",
    "Prediction",
    "ReadError",
    "RecordsError",
    "Space",
    "SpaceError",
    "UnknownOperatorError",
    "WhatIfError",
    "ZooError",
    "available",
    "load",
    "networks",
    "read",
    "space",
]

_MODULES = {
    "stairline.calibration.records.errors": ("RecordsError",),
    "stairline.hwmodels": ("Platform", "PlatformError"),
    "stairline.simulator.device": ("Device", "available", "load"),
    "stairline.simulator.graph.graph": ("Graph", "GraphError"),
    "stairline.simulator.mapping.plan": ("UnknownOperatorError",),
    "stairline.simulator.networks": ("Networks", "networks", "read"),
    "stairline.simulator.pricing.prediction": ("KernelPrediction", "Prediction"),
    "stairline.simulator.readers.errors": ("ReadError",),
    "stairline.simulator.spaces.catalogue": ("space",),
    "stairline.simulator.spaces.errors": ("SpaceError",),
    "stairline.simulator.spaces.space": ("Space",),
    "stairline.simulator.whatif.errors": ("WhatIfError",),
    "stairline.simulator.zoo": ("ZooError",),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}
"""The module that each public name is imported from."""


def __getattr__(name: str) -> object:
    """A public name, imported when it is first asked for: ``import stairline`` alone loads nothing else."""
    if name not in _HOMES:
        raise AttributeError(f"module 'stairline' has no attribute '{name}'")
    from importlib import import_module

    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *__all__]
