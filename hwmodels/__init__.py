"""Hardware models: what a platform is, as data with provenance. Imports nothing else of the project."""

from .files.changes import derive
from .files.derived import with_fit_bounds, with_values, without_operators, without_residual
from .files.loading import available, load
from .platform import Machine, Platform, PlatformError
from .quantities import quantities

__all__ = [
    "Machine",
    "Platform",
    "PlatformError",
    "available",
    "derive",
    "load",
    "quantities",
    "with_fit_bounds",
    "with_values",
    "without_operators",
    "without_residual",
]
