"""Transposes on an Ethos-U55 or U65, which its engine runs as a chain of copies."""

from __future__ import annotations

from stairline.hwmodels.kernels.base import Cost, KernelModel, Roof, Work

from .accounting import accounted
from .engine import move_engine
from .kernel_parameters import EthosU


def ethos_u_transpose(work: Work, roof: Roof, p: EthosU) -> Cost:
    """Every element read once and written once, neither hiding the other's latency."""
    return accounted(work, roof, p, move_engine(work, roof, p), 1.0)


MODEL = KernelModel(EthosU, ethos_u_transpose)
