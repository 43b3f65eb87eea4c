"""Overlays: a calibrated platform is its parent with other numbers, and says so when it cannot be."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from stairline.command import main
from stairline.hwmodels import PlatformError, load, quantities
from stairline.hwmodels.files.writing import overlay_text
from stairline.simulator.pricing.predict import predict
from stairline.simulator.zoo import build

PARENT = load("GPU")
DIGEST = PARENT.fitted_digest
GOOD = f"""
schema = 2
name = "mine"
title = "My phone"
parent = "{PARENT.name}"
parent_digest = "{DIGEST}"
[values]
"shared.efficiency" = {{ value = 0.25, source = "fit-mine" }}
"roofs.compute.float32.macs_per_cycle" = {{ value = 700, source = "fit-mine" }}
[calibration]
records = "mine.csv"
records_digest = "0123456789abcdef"
networks = 20
dtypes = ["float32"]
conditions = {{ threads = "1", "room temperature" = "20 °C \\"or so\\"" }}
verdict = ["converged: 2 parameters"]
scores = {{ within_10 = 0.9, within_20 = 1.0, mape = 0.05 }}
[uncertainty]
factor = {{ value = 1.2, source = "held-out" }}
[sources]
fit-mine = {{ kind = "fitted", cite = "fitted to mine.csv" }}
held-out = {{ kind = "fitted", cite = "held out" }}
"""


def write(tmp_path: Path, text: str, name: str = "mine.toml") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_an_overlay_is_its_parent_but_for_the_numbers_it_gives(tmp_path):
    mine = load(write(tmp_path, GOOD))
    changed = {
        "shared.efficiency": 0.25,
        "roofs.compute.float32.macs_per_cycle": 700.0,
        "uncertainty.factor": 1.2,
    }
    values = {key: quantity.value for key, quantity in quantities(mine.file)}
    assert values == {key: quantity.value for key, quantity in quantities(PARENT.file)} | changed
    assert mine.name == "mine"
    assert mine.file.aliases == ()
    assert mine.file.fusion == PARENT.file.fusion
    assert mine.file.sources.keys() == PARENT.file.sources.keys() | {"fit-mine", "held-out"}


def test_an_overlay_offers_the_measured_precisions_only(tmp_path):
    mine = load(write(tmp_path, GOOD))
    assert "float16" in PARENT.dtypes
    assert mine.dtypes == ("float32",)
    assert predict(build("mobilenet_v2"), mine).summary.dtype == "float32"


def test_changing_nothing_predicts_what_the_parent_predicts(tmp_path):
    start, end = GOOD.index("[values]\n") + len("[values]\n"), GOOD.index("[calibration]")
    same, graph = load(write(tmp_path, GOOD[:start] + GOOD[end:])), build("mobilenet_v2")
    assert predict(graph, same).latency_s == predict(graph, PARENT, "float32").latency_s


def test_an_overlay_may_lie_over_a_file_beside_it(tmp_path):
    (tmp_path / "base.toml").write_bytes(Path(PARENT.path).read_bytes())
    path = write(tmp_path, GOOD.replace(f'parent = "{PARENT.name}"', 'parent = "base.toml"'))
    assert load(path).machine().rules


def test_what_is_written_is_read_back_as_it_was(tmp_path):
    overlay = load(write(tmp_path, GOOD)).overlay
    again = load(write(tmp_path, overlay_text(overlay), "again.toml")).overlay
    assert again == overlay
    assert tomllib.loads(GOOD)["calibration"]["conditions"] == again.calibration.conditions


def test_showing_an_overlay_says_what_it_was_fitted_to_and_how_well(tmp_path):
    text = CliRunner().invoke(main, ["platforms", "show", str(write(tmp_path, GOOD))]).stdout
    for words in (
        f"{PARENT.name} (digest {DIGEST}), of which 2 numbers differ",
        "20 networks of mine.csv",
    ):
        assert words in text
    assert "90.0% of networks within 10 %, 100.0% within 20 %, MAPE 5.0%" in text
    assert "converged: 2 parameters" in text


BROKEN = [
    (f'parent = "{PARENT.name}"', 'parent = "mi9-adreno640-tflite2.2"', "parent: unknown platform .* did you mean"),
    (f'parent = "{PARENT.name}"', 'parent = "absent.toml"', "absent.toml: cannot be read"),
    (DIGEST, "0" * 16, f"'{PARENT.name}' has changed since: its digest is {DIGEST}.*fit again"),
    ('"shared.efficiency"', '"shared.eficiency"', "no quantity 'shared.eficiency'; did you mean 'shared.efficiency'"),
    ("value = 0.25", "value = -0.25", "shared.efficiency: -0.25 is negative"),
    ("value = 0.25", "value = nan", "values.shared.efficiency.value: Input should be a finite number, not 'nan'"),
    ("value = 0.25", "value = 2.5", "shared.efficiency: 2.5 is outside"),
    ('0.25, source = "fit-mine"', '0.25, source = "fit-min"', "'fit-min' is not in .*did you mean 'fit-mine'"),
    ("parent_digest =", "parent_digset =", "parent_digset: unknown key; did you mean 'parent_digest'"),
    (f'parent = "{PARENT.name}"', 'parent = "mine.toml"', "parent: 'mine.toml' is an overlay itself"),
    ("schema = 2", "schema = 3", "schema: 3; this version reads schema = 1 and schema = 2"),
    ('dtypes = ["float32"]', 'dtypes = ["int8"]', "calibration.dtypes: .* has no int8; it has float32, float16"),
    ('dtypes = ["float32"]', "dtypes = []", "calibration.dtypes"),
    ("value = 1.2", "value = 0.5", "uncertainty.factor: 0.5 is outside"),
    ("[calibration]", "[callibration]", "callibration: unknown key; did you mean 'calibration'"),
]  # fmt: skip


@pytest.mark.parametrize(("good", "bad", "words"), BROKEN)
def test_a_broken_overlay_is_named_with_the_key_and_a_remedy(tmp_path, good, bad, words):
    assert good in GOOD
    path = write(tmp_path, GOOD.replace(good, bad, 1))
    with pytest.raises(PlatformError, match=words) as error:
        load(path)
    assert all(line.startswith(f"{path}: ") for line in str(error.value).splitlines())


def test_an_overlay_over_an_overlay_is_refused_with_the_parent_to_name(tmp_path):
    write(tmp_path, GOOD, "first.toml")
    path = write(tmp_path, GOOD.replace(f'parent = "{PARENT.name}"', 'parent = "first.toml"'), "second.toml")
    with pytest.raises(PlatformError, match=f"is an overlay itself; name its parent, {PARENT.name}"):
        load(path)


def test_an_operator_whose_time_was_not_measured_takes_none(tmp_path):
    text = GOOD.replace("[values]", 'omitted = ["dense"]\n[values]')
    mine, whole = load(write(tmp_path, text)), load(write(tmp_path, GOOD, "whole.toml"))
    graph = build("mobilenet_v1")
    less, all_of_it = (predict(graph, platform, "float32") for platform in (mine, whole))
    left_out = [kernel for kernel in all_of_it.kernels if kernel.ops[0] == "dense"]
    assert left_out
    assert less.latency_s == pytest.approx(all_of_it.latency_s - sum(k.latency_s for k in left_out))
    assert tomllib.loads(overlay_text(mine.overlay))["omitted"] == ["dense"]


@pytest.mark.parametrize(
    ("op", "complaint"), [("relu", "'relu' shares its rule with others"), ("dens", "did you mean 'dense'")]
)
def test_only_an_operator_with_its_own_rule_is_left_out(tmp_path, op, complaint):
    with pytest.raises(PlatformError, match=complaint):
        load(write(tmp_path, GOOD.replace("[values]", f'omitted = ["{op}"]\n[values]')))
