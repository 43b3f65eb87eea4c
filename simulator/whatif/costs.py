"""What hardware costs, by an expression over its numbers, and the points that no other beats in both cost and time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stairline.hwmodels import Platform, quantities
from stairline.hwmodels.quantities import dtype_of
from stairline.simulator.pricing.arrays import Vector

from .errors import WhatIfError
from .expression import expression, keys_of
from .points import Points


def presets(platform: Platform, dtype: str) -> dict[str, str]:
    """The costs that have a name, each the key of one number; those that the platform has no number for are left out.

    A front then shows what more of that one resource buys.
    """
    main = next(iter(platform.file.roofs.memory))
    starts = {
        "multipliers": f"roofs.compute.{dtype}.macs_per_cycle",
        "bandwidth": f"roofs.memory.{main}.bandwidth_bytes_per_s",
        "sram": "placement.capacity_bytes",
    }
    own = [key for key, _ in quantities(platform.file) if dtype_of(key) in (None, dtype)]
    found = {name: next((key for key in own if key.startswith(start)), None) for name, start in starts.items()}
    return {name: key for name, key in found.items() if key is not None}


def costs(platform: Platform, text: str, points: Points, dtype: str) -> Vector:
    """(points,): the cost of each point by an expression over the platform's keys, or by the name of a preset.

    Raises WhatIfError for a text that is none or has no finite value at a point, PlatformError for an unknown key.
    """
    named = presets(platform, dtype)
    if text in ("multipliers", "bandwidth", "sram") and text not in named:
        raise WhatIfError(f"--cost {text}: {platform.name} has no such number; write an expression over its keys")
    parsed = expression(f"'{named[text]}'" if text in named else text)
    values = keys_of(platform, parsed) | {key: points.values[:, i] for i, key in enumerate(points.keys)}
    with np.errstate(all="ignore"):
        found = np.broadcast_to(np.asarray(parsed.value(values), dtype=np.float64), (len(points),))
    if not np.all(np.isfinite(found)):
        raise WhatIfError(f"--cost '{text}': not a finite number at every point")
    return found


def front(costs: Vector, latencies_s: Vector) -> NDArray[np.bool_]:
    """(points,): whether no other point is as cheap and faster, or as fast and cheaper."""
    order = np.lexsort((latencies_s, costs))
    best = np.minimum.accumulate(latencies_s[order])
    is_better = np.concatenate([[True], latencies_s[order][1:] < best[:-1]])
    found = np.zeros(len(order), dtype=bool)
    found[order] = is_better
    return found
