"""What calibration complains about."""

from __future__ import annotations


class RecordsError(ValueError):
    """A file of measurements that cannot be read, or that no platform should be fitted to."""


class NotFittedError(RecordsError):
    """Measurements were taken and are kept in their store, but no platform could be fitted to them."""
