"""A check's contract: its JSON, its verdicts, and the causes that it names for faults whose truth is known."""

from __future__ import annotations

import json
import math
import random
import subprocess
from datetime import date
from xml.etree import ElementTree

import pytest

from stairline.calibration.check.causes import CAUSES, FAULTS
from stairline.calibration.check.check import check
from stairline.calibration.check.measured import MeasuredFile, MeasuredNetwork, OperatorRecord, read_measured
from stairline.calibration.check.outputs import accepting, junit, read_accepted, since
from stairline.calibration.records.errors import RecordsError
from stairline.hwmodels import load
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.networks import read
from stairline.simulator.pricing.predict import predict
from tests.checkout import ROOT, STAIRLINE

CPU = load("CPU")
ROW_KEYS = (
    *("net", "kernel", "layers", "op", "dtype", "predicted_ms", "lower_ms", "upper_ms", "measured_ms"),
    *("measured_lower_ms", "measured_upper_ms", "error", "z", "cause", "flags", "verdict"),
)
DESCRIPTION_KEYS = (
    *("text", "op", "ranges", "covers", "spares_wrongly", "time_lost_ms", "reasons", "settle_with", "platform_keys"),
)
KEYS = (
    *("schema_version", "platform", "platform_digest", "records", "false_discovery", "verdict"),
    *("rows", "descriptions", "measurement_faults"),
)


def chain(name: str, seed: int):
    """A small network of inverted residuals."""
    draw = random.Random(seed)
    b = GraphBuilder(name)
    x = b.conv2d(b.input((1, 96, 96, 3)), draw.choice((8, 16, 24)), 3, 2, activation="relu6")
    for _ in range(draw.randint(3, 7)):
        y = b.conv2d(x, draw.choice((3, 4, 6)) * b.shape(x)[-1], activation="relu6")
        y = b.dwconv2d(y, draw.choice((3, 5)), draw.choice((1, 1, 2)), activation="relu6")
        x = b.conv2d(y, draw.choice((12, 24, 40, 64)))
    return b.build(b.dense(b.layer("globalavgpool2d", x), 100))


GRAPHS = {f"net_{i}": chain(f"net_{i}", i) for i in range(16)}
KERNELS = {name: predict(graph, CPU).kernels for name, graph in GRAPHS.items()}


def of_networks(change, noise=0.02):
    draw = random.Random(3)
    found = []
    for line, (name, kernels) in enumerate(KERNELS.items(), 2):
        time_s = change(sum(k.latency_s for k in kernels), line) * math.exp(draw.gauss(0.0, noise))
        found.append(MeasuredNetwork(name, None, time_s, noise * time_s, line))
    return MeasuredFile("nets.csv", tuple(found), by_operator=False)


def of_operators(change, noise=0.02):
    draw = random.Random(4)
    found = []
    for name, kernels in list(KERNELS.items())[:6]:
        times = [(k, change(k) * math.exp(draw.gauss(0.0, noise))) for k in kernels]
        ops = tuple(OperatorRecord(k.name, k.ops[0], t, noise * t, None, i) for i, (k, t) in enumerate(times))
        found.append(MeasuredNetwork(name, None, None, None, 2, ops))
    return MeasuredFile("ops.csv", tuple(found), by_operator=True)


def top(found):
    return found.descriptions[0].reasons[0].cause


def test_what_agrees_is_not_flagged() -> None:
    found = check(of_networks(lambda s, _: s), GRAPHS.get, CPU)
    assert found.verdict == "agrees"
    assert not found.descriptions
    assert {row.verdict for row in found.rows} == {"agrees"}


def test_a_common_factor_is_of_the_class_of_clock_threads_and_load() -> None:
    found = check(of_networks(lambda s, _: 1.7 * s), GRAPHS.get, CPU)
    assert found.verdict == "diverges"
    assert top(found) in {"scale", "threads", "load"}


