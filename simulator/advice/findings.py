"""The findings of Tang et al. (MLSys 2021) that advice rests on, and mechanisms that are none of them."""

from __future__ import annotations

from typing import NamedTuple


class Reason(NamedTuple):
    """Why a change saves time or adds something for nothing: the name of a finding or a mechanism, and what it says."""

    name: str
    text: str

    def __str__(self) -> str:
        return f"{self.name}: {self.text}"


STEPS = Reason("Finding 1", "channels are padded to the tiles of the hardware, so latency climbs in steps")
NON_CONVOLUTIONS = Reason("Finding 2", "operators other than convolutions can largely increase latency")
ACTIVATIONS = Reason("Finding 3", "activations that the runtime does not fuse with a convolution are costly")
KERNELS = Reason("Finding 4", "a layer that is bound by memory takes a larger kernel for little")
PRECISIONS = Reason("Finding 5", "what a lower precision gains depends on the processor and on data reuse")
ACCURACY = Reason("Finding 6", "INT8 can dramatically decrease accuracy")
SUPPORT = Reason("Finding 7", "platforms other than the CPU do not run every operator themselves")

ROOM = Reason("memory", "what parameters and maps take must fit into the platform's memories")
SPILL = Reason("on-chip memory", "parameters that have no room on chip arrive anew with every inference")
AMORTISED = Reason(
    "shared costs", "a batch shares the cost of an inference, of dispatch and of parameters among its images"
)
