"""Many networks on many platforms give every answer that exists, and a row with its reason for each that does not."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from .running import CPU, printed, run

TABLE = """net,layer,op,h_in,w_in,c_in,h_out,w_out,c_out,kernel,stride
good,0,conv2d,8,8,16,8,8,32,1,1
odd,0,conv2d,8,8,16,8,8,32,1,1
odd,1,tanh,8,8,32,8,8,32,0,0
last,0,conv2d,8,8,16,8,8,32,3,1
"""
"""Three networks, of which the toy platform has no model for one: the hyperbolic tangent of the second."""


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "nets.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"\x08\xff" * 40)
    return path


def test_a_network_that_cannot_be_priced_leaves_the_others_their_rows(table: Path, toy: Path) -> None:
    result = run("predict", table, "-p", toy, "-p", CPU, "--csv", "-")
    assert result.exit_code == 3
    found = rows(result.stdout)
    assert [(row["net"], row["flags"]) for row in found] == [
        *(("good", ""), ("good", "")),
        *(("odd", "failed"), ("odd", "")),
        *(("last", ""), ("last", "")),
    ]
    assert "no model for operator 'tanh'" in found[2]["reason"]
    assert found[2]["latency_ms"] == ""
    assert all(row["reason"] == "" for row in found if row["flags"] == "")
    assert result.stderr == "stairline: 1 of 6 have no prediction; --strict stops at the first\n"


def test_a_thousand_networks_that_are_priced_together_keep_their_rows_too(tmp_path: Path, toy: Path) -> None:
    path = tmp_path / "many.csv"
    header, *lines = TABLE.splitlines()
    many = [f"{line.split(',', 1)[0]}{copy},{line.split(',', 1)[1]}" for copy in range(400) for line in lines]
    path.write_text("\n".join([header, *many, ""]), encoding="utf-8")
    result = run("predict", path, "-p", toy, "--csv", "-")
    assert result.exit_code == 3
    found = rows(result.stdout)
    assert [row["net"] for row in found[:4]] == ["good0", "odd0", "last0", "good1"]
    assert [row["net"][:3] for row in found if row["flags"] == "failed"] == ["odd"] * 400
    few = rows(run("predict", path, "-p", toy, "-p", CPU, "--allow-unknown", "--csv", "-").stdout)
    assert few[0]["latency_ms"] == found[0]["latency_ms"]


def test_strict_stops_at_the_first_failure_with_one_line(table: Path, toy: Path) -> None:
    result = run("predict", table, "-p", toy, "-p", CPU, "--csv", "-", "--strict")
    assert result.exit_code == 2
    assert [row["net"] for row in rows(result.stdout)] == ["good", "good"]
    [line] = result.stderr.splitlines()
    assert "no model for operator 'tanh'" in line


def test_a_broken_file_has_its_row_on_each_platform(broken: Path, toy: Path) -> None:
    result = run("predict", "mobilenet_v1", broken, "-p", toy, "-p", CPU, "--json")
    assert result.exit_code == 3
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [record["status"] for record in found] == ["ok", "ok", "failed", "failed"]
    assert found[0].keys() == found[2].keys()
    assert found[2]["latency_ms"] is None
    assert found[2]["kernels"] == []
    [reason] = found[2]["reasons"]
    assert reason
    text = run("predict", "mobilenet_v1", broken, "-p", toy, "-p", CPU).stdout
    assert text.count(reason[:40]) == 1
    assert "2 platforms, the first toy" in text


def test_files_of_which_none_can_be_read_are_each_complained_about_and_nothing_is_written(
    broken: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "kept.csv"
    kept.write_text("mine\n", encoding="utf-8")
    result = run("predict", broken, tmp_path / "none.onnx", "-p", CPU, "--csv", kept)
    assert result.exit_code == 2
    assert [line.split(": ")[1] for line in result.stderr.splitlines()] == [str(broken), str(tmp_path / "none.onnx")]
    assert kept.read_text(encoding="utf-8") == "mine\n"


def test_a_network_that_no_platform_predicts_gets_its_reasons_and_exit_code_2(
    toy: Path, platform_file: object, tmp_path: Path
) -> None:
    path = tmp_path / "odd.csv"
    path.write_text("\n".join(TABLE.splitlines()[i] for i in (0, 2, 3)) + "\n", encoding="utf-8")
    other = platform_file("other")  # type: ignore[operator]
    result = run("predict", path, "-p", toy, "-p", other)
    assert result.exit_code == 2
    assert result.stdout.count("no model for operator 'tanh'") == 1


def test_a_platform_that_lacks_the_precision_has_a_row_that_offers_the_nearest() -> None:
    result = run("predict", "mobilenet_v1", "-p", "CPU", "-p", "TPU", "--dtype", "fp32", "--csv", "-")
    assert result.exit_code == 3
    cpu, tpu = rows(result.stdout)
    assert (cpu["dtype"], cpu["flags"]) == ("float32", "")
    assert tpu["flags"] == "failed"
    assert "it has int8: ask for int8, the nearest" in tpu["reason"]


@pytest.mark.parametrize(("spelling", "dtype"), [("fp16", "float16"), ("FP32", "float32"), ("half", "float16")])
def test_a_precision_has_the_names_that_people_give_it(spelling: str, dtype: str) -> None:
    [row] = rows(printed("predict", "mobilenet_v1", "-p", "GPU", "--dtype", spelling, "--csv", "-"))
    assert row["dtype"] == dtype


def test_a_network_is_called_what_was_asked_for(toy: Path) -> None:
    [row] = rows(printed("predict", "mobilenet_v2", "--width", "1.4", "--input", "192", "-p", toy, "--csv", "-"))
    assert row["net"] == "mobilenet_v2 w1.4 192"
    [record] = map(json.loads, printed("predict", "mobilenet_v2", "--width", "1.4", "-p", toy, "--json").splitlines())
    assert (record["model"], record["network"]) == ("mobilenet_v2", "mobilenet_v2 w1.4")


def test_networks_of_one_name_are_told_apart_by_their_paths(tmp_path: Path, toy: Path) -> None:
    import onnx
    from onnx import TensorProto, helper

    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 8, 4, 4])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 8, 4, 4])
    model = helper.make_model(helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "net", [x], [y]))
    paths = [tmp_path / folder / "net.onnx" for folder in ("a", "b")]
    for path in paths:
        path.parent.mkdir()
        onnx.save(model, path)
    found = rows(printed("predict", *paths, "-p", toy, "--csv", "-"))
    assert [row["net"] for row in found] == list(map(str, paths))


def test_the_built_in_networks_are_listed_with_their_published_work() -> None:
    listed = {one["name"]: one for one in json.loads(printed("networks", "--json"))}
    # Howard et al. 2017, table 4: 569 million multiply-adds and 4.2 million parameters.
    assert listed["mobilenet_v1"]["macs"] == pytest.approx(569e6, rel=0.01)
    assert listed["mobilenet_v1"]["parameters"] == pytest.approx(4.2e6, rel=0.02)
    assert listed["resnet_v1_50"]["width"] is None
    assert "mobilenet_v2 " in printed("networks")


@pytest.mark.parametrize("verb", [(), ("predict",), ("platforms", "show"), ("networks",)])
def test_every_verb_helps_by_the_short_option(verb: tuple[str, ...]) -> None:
    assert printed(*verb, "-h") == printed(*verb, "--help")
