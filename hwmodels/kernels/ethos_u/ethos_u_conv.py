"""Convolutions and matrix products on an Ethos-U."""

from __future__ import annotations

from stairline.hwmodels.kernels.base import Cost, KernelModel, Roof, Work

from .accounting import accounted
from .engine import conv_engine
from .kernel_parameters import EthosU


def ethos_u_conv(work: Work, roof: Roof, p: EthosU) -> Cost:
    """A convolution, or a matrix product as one of a single tap."""
    return accounted(work, roof, p, conv_engine(work, roof, p, 1.0, 1.0), 0.0)


MODEL = KernelModel(EthosU, ethos_u_conv)
