"""Platform files: what is shipped is sound, and what is wrong gets one clear line."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from stairline.hwmodels import PlatformError, available, load, quantities, with_values
from stairline.simulator.walk import require_rules

GOOD = """
schema = 2
name = "board-chip-runtime1"
title = "A board"
[platform]
device = "Board"
processor = "chip"
runtime = "runtime 1"
dtypes = ["int8"]
default_dtype = "int8"
clock_hz = { value = 1e9, source = "sheet" }
[roofs]
overlap = { value = 0.5, source = "sheet" }
[roofs.compute.int8]
macs_per_cycle = { value = 64, source = "sheet" }
[roofs.memory.dram]
bandwidth_bytes_per_s = { value = 4e9, source = "sheet" }
[overheads]
inference_s = { value = 0, source = "sheet" }
kernel_s = { value = 1e-5, source = "sheet" }
epilogue_s_per_element = { value = 0, source = "sheet" }
[kernels.conv2d]
model = "tiled_gemm"
efficiency = { value = 0.5, source = "sheet" }
tile_n = { value = 8, source = "sheet" }
[partition]
rule = "everything"
source = "sheet"
[uncertainty]
factor = { value = 2, source = "sheet" }
[sources]
sheet = { kind = "datasheet", cite = "Board datasheet 1.0" }
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_platform_file_becomes_plain_numbers_at_a_precision(tmp_path):
    machine = load(write(tmp_path, GOOD)).machine("int8")
    rule = machine.rules["conv2d"]
    assert rule.roof.macs_per_s == 64e9
    assert rule.roof.bytes_per_s == 4e9
    assert rule.roof.element_bytes == 1
    assert (rule.parameters.tile_n, rule.parameters.tile_m, rule.parameters.kernel_s) == (8, 1, 1e-5)


BROKEN = [
    ("efficiency = {", "eficiency = {", "kernels.conv2d.eficiency: unknown key of 'tiled_gemm'; did you mean"),
    ("tile_n = {", "tile_q = {", "did you mean 'tile_"),
    ("bandwidth_bytes_per_s = { value = 4e9", "bandwidth_gb_per_s = { value = 4", "did you mean 'bandwidth_bytes"),
    ("value = 1e9", "value = 2.84", "platform.clock_hz: 2.84 is outside"),
    ("value = 1e9", 'value = "1 GHz"', "platform.clock_hz.value"),
    ("value = 4e9", "value = -4e9", "roofs.memory.dram.bandwidth_bytes_per_s: -4e+09 is negative"),
    ("value = 4e9", "value = nan", "roofs.memory.dram.bandwidth_bytes_per_s"),
    ("{ value = 64, source = \"sheet\" }", "{ value = 64 }", "macs_per_cycle.source: missing"),
    ("{ value = 64, source = \"sheet\" }", "{ value = 64, source = \"shet\" }", "did you mean 'sheet'"),
    ("{ value = 64, source = \"sheet\" }", "64", "macs_per_cycle"),
    ('model = "tiled_gemm"', 'model = "tiled_gem"', "did you mean 'tiled_gemm'"),
    ('rule = "everything"', 'rule = "magic"', "partition.rule"),
    ('rule = "everything"', 'rule = "single_split"', "partition.fallback: missing"),
    ("schema = 2", "schema = 3", "schema: 3; this version reads schema = 1 and schema = 2"),
    ('default_dtype = "int8"', 'default_dtype = "float32"', "is not among dtypes"),
    ('dtypes = ["int8"]', 'dtypes = ["int8", "float32"]', "roofs.compute.float32: missing"),
    ("efficiency = { value = 0.5", "efficiency = { value = 1.5", "kernels.conv2d.efficiency: 1.5 is outside"),
    ("title", "titel", "titel: unknown key; did you mean 'title'"),
    ("[roofs]", "[roofs", "not TOML"),
    ("tile_n = { value = 8", "tile_n = { value = 0", "tile_n: 0 is out of range: it must be a whole number from 1"),
    ("tile_n = { value = 8", "tile_n = { value = 2.5", "kernels.conv2d.tile_n: 2.5 is out of range"),
    ("tile_n = {", "unroll_wide = {", "unroll_wide: unknown key of 'tiled_gemm'; it belongs to unrolled_ch"),
    ("efficiency = { value = 0.5, source = \"sheet\" }\n", "", "efficiency: missing; 'tiled_gemm' needs it"),
    ("[kernels.conv2d]", '[kernels."dense|conv2d"]\nmodel = "free"\n[kernels.conv2d]', "'conv2d' has a rule already"),
    ("[kernels.conv2d]", '[kernels."conv2d|conv2d"]', "'conv2d' has a rule already, kernels.conv2d|conv2d"),
    ("[partition]", '[[alike]]\nops = ["add"]\nlike = "conv"\nsource = "sheet"\n[partition]', "'conv' has no rule"),
    ("value = 8,", "value = 8, fit = true, min = 0, max = 16,", "kernels.conv2d.tile_n.min: 0 is out of range"),
]  # fmt: skip


@pytest.mark.parametrize(("good", "bad", "words"), BROKEN)
def test_a_broken_file_is_named_with_the_key_and_a_remedy(tmp_path, good, bad, words):
    assert good in GOOD
    path = write(tmp_path, GOOD.replace(good, bad, 1))
    with pytest.raises(PlatformError) as error:
        load(path)
    lines = str(error.value).splitlines()
    assert all(line.startswith(f"{path}: ") for line in lines)
    assert any(words in line for line in lines), lines


