"""The activation that an ncnn layer with weights may have, by number: parameter 9, with its arguments in 10."""

from __future__ import annotations

from .state import Blob, NcnnState
from .text import NcnnLayer

_BY_NUMBER = {1: "relu", 2: "leaky_relu", 3: "clip", 4: "sigmoid", 5: "mish", 6: "hard_swish", 7: "gelu"}
"""Source: ncnn, src/layer/fused_activation.h."""


def activated(s: NcnnState, n: NcnnLayer, blob: Blob) -> Blob:
    """The blob behind the layer's activation; the blob itself where it has none or one without a name here."""
    number = n.whole(9)
    if number not in _BY_NUMBER:
        return blob
    op = _BY_NUMBER[number]
    bounds = n.parameters.get(10, ())
    if op == "clip" and isinstance(bounds, tuple) and tuple(map(float, bounds)) == (0.0, 6.0):
        op = "relu6"
    return s.add(n, op, [blob.tensor], suffix=f"/{op}")
