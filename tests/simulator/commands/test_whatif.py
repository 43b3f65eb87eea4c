"""``whatif``, ``platforms new`` and the options --set and --change, as a user meets them."""

from __future__ import annotations

import csv
import io
import json
from math import exp, hypot, log

import pytest

from stairline.hwmodels import derive, load
from stairline.hwmodels.files.changes import Times
from stairline.simulator.pricing.predict import predict
from stairline.simulator.whatif.scenario import read_scenario
from stairline.simulator.zoo import build

from .running import printed, records, run

DRAM = "roofs.memory.dram.bandwidth_bytes_per_s"
V2 = ("whatif", "mobilenet_v2", "-p", "CPU")
MACS = "roofs.compute.float32.macs_per_cycle"


def test_a_change_is_predicted_before_and_after_with_each_effect_alone():
    text = printed(*V2, "--set", f"{DRAM}=x2", "--set", "roofs.compute.int8.macs_per_cycle=64")
    assert "24 GB/s  48 GB/s" in text
    assert "no effect: the network runs at float32" in text
    [record] = records(*V2, "--set", f"{DRAM}=x2", "--set", f"{MACS}=16")
    [effect] = record["effects"]
    both = derive(load("CPU"), [Times(DRAM, 2.0), Times(MACS, 2.0)])
    assert effect["after"]["latency_ms"] == pytest.approx(predict(build("mobilenet_v2"), both).latency_s * 1e3)
    assert sum(effect["after"]["limited_by_ms"].values()) == pytest.approx(effect["after"]["latency_ms"])
    assert sum(effect["before"]["operators_ms"].values()) == pytest.approx(effect["before"]["latency_ms"])


def test_predict_and_compare_take_the_same_changes():
    twice = predict(build("mobilenet_v2"), derive(load("CPU"), [Times(MACS, 2.0)])).latency_s * 1e3
    [record] = records("predict", "mobilenet_v2", "-p", "CPU", "--set", f"{MACS}=x2")
    assert record["latency_ms"] == pytest.approx(twice)
    assert record["derived_from"]["platform"] == "mi9-cortexa76-tflite2.1"
    compared = run("compare", "mobilenet_v2", "-p", "CPU", "-p", "TPU", "--set", f"{MACS}=x2", "--json")
    assert compared.exit_code == 0
    [line] = compared.stdout.splitlines()
    assert json.loads(line)["predictions"][0]["latency_ms"] == pytest.approx(twice)
    assert "left out, since the changes do not apply: coral-edgetpu-tflite" in compared.stderr


def test_a_sweep_is_a_table_json_and_csv_of_the_same_points(tmp_path):
    sweep = ("--sweep", f"{DRAM}=1e9:4e9:log3", "--cost", "bandwidth")
    text = printed(*V2, *sweep)
    assert "Planned once and re-priced" in text
    [record] = records(*V2, *sweep)
    points = record["sweep"]["points"]
    assert [point[DRAM] for point in points] == [1e9, 2e9, 4e9]
    assert [point["cost"] for point in points] == [1e9, 2e9, 4e9]
    assert all(point["is_on_front"] for point in points)
    for point in points:
        parts = [value for key, value in point.items() if key.endswith("_ms") and key != "latency_ms"]
        assert len(parts) == 7
        assert sum(parts) == pytest.approx(point["latency_ms"])
    rows = list(csv.DictReader(io.StringIO(printed(*V2, *sweep, "--csv", "-"))))
    assert [float(row["latency_ms"]) for row in rows] == [point["latency_ms"] for point in points]
    assert run(*V2, *sweep, "--csv", tmp_path / "points.csv").exit_code == 0
    assert len((tmp_path / "points.csv").read_text().splitlines()) == 4


def test_many_points_are_thinned_for_people_with_both_ends_of_every_axis():
    text = printed(*V2, "--sweep", f"{DRAM}=1GB/s:9GB/s:lin50", "--sweep", f"{MACS}=1:50:lin50")
    assert "of 2,500 points" in text
    rows = [line.split() for line in text.splitlines() if " GB/s " in line]
    assert rows[0][:3] == ["1", "GB/s", "1"]
    assert rows[-1][:3] == ["9", "GB/s", "50"]
    assert len(rows) <= 40


