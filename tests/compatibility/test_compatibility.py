"""What users have of the first release is read unchanged, to the same answers: one file of each kind, made by it."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from stairline.command import main
from stairline.hwmodels import PlatformError, load
from stairline.hwmodels.files.released import RELEASED_PARENTS
from stairline.measure.plan.file import configurations, read

HERE = Path(__file__).parent
SHIPPED = Path(load("CPU").path).parent
RELEASED = sorted((HERE / "platforms").glob("*.toml"))
CORRECTED = "mi9-adreno640-tflite2.1-nnmeter"
CONTENT_MAY_DIFFER = {"platform_digest", "provenance", "model_source"}
"""Keys of a prediction whose values depend on how a file is written and where it lies, in the release or now."""


def answer(*arguments: str | Path) -> str:
    result = CliRunner().invoke(main, list(map(str, arguments)))
    assert result.exit_code == 0, result.output
    return result.stdout


def predictions(*arguments: str | Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in answer("predict", *arguments, "--json").splitlines()]


def released_predictions() -> dict[tuple[str, str], dict[str, Any]]:
    records = map(json.loads, (HERE / "predictions.jsonl").read_text(encoding="utf-8").splitlines())
    return {(record["model"], record["platform"]): record for record in records}


def rounded(value: Any) -> Any:
    """A JSON value with its keys in order and its numbers to 12 digits, to which processors agree on exponentials."""
    if isinstance(value, dict):
        return [(key, rounded(child)) for key, child in value.items()]
    if isinstance(value, list):
        return [rounded(child) for child in value]
    return float(f"{value:.12g}") if isinstance(value, float) else value


def assert_same(now: dict[str, Any], then: dict[str, Any]) -> None:
    """Every key of the release is there, in its order and with its value; keys may have been added since."""
    assert [key for key in now if key in then] == list(then)
    assert set(now["provenance"]) == set(then["provenance"])
    for key in then.keys() - CONTENT_MAY_DIFFER:
        assert rounded(now[key]) == rounded(then[key]), key


@pytest.mark.parametrize("platform", ["CPU", "fitted.toml", "over-own-board.toml"])
def test_a_layer_table_is_predicted_as_it_was_by_a_platform_and_by_an_overlay_of_the_release(platform):
    where = HERE / platform if platform.endswith(".toml") else platform
    (now,) = predictions(HERE / "alexnet.csv", "-p", where)
    assert_same(now, released_predictions()["alexnet_0", now["platform"]])


def test_an_overlay_of_the_release_with_a_residual_corrects_as_it_did(tmp_path):
    shutil.copy(SHIPPED / f"{CORRECTED}.residual.json", tmp_path)
    shutil.copy(HERE / "corrected.toml", tmp_path)
    (now,) = predictions(HERE / "alexnet.csv", "-p", tmp_path / "corrected.toml")
    then = released_predictions()["alexnet_0", CORRECTED]
    assert then["latency_ms"] != then["analytical_ms"]
    # The overlay omits fully connected layers; the release counted them as covered.
    assert now["flags"] == [*then["flags"], "operators_omitted"]
    assert now["coverage"]["operators"] < 1.0
    told = {"flags": then["flags"], "coverage": then["coverage"]}
    # The release did not price that the GPU's 1,000 results are converted, in 5e-10 s each.
    for key in ("latency_ms", "analytical_ms"):
        assert now[key] == pytest.approx(then[key] + 5e-4, abs=1e-9)
    assert now["kernels"][-1]["op"] == "host_io"
    told["kernels"] = [*now["kernels"][:-1], then["kernels"][-1]]
    times = ("latency_ms", "lower_ms", "upper_ms", "analytical_ms")
    assert_same(now | told | {key: then[key] for key in times}, then)


def test_a_network_of_the_zoo_on_two_processors_is_predicted_as_it_was():
    (now,) = predictions("mobilenet_v1", "--input", "64", "--width", "0.25", "-p", "TPU")
    assert_same(now, released_predictions()[now["model"], now["platform"]])


@pytest.mark.parametrize("table", ["layers.csv.gz", "layers.parquet"])
def test_layer_tables_of_both_formats_give_the_rows_that_the_release_wrote(table):
    arguments = ("-p", "CPU", "-p", "TPU", "--allow-unknown", "--csv", "-")
    now = list(csv.reader(answer("predict", HERE / table, *arguments).splitlines()))
    then = list(csv.reader((HERE / "predictions.csv").read_text(encoding="utf-8").splitlines()))
    # Columns may have been added since, behind those of the release.
    assert [row[: len(then[0])] for row in now[: len(then)]] == then


def test_a_store_of_the_release_is_exported_to_the_same_rows_and_not_changed(tmp_path):
    store = Path(shutil.copy(HERE / "store.db", tmp_path))
    exported = answer("measure", "export", store, "--csv", "-")
    assert exported.splitlines()[:10] == (HERE / "export.csv").read_text(encoding="utf-8").splitlines()
    assert store.read_bytes() == (HERE / "store.db").read_bytes()


def test_a_plan_of_the_release_asks_for_what_the_store_that_it_filled_has():
    wanted = {(one.digest, one.dtype) for one in configurations(read(HERE / "plan.toml"))}
    with sqlite3.connect(f"file:{HERE / 'store.db'}?mode=ro", uri=True) as connection:
        taken = set(connection.execute("SELECT digest, dtype FROM record WHERE backend = 'onnxruntime'"))
    assert wanted == taken
    assert len(wanted) == 8


def test_a_listed_platform_has_the_keys_that_it_had():
    (then,) = json.loads((HERE / "platforms.json").read_text(encoding="utf-8"))
    for now in json.loads(answer("platforms", "--json")):
        assert [key for key in now if key in then] == list(then)


REORDERED = (
    *("coral-edgetpu-tflite", "ethos-u55-128-vela5.2", "ethos-u85-256-vela5.2", "ncs2-myriadx-openvino2019r2"),
    *("x86-onnxruntime", "x86-xnnpack-litert"),
)
"""Platforms whose rules changed since: what was fitted over them as they were is refused over them as they are."""


@pytest.mark.parametrize("path", [p for p in RELEASED if p.stem not in REORDERED], ids=lambda path: path.stem)
def test_an_overlay_over_a_released_platform_loads_over_the_shipped_one(path, tmp_path):
    of_bytes = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    released, shipped = load(path), load(path.stem)
    assert RELEASED_PARENTS[of_bytes] == released.fitted_digest == shipped.fitted_digest
    overlay = tmp_path / "mine.toml"
    dtype = shipped.dtypes[0]
    overlay.write_text(
        f'schema = 1\nname = "mine"\ntitle = "t"\nparent = "{path.stem}"\nparent_digest = "{of_bytes}"\n[values]\n'
        f'[calibration]\nrecords = "r.csv"\nrecords_digest = "0"\nnetworks = 1\ndtypes = ["{dtype}"]\nverdict = []\n'
        "scores = { within_10 = 1, within_20 = 1, mape = 0 }\n",
        encoding="utf-8",
    )
    assert load(overlay).overlay.parent_digest == shipped.fitted_digest


@pytest.mark.parametrize(
    ("old", "new"),
    [("value = 2.84e9", "value = 2.85e9"), ('pattern = ["conv2d', 'pattern = ["dense|conv2d'), ("\n", "\n# comment\n")],
)
def test_an_overlay_over_a_users_own_file_states_its_bytes_and_is_refused_once_these_change(tmp_path, old, new):
    base = (HERE / "own-board.toml").read_text(encoding="utf-8")
    assert old in base
    overlay = Path(shutil.copy(HERE / "over-own-board.toml", tmp_path))
    (tmp_path / "own-board.toml").write_text(base, encoding="utf-8")
    digest = load(overlay).overlay.parent_digest
    assert digest == load(tmp_path / "own-board.toml").fitted_digest
    (tmp_path / "own-board.toml").write_text(base.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PlatformError, match=r"has changed since.*write parent_digest = ") as error:
        load(overlay)
    assert len(str(error.value).splitlines()) == 1
    assert (digest in str(error.value)) == ("comment" in new)
