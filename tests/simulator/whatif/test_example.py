"""The example of an NPU that nobody has built runs and says what it is there to show."""

from __future__ import annotations

import re
import runpy

from tests.checkout import ROOT


def test_the_example_tells_an_interval_what_to_find_out_and_a_front(capsys):
    runpy.run_path(str(ROOT / "examples" / "what_if.py"))
    lines = capsys.readouterr().out.splitlines()
    latency, low, high = map(float, re.findall(r"\d+\.\d+", lines[0]))
    assert low < latency < high
    assert lines[1].startswith("find out first: ")
    times = [float(re.search(r"([\d.]+) ms", line)[1]) for line in lines[5:]]
    # On a front, what costs more is faster.
    assert len(times) > 1
    assert times == sorted(times, reverse=True)
