"""The command ``advise``."""

from __future__ import annotations

import csv
import io
import json

import pytest

from .running import printed, run


def test_a_change_is_written_as_a_table_that_takes_as_long_as_was_said(tmp_path):
    (record,) = map(json.loads, printed("advise", "mobilenet_v3_large", "-p", "TPU", "--json").splitlines())
    first = record["advice"][0]
    assert (first["kind"], record["status"], first["status"]) == ("activation", "falls_back", "ok")
    table = tmp_path / "new.csv"
    run("advise", "mobilenet_v3_large", "-p", "TPU", "--apply", 1, "-o", table)
    (written,) = map(json.loads, printed("predict", table, "-p", "TPU", "--json").splitlines())
    assert written["latency_ms"] == pytest.approx(record["latency_ms"] - first["gain_ms"], rel=1e-9)


def test_the_table_has_a_row_for_each_change(toy):
    text = printed("advise", "mobilenet_v3_large", "-p", toy, "--input", 64, "--csv", "-")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["number"] for row in rows] == [str(place) for place in range(1, len(rows) + 1)]
    gains = [float(row["gain_ms"]) for row in rows if row["kind"] not in ("free channels", "larger kernel")]
    assert gains == sorted(gains, reverse=True)
    assert min(gains) > 0.0


def test_a_report_says_what_each_finding_is(toy):
    text = printed("advise", "mobilenet_v3_large", "-p", toy, "--input", 64)
    assert "Leave out the squeeze-and-excite of 8 layers" in text
    assert "Finding 2: operators other than convolutions" in text


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--apply", 1), "belong together"),
        (("-o", "x.csv"), "belong together"),
        (("--apply", 99, "-o", "x.csv"), "changes to choose from"),
        (("--apply", 1, "-o", "x.csv"), "--dtype int8"),
        (("--json", "--csv", "-"), "exclude each other"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_one_line(arguments, complaint):
    result = run("advise", "mobilenet_v1", "-p", "CPU", "--input", 64, *arguments)
    assert result.exit_code == 2
    assert complaint in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_batch_takes_the_time_of_all_its_images(toy):
    one, four = (
        json.loads(printed("predict", "mobilenet_v1", "-p", toy, "--input", 64, "--batch", n, "--json")) for n in (1, 4)
    )
    # The toy's kernels have no cost of their own; parameters are read once for all images.
    assert one["latency_ms"] < four["latency_ms"] <= 4.0 * one["latency_ms"]
    assert (four["network"], four["model"]) == ("mobilenet_v1 64 batch 4", "mobilenet_v1")
