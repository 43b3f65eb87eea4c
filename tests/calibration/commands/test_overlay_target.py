"""What an overlay cannot hold is refused in one line: before the fit where the command line states it."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from stairline.calibration.commands.overlay import Target, stated_conditions, target
from stairline.hwmodels import PlatformError, load
from stairline.hwmodels.overlay import Scores
from stairline.hwmodels.provenance import Source

NOT_UTF_8 = b"board \xff".decode("utf-8", "surrogateescape")
"""An argument that is not UTF-8, as Python decodes it."""
OVERLAY = load("mi9-adreno640-tflite2.1-nnmeter").overlay


def test_a_condition_that_is_not_utf_8_is_refused_as_it_is_read():
    with pytest.raises(click.UsageError, match=r"--condition 'device=board \\udcff': holds bytes that are not UTF-8"):
        stated_conditions([f"device={NOT_UTF_8}"])


@pytest.mark.parametrize(("output", "title"), [(f"{NOT_UTF_8}.toml", None), ("mine.toml", NOT_UTF_8)])
def test_a_title_or_an_output_that_is_not_utf_8_is_refused_before_the_fit(output, title):
    with pytest.raises(click.UsageError, match="holds bytes that are not UTF-8"):
        target(output, "CPU", load("CPU"), "mine", title, force=False)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: Source(kind="fitted", cite=f"fitted to {NOT_UTF_8}.csv"), "cite: .*unicode"),
        (lambda: Scores(within_10=float("nan"), within_20=1.0, mape=0.1), "within_10: .*finite number, not nan"),
    ],
)
def test_what_a_calibration_found_and_no_file_can_hold_is_one_line(tmp_path, build, words):
    to = Target(tmp_path / "mine.toml", "CPU", "mine", None)
    with pytest.raises(PlatformError, match=f"mine.toml: not written: {words}") as error, to.complaining():
        build()
    assert len(str(error.value).splitlines()) == 1


def test_nothing_is_written_of_an_overlay_that_no_file_can_hold(tmp_path):
    to = Target(tmp_path / "mine.toml", "CPU", "mine", None)
    with pytest.raises(PlatformError):
        to.save(OVERLAY.model_copy(update={"title": NOT_UTF_8}), b"{}")
    assert list(tmp_path.iterdir()) == []


def test_an_overlay_and_its_residual_are_written_and_load(tmp_path):
    shipped = load("mi9-adreno640-tflite2.1-nnmeter")
    trees = Path(shipped.path).with_name(OVERLAY.residual.file).read_bytes()
    to = Target(tmp_path / "mine.toml", "GPU", "mine", None)
    to.save(OVERLAY, trees)
    again = load(tmp_path / "mine.toml")
    assert (again.overlay, again.digest) == (OVERLAY, shipped.digest)
