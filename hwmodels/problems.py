"""What can be wrong with a platform file whose shape is right: each complaint as the key, the problem, what to do."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from math import isclose, isfinite, prod
from typing import Any

from stairline.hwmodels.kernels.base import SHARED_PARAMETERS
from stairline.hwmodels.kernels.parameters import Range, ranges, stated
from stairline.hwmodels.kernels.registry import kernel_model, kernel_models

from .provenance import Quantity, at_dtype
from .quantities import quantities, without_dtype
from .schema import WIDEST, KernelRule, PlatformFile
from .spelling import did_you_mean

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
    found = (_operator_problems, _kernel_problems, _array_problems, _shared_problems, _quantity_problems)
    return chain.from_iterable(of(file) for of in (*found, _reference_problems))


def _operator_problems(file: PlatformFile) -> Iterator[str]:
    """Operators that stand under more than one kernel rule, or more than once in the name of one."""
    rule_of: dict[str, str] = {}
    for ops in file.kernels:
        for op in ops.split("|"):
            if op in rule_of:
                yield f"kernels.{ops}: '{op}' has a rule already, kernels.{rule_of[op]}; remove it from one of the two"
            rule_of[op] = ops
    for entry in file.alike:
        if entry.like not in rule_of:
            yield f"alike.like: '{entry.like}' has no rule under kernels{did_you_mean(entry.like, rule_of)}"


def _kernel_problems(file: PlatformFile) -> Iterator[str]:
    for ops, rule in file.kernels.items():
        parameters = _parameters_of(rule)
        if parameters is None:
            models = kernel_models()
            yield f"kernels.{ops}.model: unknown kernel model '{rule.model}'{did_you_mean(rule.model, models)}"
            continue
        known = stated(parameters)
        for name in sorted(rule.parameters.keys() - set(known)):
            yield f"kernels.{ops}.{name}: unknown key of '{rule.model}'{_whose(name, parameters)}"
        given = rule.parameters.keys() | file.shared.keys() | parameters._field_defaults.keys() | SHARED_PARAMETERS
        for name in known:
            if name not in given:
                yield f"kernels.{ops}.{name}: missing; '{rule.model}' needs it"


def _whose(name: str, parameters: type) -> str:
    """What a key that the kernel model does not have may have been meant for."""
    if name in parameters._fields:  # type: ignore[attr-defined]
        return "; the schedule of the network decides it: remove the key"
    owners = [model for model, found in kernel_models().items() if name in stated(found.parameters)]
    return did_you_mean(name, stated(parameters), f"; it belongs to {', '.join(owners[:3])}" if owners else "")


def _parameters_of(rule: KernelRule) -> Any:
    """The parameters' class of the kernel model that a rule names; None where there is no such model."""
    try:
        return kernel_model(rule.model).parameters
    except KeyError:
        return None


def _classes(file: PlatformFile) -> dict[str, Any]:
    """The parameters' class of each kernel rule that names a model, by the rule's operators."""
    found = {ops: _parameters_of(rule) for ops, rule in file.kernels.items()}
    return {ops: parameters for ops, parameters in found.items() if parameters is not None}


def _array_problems(file: PlatformFile) -> Iterator[str]:
    """Arrays of multipliers that do another number of MACs per cycle than the roof says."""
    for ops, rule in file.kernels.items():
        names = kernel_model(rule.model).array if _parameters_of(rule) is not None else ()
        if not names:
            continue
        given = [rule.parameters.get(name) or file.shared.get(name) for name in names]
        for dtype, roof in file.roofs.compute.items():
            try:
                macs = prod(at_dtype(quantity, dtype).value for quantity in given if quantity is not None)
                stated_macs = at_dtype(roof.macs_per_cycle, dtype).value
            except KeyError:
                continue
            if None not in given and not isclose(macs, stated_macs, rel_tol=1e-6):
                yield (
                    f"kernels.{ops}: {' x '.join(names)} is {macs:g} macs per cycle at {dtype}, roofs.compute.{dtype}."
                    f"macs_per_cycle says {stated_macs:g}; they describe one array: change both alike"
                )


def _shared_problems(file: PlatformFile) -> Iterator[str]:
    used = {name for parameters in _classes(file).values() for name in stated(parameters)}
    for name in sorted(file.shared.keys() - used):
        yield f"shared.{name}: no kernel of the file has such a parameter{did_you_mean(name, used)}"


def _quantity_problems(file: PlatformFile) -> Iterator[str]:
    ranges_of = _parameter_ranges(file)
    for key, quantity in quantities(file):
        if quantity.source not in file.sources:
            yield f"{key}.source: '{quantity.source}' is not in [sources]{did_you_mean(quantity.source, file.sources)}"
        stated_range = ranges_of.get(without_dtype(key))
        if not isfinite(quantity.value):
            yield f"{key}: {quantity.value} is not a number"
        elif stated_range is not None:
            yield from _range_problems(key, quantity, stated_range)
        elif quantity.value < 0:
            yield f"{key}: {quantity.value:g} is negative"
        else:
            yield from _unit_problem(key, quantity.value)
        if quantity.fit and (quantity.min is None or quantity.max is None):
            yield f"{key}: fit = true needs min and max"


def _parameter_ranges(file: PlatformFile) -> dict[str, Range]:
    """The range of each parameter that states one, by its dotted key; of a shared one, what its first model states."""
    found: dict[str, Range] = {}
    for ops, parameters in _classes(file).items():
        for name, stated_range in ranges(parameters).items():
            found[f"kernels.{ops}.{name}"] = stated_range
            found.setdefault(f"shared.{name}", stated_range)
    return found


def allowed(file: PlatformFile, key: str) -> Range:
    """The range of the values that the number of a key may have, both ends included."""
    stated_range = _parameter_ranges(file).get(without_dtype(key))
    if stated_range is not None:
        return stated_range
    name = without_dtype(key).rpartition(".")[2]
    return next((Range(low, high) for suffix, low, high in _PLAUSIBLE if name.endswith(suffix)), Range(0.0))


def _range_problems(key: str, quantity: Quantity, stated_range: Range) -> Iterator[str]:
    """What of a parameter's value, and of the bounds within which it is fitted, is out of its range."""
    numbers = {key: quantity.value} | ({f"{key}.min": quantity.min} if quantity.fit else {})
    for name, value in (numbers | ({f"{key}.max": quantity.max} if quantity.fit else {})).items():
        if value is not None and not stated_range.holds(value):
            negative = " is negative and" if value < 0 else ""
            yield f"{name}: {value:g}{negative} is out of range: it must be {stated_range}; correct it"


def _unit_problem(key: str, value: float) -> Iterator[str]:
    name = without_dtype(key).rpartition(".")[2]
    for suffix, low, high in _PLAUSIBLE:
        if name.endswith(suffix):
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
    sourced += [("alike", r.source) for r in file.alike]
    sourced += [("support", r.source) for r in file.support] + [("partition", file.partition.source)]
    for key, source in sourced:
        if source not in file.sources:
            yield f"{key}: source '{source}' is not in [sources]{did_you_mean(source, file.sources)}"