def test_of_many_points_with_a_cost_people_see_the_front():
    sweep = ("--sweep", f"{DRAM}=1GB/s:9GB/s:lin50", "--sweep", f"{MACS}=1,8")
    text = printed(*V2, *sweep, "--cost", MACS)
    assert "2 of 100 points, of the 2 on the front" in text
    # More bandwidth is free here, so that the front is the most of it at either number of multipliers.
    rows = [line.split() for line in text.splitlines() if " GB/s " in line]
    assert [(row[0], row[2]) for row in rows] == [("9", "1"), ("9", "8")]


def test_an_ethos_u_says_that_it_is_planned_anew():
    key = "roofs.compute.int8.macs_per_cycle"
    text = printed("whatif", "mobilenet_v1", "-p", "ethos-u55-128-vela5.2", "--sweep", f"{key}=64,128")
    assert f"Planned anew for each value of {key}" in text


def test_tornado_reach_and_assumptions_are_told():
    text = printed(*V2, "--tornado", "--reach", "20ms")
    assert text.index("platform.clock_hz") < text.index(f"{DRAM}  ")
    assert "To reach 20 ms" in text
    [record] = records(*V2, "--reach", "20ms", "--by", "platform.clock_hz")
    [way] = record["reach"]["ways"]
    assert way["latency_ms"] == pytest.approx(20.0)
    faster = derive(load("CPU"), [Times("platform.clock_hz", way["needed"] / way["value"])])
    assert predict(build("mobilenet_v2"), faster).latency_s * 1e3 == pytest.approx(20.0)


def test_a_saved_platform_says_what_it_came_from_and_is_less_certain_by_the_stated_law(tmp_path):
    path = tmp_path / "faster.toml"
    told = run(*V2, "--set", "platform.clock_hz=x2", "-o", path)
    assert told.exit_code == 0, told.output
    base, saved = load("CPU"), load(path)
    assert saved.name == "faster"
    assert saved.digest in told.stderr
    assert saved.file.derived_from.digest == base.digest
    assert saved.file.derived_from.changes == ("platform.clock_hz=x2",)
    before, after = (predict(build("mobilenet_v2"), platform).latency_s for platform in (base, saved))
    factors = [p.machine("float32").uncertainty.factor for p in (base, saved)]
    assert factors[1] == pytest.approx(exp(hypot(log(factors[0]), 0.5 * log(after / before))))
    clock = saved.file.platform.clock_hz
    assert saved.file.sources[clock.source].kind == "assumed"


def test_a_scenario_is_saved_and_run_again(tmp_path):
    path = tmp_path / "scenario.toml"
    asked = ("whatif", "mobilenet_v1", "mobilenet_v2", "-p", "CPU", "--weight", "mobilenet_v1=3", "--set", f"{DRAM}=x2")
    once = records(*asked, "--save", path)
    assert read_scenario(path).weights == ("mobilenet_v1=3",)
    assert records("whatif", path) == once


def test_a_platform_from_a_datasheet_predicts_with_the_interval_that_its_assumptions_leave(tmp_path):
    path = tmp_path / "npu.toml"
    made = ("platforms", "new", path, "--macs", "int8=4096", "--clock", "1GHz", "--bandwidth", "12.8GB/s")
    assert "--assumed" in printed(*made, "--tile", "int8=64x64", "--fuses", "relu6", "--on-chip", "2MiB")
    [record] = records("whatif", "mobilenet_v2", "-p", path, "--assumed")
    found = record["assumptions"]
    assert found["lower_ms"] < found["latency_ms"] < found["upper_ms"]
    sizes = [abs(log(one["at_max_ms"] / one["at_min_ms"])) for one in found["assumptions"]]
    assert sizes == sorted(sizes, reverse=True)
    assert records("whatif", "mobilenet_v2", "-p", path, "--assumed") == [record]
    assert "Assumptions: mobilenet_v2 on npu" in printed("whatif", "mobilenet_v2", "-p", path, "--assumed")


