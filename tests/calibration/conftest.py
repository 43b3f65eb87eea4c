"""Fixtures of the small board that calibrations are tested on."""

from __future__ import annotations

import numpy as np
import pytest

from stairline.hwmodels import load, with_values
from stairline.simulator.networks import networks
from stairline.simulator.pricing.predict import predict

from .board import BASE, FAMILIES, PER_FAMILY, TRUTH, layer_rows


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    """A directory with a base platform, a layer table, and the latencies of its networks on a changed platform."""
    directory = tmp_path_factory.mktemp("board")
    (directory / "base.toml").write_text(BASE, encoding="utf-8")
    random = np.random.default_rng(7)
    names = [f"{kind}_{i}" for kind in FAMILIES for i in range(PER_FAMILY)]
    header = "net,layer,op,h_in,w_in,c_in,h_out,w_out,c_out,kernel,stride"
    rows = [row for name in names for row in layer_rows(name, random)]
    (directory / "layers.csv").write_text("\n".join([header, *rows]), encoding="utf-8")
    return directory


@pytest.fixture(scope="session")
def latencies_ms(place):
    changed = with_values(load(place / "base.toml"), TRUTH)
    return {g.name: predict(g, changed).latency_s * 1e3 for g in networks(place / "layers.csv").graphs}
