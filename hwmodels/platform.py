"""A platform, and the plain numbers it comes to at one precision."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import inf
from typing import NamedTuple

from .kernel_models import KERNEL_MODELS, KernelParameters
from .provenance import Quantity, at_dtype
from .schema import ELEMENT_BYTES, FusionRule, KernelRule, LoweringRule, PlatformFile, SupportRule


class PlatformError(ValueError):
    """A platform that does not exist or a file that does not describe one."""


class Roof(NamedTuple):
    """The roofs one kernel meets. Rates in MAC/s and bytes/s, clock in Hz, ``element_bytes`` per tensor element."""

    macs_per_s: float
    bytes_per_s: float
    weight_bytes_per_s: float
    stream_bytes_per_s: float
    """Rate at which parameters outside the on-chip cache arrive."""
    clock_hz: float
    element_bytes: float
    overlap: float
    """0: compute and memory time add; 1: the longer one hides the other."""
    cache_bytes: float = 0.0
    """Bytes of a kernel's tensors that caches before the memory hold."""
    cache_bytes_per_s: float = inf


class Rule(NamedTuple):
    """How one operator runs at one precision."""

    model: str
    parameters: KernelParameters
    roof: Roof
    processor: str


class Boundary(NamedTuple):
    """What one tensor pays for crossing between processors."""

    fixed_s: float
    s_per_element: float
    bytes_per_s: float


@dataclass(frozen=True, eq=False)
class Machine:
    """A platform at one precision: every number resolved, every rule named. Compared and hashed by identity."""

    name: str
    dtype: str
    element_bytes: int
    rules: dict[str, Rule]
    lowering: tuple[LoweringRule, ...]
    support: tuple[SupportRule, ...]
    fusion: tuple[FusionRule, ...]
    partition_rule: str
    fallback: str | None
    boundary: Boundary
    placement_rule: str | None
    capacity_bytes: float
    main_bytes: float
    """Infinite where the platform states none."""
    inference_s: float
    io_bytes_per_s: float | None
    active_w: float | None
    uncertainty_factor: float


@dataclass(frozen=True, eq=False)
class Platform:
    """A validated platform file, its path and the digest of its bytes."""

    file: PlatformFile
    path: str
    digest: str

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
    file = platform.file
    if dtype not in platform.dtypes:
        raise PlatformError(f"{platform.name}: no precision '{dtype}'; it has {', '.join(platform.dtypes)}")

    def number(quantity: Quantity | dict[str, Quantity] | None, otherwise: float = 0.0) -> float:
        try:
            return otherwise if quantity is None else at_dtype(quantity, dtype).value
        except KeyError:
            raise PlatformError(f"{platform.path}: a quantity given by precision has none for '{dtype}'") from None

    memory = {name: number(roof.bandwidth_bytes_per_s) for name, roof in file.roofs.memory.items()}
    main = next(iter(memory))
    clock_hz = number(file.platform.clock_hz)
    macs_per_s = number(file.roofs.compute[dtype].macs_per_cycle) * clock_hz  # type: ignore[index]
    overheads = file.overheads
    shared = {
        "kernel_s": number(overheads.kernel_s),
        "epilogue_s_per_element": number(overheads.epilogue_s_per_element),
    } | {name: number(quantity) for name, quantity in file.shared.items()}
    placement, partition = file.placement, file.partition
    stream = memory[placement.memory or main] if placement else memory[main]

    cache = file.roofs.cache
    cached = (number(cache.capacity_bytes), number(cache.bandwidth_bytes_per_s)) if cache else (0.0, inf)

    def rule_of(rule: KernelRule) -> Rule:
        model = KERNEL_MODELS[rule.model]
        values = {name: value for name, value in shared.items() if name in model._fields}
        values |= {name: number(quantity) for name, quantity in rule.parameters.items()}
        tensors = rule.memory or main
        roof = Roof(
            macs_per_s,
            memory[tensors],
            memory[rule.weights or tensors],
            stream,
            clock_hz,
            float(ELEMENT_BYTES[dtype]),
            number(file.roofs.overlap),
            *(cached if tensors == main else (0.0, inf)),
        )
        return Rule(rule.model, model(**values), roof, rule.processor or file.platform.processor)

    return Machine(
        name=platform.name,
        dtype=dtype,
        element_bytes=ELEMENT_BYTES[dtype],
        rules={op: rule_of(rule) for ops, rule in file.kernels.items() for op in ops.split("|")},
        lowering=file.lowering,
        support=file.support,
        fusion=tuple(rule for rule in file.fusion if not rule.dtypes or dtype in rule.dtypes),
        partition_rule=partition.rule,
        fallback=partition.fallback,
        boundary=Boundary(
            number(partition.boundary_s), number(partition.boundary_s_per_element), memory[partition.memory or main]
        ),
        placement_rule=placement.rule if placement else None,
        capacity_bytes=number(placement.capacity_bytes) if placement else 0.0,
        main_bytes=number(placement.main_bytes, inf) if placement else inf,
        inference_s=number(overheads.inference_s),
        io_bytes_per_s=memory[overheads.io_memory] if overheads.io_memory else None,
        active_w=number(file.power.active_w) if file.power else None,
        uncertainty_factor=number(file.uncertainty.factor),
    )
