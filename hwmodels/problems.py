"""What can be wrong with a platform file whose shape is right: each complaint as the key, the problem, what to do."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from math import isfinite

from stairline.hwmodels.kernels.kernel_models import KERNEL_MODELS, SHARED_PARAMETERS
from stairline.hwmodels.reports.text import did_you_mean

from .quantities import quantities
from .schema import ELEMENT_BYTES, WIDEST, PlatformFile

# Suffix of a key and the range, in the suffix's unit, outside which the number is another unit's.
_PLAUSIBLE: tuple[tuple[str, float, float], ...] = (
    ("_hz", 1e6, 1e11),
    ("bytes_per_s", 1e5, 1e14),
    ("s_per_element", 0.0, 1e-3),
    ("_bytes", 1.0, 1e13),
    ("_per_cycle", 1e-6, 1e7),
    ("_s", 0.0, 10.0),
    ("_w", 1e-6, 1e4),
    ("efficiency", 1e-6, 1.0),
    ("overlap", 0.0, 1.0),
    ("factor", 1.0, WIDEST),
)


def problems(file: PlatformFile) -> Iterator[str]:
    """Everything that is wrong with a file."""
    rules = (_kernel_problems, _shared_problems, _quantity_problems, _reference_problems)
    return chain.from_iterable(rule(file) for rule in rules)


def _kernel_problems(file: PlatformFile) -> Iterator[str]:
    for op, rule in file.kernels.items():
        model = KERNEL_MODELS.get(rule.model)
        if model is None:
            yield f"kernels.{op}.model: unknown kernel model '{rule.model}'{did_you_mean(rule.model, KERNEL_MODELS)}"
            continue
        for name in rule.parameters.keys() - set(model._fields):
            yield f"kernels.{op}.{name}: unknown key of '{rule.model}'{did_you_mean(name, model._fields)}"
        given = rule.parameters.keys() | file.shared.keys() | model._field_defaults.keys() | SHARED_PARAMETERS
        for name in set(model._fields) - given:
            yield f"kernels.{op}.{name}: missing; '{rule.model}' needs it"


def _shared_problems(file: PlatformFile) -> Iterator[str]:
    models = [KERNEL_MODELS[rule.model] for rule in file.kernels.values() if rule.model in KERNEL_MODELS]
    used = {name for model in models for name in model._fields}
    for name in file.shared.keys() - used:
        yield f"shared.{name}: no kernel of the file has such a parameter{did_you_mean(name, used)}"


def _quantity_problems(file: PlatformFile) -> Iterator[str]:
    for key, quantity in quantities(file):
        if quantity.source not in file.sources:
            yield f"{key}.source: '{quantity.source}' is not in [sources]{did_you_mean(quantity.source, file.sources)}"
        if not isfinite(quantity.value):
            yield f"{key}: {quantity.value} is not a number"
        elif quantity.value < 0:
            yield f"{key}: {quantity.value:g} is negative"
        else:
            yield from _unit_problem(key, quantity.value)
        if quantity.fit and (quantity.min is None or quantity.max is None):
            yield f"{key}: fit = true needs min and max"


def _unit_problem(key: str, value: float) -> Iterator[str]:
    names = [part for part in key.split(".") if part not in ELEMENT_BYTES]
    for suffix, low, high in _PLAUSIBLE:
        if names[-1].endswith(suffix):
            if not low <= value <= high:
                yield f"{key}: {value:g} is outside {low:g} to {high:g}; the key's suffix is its unit (SI): convert it"
            return


def _reference_problems(file: PlatformFile) -> Iterator[str]:
    roofs, dtypes = file.roofs.memory, file.platform.dtypes
    named = [(f"kernels.{op}", name) for op, rule in file.kernels.items() for name in (rule.memory, rule.weights)]
    named += [("overheads.io_memory", file.overheads.io_memory), ("partition.memory", file.partition.memory)]
    named += [("placement.memory", file.placement.memory if file.placement else None)]
    for key, name in named:
        if name is not None and name not in roofs:
            yield f"{key}: no memory roof '{name}'{did_you_mean(name, roofs)}"
    if file.platform.default_dtype not in dtypes:
        yield f"platform.default_dtype: '{file.platform.default_dtype}' is not among dtypes {list(dtypes)}"
    for dtype in dtypes:
        if dtype not in file.roofs.compute:
            yield f"roofs.compute.{dtype}: missing; the platform lists the precision"
    if file.partition.rule not in ("everything", "all_or_nothing") and file.partition.fallback is None:
        yield f"partition.fallback: missing; rule '{file.partition.rule}' sends operators somewhere"
    sourced = [("fusion", r.source) for r in file.fusion] + [("lowering", r.source) for r in file.lowering]
    sourced += [("support", r.source) for r in file.support] + [("partition", file.partition.source)]
    for key, source in sourced:
        if source not in file.sources:
            yield f"{key}: source '{source}' is not in [sources]{did_you_mean(source, file.sources)}"
