"""Windows over single channels on an Ethos-U: pooling, copies, and activations by themselves."""

from __future__ import annotations

from stairline.hwmodels.kernels.base import Cost, KernelModel, Roof, Work

from .accounting import accounted
from .engine import pool_engine
from .kernel_parameters import EthosU


def ethos_u_pool(work: Work, roof: Roof, p: EthosU) -> Cost:
    """A window of each channel; a copy or an activation by itself is a window of one element."""
    return accounted(work, roof, p, pool_engine(work, roof, p), 0.0)


MODEL = KernelModel(EthosU, ethos_u_pool)
