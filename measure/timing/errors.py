"""The errors that measuring raises; each message says what is wrong, why, and what to do about it."""

from __future__ import annotations


class MeasureError(ValueError):
    """Something that cannot be measured, stored or compared."""


class ConditionsDifferError(MeasureError):
    """Measurements that were to be averaged were taken under different conditions."""
