"""Platform files as text: what is written reads as the platform that it was written from."""

from __future__ import annotations

import tomllib

import pytest

from stairline.hwmodels import available, derive, load
from stairline.hwmodels.files.changes import Fused, Times
from stairline.hwmodels.files.datasheet import COMMENTS, Datasheet, Tile, datasheet_file
from stairline.hwmodels.files.loading import load_file, parse
from stairline.hwmodels.files.platform_text import platform_text

SHEET = Datasheet(
    name="npu",
    macs_per_cycle={"int8": 4096.0, "float16": 1024.0},
    clock_hz=1e9,
    bandwidth_bytes_per_s=12.8e9,
    tiles={"int8": Tile(64, 64)},
    on_chip_bytes=2.0**21,
    fuses=("relu", "add"),
    fallback="mi9-cortexa76-tflite2.1",
    runs=("conv2d", "dwconv2d", "relu"),
    active_w=2.0,
)


@pytest.mark.parametrize("name", [p.name for p in available()])
def test_every_shipped_platform_reads_as_it_was_written(name):
    file = load(name).file
    assert parse(tomllib.loads(platform_text(file)), name).file == file


def test_a_derived_platform_reads_as_it_was_written(tmp_path):
    changed = derive(load("CPU"), [Times("platform.clock_hz", 2.0), Fused(("conv2d", "sigmoid"))])
    path = tmp_path / "fast.toml"
    path.write_text(platform_text(changed.file), encoding="utf-8")
    assert load_file(path).digest == changed.digest


def test_a_datasheet_states_what_is_given_and_assumes_the_rest_within_ranges(tmp_path):
    path = tmp_path / "npu.toml"
    path.write_text(platform_text(parse(datasheet_file(SHEET), "npu").file, COMMENTS), encoding="utf-8")
    found = load_file(path)
    assert found.dtypes == ("int8", "float16")
    machine = found.machine("int8")
    assert machine.rules["conv2d"].roof.macs_per_s == 4096e9
    assert machine.rules["conv2d"].parameters.tile_n == 64.0
    assert found.machine("float16").rules["conv2d"].parameters.tile_n == 1.0
    assert machine.rules["conv2d"].roof.cache_bytes == 2.0**21
    assert machine.active_w == 2.0
    assert machine.fallback == "mi9-cortexa76-tflite2.1"
    dram = found.file.roofs.memory["dram"].bandwidth_bytes_per_s
    assert found.file.sources[dram.source].kind == "assumed"
    assert dram.min < dram.value < dram.max <= 12.8e9


def test_every_comment_of_a_datasheet_file_stands_above_what_it_is_about():
    lines = platform_text(parse(datasheet_file(SHEET), "npu").file, COMMENTS).splitlines()
    for key, comment in COMMENTS.items():
        below = lines[lines.index(f"# {comment.splitlines()[-1]}") + 1]
        assert below.startswith("[") or below.split(" ")[0] == key.rpartition(".")[2]


def test_the_least_datasheet_is_one_of_three_numbers():
    least = Datasheet("npu", {"int8": 100.0}, 1e9, 1e9, {})
    assert parse(datasheet_file(least), "npu").dtypes == ("int8",)
