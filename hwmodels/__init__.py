"""Hardware models: what a platform is, as data with provenance. Imports nothing else of the project."""

from .loading import available, load, quantities
from .platform import Machine, Platform, PlatformError
from .whatif import with_free, with_values, without_operators

__all__ = [
    "Machine",
    "Platform",
    "PlatformError",
    "available",
    "load",
    "quantities",
    "with_free",
    "with_values",
    "without_operators",
]
