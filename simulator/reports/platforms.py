"""The report on a platform: its numbers, and in words the rules that the simulator applies to a network on it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from stairline.hwmodels import Platform
from stairline.hwmodels.reports.platforms import description, sources
from stairline.hwmodels.reports.text import Block, Heading, Table, prose, word
from stairline.hwmodels.schema import Partition
from stairline.simulator.mapping.fusion import CONDITIONS
from stairline.simulator.mapping.layouts import LAYOUTS
from stairline.simulator.mapping.lowering import PASSES
from stairline.simulator.mapping.rewrites import REWRITES
from stairline.simulator.mapping.support import CONSTRAINTS
from stairline.simulator.walk import require_rules

_PARTITIONS = {
    "everything": "Every operator runs on the platform.",
    "all_or_nothing": "A network with an operator that is not supported cannot run.",
    "maximal_runs": "Each operator that is not supported runs on {fallback}; supported neighbours stay together.",
    "single_split": "The first operator that is not supported, and all that follow it, run on {fallback}.",
    "operator_by_operator": "Each operator that is not supported runs on {fallback}.",
}


def explanation(platform: Platform) -> list[Block]:
    """The whole report on a platform, as ``stairline platforms show`` prints it.

    Raises PlatformError where the platform names a rule that does not exist.
    """
    for dtype in platform.dtypes:
        require_rules(platform.machine(dtype))
    return [
        *description(platform),
        *_lowering(platform),
        *_support(platform),
        *_fusion(platform),
        *sources(platform),
    ]


def _lowering(platform: Platform) -> list[Block]:
    if not platform.file.lowering:
        return []
    rules = [(_rewrite(entry.rule), entry.source) for entry in platform.file.lowering]
    rows = tuple((ops, source, text) for (ops, text), source in rules)
    return [
        Heading("Lowering: rewrites by the runtime's converter"),
        Table((word("operator"), word("source"), prose("rewrite")), rows),
    ]


def _rewrite(name: str) -> tuple[str, str]:
    """The operators that a rewrite applies to, and what it does to them."""
    of_all = PASSES.get(name) or LAYOUTS.get(name)
    if of_all is not None:
        return "all", _sentence(of_all)
    return ", ".join(REWRITES[name].ops), _sentence(REWRITES[name].match)


def _support(platform: Platform) -> list[Block]:
    file = platform.file
    heading = Heading("Supported operators")
    if not file.support:
        return [heading, f"{_partition(file.partition)} An operator without a kernel model above cannot be predicted."]
    rows = tuple(
        (
            rule.source,
            "; ".join(_reason(name, rule.limits) for name in rule.constraints) or "always",
            ", ".join(rule.ops),
        )
        for rule in file.support
    )
    return [
        heading,
        _partition(file.partition),
        Table((word("source"), prose("conditions"), prose("operators")), rows),
    ]


def _fusion(platform: Platform) -> list[Block]:
    rows = tuple(
        (
            rule.source,
            "; ".join(_sentence(CONDITIONS[name]) for name in rule.when) or "always",
            ", then ".join(map(_element, rule.pattern)),
        )
        for rule in platform.file.fusion
    )
    table: Block = (
        Table((word("source"), prose("conditions"), prose("chain")), rows)
        if rows
        else "Every operator is a kernel of its own."
    )
    return [Heading("Fusion: chains of operators that run as one kernel"), table]


def _element(element: str) -> str:
    repeats = " (any number of them)" if element.endswith("+") else ""
    return element.removesuffix("+").replace("|", " or ") + repeats


def _partition(partition: Partition) -> str:
    return _PARTITIONS[partition.rule].format(fallback=partition.fallback)


def _reason(constraint: str, limits: Mapping[str, float]) -> str:
    return _sentence(CONSTRAINTS[constraint]).format(**limits)


def _sentence(rule: Callable[..., Any]) -> str:
    """The docstring of a rule on one line, which is the rule's description in reports."""
    return " ".join(inspect.cleandoc(rule.__doc__ or rule.__name__).split())
