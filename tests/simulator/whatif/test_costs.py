"""Cost expressions take arithmetic and nothing else, and fronts hold what no point beats."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stairline.hwmodels import PlatformError, load
from stairline.simulator.whatif.costs import costs, front, presets
from stairline.simulator.whatif.errors import WhatIfError
from stairline.simulator.whatif.expression import expression
from stairline.simulator.whatif.points import along

CLOCK = "platform.clock_hz"


def test_an_expression_is_worth_what_arithmetic_says():
    found = expression("2*(a.b - 'c|d.e') ** 2 / 4 + -1")
    assert set(found.keys) == {"a.b", "c|d.e"}
    assert found.value({"a.b": 5.0, "c|d.e": 2.0}) == 3.5
    assert found.value({"a.b": np.array([5.0, 2.0]), "c|d.e": 2.0}).tolist() == [3.5, -1.0]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1 +",
        "__import__('os').system('true')",
        "a()",
        "a[0]",
        "(lambda: 1)()",
        "[x for x in y]",
        "a if b else c",
        "a < b",
        "a := 1",
        "not a",
        "True",
        "1j",
        "b'x'",
        "f'{a}'",
        "a; b",
        "a // b",
        "\x00",
        "(" * 300 + "1" + ")" * 190,
        "-" * 450 + "1",
        "1" * 501,
    ],
)
def test_what_is_no_arithmetic_over_keys_is_refused(text):
    with pytest.raises(WhatIfError):
        expression(text)


@given(st.text(max_size=60))
def test_any_text_is_an_expression_or_is_refused(text):
    try:
        found = expression(text)
    except WhatIfError:
        return
    assert all(found.keys)


def test_a_cost_is_of_the_values_at_each_point_and_of_the_platforms_own_elsewhere():
    points = along(CLOCK, [1e9, 2e9])
    found = costs(load("CPU"), f"{CLOCK} * 1e-9 + roofs.compute.float32.macs_per_cycle", points, "float32")
    assert found.tolist() == [9.0, 10.0]
    assert costs(load("CPU"), "multipliers", points, "int8").tolist() == [32.0, 32.0]
    assert "sram" not in presets(load("CPU"), "int8")
    assert presets(load("TPU"), "int8")["sram"] == "placement.capacity_bytes"


@pytest.mark.parametrize(
    ("text", "error", "complaint"),
    [
        ("sram", WhatIfError, "no such number"),
        ("platform.clock", PlatformError, "did you mean 'platform.clock_hz'"),
        ("1 / (platform.clock_hz - platform.clock_hz)", WhatIfError, "not a finite number"),
        ("1/0", WhatIfError, "division by zero"),
        ("9.0 ** 9 ** 9 ** 9", WhatIfError, "no value"),
    ],
)
def test_a_cost_without_a_finite_value_is_refused(text, error, complaint):
    with pytest.raises(error, match=complaint):
        costs(load("CPU"), text, along(CLOCK, [1e9]), "float32")


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=40))
def test_a_front_holds_a_point_of_every_pair_that_no_other_beats(pairs):
    cost, time = (np.array(column, dtype=float) for column in zip(*pairs))

    def is_beaten(a, b):
        return any(c <= a and t <= b and (c, t) != (a, b) for c, t in pairs)

    on_front = {pair for pair, is_on in zip(pairs, front(cost, time)) if is_on}
    assert on_front == {pair for pair in pairs if not is_beaten(*pair)}
