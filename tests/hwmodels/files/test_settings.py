"""Changes of platforms as people write them."""

from __future__ import annotations

import pytest

from stairline.hwmodels import PlatformError, derive, load, quantities
from stairline.hwmodels.files.changes import Alike, Fallback, Fused, NotLowered, Supported, Times, Unfused, Unsupported
from stairline.hwmodels.files.settings import as_written, number_changes, rule_changes

CPU, VPU = load("CPU"), load("VPU")
CHANGES = {
    "fuse=conv2d|dense,relu,sigmoid": Fused(("conv2d|dense", "relu", "sigmoid")),
    "unfuse=relu": Unfused("relu"),
    "unfuse=conv2d|dense,relu": Unfused("relu", ("conv2d", "dense")),
    "support=sigmoid": Supported("sigmoid"),
    "unsupport=sigmoid": Unsupported("sigmoid"),
    "alike=mish,sigmoid": Alike("mish", "sigmoid"),
    "fallback=mi9-cortexa76-tflite2.1": Fallback("mi9-cortexa76-tflite2.1"),
    "unlower=swish_as_sigmoid_mul": NotLowered("swish_as_sigmoid_mul"),
}


@pytest.mark.parametrize(("text", "change"), CHANGES.items())
def test_a_change_of_a_rule_is_read_and_written_alike(text, change):
    assert list(rule_changes([text])) == [change]
    assert as_written(change) == text


def test_numbers_are_values_in_their_units_or_factors():
    texts = ["overheads.kernel_s=5us", "platform.clock_hz=x2"]
    value, times = number_changes(CPU, texts)
    assert (value.key, value.value) == ("overheads.kernel_s", 5e-6)
    assert times == Times("platform.clock_hz", 2.0)
    assert list(number_changes(CPU, map(as_written, (value, times)))) == [value, times]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("overheads.kernel=5us", "did you mean 'overheads.kernel_s'"),
        ("bandwidth=5GB/s", "did you mean 'roofs.memory.dram.bandwidth_bytes_per_s', 'roofs.cache."),
        ("overheads.kernel_s=5GHz", "overheads.kernel_s: '5GHz' has the unit 'GHz'"),
        ("overheads.kernel_s=xx", "overheads.kernel_s: 'x' is no number"),
        ("overheads.kernel_s", "is not KEY=VALUE"),
        ("=5", "is not KEY=VALUE"),
    ],
)
def test_a_setting_that_is_none_is_refused_in_one_line(text, complaint):
    with pytest.raises(PlatformError) as refused:
        list(number_changes(CPU, [text]))
    assert complaint in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("fuze=a,b", "did you mean 'fuse'"), ("fuse=relu", "write fuse="), ("sigmoid", "is not WHAT=OPERATORS")],
)
def test_a_change_that_is_none_is_refused_in_one_line(text, complaint):
    with pytest.raises(PlatformError, match=complaint):
        list(rule_changes([text]))


def test_numbers_that_must_agree_are_changed_together_and_refused_alone():
    roof = Times("roofs.compute.float16.macs_per_cycle", 2.0)
    arrays = [Times(key, 2.0) for key, _ in quantities(VPU.file) if key.endswith("macs_per_step")]
    with pytest.raises(PlatformError, match="change both alike"):
        derive(VPU, [roof])
    twice = dict(quantities(derive(VPU, [roof, *arrays]).file))
    assert twice[roof.key].value == 2.0 * dict(quantities(VPU.file))[roof.key].value


def test_what_was_changed_is_assumed_and_what_was_not_keeps_its_source():
    changed = dict(quantities(derive(CPU, number_changes(CPU, ["overheads.kernel_s=5us"])).file))
    before = dict(quantities(CPU.file))
    assert changed["overheads.kernel_s"].source == "what-if"
    assert {k: q for k, q in changed.items() if k != "overheads.kernel_s"} == {
        k: q for k, q in before.items() if k != "overheads.kernel_s"
    }


def test_a_value_that_its_key_does_not_allow_is_refused_in_the_platforms_name():
    with pytest.raises(PlatformError, match=r"^mi9-cortexa76-tflite2\.1: platform\.clock_hz: -1 is negative"):
        derive(CPU, number_changes(CPU, ["platform.clock_hz=-1"]))
