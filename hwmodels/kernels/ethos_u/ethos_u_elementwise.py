"""Element-wise operators on an Ethos-U."""

from __future__ import annotations

from stairline.hwmodels.kernels.base import Cost, KernelModel, Roof, Work

from .accounting import accounted
from .engine import elementwise_engine
from .kernel_parameters import EthosU


def ethos_u_elementwise(work: Work, roof: Roof, p: EthosU) -> Cost:
    """Element by element through the output unit, commands and blocks of operands behind it."""
    return accounted(work, roof, p, elementwise_engine(work, roof, p), 1.0)


MODEL = KernelModel(EthosU, ethos_u_elementwise)
