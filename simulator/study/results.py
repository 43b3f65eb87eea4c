"""What a platform predicts for the paper's experiments: each is computed when it is first asked for."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

from stairline.hwmodels import Platform
from stairline.hwmodels.schema import ELEMENT_BYTES
from stairline.simulator.graph.graph import Graph
from stairline.simulator.mapping.plan import UnknownOperatorError
from stairline.simulator.pricing.predict import predict
from stairline.simulator.pricing.prediction import Prediction
from stairline.simulator.zoo import MODELS, build

from .experiments import (
    ACTIVATIONS,
    BLOCKS,
    HALF_SIZE_DOUBLE_CHANNEL,
    KERNELS,
    activated,
    block,
    conv,
    conv_over_c_out,
    dwconv,
    dwconv_over_channels,
)


@dataclass(frozen=True, eq=False)
class Results:
    """The experiments on one platform at one precision. All times are in seconds."""

    platform: Platform
    dtype: str

    @cached_property
    def conv_s(self) -> list[float]:
        """Fig. 4 and B.1: a convolution at each of ``CHANNELS`` output channels."""
        return conv_over_c_out(self.platform, self.dtype)

    @cached_property
    def dwconv_s(self) -> list[float]:
        """Fig. B.3: a depthwise convolution at each of ``CHANNELS``."""
        return dwconv_over_channels(self.platform, self.dtype)

    @cached_property
    def blocks_s(self) -> dict[str, float]:
        """Fig. 6a: each block at 56 x 56 x 32."""
        return {name: self._operators(block(name)).operators_s for name in BLOCKS}

    @cached_property
    def activations_s(self) -> dict[str, float]:
        """Fig. 7: a depthwise convolution without an activation ("none") and with each."""
        times_s = {op: self._operators(activated(op)).operators_s for op in ACTIVATIONS}
        return {"none": self._operators(dwconv(28, 96, 3)).operators_s, **times_s}

    @cached_property
    def kernels_s(self) -> dict[int, float]:
        """Fig. 8a: a convolution at 56 x 56 x 32 by the size of its kernel, of those that the platform runs itself."""
        found = {size: self._operators(conv(56, 32, 32, size)) for size in KERNELS}
        return {size: prediction.operators_s for size, prediction in found.items() if prediction.status == "ok"}

    @cached_property
    def depths_s(self) -> list[dict[str, float]]:
        """Fig. B.5: for each layer, the time of the blocks that can run there."""
        return [
            {
                name: found.operators_s
                for name in BLOCKS
                if name != "MobileNetV2Block+SE"
                and (found := self._operators(block(name, hw, channels))).status != "cannot_run"
            }
            for hw, channels in HALF_SIZE_DOUBLE_CHANNEL
        ]

    @cached_property
    def networks(self) -> dict[str, Prediction]:
        """Fig. B.6 and B.7: those of the paper's fourteen networks of which every operator has a model."""
        found = {}
        for name in MODELS:
            with suppress(UnknownOperatorError):
                found[name] = predict(build(name), self.platform, self.dtype)
        return found

    @property
    def statuses(self) -> dict[str, str]:
        """What becomes of each of the fourteen networks; empty where an operator of it has no model."""
        return {name: self.networks[name].status if name in self.networks else "" for name in MODELS}

    @cached_property
    def speedups(self) -> dict[str, float]:
        """Table 4: how many times as fast 8 bits are as the platform's floating point; empty where it lacks either."""
        narrow = [dtype for dtype in self.platform.dtypes if ELEMENT_BYTES[dtype] == 1]
        floating = [dtype for dtype in self.platform.dtypes if dtype.startswith("float")]
        if not narrow or not floating:
            return {}
        return {name: self._latency_s(name, floating[0]) / self._latency_s(name, narrow[0]) for name in self.networks}

    def _latency_s(self, name: str, dtype: str) -> float:
        if dtype == self.dtype:
            return self.networks[name].latency_s
        return predict(build(name), self.platform, dtype).latency_s

    def _operators(self, graph: Graph) -> Prediction:
        return predict(graph, self.platform, self.dtype)