BAD = {
    "nothing asked": ((), "nothing is asked"),
    "an unknown key": (("--set", "platform.clok_hz=1GHz"), "did you mean 'platform.clock_hz'"),
    "another unit": (("--set", "platform.clock_hz=1GB"), "it is in Hz"),
    "a sweep of no points": (("--sweep", f"{DRAM}=1e9:2e9:log1"), "no points"),
    "a sweep beyond what is allowed": (("--sweep", f"{DRAM}=1e2:2e9:log3"), "is outside"),
    "no expression": (("--sweep", f"{DRAM}=1e9,2e9", "--cost", "1 +"), "is no expression"),
    "code for a cost": (("--sweep", f"{DRAM}=1e9,2e9", "--cost", "open('x')"), "cannot stand in an expression"),
    "a cost of nothing": (("--cost", "bandwidth", "--tornado"), "--cost belongs to --sweep"),
    "a goal out of reach": (("--reach", "1ms", "--by", DRAM), "the closest is"),
    "a goal that is none": (("--reach", "soon"), "is no number"),
    "a number towards nothing": (("--by", DRAM, "--tornado"), "--by belongs to --reach"),
    "the weight of a stranger": (("--tornado", "--weight", "x=1"), "no network 'x'"),
    "no assumption": (("--assumed",), "assumed within a range"),
    "points without a sweep": (("--tornado", "--csv", "-"), "give --sweep"),
    "two formats": (("--sweep", f"{DRAM}=1e9,2e9", "--csv", "-", "--json"), "exclude each other"),
    "nothing to save": (("--tornado", "-o", "x.toml"), "give one -p, and --set"),
    "a name that is none": (("--tornado", "-o", "My NPU.toml"), "small letters"),
    "no such change": (("--change", "fuze=a,b"), "did you mean 'fuse'"),
}


@pytest.mark.parametrize(("options", "complaint"), BAD.values(), ids=BAD.keys())
def test_what_cannot_be_asked_is_refused_in_one_line(options, complaint, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = run(*V2, *options)
    assert found.exit_code == 2
    assert complaint in found.stderr
    assert len(found.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("schema = 2\nmodels = ['a']\nplatforms = ['CPU']", "schema"),
        ("models = 3", "models"),
        ("models = ['a']\nplatforms = ['CPU']\nswep = ['x']", "swep"),
        ("not toml", "not TOML"),
    ],
)
def test_a_file_that_is_no_scenario_is_refused_with_its_key(text, complaint, tmp_path):
    path = tmp_path / "s.toml"
    path.write_text(text)
    found = run("whatif", path)
    assert found.exit_code == 2
    assert complaint in found.stderr


def test_a_scenario_stands_alone(tmp_path):
    assert "give it alone" in run("whatif", tmp_path / "s.toml", "-p", "CPU").stderr
    assert "cannot be read" in run("whatif", tmp_path / "s.toml").stderr


NEW = ("--macs", "int8=64", "--clock", "1GHz", "--bandwidth", "1GB/s")
BAD_SHEETS = {
    "a number is missing": (("--macs", "int8=64", "--clock", "1GHz"), "Missing option '--bandwidth'"),
    "no precision": ((*NEW, "--tile", "8x8"), "write a precision and a value"),
    "no size": ((*NEW, "--tile", "int8=8x"), "up to three whole numbers"),
    "the tile of another precision": ((*NEW, "--tile", "float16=8x8"), "no --macs for float16"),
    "another unit": ((*NEW, "--on-chip", "2GHz"), "--on-chip: '2GHz' has the unit 'GHz'"),
    "operators of nobody": ((*NEW, "--runs", "conv2d"), "--runs needs --fallback"),
    "an operator of nobody": ((*NEW, "--fuses", "relo"), "did you mean 'relu'"),
    "no such fallback": ((*NEW, "--fallback", "CPUX"), "did you mean 'CPU'"),
}


@pytest.mark.parametrize(("options", "complaint"), BAD_SHEETS.values(), ids=BAD_SHEETS.keys())
def test_a_datasheet_that_is_none_is_refused_and_nothing_is_written(options, complaint, tmp_path):
    found = run("platforms", "new", tmp_path / "npu.toml", *options)
    assert found.exit_code == 2
    assert complaint in found.stderr
    assert not list(tmp_path.iterdir())


def test_a_platform_file_is_not_written_over(tmp_path):
    path = tmp_path / "npu.toml"
    printed("platforms", "new", path, *NEW)
    path.write_text("mine")
    assert "is there already" in run("platforms", "new", path, *NEW).stderr
    assert path.read_text() == "mine"
    printed("platforms", "new", path, *NEW, "--force")
