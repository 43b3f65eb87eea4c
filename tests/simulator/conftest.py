"""A device of round numbers, of which a test states what it is about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from stairline import hwmodels
from stairline.hwmodels import Platform, load
from tests.made_up_device import platform_text


@pytest.fixture
def device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Platform]:
    """Writes a platform file of round numbers and loads it; its fallback is found in the same folder."""
    monkeypatch.setattr(hwmodels.loading, "_shipped", lambda: {p.stem: p for p in tmp_path.glob("*.toml")})

    def make(name: str = "main", **stated: str | float) -> Platform:
        path = tmp_path / f"{name}.toml"
        path.write_text(platform_text(name, **stated), encoding="utf-8")
        return load(path)

    return make
