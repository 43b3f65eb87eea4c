"""The cost of one kernel, by the model that its platform names."""

from __future__ import annotations

from functools import lru_cache

from stairline.hwmodels.kernels.base import Cost, Work
from stairline.hwmodels.kernels.registry import kernel_model
from stairline.hwmodels.platform import Rule


@lru_cache(maxsize=1 << 16)
def kernel_cost(rule: Rule, work: Work) -> Cost:
    """Cost of one kernel under its platform's rule. Remembered, since the networks of a search share most kernels."""
    return kernel_model(rule.model).cost(work, rule.roof, rule.parameters)
