"""Imports run one way, hwmodels <- simulator <- calibration -> measure: a prediction can never see a measurement."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.checkout import ROOT

PACKAGES = ("hwmodels", "simulator", "measure", "calibration")
MAY_IMPORT = {
    "hwmodels": {"hwmodels"},
    "simulator": {"simulator", "hwmodels"},
    "measure": {"measure", "simulator"},
    "calibration": {"calibration", "simulator", "measure", "hwmodels"},
}
GRAPH_SIDE = ("attributes", "builder", "graph", "ops", "readers", "weights", "zoo")
FILES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
UNSAFE_MODULES = {"pickle", "cPickle", "dill", "joblib", "cloudpickle", "marshal", "shelve"}


def imported(tree: ast.AST, module: str) -> Iterator[str]:
    """Absolute names of what a file imports, wherever in the file; ``module`` is the package it lies in."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = module.split(".")[: len(module.split(".")) - node.level + 1] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def imports_of(path: Path) -> set[str]:
    package = ".".join(path.relative_to(ROOT).parent.parts)
    return set(imported(ast.parse(path.read_text(encoding="utf-8")), package))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_relative_imports_are_seen_as_what_they_import() -> None:
    tree = ast.parse("from . import a\nfrom ..b import c\nfrom d.e import f\nimport g.h\n")
    assert set(imported(tree, "top.sub")) == {"top.sub.a", "top.b.c", "d.e.f", "g.h"}


@pytest.mark.parametrize("path", FILES, ids=name)
def test_a_package_imports_only_what_lies_below_it(path: Path) -> None:
    own = path.relative_to(ROOT).parts[0]
    ours = {origin for origin in imports_of(path) if origin.split(".")[0] in {*PACKAGES, "stairline", "tests"}}
    assert {origin.split(".")[0] for origin in ours} <= MAY_IMPORT[own], ours


@pytest.mark.parametrize("path", [p for p in FILES if p.is_relative_to(ROOT / "measure")], ids=name)
def test_measuring_sees_networks_but_no_prediction(path: Path) -> None:
    for origin in imports_of(path):
        if origin.split(".")[0] == "simulator":
            assert origin.split(".")[1] in GRAPH_SIDE, origin


@pytest.mark.parametrize("module", GRAPH_SIDE)
def test_the_graph_side_of_the_simulator_knows_no_platform(module: str) -> None:
    path = ROOT / "simulator" / module
    files = sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]
    ours = {origin for file in files for origin in imports_of(file) if origin.split(".")[0] == "hwmodels"}
    assert ours <= {"hwmodels.text.did_you_mean"}


@pytest.mark.parametrize("path", FILES, ids=name)
def test_only_commands_talk_to_the_terminal(path: Path) -> None:
    if not path.name.endswith("commands.py"):
        assert "click" not in {origin.split(".")[0] for origin in imports_of(path)}


@pytest.mark.parametrize("path", [*FILES, ROOT / "stairline.py"], ids=name)
def test_nothing_unpickles_or_evaluates(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    called = {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
    assert called.isdisjoint({"eval", "exec", "compile", "__import__"})
    assert {origin.split(".")[0] for origin in imports_of(path)}.isdisjoint(UNSAFE_MODULES)
