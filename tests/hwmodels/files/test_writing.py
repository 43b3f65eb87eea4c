"""Overlay files are read back as they were written, whatever texts and numbers they hold, or are not written."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stairline.hwmodels import PlatformError, load
from stairline.hwmodels.files.writing import overlay_text
from stairline.hwmodels.overlay import Change, OverlayFile

CORRECTED = "mi9-adreno640-tflite2.1-nnmeter"
UTF_8 = st.text(st.characters(exclude_categories=["Cs"]))
"""Texts with every character that UTF-8 has, control characters included."""
FINITE = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def overlays(draw: st.DrawFn, text: st.SearchStrategy[str], number: st.SearchStrategy[float]) -> OverlayFile:
    """An overlay that was built without validation, so that it can hold any text and number."""
    texts = st.lists(text, max_size=2).map(tuple)
    overlay = load(CORRECTED).overlay
    changes = st.builds(Change.model_construct, value=number, source=text)
    scores = {name: draw(number) for name in ("within_10", "within_20", "mape")}
    about = {
        "conditions": draw(st.dictionaries(text, text, max_size=2)),
        "verdict": draw(texts),
        "scores": overlay.calibration.scores.model_copy(update=scores),
    }
    profiles = st.lists(st.tuples(number, number), max_size=2).map(tuple)
    domain = {"kinds": draw(texts), "profiles": draw(profiles), "reach": draw(number)}
    return overlay.model_copy(
        update={
            "title": draw(text),
            "aliases": draw(texts),
            "notes": draw(texts),
            "values": draw(st.dictionaries(text, changes, max_size=2)),
            "calibration": overlay.calibration.model_copy(update=about),
            "domain": overlay.domain.model_copy(update=domain),
        }
    )


def assert_reads_back(text: str, overlay: OverlayFile) -> None:
    stated = overlay.model_dump(by_alias=True, exclude_none=True, exclude_defaults=True)
    assert as_lists(tomllib.loads(text.encode().decode())) == as_lists(stated)


@given(overlays(UTF_8, FINITE))
@settings(deadline=None)
def test_an_overlay_of_finite_numbers_is_read_back_equal_whatever_its_texts(overlay):
    assert_reads_back(overlay_text(overlay), overlay)


@given(overlays(st.text(), st.floats()))
@settings(deadline=None)
def test_what_no_file_can_hold_is_refused_in_one_line(overlay):
    complaint = ""
    try:
        assert_reads_back(overlay_text(overlay), overlay)
    except PlatformError as error:
        complaint = str(error)
    assert len(complaint.splitlines()) <= 1


def as_lists(node: object) -> object:
    """Tuples as the lists that TOML has."""
    if isinstance(node, dict):
        return {key: as_lists(value) for key, value in node.items()}
    return [as_lists(value) for value in node] if isinstance(node, tuple | list) else node


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_none_is_refused_by_its_key(value):
    overlay = load(CORRECTED).overlay
    scores = overlay.calibration.scores.model_copy(update={"mape": value})
    about = overlay.calibration.model_copy(update={"scores": scores})
    with pytest.raises(PlatformError, match=r"^calibration\.scores\.mape: -?(nan|inf) is no number"):
        overlay_text(overlay.model_copy(update={"calibration": about}))


def test_a_text_that_utf_8_cannot_hold_is_refused_before_anything_is_written():
    overlay = load(CORRECTED).overlay.model_copy(update={"notes": ("board \udcff",)})
    with pytest.raises(PlatformError, match=r"board \\udcff': UTF-8 has no such character; write another text"):
        overlay_text(overlay)


def test_a_number_is_one_line_that_holds_its_value_and_source():
    overlay = load(CORRECTED).overlay
    lines = overlay_text(overlay).splitlines()
    for key, change in overlay.values.items():
        (line,) = (line for line in lines if line.startswith(f'"{key}" = '))
        assert change.source in line
    assert len([line for line in lines if line.startswith("    [")]) == len(overlay.domain.profiles)