def test_an_operator_alike_has_the_numbers_of_the_other_whatever_they_become(tmp_path):
    alike = '[[alike]]\nops = ["conv3d"]\nlike = "conv2d"\nsource = "sheet"\n[partition]'
    platform = load(write(tmp_path, GOOD.replace("[partition]", alike)))
    changed = with_values(platform, {"kernels.conv2d.efficiency": 0.25}).machine()
    assert changed.rules["conv3d"] == changed.rules["conv2d"]
    assert changed.rules["conv3d"].parameters.efficiency == 0.25


def test_an_operator_with_a_kernel_of_its_own_is_like_no_other(tmp_path):
    alike = '[kernels.relu]\nmodel = "free"\n[[alike]]\nops = ["relu"]\nlike = "conv2d"\nsource = "sheet"\n[partition]'
    assert load(write(tmp_path, GOOD.replace("[partition]", alike))).machine().rules["relu"].model == "free"


def test_what_the_schedule_of_a_network_decides_is_no_key_of_a_file(tmp_path):
    source, model = Path(load("ethos-u55-128-vela5.2").path).read_text(encoding="utf-8"), 'model = "ethos_u_conv"'
    path = write(tmp_path, source.replace(model, f'{model}\nblock_h = {{ value = 8, source = "vela-ini" }}'))
    with pytest.raises(
        PlatformError, match=r"dense\.block_h: .*; the schedule of the network decides it: remove the key"
    ):
        load(path)


@pytest.mark.parametrize("name", ["", "no-such", "mi9-cortexa76-tflite2.0", "../../etc/passwd", "x.toml"])
def test_an_unknown_platform_is_one_line(name):
    with pytest.raises(PlatformError) as error:
        load(name)
    assert len(str(error.value).splitlines()) == 1


def test_a_near_miss_is_suggested():
    with pytest.raises(PlatformError, match=r"did you mean 'mi9-cortexa76-tflite2\.1'"):
        load("mi9-cortexa76-tflite2.0")


def test_aliases_are_known_in_any_case():
    assert load("cpu").name == load("CPU").name == "mi9-cortexa76-tflite2.1"


def test_a_precision_the_platform_lacks_is_refused_with_those_it_has(tmp_path):
    with pytest.raises(PlatformError, match="no precision 'float16'; it has int8"):
        load(write(tmp_path, GOOD)).machine("float16")


def test_what_if_changes_one_number_and_leaves_the_file_alone(tmp_path):
    base = load(write(tmp_path, GOOD))
    faster = with_values(base, {"roofs.compute.int8.macs_per_cycle": 128, "kernels.conv2d.tile_n": 16})
    assert faster.machine().rules["conv2d"].roof.macs_per_s == 128e9
    assert faster.machine().rules["conv2d"].parameters.tile_n == 16
    assert base.machine().rules["conv2d"].roof.macs_per_s == 64e9
    with pytest.raises(PlatformError, match="did you mean"):
        with_values(base, {"kernels.conv2d.tile_m_": 2})
    with pytest.raises(PlatformError, match="negative"):
        with_values(base, {"kernels.conv2d.tile_n": -1})


@pytest.mark.parametrize("platform", available(), ids=lambda p: p.name)
def test_a_shipped_platform_resolves_at_every_precision_and_cites_every_number(platform):
    raw = tomllib.loads(Path(platform.path).read_text(encoding="utf-8"))
    assert Path(platform.path).stem == raw["name"] == platform.name
    for dtype in platform.dtypes:
        assert platform.machine(dtype).rules
    cited = {quantity.source for _, quantity in quantities(platform.file)}
    assert cited <= platform.file.sources.keys()
    for _, quantity in quantities(platform.file):
        kind = platform.file.sources[quantity.source].kind
        assert not quantity.fit or kind in ("fitted", "measured", "assumed", "derived"), (
            "a datasheet number is not fitted"
        )


@pytest.mark.parametrize("platform", available(), ids=lambda p: p.name)
def test_every_rule_a_shipped_platform_names_exists(platform):
    for dtype in platform.dtypes:
        require_rules(platform.machine(dtype))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('[[fusion]]\npattern = ["conv2d", "rely"]\nsource = "sheet"', "fusion.pattern: .*'rely'; did you mean 'relu'"),
        ('[[fusion]]\npattern = ["conv2d", "relu"]\nwhen = ["same_shapes"]\nsource = "sheet"', "'same_shape'"),
        ('[[lowering]]\nrule = "swish_as_mul"\nsource = "sheet"', "lowering: .*'swish_as_sigmoid_mul'"),
        ('[[support]]\nops = ["conv"]\nsource = "sheet"', "support.ops: .*'conv[23]d'"),
        ('[[support]]\nops = ["conv2d"]\nconstraints = ["square"]\nsource = "sheet"', "support.constraints"),
        ('[kernels.conv]\nmodel = "free"', "kernels: .*'conv[23]d'"),
    ],
)
def test_a_name_that_no_rule_has_is_refused_before_anything_is_predicted(tmp_path, line, words):
    platform = load(write(tmp_path, GOOD.replace("[sources]", f"{line}\n[sources]")))
    with pytest.raises(PlatformError, match=words):
        require_rules(platform.machine())
