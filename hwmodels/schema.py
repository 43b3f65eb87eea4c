"""The shape of a platform file: closed, every number sourced. Data names rules; code elsewhere implements them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from .provenance import Closed, PerDtype, Source

NAME_PATTERN = r"^[a-z0-9][a-z0-9.\-]{0,79}$"
Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
Dtype = Literal["float32", "float16", "dfp16", "dfp8", "int16", "int8", "uint8"]

ELEMENT_BYTES: dict[str, int] = {"float32": 4, "float16": 2, "dfp16": 2, "dfp8": 1, "int16": 2, "int8": 1, "uint8": 1}
"""Storage of one tensor element, in bytes. dfp is Rockchip's dynamic fixed point."""

PRECISION_NAMES: dict[str, str] = {
    **{dtype: dtype for dtype in ELEMENT_BYTES},
    **dict.fromkeys(("fp32", "f32", "float"), "float32"),
    **dict.fromkeys(("fp16", "f16", "half"), "float16"),
    **dict.fromkeys(("i8", "s8"), "int8"),
    "u8": "uint8",
}
"""Precisions by every name that people give them, in small letters."""


class Description(Closed):
    """What the platform is: a device, one of its processors, and the runtime that drives it."""

    device: str
    processor: str
    runtime: str
    dtypes: Annotated[tuple[Dtype, ...], Field(min_length=1)]
    default_dtype: Dtype
    clock_hz: PerDtype
    backend: str | None = None
    """What of ``stairline measure`` takes this platform's latencies; a calibration on that starts from this file."""


class ComputeRoof(Closed):
    """Peak multiply-accumulate rate of one precision."""

    macs_per_cycle: PerDtype


class MemoryRoof(Closed):
    """Sustained rate of one memory level or link."""

    bandwidth_bytes_per_s: PerDtype


class CacheRoof(Closed):
    """Caches before the first memory roof: how much of a kernel's tensors they hold, and at what rate."""

    capacity_bytes: PerDtype
    bandwidth_bytes_per_s: PerDtype


class Roofs(Closed):
    """Compute roof per precision, memory roofs per level, and how far the two overlap (0: they add; 1: the longer)."""

    compute: dict[Dtype, ComputeRoof]
    memory: Annotated[dict[str, MemoryRoof], Field(min_length=1)]
    cache: CacheRoof | None = None
    overlap: PerDtype


class Overheads(Closed):
    """Costs paid once per inference or once per kernel, and the link that carries inputs and outputs."""

    inference_s: PerDtype
    kernel_s: PerDtype
    """Dispatch cost of one kernel, for every kernel that does not state its own."""
    epilogue_s_per_element: PerDtype
    """Cost per output element of what the inner loop does not hide (requantisation), for every kernel likewise."""
    io_memory: str | None = None
    """Memory roof that network inputs and outputs cross on their way from and to the host."""


