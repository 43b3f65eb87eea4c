"""The code blocks of docs/adding.md, which the tests run as they stand there."""

from __future__ import annotations

import re

from tests.checkout import ROOT


def examples(heading: str) -> dict[str, str]:
    """The code blocks of a section of the page, by their language."""
    page = (ROOT / "docs" / "adding.md").read_text(encoding="utf-8")
    section = re.split(r"^## ", page.split(f"\n## {heading}\n")[1], flags=re.MULTILINE)[0]
    return dict(re.findall(r"^```(\w+)\n(.*?)^```$", section, flags=re.MULTILINE | re.DOTALL))
