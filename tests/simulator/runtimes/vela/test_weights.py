"""Encoded sizes of weights against what information theory and round cases allow."""

from __future__ import annotations

from collections import Counter
from math import log2

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stairline.simulator.runtimes.vela.weights.codes import Codes, coded_bits

samples = st.binary(min_size=1, max_size=400)


@settings(max_examples=200, deadline=None)
@given(samples, st.integers(0, 300))
def test_no_code_is_shorter_than_the_entropy_of_what_it_says(sample: bytes, zeros: int) -> None:
    number = len(sample)
    counts = Counter(sample)
    entropy_bits = sum(n * log2(number / n) for n in counts.values())
    assert coded_bits(Codes(sample), number, zeros, zeros / number) >= entropy_bits


def test_weights_that_are_all_alike_take_a_bit_each() -> None:
    alone, many = (coded_bits(Codes(b"\x05"), n, 0, 0.0) for n in (1, 1001))
    assert many - alone == pytest.approx(1000)


def test_uniform_weights_take_a_byte_each() -> None:
    few, many = (coded_bits(Codes(b""), n, 0, 0.0) for n in (1000, 2000))
    assert many - few == pytest.approx(8 * 1000)
