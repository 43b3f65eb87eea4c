"""Networks saved in TensorFlow's own formats for tests."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from stairline.measure.models import build
from stairline.simulator.graph.graph import Graph

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


tf = pytest.importorskip("tensorflow")


keras = tf.keras


def operators(graph: Graph) -> Counter[str]:
    return Counter(layer.op for layer in graph.layers)


def frozen(path: Path, function: Any, *specs: Any) -> Path:
    """The GraphDef of a Python function as a .pb file, unoptimised."""
    concrete = tf.function(function, autograph=False).get_concrete_function(*specs)
    path.write_bytes(concrete.graph.as_graph_def().SerializeToString())
    return path


def save(graph: Graph, path: Path) -> Path:
    if path.suffix == ".pb":
        path.write_bytes(build.frozen_graph(graph).SerializeToString())
    elif path.suffix:
        build.save_keras(graph, path)
    else:
        build.save_saved_model(graph, path)
    return path
