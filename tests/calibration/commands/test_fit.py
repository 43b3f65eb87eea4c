"""The command fit: records to an overlay, and which options it refuses."""

from __future__ import annotations

import csv
import io

import pytest
from click.testing import CliRunner

from stairline.command import main
from stairline.hwmodels import load
from tests.calibration.board import TRUTH, run_fit, write_records


def test_the_platform_that_made_the_records_is_found_and_its_overlay_predicts_them(place, latencies_ms, tmp_path):
    output = tmp_path / "mine.toml"
    records = write_records(tmp_path / "mine.csv", latencies_ms)
    result = run_fit(place, records, output, "--condition", "threads=1", "--title", "Mine")
    assert result.exit_code == 0, result.output
    mine = load(output)
    for key, value in TRUTH.items():
        assert mine.overlay.values[key].value == pytest.approx(value, rel=0.02), key
    assert (mine.name, mine.file.title, mine.overlay.calibration.conditions) == ("mine", "Mine", {"threads": "1"})
    assert mine.overlay.calibration.scores.within_10 == mine.overlay.calibration.scores.family_within_10 == 1.0
    assert mine.file.uncertainty.factor.value < 1.02
    predicted = CliRunner().invoke(main, ["predict", str(place / "layers.csv"), "-p", str(output), "--csv", "-"])
    for row in csv.DictReader(io.StringIO(predicted.stdout)):
        assert float(row["latency_ms"]) == pytest.approx(latencies_ms[row["net"]], rel=0.01)
    assert "converged" in result.output
    assert "at_limit" not in result.output


def test_a_file_that_is_no_platform_is_not_overwritten_unasked(place, latencies_ms, tmp_path):
    records = write_records(tmp_path / "r.csv", latencies_ms)
    other = tmp_path / "pyproject.toml"
    other.write_text('[project]\nname = "mine"\n', encoding="utf-8")
    refused = run_fit(place, records, other)
    assert refused.exit_code == 2
    assert "is there and no platform file" in refused.stderr
    assert "[project]" in other.read_text(encoding="utf-8")
    assert run_fit(place, records, other, "--force").exit_code == 0
    assert load(other).name == "pyproject"


def test_a_platform_is_named_after_its_file(place, latencies_ms, tmp_path):
    records = write_records(tmp_path / "r.csv", latencies_ms)
    assert run_fit(place, records, tmp_path / "My_Board 2.toml").exit_code == 0
    assert load(tmp_path / "My_Board 2.toml").name == "my-board-2"


def test_one_record_is_refused(place, latencies_ms, tmp_path):
    result = run_fit(
        place, write_records(tmp_path / "r.csv", dict(list(latencies_ms.items())[:1])), tmp_path / "o.toml"
    )
    assert result.exit_code == 2
    assert "one network" in result.stderr


BAD_OPTIONS = [
    (["-o", "mine.txt"], "ends in .toml"),
    (["-o", "no/such/place/mine.toml"], "cannot be written"),
    (["--dtype", "float23"], "did you mean 'float32'"),
    (["--name", "My Phone"], "use small letters"),
    (["--condition", "threads"], "give KEY=VALUE"),
    (["--condition", "threads=1", "--condition", "threads=2"], "each key once"),
    (["-p", "GPUU"], "unknown platform 'GPUU'"),
    (["--layers", "absent.csv"], "absent.csv: "),
]


@pytest.mark.parametrize(("options", "words"), BAD_OPTIONS)
def test_a_bad_option_is_refused_before_anything_is_fitted(place, latencies_ms, tmp_path, options, words):
    records = write_records(tmp_path / "r.csv", latencies_ms)
    result = run_fit(place, records, tmp_path / "o.toml", *options)
    assert result.exit_code == 2
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_an_overlay_is_no_base_and_a_base_is_not_overwritten(place, latencies_ms, tmp_path):
    records, output = write_records(tmp_path / "r.csv", latencies_ms), tmp_path / "mine.toml"
    assert run_fit(place, records, output).exit_code == 0
    again = run_fit(place, records, tmp_path / "again.toml", base=output)
    assert again.exit_code == 2
    assert "an overlay itself" in again.stderr
    over = run_fit(place, records, place / "base.toml")
    assert over.exit_code == 2
    assert "is the base itself" in over.stderr


def test_a_number_that_cannot_be_stated_is_refused_by_its_name(place, latencies_ms, tmp_path):
    records = write_records(tmp_path / "r.csv", latencies_ms)
    for option in ("overheads.inference_s=much", "overheads.inference_s", "overheads.inference=1", "=1"):
        done = run_fit(place, records, tmp_path / "mine.toml", "--set", option)
        assert done.exit_code != 0
        assert option.partition("=")[0] in str(done.exception) + done.output
        assert not (tmp_path / "mine.toml").exists()


def test_bounds_that_are_none_are_refused(place, latencies_ms, tmp_path):
    records = write_records(tmp_path / "r.csv", latencies_ms)
    for option in ("overheads.inference_s=low:high", "overheads.inference_s", "overheads.inference=1:2"):
        done = run_fit(place, records, tmp_path / "mine.toml", "--free", option)
        assert done.exit_code != 0
        assert "overheads.inference" in str(done.exception) + done.output
