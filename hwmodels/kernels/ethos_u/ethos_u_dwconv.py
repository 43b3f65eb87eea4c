"""Depthwise convolutions on an Ethos-U."""

from __future__ import annotations

from stairline.hwmodels.kernels.base import Cost, KernelModel, Roof, Work

from .accounting import accounted
from .engine import dwconv_engine
from .kernel_parameters import EthosU


def ethos_u_dwconv(work: Work, roof: Roof, p: EthosU) -> Cost:
    """A depthwise convolution."""
    return accounted(work, roof, p, dwconv_engine(work, roof, p, 1.0, 1.0), 0.0)


MODEL = KernelModel(EthosU, ethos_u_dwconv)
