"""The plain numbers that a platform comes to at one precision."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Any, NamedTuple

from stairline.hwmodels.kernels.base import Roof
from stairline.hwmodels.kernels.registry import kernel_model

from .domain import Domain
from .provenance import Quantity, at_dtype
from .residual import Residual
from .schema import ELEMENT_BYTES, FusionRule, KernelRule, LoweringRule, PlatformFile, SupportRule, Uncertainty


class PlatformError(ValueError):
    """A platform that does not exist or a file that does not describe one."""


GROUPED = {"conv2d": "grouped_conv2d", "conv2d_transpose": "grouped_conv2d_transpose"}
"""Names of the rules for operators in more than one group, where a platform has other kernels for them."""
ROWS = {"dense": "dense_rows"}
"""Names of the rules for matrix products of more than one row, where a platform has other kernels for them."""


class Rule(NamedTuple):
    """How one operator runs at one precision."""

    model: str
    parameters: Any
    """A NamedTuple of plain numbers, of the class that the kernel model names."""
    roof: Roof
    processor: str


class CrossingCost(NamedTuple):
    """The cost of moving one tensor between processors: a fixed time, a time per element, and a rate of bytes."""

    fixed_s: float
    s_per_element: float
    bytes_per_s: float


class Spread(NamedTuple):
    """What half a 90 % interval is, as factors; see ``hwmodels.schema.Uncertainty``."""

    factor: float
    common: float
    unlike_factor: float


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
    crossing: CrossingCost
    placement_rule: str | None
    capacity_bytes: float
    banks: int
    main_bytes: float
    """Infinite where the platform states none."""
    inference_s: float
    io_bytes_per_s: float | None
    active_w: float | None
    uncertainty: Spread
    domain: Domain | None = None
    """The networks that the platform was calibrated on, in outline; None for a platform that was not calibrated."""
    residual: Residual | None = None
    """The correction that calibration found for the times of kernels; None where there is none."""
    omitted: tuple[str, ...] = ()
    """Names in ``rules`` of operators that take no time, because the platform's measurements do not include them."""

    def rule_name(self, op: str, groups: int = 1, rows: int = 1) -> str:
        """The name in ``rules`` of the rule for an operator in so many groups or over so many rows of a matrix.

        It is the operator's own where the platform has no other, whether or not there is such a rule.
        """
        if groups > 1 and op in GROUPED and GROUPED[op] in self.rules:
            return GROUPED[op]
        if rows > 1 and op in ROWS and ROWS[op] in self.rules:
            return ROWS[op]
        return op

    def rule_for(self, op: str, groups: int = 1, rows: int = 1) -> Rule | None:
        """The rule under which such an operator runs; None where the platform has no model for it."""
        return self.rules.get(self.rule_name(op, groups, rows))


class _Numbers:
    """The quantities of a file at one precision."""

    def __init__(self, file: PlatformFile, dtype: str) -> None:
        self.file, self.dtype = file, dtype
        self.memory = {name: self.of(roof.bandwidth_bytes_per_s) for name, roof in file.roofs.memory.items()}
        self.main = next(iter(self.memory))
        """The memory that tensors are in where nothing else is said: the first of the file."""

    def of(self, quantity: Quantity | dict[str, Quantity] | None, otherwise: float = 0.0) -> float:
        """The value at the precision, or ``otherwise`` where the file has no such quantity."""
        try:
            return otherwise if quantity is None else at_dtype(quantity, self.dtype).value
        except KeyError:
            raise PlatformError(
                f"{self.file.name}: a quantity given by precision has none for '{self.dtype}'"
            ) from None


def resolve(file: PlatformFile, dtype: str) -> Machine:
    """Every number and rule of a platform file at ``dtype``. Raises PlatformError where one is missing."""
    numbers = _Numbers(file, dtype)
    overheads, partition, placement = file.overheads, file.partition, file.placement
    memory, main = numbers.memory, numbers.main
    return Machine(
        name=file.name,
        dtype=dtype,
        element_bytes=ELEMENT_BYTES[dtype],
        rules=_rules(numbers),
        lowering=file.lowering,
        support=file.support,
        fusion=tuple(rule for rule in file.fusion if not rule.dtypes or dtype in rule.dtypes),
        partition_rule=partition.rule,
        fallback=partition.fallback,
        crossing=CrossingCost(
            numbers.of(partition.boundary_s),
            numbers.of(partition.boundary_s_per_element),
            memory[partition.memory or main],
        ),
        placement_rule=placement.rule if placement else None,
        capacity_bytes=numbers.of(placement.capacity_bytes) if placement else 0.0,
        banks=int(numbers.of(placement.banks, 1.0)) if placement else 1,
        main_bytes=numbers.of(placement.main_bytes, inf) if placement else inf,
        inference_s=numbers.of(overheads.inference_s),
        io_bytes_per_s=memory[overheads.io_memory] if overheads.io_memory else None,
        active_w=numbers.of(file.power.active_w) if file.power else None,
        uncertainty=_spread(numbers, file.uncertainty),
    )


def _spread(numbers: _Numbers, stated: Uncertainty) -> Spread:
    factor = numbers.of(stated.factor)
    return Spread(factor, stated.common, stated.unlike_factor or factor)


def _rules(numbers: _Numbers) -> dict[str, Rule]:
    """The rule of each operator: its own, or that of the operator that it runs like."""
    file = numbers.file
    own = {op: _rule(numbers, rule) for ops, rule in file.kernels.items() for op in ops.split("|")}
    return {op: own[entry.like] for entry in file.alike for op in entry.ops} | own


def _rule(numbers: _Numbers, rule: KernelRule) -> Rule:
    file, model = numbers.file, kernel_model(rule.model).parameters
    shared = {
        "kernel_s": file.overheads.kernel_s,
        "epilogue_s_per_element": file.overheads.epilogue_s_per_element,
        **file.shared,
    }
    own = {name: quantity for name, quantity in shared.items() if name in model._fields} | rule.parameters
    parameters = model(**{name: numbers.of(quantity) for name, quantity in own.items()})
    return Rule(rule.model, parameters, _roof(numbers, rule), rule.processor or file.platform.processor)


def _roof(numbers: _Numbers, rule: KernelRule) -> Roof:
    roofs, clock_hz = numbers.file.roofs, numbers.of(numbers.file.platform.clock_hz)
    placement, memory = numbers.file.placement, numbers.memory
    tensors = rule.memory or numbers.main
    cache = roofs.cache if tensors == numbers.main else None
    return Roof(
        macs_per_s=numbers.of(roofs.compute[numbers.dtype].macs_per_cycle) * clock_hz,  # type: ignore[index]
        bytes_per_s=memory[tensors],
        weight_bytes_per_s=memory[rule.weights or tensors],
        stream_bytes_per_s=memory[(placement and placement.memory) or numbers.main],
        clock_hz=clock_hz,
        element_bytes=float(ELEMENT_BYTES[numbers.dtype]),
        overlap=numbers.of(roofs.overlap),
        cache_bytes=numbers.of(cache.capacity_bytes) if cache else 0.0,
        cache_bytes_per_s=numbers.of(cache.bandwidth_bytes_per_s) if cache else inf,
    )
