"""A platform: a validated file, and the machine that it is at each precision."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from .digest import platform_digest
from .machine import CrossingCost, Machine, PlatformError, Rule, resolve
from .overlay import OverlayFile
from .residual import Residual
from .schema import PlatformFile

__all__ = ["CrossingCost", "Machine", "Platform", "PlatformError", "Rule"]


@dataclass(frozen=True, eq=False)
class Platform:
    """A validated platform file and its path, with its overlay and its residual where it was calibrated."""

    file: PlatformFile
    path: str
    overlay: OverlayFile | None = None
    """How a calibrated platform differs from its parent, and how well it predicts; None where it is no overlay."""
    residual: Residual | None = None
    """The correction that an overlay carries; None where it carries none."""
    changed_from: Platform | None = None
    """The platform as it was read, where numbers, bounds or rules were changed since; None where they were not."""
    omitted: tuple[str, ...] = ()
    """Operators that take no time, because the measurements that the platform is held against do not include them."""

    @property
    def name(self) -> str:
        """The name of the platform: device-processor-runtime."""
        return self.file.name

    @property
    def as_read(self) -> Platform:
        """The platform as its file states it, whatever was changed since."""
        return self.changed_from or self

    @cached_property
    def digest(self) -> str:
        """The digest of everything that the platform predicts from; see ``hwmodels.digest``."""
        domain = self.overlay.domain if self.overlay else None
        record = self.overlay.residual if self.overlay and self.residual else None
        return platform_digest(self.file, domain, record)

    @cached_property
    def fitted_digest(self) -> str:
        """The digest of what an overlay's numbers are fitted over, by which the overlay names this platform.

        ``alike`` stays out of it: it adds operators and changes no prediction of a network that has none of them.
        """
        return platform_digest(self.file.model_copy(update={"alike": ()}))

    @cached_property
    def dtypes(self) -> tuple[str, ...]:
        """The precisions that the platform runs, the default one first."""
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
    resolved = resolve(platform.file, dtype)
    return replace(resolved, residual=platform.residual, domain=domain, omitted=platform.omitted)
