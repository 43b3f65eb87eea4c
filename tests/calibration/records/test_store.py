"""Fitting to a store of measurements: its configurations say themselves which networks they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from statistics import NormalDist

import pytest
from click.testing import CliRunner, Result

from stairline.calibration.records.store import read_store
from stairline.command import main
from stairline.hwmodels import load, with_values
from stairline.measure.plan.configuration import configuration
from stairline.measure.store.store import Key, opened
from stairline.measure.timing.record import Reading, Run
from tests.calibration.board import BASE, CONDITIONS, TRUTH, measured_store


@pytest.fixture
def base(tmp_path: Path) -> Path:
    path = tmp_path / "base.toml"
    path.write_text(BASE, encoding="utf-8")
    return path


def fit(store_file: Path, base: Path, *more: str) -> Result:
    output = store_file.with_name("mine.toml")
    return CliRunner().invoke(main, ["fit", str(store_file), "-p", str(base), "-o", str(output), *more])


def test_the_platform_behind_a_store_is_found(tmp_path: Path, base: Path) -> None:
    measured_store(tmp_path / "s.db", with_values(load(base), TRUTH))
    done = fit(tmp_path / "s.db", base)
    assert done.exit_code == 0, done.output
    mine = load(tmp_path / "mine.toml")
    for key in ("overheads.kernel_s", "kernels.conv2d|dwconv2d.efficiency"):
        assert mine.overlay is not None
        assert mine.overlay.values[key].value == pytest.approx(TRUTH[key], rel=0.05)


def test_several_backends_are_not_mixed(tmp_path: Path, base: Path) -> None:
    for backend in ("one", "other"):
        measured_store(tmp_path / "s.db", load(base), replace(CONDITIONS, runtime=backend), backend)
    refused = fit(tmp_path / "s.db", base)
    assert "holds measurements on one, other; choose one with --backend" in refused.output
    assert fit(tmp_path / "s.db", base, "--backend", "other").exit_code == 0
    assert "holds no measurement on third" in fit(tmp_path / "s.db", base, "--backend", "third").output


def test_several_settings_are_not_mixed(tmp_path: Path, base: Path) -> None:
    for threads in (1, 4):
        measured_store(tmp_path / "s.db", load(base), replace(CONDITIONS, threads=threads))
    assert "threads is 1 and 4" in fit(tmp_path / "s.db", base).output


def test_a_store_needs_no_table_and_a_csv_does(tmp_path: Path, base: Path) -> None:
    measured_store(tmp_path / "s.db", load(base))
    assert "leave it out" in fit(tmp_path / "s.db", base, "--layers", "x.csv").output
    (tmp_path / "r.csv").write_text("net,latency_ms\na,1\n", encoding="utf-8")
    assert "give --layers" in fit(tmp_path / "r.csv", base).output


def test_a_few_slow_runs_do_not_make_a_measurement_count_less(tmp_path: Path) -> None:
    one = configuration("op", "conv2d", {"hw": 28, "cin": 8, "cout": 8}, "float32")
    steady = [1e-3 * (1 + 0.01 * NormalDist().inv_cdf((n + 0.5) / 30)) for n in range(30)]
    for name, runs_s in (("calm.db", steady), ("disturbed.db", [*steady, 9e-3, 12e-3])):
        with opened(tmp_path / name, create=True) as store:
            run = Run((), tuple(runs_s), Reading(1.0), Reading(1.0))
            store.add(Key(one.digest, "b", one.dtype, CONDITIONS.setting_digest), 1, one, CONDITIONS, run)
    calm, disturbed = (read_store(tmp_path / name, "b")[0].rows[0] for name in ("calm.db", "disturbed.db"))
    assert calm.std_s == pytest.approx(1e-5, rel=0.05)  # As drawn: 1 % of a millisecond.
    assert disturbed.std_s == pytest.approx(calm.std_s, rel=0.2)


def test_a_random_network_is_a_whole_one_and_a_pair_of_operators_is_none(tmp_path: Path) -> None:
    network = configuration(
        "op", "chain", {"hw": 32, "cin": 3, "steps": "conv:c_out=8 relu globalavgpool2d dense:c_out=10"}, "float32"
    )
    pair = configuration("op", "chain", {"hw": 32, "cin": 3, "steps": "conv:c_out=8 relu"}, "float32")
    with opened(tmp_path / "s.db", create=True) as store:
        for one in (network, pair):
            run = Run((), (1e-3, 1e-3), Reading(1.0), Reading(1.0))
            store.add(Key(one.digest, "b", one.dtype, CONDITIONS.setting_digest), 1, one, CONDITIONS, run)
    assert [row.family for row in read_store(tmp_path / "s.db", "b")[0].rows] == ["chain", ""]
