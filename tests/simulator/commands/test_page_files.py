"""The files that ``predict`` writes: page, timeline and node data."""

from __future__ import annotations

import json

import pytest

from .running import run


def test_the_files_are_written_for_one_network(tmp_path, toy):
    page, trace, nodes = (tmp_path / name for name in ("page.html", "trace.json", "nodes.json"))
    files = ("--html", page, "--trace", trace, "--node-data", nodes)
    result = run("predict", "mobilenet_v1", "-p", toy, "--input", 64, *files)
    assert result.exit_code == 0, result.output
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert json.loads(trace.read_text(encoding="utf-8"))["traceEvents"]
    assert list(json.loads(nodes.read_text(encoding="utf-8"))) == ["mobilenet_v1"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("mobilenet_v1", "mobilenet_v2", "--html", "page.html"), "take one network"),
        (("mobilenet_v1", "--html", "page.txt"), "ends in .html"),
        (("mobilenet_v1", "--trace", "/nowhere/trace.json"), "cannot be written"),
        (("mobilenet_v1", "--html", "page.html", "--json"), "exclude each other"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_is_predicted(arguments, complaint):
    result = run("predict", *arguments, "-p", "CPU", "--input", 64)
    assert result.exit_code == 2
    assert complaint in result.stderr
    assert result.stderr.count("\n") == 1