def test_a_constant_for_each_inference_is_told_from_a_factor() -> None:
    found = check(of_networks(lambda s, _: s + 0.004), GRAPHS.get, CPU)
    assert top(found) == "inference_overhead"
    assert "ms for each inference" in found.descriptions[0].reasons[0].detail


def test_milliseconds_for_microseconds_are_a_unit_and_a_fault() -> None:
    found = check(of_networks(lambda s, _: 1000.0 * s), GRAPHS.get, CPU)
    assert top(found) == "unit"
    assert {fault.kind for fault in found.faults} == {"unit"}


def test_times_that_grow_along_the_file_are_a_drift() -> None:
    found = check(of_networks(lambda s, line: s * (1.0 + 0.05 * line)), GRAPHS.get, CPU)
    assert top(found) == "drift"


def test_a_constant_for_each_kernel_shows_in_operators() -> None:
    found = check(of_operators(lambda k: k.latency_s + 1e-4), GRAPHS.get, CPU)
    assert top(found) == "kernel_overhead"


def test_one_operator_at_another_rate_is_described_by_it_alone() -> None:
    found = check(of_operators(lambda k: k.latency_s * (1.8 if k.ops[0] == "dwconv2d" else 1.0)), GRAPHS.get, CPU)
    assert (top(found), found.descriptions[0].op) == ("operator_rate", "dwconv2d")
    assert found.descriptions[0].platform_keys[0] == "kernels.dwconv2d"
    slow = [row for row in found.rows if row.joined.op == "dwconv2d"]
    assert found.descriptions[0].covers == len(slow) == sum(row.diverges for row in found.rows)


def test_a_mechanism_of_one_shape_is_described_by_its_range() -> None:
    wide = {layer.name for g in GRAPHS.values() for layer in g.layers if layer.attributes.kernel == (5, 5)}
    found = check(
        of_operators(lambda k: k.latency_s * (2.5 if k.ops[0] == "dwconv2d" and k.name in wide else 1.0)),
        lambda name: GRAPHS[name],
        CPU,
    )
    first = found.descriptions[0]
    assert (first.reasons[0].cause, first.op) in {("shape_local", "dwconv2d"), ("operator_rate", "dwconv2d")}


def test_noise_beyond_the_interval_cannot_tell() -> None:
    found = check(of_networks(lambda s, _: s, noise=0.3), GRAPHS.get, CPU)
    assert found.verdict == "cannot_tell"
    assert any(flag.startswith("noisy:") for row in found.rows for flag in row.flags)


def test_rows_without_a_partner_stay_on_either_side() -> None:
    kernels = KERNELS["net_0"]
    records = [OperatorRecord(k.name, k.ops[0], k.latency_s, None, None, i) for i, k in enumerate(kernels[1:])]
    records.append(OperatorRecord("mystery", "einsum", 1e-3, None, None, 99))
    network = MeasuredNetwork("net_0", None, None, None, 2, tuple(records))
    found = check(MeasuredFile("ops.csv", (network,), True), GRAPHS.get, CPU)
    alone = {(row.joined.kernel, row.joined.measured_s is None) for row in found.rows if row.verdict == "unmatched"}
    assert alone == {(kernels[0].name, True), ("mystery", False)}


def test_operators_are_matched_by_their_order_where_names_say_nothing() -> None:
    spelled = {"conv2d": "CONV_2D", "dwconv2d": "DEPTHWISE_CONV_2D", "dense": "FULLY_CONNECTED"}
    records = tuple(
        OperatorRecord(f"x{i}", spelled.get(k.ops[0], k.ops[0]), k.latency_s, None, None, i)
        for i, k in enumerate(KERNELS["net_1"])
    )
    network = MeasuredNetwork("net_1", None, None, None, 2, records)
    found = check(MeasuredFile("ops.csv", (network,), True), GRAPHS.get, CPU)
    assert {row.verdict for row in found.rows} == {"agrees"}


