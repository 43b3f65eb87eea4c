"""Claims about what is measured and how: the design space of Table 1 and the protocol of appendix A."""

from __future__ import annotations

import numpy as np

from benchmarks.paper.claims import Claim
from benchmarks.paper.registry import claim
from stairline.measure.energy.trace import energy, trace
from stairline.measure.plan import design_space
from stairline.measure.plan.configuration import configuration, depth_difference_s
from stairline.measure.plan.file import configurations
from stairline.measure.timing.protocol import DEFAULT, TOLERANCE, measure_run
from stairline.measure.timing.record import Run

ENTRIES = design_space.dataset()
STUDY = [entry for entry in ENTRIES if entry.sweep and entry.name in ("conv2d", "dwconv2d")]


def values(setting: str, *names: str) -> set[int]:
    """What a setting of these operators and blocks is in the dataset."""
    found = (dict(one.settings) for one in configurations(e for e in ENTRIES if e.name in names))
    return {settings[setting] for settings in found if setting in settings}


@claim("C128")
def the_dataset_has_ten_thousand_configurations(claim: Claim) -> None:
    found = configurations(ENTRIES)
    assert claim.within(len(found))
    assert len(set(found)) == len(found)


@claim("C132")
def a_layer_has_eight_dimensions(claim: Claim) -> None:
    assert len(design_space.DIMENSIONS) == claim.number == len(claim.config.strip("()").split(","))


@claim("C133")
def their_combinations_reach_billions(claim: Claim) -> None:
    assert claim.within(design_space.size())


@claim("C135", "C136", "C137", "C146", "C147", "C148", "C149")
def the_design_space_has_the_values_of_the_table(claim: Claim) -> None:
    setting = {"K": "kernel", "S": "stride", "H=W": "hw"}[claim.subject.split()[-1]]
    names = {
        "Channel": ("conv2d", "dwconv2d"),
        "Convolution": design_space.CONVOLUTIONS,
        "Block": design_space.BLOCKS,
    }[claim.subject.split()[0]]
    found = values(setting, *names)
    if setting == "stride" and "Block" in claim.subject:
        found |= {1}  # Not said where it is what a block has by itself.
    assert set(claim.numbers) <= found


@claim("C138", "C139")
def channels_are_swept_one_by_one(claim: Claim) -> None:
    setting = "cin" if claim.subject.endswith("C_in") else "cout"
    low, high = map(int, claim.value.split(".."))
    whole = [e.sweep.values for e in STUDY if e.sweep and e.sweep.setting == setting and len(e.sweep.values) > 100]
    assert whole
    assert all(found == tuple(range(low, high + 1)) for found in whole)


@claim("C140", "C141", "C142")
def single_operators_have_the_values_of_the_table(claim: Claim) -> None:
    name, setting = {
        "FC C_in": ("dense", "cin"),
        "FC C_out": ("dense", "cout"),
        "Pooling K": ("avgpool2d", "kernel"),
    }[claim.subject]
    assert values(setting, name) == set(claim.numbers)


@claim("C150")
def operators_and_blocks_have_the_channels_of_the_table(claim: Claim) -> None:
    for name in (*design_space.ELEMENTWISE, *design_space.ACTIVATIONS, *design_space.BLOCKS):
        assert values("cin", name) == set(claim.numbers)


def counted() -> Run:
    """A visit to something that takes no time to speak of."""
    return measure_run(lambda: None, DEFAULT)


@claim("C319")
def every_visit_begins_with_the_warm_ups(claim: Claim) -> None:
    assert len(counted().warmups_s) == claim.number


@claim("C320")
def the_visits_together_are_timed_as_often(claim: Claim) -> None:
    assert len(counted().runs_s) * DEFAULT.visits >= claim.number


@claim("C321")
def the_mean_is_known_as_well(claim: Claim) -> None:
    assert claim.number == 100 * TOLERANCE


@claim("C322", "C323")
def a_layer_is_the_difference_of_two_stacks(claim: Claim) -> None:
    deep, shallow = 40, 10
    for depth in (deep, shallow):
        settings = {"hw": 7, "cin": 8, "kernel": 3, "depth": depth}
        assert len(configuration("op", "conv2d", settings, "int8").graph().layers) == depth
    around_s, layer_s = 0.013, 0.0021
    stacks_s = [around_s + depth * layer_s for depth in (deep, shallow)]
    assert abs(depth_difference_s(stacks_s[0], deep, stacks_s[1], shallow) - layer_s) < 1e-12
    expected = {"stack depths": (deep, shallow), "divisor": (deep - shallow,)}[claim.metric]
    assert claim.numbers == expected


@claim("C325")
def a_whole_model_is_timed_with_the_profiler_off(claim: Claim) -> None:
    assert "off" in claim.value
    assert not DEFAULT.counters


def pulses(count: int, hz: float) -> tuple[np.ndarray, np.ndarray]:
    """Seconds and watts of ``count`` inferences of 50 ms, each 2 W and then 3 W, behind half a second of 1 W."""
    times_s = np.arange(int(hz * (0.5 + 0.05 * count))) / hz
    phase = (times_s - 0.5) / 0.05 % 1
    return times_s, np.where(times_s < 0.5, 1.0, np.where(phase < 0.5, 2.0, 3.0))


@claim("C327", "C330", "C331")
def a_trace_at_this_rate_and_of_as_many_inferences_is_read(claim: Claim) -> None:
    hz = 1e3 * claim.number if claim.unit == "kHz" else 1e3
    count = int(claim.number) if claim.value.isdecimal() and claim.unit == "runs" else 200
    found = energy(trace("t", *pulses(count, hz)))
    assert 0.8 * count <= found.cycles <= count
    assert abs(found.power_w - 2.5) < 0.01


@claim("C329")
def energy_is_power_times_time(claim: Claim) -> None:
    assert claim.value == "power x time"
    found = energy(trace("t", *pulses(200, 1e3)), 0.04)
    assert abs(found.energy_j - 2.5 * 0.04) < 0.001
