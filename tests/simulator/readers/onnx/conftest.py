"""Fixtures of the tests of ONNX files."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def saved(tmp_path):
    def save(built, name="network.onnx") -> Path:
        path = tmp_path / name
        path.write_bytes(built.SerializeToString())
        return path

    return save