def test_the_json_has_the_keys_that_programs_rely_on() -> None:
    found = json.loads(json.dumps(check(of_networks(lambda s, _: 2.0 * s), GRAPHS.get, CPU).to_json(), allow_nan=False))
    assert tuple(found) == KEYS
    assert {tuple(row) for row in found["rows"]} == {ROW_KEYS}
    assert {tuple(one) for one in found["descriptions"]} == {DESCRIPTION_KEYS}
    assert {tuple(r) for d in found["descriptions"] for r in d["reasons"]} == {
        ("cause", "detail", "closes", "evidence")
    }
    assert {r["cause"] for d in found["descriptions"] for r in d["reasons"]} <= set(CAUSES)
    assert {fault["kind"] for fault in found["measurement_faults"]} <= set(FAULTS)
    row = found["rows"][0]
    assert row["error"] == pytest.approx(row["predicted_ms"] / row["measured_ms"] - 1.0)
    assert row["lower_ms"] < row["predicted_ms"] < row["upper_ms"]
    assert row["measured_lower_ms"] < row["measured_ms"] < row["measured_upper_ms"]
    assert row["kernel"] is None
    assert row["z"] < 0.0


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("net,layer,op,latency_ms,colour\na,b,conv2d,1,red\n", "unknown column 'colour'"),
        ("net,latency_ms\na,-1\n", "line 2: latency_ms -1 is not positive"),
        ("net,op,latency_ms\na,conv2d,1\n", "no column 'layer' or 'kernel'"),
        ("net,latency_ms,p90_ms\na,1,x\n", "line 2: p90_ms 'x' is not a positive number"),
        ("net,latency_ms\n", "no records below the header"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_one_line(tmp_path, text, complaint) -> None:
    path = tmp_path / "m.csv"
    path.write_text(text)
    with pytest.raises(RecordsError) as error:
        read_measured(path)
    assert complaint in str(error.value)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [*STAIRLINE, "check", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)


def test_the_exit_code_says_whether_they_agree(tmp_path) -> None:
    latency_ms = 1e3 * predict(read("mobilenet_v1"), CPU).latency_s
    (tmp_path / "good.csv").write_text(f"net,latency_ms,std_ms\nmobilenet_v1,{latency_ms},0.1\n")
    (tmp_path / "bad.csv").write_text(f"net,latency_ms,std_ms\nmobilenet_v1,{2 * latency_ms},0.1\n")
    (tmp_path / "lost.csv").write_text("net,latency_ms\nnobody,1\n")
    good, bad, lost = (run(tmp_path / name, "-p", "CPU", "--json") for name in ("good.csv", "bad.csv", "lost.csv"))
    assert (good.returncode, bad.returncode, lost.returncode) == (0, 1, 2)
    assert json.loads(bad.stdout)["verdict"] == "diverges"
    assert lost.stdout == ""
    assert lost.stderr.count("\n") == 1


def test_a_loss_below_the_stated_share_does_not_fail(tmp_path) -> None:
    latency_ms = 1e3 * predict(read("mobilenet_v1"), CPU).latency_s
    (tmp_path / "bad.csv").write_text(f"net,latency_ms,std_ms\nmobilenet_v1,{1.3 * latency_ms},0.1\n")
    assert run(tmp_path / "bad.csv", "-p", "CPU", "--fail-over", "50%").returncode == 0
    assert run(tmp_path / "bad.csv", "-p", "CPU", "--fail-over", "10%").returncode == 1


def test_junit_has_a_failure_for_each_network_that_diverges() -> None:
    found = check(of_networks(lambda s, line: s * (2.0 if line == 5 else 1.0)), GRAPHS.get, CPU)
    suite = ElementTree.fromstring(junit(found).split("\n", 1)[1])
    assert (suite.get("tests"), suite.get("failures")) == (str(len(GRAPHS)), "1")
    assert [case.get("name") for case in suite if len(case)] == ["net_3"]


def test_a_baseline_says_what_is_new_gone_and_worse(tmp_path) -> None:
    agrees = check(of_networks(lambda s, _: s), GRAPHS.get, CPU)
    mild = check(of_networks(lambda s, _: s + 0.004), GRAPHS.get, CPU)
    bad = check(of_networks(lambda s, _: s + 0.008), GRAPHS.get, CPU)
    for name, one in (("agrees", agrees), ("mild", mild)):
        (tmp_path / name).write_text(json.dumps(one.to_json()))
    assert [len(texts) for texts in since(mild, tmp_path / "agrees")] == [1, 0, 0]
    assert [len(texts) for texts in since(agrees, tmp_path / "mild")] == [0, 1, 0]
    assert [len(texts) for texts in since(bad, tmp_path / "mild")] == [0, 0, 1]


def test_what_is_accepted_counts_again_after_its_last_day(tmp_path) -> None:
    path = tmp_path / "accepted.toml"
    path.write_text('[[ignore]]\ncause = "inference_overhead"\nuntil = 2030-01-31\n')
    found = check(of_networks(lambda s, _: s + 0.004), GRAPHS.get, CPU)
    assert accepting(found, read_accepted(path), date(2030, 1, 31)).verdict == "agrees"
    assert accepting(found, read_accepted(path), date(2030, 2, 1)).verdict == "diverges"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('[[ignore]]\ncause = "bad luck"\nuntil = 2030-01-31\n', "cause 'bad luck' is none"),
        ('[[ignore]]\ncause = "scale"\n', "until None is no date"),
        ('[[ignore]]\ncause = "scale"\nuntil = 2030-01-31\nnet = "a"\n', "unknown key 'net'"),
        ("", "no [[ignore]] table"),
    ],
)
def test_a_file_of_what_is_accepted_is_refused_in_one_line(tmp_path, text, complaint) -> None:
    path = tmp_path / "accepted.toml"
    path.write_text(text)
    with pytest.raises(RecordsError) as error:
        read_accepted(path)
    assert complaint in str(error.value)


