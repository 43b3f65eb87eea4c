"""A platform's digest: what its predictions depend on changes it, how its file is written does not."""

from __future__ import annotations

import tomllib
from pathlib import Path
from random import Random
from typing import Any

import pytest
import tomlkit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stairline.hwmodels import load, quantities, with_fit_bounds, with_values, without_residual
from stairline.hwmodels.digest import platform_digest
from stairline.hwmodels.files.loading import changed
from stairline.hwmodels.schema import PlatformFile

NAMES = ("CPU", "GPU", "VPU", "TPU", "x86-builtin-litert", "ethos-u85-256-vela5.2")
CORRECTED = "mi9-adreno640-tflite2.1-nnmeter"


def shuffled(table: dict[str, Any], random: Random) -> dict[str, Any]:
    """The table with its keys in another order; tables in arrays stay where they are."""
    keys = random.sample(list(table), len(table))
    found = {}
    for key in keys:
        value = table[key]
        found[key] = shuffled(value, random) if isinstance(value, dict) else value
    return found


def reworded(node: Any, text: str) -> Any:
    """The same numbers and rules under other titles, citations and notes."""
    if isinstance(node, list):
        return [reworded(child, text) for child in node]
    if not isinstance(node, dict):
        return node
    return {key: text if key in ("title", "cite", "note") else reworded(child, text) for key, child in node.items()}


@given(st.sampled_from(NAMES), st.randoms(), st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_order_of_tables_texts_and_comments_leave_a_digest_as_it_is(tmp_path, name, random, text):
    platform = load(name)
    written = tomllib.loads(Path(platform.path).read_text(encoding="utf-8"))
    memories = written["roofs"]["memory"]
    rewritten = shuffled(reworded(written, text), random)
    rewritten["roofs"]["memory"] = dict(
        sorted(rewritten["roofs"]["memory"].items(), key=lambda m: m[0] != next(iter(memories)))
    )
    rewritten |= {"name": "other", "aliases": [], "notes": [text]}
    path = tmp_path / "other.toml"
    path.write_text("# A comment.\n\n" + tomlkit.dumps(rewritten), encoding="utf-8")
    assert load(path).digest == platform.digest


@pytest.mark.parametrize("name", NAMES)
def test_every_number_changes_the_digest_of_its_platform(name):
    platform = load(name)
    found = {platform.digest}
    for key, quantity in quantities(platform.file):
        data = changed(platform.file, {key: {"value": quantity.value * (1 - 1e-9) if quantity.value else 1e-9}}, "")
        found.add(platform_digest(PlatformFile.model_validate(data)))
    assert len(found) == 1 + sum(1 for _ in quantities(platform.file))


@pytest.mark.parametrize("name", NAMES)
def test_where_a_number_comes_from_and_how_far_a_fit_may_move_it_leaves_the_digest_as_it_is(name):
    platform = load(name)
    described = {"source": "other", "note": "other", "fit": True, "min": 0.0, "max": 1e15}
    data = changed(platform.file, {key: described for key, _ in quantities(platform.file)}, "")
    assert platform_digest(PlatformFile.model_validate(data)) == platform.digest


def other_rules(data: dict[str, Any]) -> dict[str, Any]:
    """What a file with one rule changed has in place of the keys that are given here, for every rule of the file."""
    found: dict[str, Any] = {}
    for section in ("fusion", "lowering", "support"):
        rules = list(data.get(section, ()))
        for number in range(len(rules)):
            found[f"{section} without {number}"] = {section: rules[:number] + rules[number + 1 :]}
            swapped = [*rules[: number - 1], rules[number], rules[number - 1], *rules[number + 1 :]]
            if number and section != "support" and rules[number] != rules[number - 1]:
                found[f"{section} {number} first"] = {section: swapped}
    for ops, rule in data["kernels"].items():
        for changes in ({"model": "other"}, {"processor": "other"}, {"memory": "other"}, {"weights": "other"}):
            found[f"{ops} {changes}"] = {"kernels": data["kernels"] | {ops: rule | changes}}
        found[f"no {ops}"] = {"kernels": {other: r for other, r in data["kernels"].items() if other != ops}}
    rule = "maximal_runs" if data["partition"]["rule"] == "all_or_nothing" else "all_or_nothing"
    found["partition"] = {"partition": data["partition"] | {"rule": rule}}
    found["fallback"] = {"partition": data["partition"] | {"fallback": "other"}}
    found["dtype"] = {"platform": data["platform"] | {"default_dtype": "dfp8"}}
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_changes_the_digest_of_its_platform(name):
    platform = load(name)
    data = platform.file.model_dump(by_alias=True, exclude_none=True)
    files = {what: PlatformFile.model_validate(data | change) for what, change in other_rules(data).items()}
    digests = {what: platform_digest(file) for what, file in files.items()}
    assert len(set(digests.values()) | {platform.digest}) == len(digests) + 1


def test_which_memory_is_the_main_one_changes_the_digest():
    file = load("x86-xnnpack-litert").file
    memories = dict(reversed(file.roofs.memory.items()))
    other = file.model_copy(update={"roofs": file.roofs.model_copy(update={"memory": memories})})
    assert other == file
    assert platform_digest(other) != platform_digest(file)


def test_a_derived_platform_has_a_digest_of_its_own_and_remembers_the_one_that_was_read():
    base = load("CPU")
    faster = with_values(base, {"platform.clock_hz": 3e9})
    assert faster.digest != base.digest
    assert with_values(faster, {"platform.clock_hz": 2.84e9}).digest == base.digest
    assert with_fit_bounds(base, {"platform.clock_hz": (1e9, 4e9)}).digest == base.digest
    assert faster.as_read is with_values(faster, {"platform.clock_hz": 2e9}).as_read is base


def test_a_residual_and_the_networks_that_were_calibrated_are_part_of_what_is_predicted():
    platform = load(CORRECTED)
    overlay, file = platform.overlay, platform.file
    record = overlay.residual
    assert platform.digest == platform_digest(file, overlay.domain, record)
    elsewhere = record.model_copy(update={"file": "moved.json"})
    assert platform.digest == platform_digest(file, overlay.domain, elsewhere)
    others = {
        without_residual(platform).digest,
        platform_digest(file, overlay.domain, record.model_copy(update={"bound": record.bound / 2})),
        platform_digest(file, overlay.domain, record.model_copy(update={"digest": "0" * 16})),
        platform_digest(file, overlay.domain.model_copy(update={"reach": 9.0}), record),
        platform_digest(file, None, record),
    }
    assert len(others | {platform.digest}) == 6
