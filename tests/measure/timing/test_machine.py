"""What the machine reports of itself, read from files as Linux writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from stairline.measure.timing import machine


def test_the_hottest_zone_and_the_present_clock_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, text in enumerate(("41500\n", "38000\n", "N/A\n")):
        (tmp_path / f"thermal_zone{number}").mkdir()
        (tmp_path / f"thermal_zone{number}" / "temp").write_text(text)
    monkeypatch.setattr(machine, "_THERMAL", tmp_path)
    assert machine.temperature_c() == 41.5
    for core in range(machine.os.cpu_count() or 1):
        (tmp_path / f"cpu{core}" / "cpufreq").mkdir(parents=True)
        (tmp_path / f"cpu{core}" / "cpufreq" / "scaling_cur_freq").write_text("2841600\n")
    monkeypatch.setattr(machine, "_CPUFREQ", tmp_path)
    assert machine.current_clock_hz() == 2_841_600_000


def test_a_machine_without_sensors_reports_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_THERMAL", "_CPUFREQ", "_CPUINFO"):
        monkeypatch.setattr(machine, name, tmp_path / "absent")
    assert (machine.temperature_c(), machine.current_clock_hz()) == (None, None)
