"""The error that calibration raises for its input."""

from __future__ import annotations


class RecordsError(ValueError):
    """A file of measurements that cannot be read, or to which no platform should be fitted."""
