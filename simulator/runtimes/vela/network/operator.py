"""One kernel of an Ethos-U as Vela's estimates see it."""

from __future__ import annotations

from typing import NamedTuple

from stairline.hwmodels.kernels.base import Roof, Work
from stairline.hwmodels.kernels.ethos_u.kernel_parameters import EthosU
from stairline.simulator.runtimes.vela.weights.codes import Codes

WEIGHTED = frozenset({"ethos_u_conv", "ethos_u_dwconv"})
"""Kernel models of operators that have weights."""


class Operator(NamedTuple):
    """A kernel's model, work and roof, and the parameters ``p`` as far as the compiler has decided them.

    ``p`` holds the block and the memories of the tensors; ``codes`` are the values of the weights.
    """

    model: str
    work: Work
    roof: Roof
    p: EthosU
    codes: Codes = Codes(b"")

    @property
    def weighted(self) -> bool:
        """Whether the operator has weights."""
        return self.model in WEIGHTED