class KernelRule(Closed):
    """How an operator runs: a kernel model, its parameters, and the roofs it meets."""

    model: str
    processor: str | None = None
    """Engine inside the platform, where it is not the main one (a vector unit, the SHAVE cores)."""
    memory: str | None = None
    """Memory roof of the tensors; the first one of the file where left out."""
    weights: str | None = None
    """Memory roof of the parameters; that of the tensors where left out."""
    parameters: dict[str, PerDtype]

    @model_validator(mode="before")
    @classmethod
    def _gather_parameters(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "parameters" in data:
            return data
        own = {key: value for key, value in data.items() if key in cls.model_fields}
        return own | {"parameters": {key: value for key, value in data.items() if key not in own}}


class AlikeRule(Closed):
    """Operators that the runtime runs as it runs another: under its kernel model, at its rates."""

    ops: Annotated[tuple[str, ...], Field(min_length=1)]
    """An operator that has a kernel of its own under ``kernels`` keeps it."""
    like: str
    """An operator under ``kernels``."""
    source: str


class FusionRule(Closed):
    """A chain of operators that run as one kernel.

    The first element names the producer, the others its consumers; "a|b" are alternatives, and "+" at the end of the
    last element lets it repeat. ``when`` names conditions of ``simulator.mapping.fusion``.
    """

    pattern: Annotated[tuple[str, ...], Field(min_length=2)]
    when: tuple[str, ...] = ()
    operand: Literal["first", "latest", "either"] = "first"
    """The operand that may come from the chain: the first; of an addition whichever is written last (latest); of every
    operator of two operands whichever is written last (either)."""
    dtypes: tuple[Dtype, ...] = ()
    """Precisions at which the chain holds; all of them where left out."""
    source: str


class LoweringRule(Closed):
    """A rewrite, pass or layout of ``simulator.mapping`` that the runtime's converter applies."""

    rule: str
    source: str


class SupportRule(Closed):
    """Operators the processor runs, under the named constraints of ``simulator.mapping.support``."""

    ops: Annotated[tuple[str, ...], Field(min_length=1)]
    constraints: tuple[str, ...] = ()
    limits: dict[str, float] = Field(default_factory=dict)
    source: str


class Partition(Closed):
    """What happens to operators the processor does not run."""

    rule: Literal["everything", "all_or_nothing", "maximal_runs", "single_split", "operator_by_operator"]
    """all_or_nothing: one operator that the processor does not run, and the network does not run at all."""
    fallback: Name | None = None
    boundary_s: PerDtype | None = None
    """Fixed cost of one tensor crossing between the processors."""
    boundary_s_per_element: PerDtype | None = None
    """Layout change and (de)quantisation of one crossing element."""
    memory: str | None = None
    """Memory roof that crossing tensors go through."""
    source: str


class Placement(Closed):
    """What must or may stay on chip."""

    rule: str
    """A placement rule that is registered with ``simulator.mapping.placement``."""
    capacity_bytes: PerDtype
    banks: PerDtype | None = None
    """Equal memories that a parameter cache consists of; one where left out."""
    main_bytes: PerDtype | None = None
    """Main memory behind a feature-map memory: room for all parameters and the fallback's tensors."""
    memory: str | None = None
    """Memory roof that parameters outside the cache are streamed over."""
    source: str


class Power(Closed):
    """Average electrical power while inferring."""

    active_w: PerDtype


WIDEST = 100.0
"""Factor of the widest interval that says anything."""


class Uncertainty(Closed):
    """The 90 % interval of one kernel, and what becomes of it in a network.

    The true latency lies within [t / f, t f]. Of the variance of log errors the share ``common`` is that of all
    kernels of a network together; the rest averages out: log f = log(factor) sqrt(common + (1 - common) H), with H the
    sum of the squared shares of the kernels in the network's time.
    """

    factor: PerDtype
    common: Annotated[float, Field(ge=0.0, le=1.0)] = 1.0
    """1: no number of kernels averages anything out, and a network is as uncertain as a kernel."""
    unlike_factor: Annotated[float, Field(ge=1.0, le=WIDEST)] | None = None
    """In place of ``factor`` for a network that is unlike all that were calibrated; see ``hwmodels.domain``."""


class Derivation(Closed):
    """What a platform that nobody has was derived from, and how; nothing is predicted from it."""

    platform: str
    digest: str
    """The digest of that platform; see ``hwmodels.digest``."""
    changes: Annotated[tuple[str, ...], Field(min_length=1)]
    """The changes in their order, as ``stairline whatif`` takes them under --set and --change."""
    networks: tuple[str, ...] = ()
    """The networks whose latencies say how far each change widens the interval."""


class PlatformFile(Closed):
    """A whole platform file."""

    schema_: Annotated[Literal[2], Field(alias="schema")]
    name: Name
    aliases: tuple[str, ...] = ()
    title: str
    fallback_only: bool = False
    """Serves as the host of another platform; "all" platforms leaves it out."""
    platform: Description
    roofs: Roofs
    overheads: Overheads
    shared: dict[str, PerDtype] = Field(default_factory=dict)
    """Parameters that several kernels have in common, for every kernel that has one of that name and states no own."""
    kernels: dict[str, KernelRule]
    """By operator, "a|b" for several."""
    alike: tuple[AlikeRule, ...] = ()
    lowering: tuple[LoweringRule, ...] = ()
    support: tuple[SupportRule, ...] = ()
    partition: Partition
    fusion: tuple[FusionRule, ...] = ()
    placement: Placement | None = None
    power: Power | None = None
    uncertainty: Uncertainty
    notes: tuple[str, ...] = ()
    derived_from: Derivation | None = None
    sources: dict[str, Source]
