"""Imports run one way, within the house and within its rooms, whether at the top of a file, in a function or for types.

The import graph is grimp's. A room is a folder, and its name here is its path below ``stairline``. The files that stand
in a package itself are a room of the package's name, but for those that ``ROOMS`` lists as rooms of their own.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from itertools import chain
from pathlib import Path

import grimp
import pytest

from tests.checkout import ROOT

PACKAGES = ("hwmodels", "simulator", "measure", "calibration")

MAY_IMPORT: Mapping[str, frozenset[str]] = {
    "hwmodels": frozenset(),
    "simulator": frozenset({"hwmodels"}),
    "measure": frozenset({"simulator"}),
    "calibration": frozenset({"hwmodels", "simulator", "measure"}),
}
"""The packages that each package may import."""

ROOMS = (
    # What a platform is.
    ("hwmodels.kernels",),
    ("hwmodels",),
    ("hwmodels.files",),
    ("hwmodels.__init__",),
    ("hwmodels.reports",),
    ("hwmodels.commands",),
    # From a model file to a prediction.
    ("simulator.graph",),
    ("simulator.canonical",),
    ("simulator.readers", "simulator.zoo"),
    ("simulator.mapping",),
    ("simulator.runtimes",),
    ("simulator.walk",),
    ("simulator.pricing",),
    ("simulator.networks",),
    ("simulator.device",),
    ("simulator.spaces", "simulator.advice", "simulator.study", "simulator.whatif"),
    ("simulator.reports",),
    ("simulator.page",),
    ("simulator.commands",),
    # Numbers off real devices.
    ("measure.timing",),
    ("measure.processes", "measure.tool_output"),
    ("measure.plan", "measure.models"),
    ("measure.runtimes",),
    ("measure.boards",),
    ("measure.store",),
    ("measure.campaign",),
    ("measure.energy", "measure.accuracy"),
    ("measure.figures",),
    ("measure.reports",),
    ("measure.commands",),
    # Models fitted to measurements.
    ("calibration.records",),
    ("calibration.fitting",),
    ("calibration.judging",),
    ("calibration.overlays",),
    ("calibration.probing",),
    ("calibration.choosing", "calibration.transfer"),
    ("calibration.check", "calibration.report"),
    ("calibration.commands",),
)
"""All rooms, low to high: a room imports lower ones only, so not its neighbours in a row either."""

MEASURE_SEES = frozenset({"simulator.graph", "simulator.canonical", "simulator.readers", "simulator.zoo"})
"""The rooms of the simulator that measuring may know: networks, and no prediction."""

FRONT_DOOR = frozenset({"stairline", "stairline.__main__", "stairline.command", "stairline.extras"})
EXIT_CODES = "stairline.exit_codes"
"""What every command imports; it imports nothing of the project."""

UNSAFE_MODULES = frozenset({"pickle", "cPickle", "_pickle", "dill", "joblib", "cloudpickle", "marshal", "shelve"})
UNSAFE_CALLS = frozenset({"eval", "exec", "compile", "__import__"})

_IMPORTED = re.compile(r"(?:^|;) *(?:from|import) ([a-z_]+)[. ]", re.MULTILINE)

SOURCES = sorted(
    path for folder in (*PACKAGES, "tests", "benchmarks", "examples", "docs") for path in (ROOT / folder).rglob("*.py")
) + sorted((ROOT / "stairline").glob("*.py"))


@cache
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("stairline", cache_dir=None, include_external_packages=True)


def imports() -> dict[str, set[str]]:
    """Modules of the project by the modules that they import."""
    found = graph()
    return {m: ours(found.find_modules_directly_imported_by(m)) for m in ours(found.modules)}


def ours(modules: Iterable[str]) -> set[str]:
    return {module for module in modules if module.split(".")[0] == "stairline"}


def room(module: str) -> str:
    """The room that a module stands in: its folder, or the file itself where ``ROOMS`` gives it a place of its own."""
    _, package, *rest = module.split(".")
    own = f"{package}.{rest[0] if rest else '__init__'}"
    return own if own in chain.from_iterable(ROOMS) or (rest and (ROOT / package / rest[0]).is_dir()) else package


def in_rooms(modules: Iterable[str]) -> set[str]:
    return {module for module in modules if module not in FRONT_DOOR | {EXIT_CODES}}


def arrows() -> list[tuple[str, str]]:
    """All pairs of modules in rooms of which the first imports the second."""
    return [(a, b) for a, found in imports().items() for b in in_rooms(found) if a in in_rooms([a])]


def circle(edges: Mapping[str, Iterable[str]]) -> str:
    """One circle of a graph, written out; empty where it has none."""
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        return " <- ".join(error.args[1])
    return ""


def imported_names(tree: ast.AST) -> set[str]:
    """First names of all modules that a file imports by their full names, in code that it holds as text as well."""
    found = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    found += [str(n.module) for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and not n.level]
    texts = [str(node.value) for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    found += [
        name for text in texts for name in re.findall(r"(?:^|;) *(?:from|import) ([a-z_]+)[. ]", text, re.MULTILINE)
    ]
    return {name.split(".")[0] for name in found}


def parsed(path: Path) -> ast.AST:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def test_the_graph_covers_every_file_of_the_checkout_and_no_other() -> None:
    files = [path.relative_to(ROOT) for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    modules = {".".join(("stairline", *file.with_suffix("").parts)).removesuffix(".__init__") for file in files}
    front = {f"stairline.{path.stem}".removesuffix(".__init__") for path in (ROOT / "stairline").glob("*.py")}
    assert ours(graph().modules) == modules | front


def test_a_circle_is_found_and_written_out() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": set()}) == ""
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}}).count(" <- ") == 3


def test_imports_in_functions_and_for_types_are_seen_through_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rooms").mkdir()
    (tmp_path / "toy_house").mkdir()
    (tmp_path / "toy_house" / "rooms").symlink_to("../rooms")
    files = {
        "toy_house/__init__.py": "",
        "rooms/__init__.py": "",
        "rooms/low.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from toy_house.rooms import high\n",
        "rooms/high.py": "def late():\n    from .low import TYPE_CHECKING\n",
    }
    for file, text in files.items():
        (tmp_path / file).write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = grimp.build_graph("toy_house", cache_dir=None)
    low, high = "toy_house.rooms.low", "toy_house.rooms.high"
    assert circle({m: found.find_modules_directly_imported_by(m) for m in (low, high)})


def test_no_module_imports_itself_by_way_of_others() -> None:
    assert circle(imports()) == ""


def test_no_room_imports_itself_by_way_of_others() -> None:
    edges: dict[str, set[str]] = {}
    for module, imported in arrows():
        if room(module) != room(imported):
            edges.setdefault(room(module), set()).add(room(imported))
    assert circle(edges) == ""


def test_every_room_has_its_place_in_the_order() -> None:
    listed = [one for row in ROOMS for one in row]
    assert sorted(listed) == sorted(set(listed))
    # A package's own file is its public face and its docstring.
    faces = {f"stairline.{package}" for package in ("simulator", "measure", "calibration")}
    assert {room(module) for module in in_rooms(ours(graph().modules)) - faces} <= set(listed)


def test_a_room_imports_lower_rooms_only() -> None:
    height = {one: place for place, row in enumerate(ROOMS) for one in row}
    upward = [
        f"{module} imports {imported}"
        for module, imported in arrows()
        if room(module) != room(imported) and height.get(room(module), -1) <= height.get(room(imported), len(ROOMS))
    ]
    assert not upward, "\n".join(sorted(upward))


def test_a_package_imports_the_packages_below_it_only() -> None:
    package = {module: module.split(".")[1] for module in in_rooms(ours(graph().modules))}
    wrong = [
        f"{module} imports {imported}"
        for module, imported in arrows()
        if package[module] != package[imported] and package[imported] not in MAY_IMPORT[package[module]]
    ]
    assert not wrong, "\n".join(sorted(wrong))


def test_measuring_sees_networks_and_no_prediction() -> None:
    seen = [
        f"{module} imports {imported}"
        for module, imported in arrows()
        if module.startswith("stairline.measure") and imported.startswith("stairline.simulator")
        if room(imported) not in MEASURE_SEES
    ]
    assert not seen, "\n".join(sorted(seen))


def test_only_the_front_door_imports_the_front_door() -> None:
    importers = {m for m, found in imports().items() if found & FRONT_DOOR}
    assert importers <= FRONT_DOOR
    assert imports()[EXIT_CODES] == set()


def test_only_commands_talk_to_the_terminal_and_choose_exit_codes() -> None:
    for module in graph().find_modules_that_directly_import("click") | graph().find_modules_that_directly_import(
        EXIT_CODES
    ):
        assert module in FRONT_DOOR or "commands" in module.split("."), module


def test_nothing_unpickles() -> None:
    assert UNSAFE_MODULES.isdisjoint(graph().modules)


def test_nothing_is_evaluated() -> None:
    for path in SOURCES:
        if not path.is_relative_to(ROOT / "tests"):
            calls = [node.func for node in ast.walk(parsed(path)) if isinstance(node, ast.Call)]
            assert UNSAFE_CALLS.isdisjoint(call.id for call in calls if isinstance(call, ast.Name)), path


def test_no_file_imports_a_room_by_its_bare_name() -> None:
    # By both names, every class would exist twice.
    own = Path(__file__).resolve()
    assert not [p for p in SOURCES if p != own and not imported_names(parsed(p)).isdisjoint(PACKAGES)]


def test_the_package_imports_neither_tests_nor_benchmarks_and_benchmarks_import_no_tests() -> None:
    for path in SOURCES:
        folder, found = path.relative_to(ROOT).parts[0], imported_names(parsed(path))
        assert folder == "tests" or "tests" not in found, path
        assert folder in ("tests", "benchmarks") or "benchmarks" not in found, path


@pytest.mark.parametrize(
    "text",
    [
        "import measure.store\n",
        "def f():\n    from measure.store import store\n",
        "run('import sys; from measure.store import store')\n",
    ],
)
def test_a_bare_name_is_noticed_wherever_it_stands(text: str) -> None:
    assert "measure" in imported_names(ast.parse(text))