AI_HUB = {
    "execution_summary": {"estimated_inference_time": 900},
    "execution_detail": [
        {"name": "a", "type": "CONV_2D", "compute_unit": "NPU", "execution_time": 500, "execution_cycles": 10},
        {"name": "b", "type": "SOFTMAX", "compute_unit": "CPU", "execution_time": 300, "execution_cycles": 20},
    ],
}
INSPECTOR = """event_block_name,event_name,p10 (ms),p50 (ms),p90 (ms),avg (ms),op_types,is_delegated_op,\
delegate_backend_name
Default,Method::init,9,9,9,9,[],False,
Execute,native_call_convolution.out,1.0,2.0,3.0,2.1,['aten.convolution.default'],False,
Execute,DELEGATE_CALL,0.5,0.6,0.7,0.6,[],False,XnnpackBackend
Execute,Method::execute,2.8,2.9,3.5,3.0,[],False,
"""


def test_profiles_of_ai_hub_and_executorch_are_read_with_their_operators(tmp_path) -> None:
    (tmp_path / "hub.json").write_text(json.dumps(AI_HUB))
    (tmp_path / "inspector.csv").write_text(INSPECTOR)
    (hub,) = read_measured(tmp_path / "hub.json", "net").networks
    assert hub.latency_s == pytest.approx(900e-6)
    assert [(one.name, one.latency_s, one.elsewhere) for one in hub.operators] == [
        ("a", 5e-4, False),
        ("b", 3e-4, True),
    ]
    (run_,) = read_measured(tmp_path / "inspector.csv", "net").networks
    assert run_.latency_s == pytest.approx(2.9e-3)
    assert [(one.op, one.latency_s) for one in run_.operators] == [
        ("convolution", pytest.approx(2e-3)),
        ("DELEGATE_CALL", pytest.approx(6e-4)),
    ]


def test_a_profile_without_a_name_asks_for_one(tmp_path) -> None:
    (tmp_path / "hub.json").write_text(json.dumps(AI_HUB))
    with pytest.raises(RecordsError, match="name it with --net"):
        read_measured(tmp_path / "hub.json")
