"""The errors that calibration raises for its input."""

from __future__ import annotations


class RecordsError(ValueError):
    """A file of measurements that cannot be read, or to which no platform should be fitted."""


class NotFittedError(RecordsError):
    """Measurements were taken and are kept in their store, but no platform could be fitted to them."""
