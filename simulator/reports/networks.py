"""The report on the built-in networks."""

from __future__ import annotations

from typing import Any

from stairline.hwmodels.reports.text import Block, Table, number, word
from stairline.simulator.zoo import MODELS, build

from .digits import prefixed


def listing() -> list[Block]:
    """The list of all built-in networks, one per line, and how to set what can be set."""
    rows = tuple(
        (
            entry["name"],
            f"{entry['input']} x {entry['input']}",
            "-" if entry["width"] is None else f"{entry['width']:g}",
            prefixed(entry["macs"]),
            prefixed(entry["parameters"]),
        )
        for entry in records()
    )
    return [
        Table((word("name"), number("input"), number("width"), number("MAC"), number("parameters")), rows),
        "",
        "'--input PIXELS' sets another input size and '--width FACTOR' another width multiplier, where there is one.",
    ]


def records() -> list[dict[str, Any]]:
    """The JSON records of all built-in networks."""
    return [_record(name) for name in MODELS]


def _record(name: str) -> dict[str, Any]:
    graph = build(name)
    counts = [graph.counts(layer) for layer in graph.layers]
    return {
        "name": name,
        "input": MODELS[name].input_size,
        "width": MODELS[name].width,
        "macs": sum(c.macs for c in counts),
        "parameters": sum(c.weight_elements for c in counts),
    }
