"""The pages and the README state what the code holds."""

from __future__ import annotations

import os
import re

import stairline as sl
from docs.generate import OPERATORS, PAGE, operators, page
from stairline.hwmodels import schema
from stairline.hwmodels.provenance import Closed
from tests.checkout import ROOT


def test_the_front_door_offers_what_it_lists() -> None:
    assert all(hasattr(sl, name) for name in sl.__all__)
    assert sl.load("CPU").dtypes == ("float32", "int8")


def test_the_readme_has_one_line_to_predict_and_one_to_test_from_nothing_but_python() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"^python3 -m venv .*$", readme, re.MULTILINE)
    assert ["stairline predict" in line for line in lines] == [True, False]
    assert ["pytest" in line for line in lines] == [False, True]
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_the_page_on_platform_files_names_every_key() -> None:
    page = (ROOT / "docs" / "platform-files.md").read_text(encoding="utf-8")
    prose = re.sub(r"```.*?```", "", page, flags=re.DOTALL)
    code = {word for span in re.findall(r"`([^`]+)`", prose) for word in re.findall(r"\w+", span)}
    records = [m for m in vars(schema).values() if isinstance(m, type) and issubclass(m, Closed)]
    keys = {field.alias or name for record in records for name, field in record.model_fields.items()}
    # A kernel's parameters stand directly under it.
    assert keys - code == {"parameters"}


def test_the_page_on_kernel_models_says_what_the_code_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python docs/generate.py writes it anew"


def test_the_page_on_operators_says_what_the_code_and_the_platform_files_say() -> None:
    assert OPERATORS.read_text(encoding="utf-8") == operators(), "python docs/generate.py writes it anew"
