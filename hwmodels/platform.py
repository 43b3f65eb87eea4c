"""A platform: a validated file, and the machine it is at each precision."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from .machine import CrossingCost, Machine, PlatformError, Rule, resolve
from .overlay import OverlayFile
from .residual import Residual
from .schema import PlatformFile

__all__ = ["CrossingCost", "Machine", "Platform", "PlatformError", "Rule"]


@dataclass(frozen=True, eq=False)
class Platform:
    """A validated platform file, its path and the digest of its bytes."""

    file: PlatformFile
    path: str
    digest: str
    overlay: OverlayFile | None = None
    """Where the file is an overlay: how the platform differs from its parent, and how good it is."""
    residual: Residual | None = None
    """Where an overlay carries one."""

    @property
    def name(self) -> str:
        """Device-processor-runtime."""
        return self.file.name

    @cached_property
    def dtypes(self) -> tuple[str, ...]:
        """Precisions, the default one first."""
        default = self.file.platform.default_dtype
        return (default, *(d for d in self.file.platform.dtypes if d != default))

    def machine(self, dtype: str | None = None) -> Machine:
        """The platform at a precision (its default one where None). Raises PlatformError."""
        return _machine(self, dtype or self.dtypes[0])


@lru_cache(maxsize=256)
def _machine(platform: Platform, dtype: str) -> Machine:
    if dtype not in platform.dtypes:
        raise PlatformError(f"{platform.name}: no precision '{dtype}'; it has {', '.join(platform.dtypes)}")
    domain = platform.overlay.domain if platform.overlay is not None else None
    return replace(resolve(platform.file, dtype), residual=platform.residual, domain=domain)
