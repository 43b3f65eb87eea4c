"""The whole answer to a what-if on one platform: what was asked for, part by part."""

from __future__ import annotations

from typing import Any

from stairline.hwmodels.reports.text import Block
from stairline.simulator.whatif.answers import Answer
from stairline.simulator.whatif.suite import Suite

from .effects import effect_record, effect_report, suite_line
from .numbers import (
    open_record,
    open_report,
    tornado_records,
    tornado_report,
    ways_record,
    ways_report,
)
from .sweeps import sweep_record, sweep_report


def answer_report(answer: Answer) -> list[Block]:
    """Every part of the answer for people, one after the other."""
    suite, name = answer.suite, suite_name(answer.suite)
    platform = suite.platform.name
    parts = [effect_report(one, answer.base, found) for one, found in zip(suite.names, answer.effects)]
    if len(answer.effects) > 1:
        parts.append([suite_line(answer.effects, suite.weights)])
    if answer.swept is not None:
        parts.append(sweep_report(suite, answer.swept))
    if answer.swings:
        parts.append(tornado_report(name, platform, answer.swings))
    if answer.goal_s is not None:
        parts.append(ways_report(name, platform, answer.goal_s, answer.ways))
    if answer.left_open is not None:
        parts.append(open_report(name, platform, answer.left_open))
    return [block for place, part in enumerate(parts) for block in ([""] * bool(place) + part)]


def suite_name(suite: Suite) -> str:
    """What reports call the networks."""
    return suite.names[0] if len(suite.names) == 1 else f"{len(suite.names)} networks, weighted"


def answer_record(answer: Answer) -> dict[str, Any]:
    """The answer as a JSON record; times in ms, energies in mJ. What was not asked for is left out."""
    suite, base = answer.suite, answer.base
    networks = list(zip(suite.names, suite.weights))
    record: dict[str, Any] = {
        "schema_version": 1,
        "platform": base.name,
        "platform_digest": base.digest,
        "changed_digest": suite.platform.digest,
        "networks": [{"network": name, "weight": weight} for name, weight in networks],
    }
    if answer.effects:
        record["effects"] = [
            effect_record(name, weight, base, found) for (name, weight), found in zip(networks, answer.effects)
        ]
    if answer.swept is not None:
        record["sweep"] = sweep_record(suite, answer.swept)
    if answer.swings:
        record["tornado"] = tornado_records(answer.swings)
    if answer.goal_s is not None:
        record["reach"] = ways_record(answer.goal_s, answer.ways)
    if answer.left_open is not None:
        record["assumptions"] = open_record(answer.left_open)
    return record
