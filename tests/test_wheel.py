"""The wheel as users install it: what is in it, and that nothing of a folder that it is used in stands in for its own.

The wheel is built by the project's back end from a copy of the checkout, so that the checkout stays as it is.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from collections.abc import Iterable
from pathlib import Path
from shutil import copytree, ignore_patterns
from zipfile import ZipFile

import pytest

from tests.checkout import ROOT

pytestmark = pytest.mark.xdist_group("device")

PACKAGES = ("hwmodels", "simulator", "measure", "calibration")
STRANGERS = ("measure.py", "queue.py", "simulator/__init__.py", "calibration.py", "hwmodels/__init__.py")
SOURCES = (*PACKAGES, "stairline")

PREDICT = ("predict", "mobilenet_v2", "-p", "CPU")
PLAN = 'schema = 1\n[[measure]]\nop = "conv2d"\nhw = 8\ncin = 8\n'
MEASURE = ("measure", "run", "p.toml", "-b", "onnxruntime", "--store", "s.db", "--visits", "1", "--max-visits", "1")


def run(*command: str, cwd: Path, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """A command in a folder, with ``path`` on Python's path; its caches stay in the folder's own parent."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    environment |= {"HOME": str(cwd.parent), "XDG_CACHE_HOME": str(cwd.parent / "cache")}
    if path:
        environment["PYTHONPATH"] = str(path)
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=300)


def build(kind: str, source: Path, into: Path) -> Path:
    """A wheel or sdist of a source tree, by setuptools, without network."""
    into.mkdir(exist_ok=True)
    code = f"from setuptools import build_meta; build_meta.build_{kind}({str(into)!r})"
    done = run(sys.executable, "-c", code, cwd=source)
    assert done.returncode == 0, done.stderr
    [made] = into.iterdir()
    return made


def contents(wheel: Path) -> dict[str, bytes]:
    """The files of a wheel, but for the list of their own digests."""
    with ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/RECORD")}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("wheel")


@pytest.fixture(scope="module")
def checkout(place: Path) -> Path:
    """A copy of what the wheel is made from, the links as links."""
    copy = place / "checkout"
    copy.mkdir()
    for folder in SOURCES:
        copytree(ROOT / folder, copy / folder, symlinks=True, ignore=ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        (copy / file).write_bytes((ROOT / file).read_bytes())
    return copy


@pytest.fixture(scope="module")
def sdist(checkout: Path, place: Path) -> Path:
    return build("sdist", checkout, place / "sdist")


@pytest.fixture(scope="module")
def wheel(checkout: Path, sdist: Path, place: Path) -> Path:
    assert sdist  # not side by side: both write the project's egg-info
    return build("wheel", checkout, place / "wheel")


@pytest.fixture(scope="module")
def installed(wheel: Path, place: Path) -> Path:
    """A folder that the wheel is installed into, without what it depends on, which the tests' own Python has."""
    target = place / "target"
    options = ("--quiet", "--no-deps", "--no-index", "--disable-pip-version-check", "--target", str(target))
    done = run(sys.executable, "-m", "pip", "install", *options, str(wheel), cwd=wheel.parent)
    assert done.returncode == 0, done.stderr
    return target


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A user's folder in which files are called like packages and modules that Stairline imports."""
    own = tmp_path / "own"
    for file in STRANGERS:
        (own / file).parent.mkdir(parents=True, exist_ok=True)
        (own / file).write_text('raise SystemExit("stranger")\n', encoding="utf-8")
    (own / "p.toml").write_text(PLAN, encoding="utf-8")
    return own


def top(names: Iterable[str]) -> set[str]:
    return {Path(name).parts[0] for name in names}


def test_one_package_is_installed_and_no_other(wheel: Path, installed: Path) -> None:
    assert {name for name in top(contents(wheel)) if not name.endswith(".dist-info")} == {"stairline"}
    assert {path.name for path in installed.iterdir() if path.suffix != ".dist-info"} == {"stairline", "bin"}


def test_the_wheel_holds_every_file_of_the_packages(wheel: Path) -> None:
    wanted = {
        str(Path("stairline", path.relative_to(ROOT)))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    wanted |= {str(path.relative_to(ROOT)) for path in (ROOT / "stairline").glob("*.py")} | {"stairline/py.typed"}
    found = {name for name in contents(wheel) if not top([name]).pop().endswith(".dist-info")}
    assert found == wanted
    kinds = {Path(name).suffix for name in found}
    assert kinds >= {".toml", ".json", ".html", ".typed"}


def test_the_sdist_builds_the_same_wheel(wheel: Path, sdist: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    [unpacked] = tmp_path.iterdir()
    assert contents(build("wheel", unpacked, tmp_path / "again")) == contents(wheel)


def test_what_is_to_be_withstood_is_there(folder: Path) -> None:
    for module in ("measure", "queue", "simulator", "calibration", "hwmodels"):
        assert run(sys.executable, "-c", f"import {module}", cwd=folder).stderr == "stranger\n"


def test_import_stairline_works_beside_strangers(installed: Path, folder: Path) -> None:
    code = "import stairline; print(stairline.__file__, stairline.__version__)"
    done = run(sys.executable, "-c", code, cwd=folder, path=installed)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(str(installed))


def test_an_import_of_stairline_imports_no_room(installed: Path, folder: Path) -> None:
    done = run(sys.executable, "-X", "importtime", "-c", "import stairline", cwd=folder, path=installed)
    modules = [line.rpartition("|")[2].strip() for line in done.stderr.splitlines()]
    assert [name for name in modules if name.startswith("stairline")] == ["stairline"]


@pytest.mark.parametrize("command", [(sys.executable, "-m", "stairline"), ("bin/stairline",)], ids=["-m", "script"])
def test_a_prediction_works_beside_strangers(installed: Path, folder: Path, command: tuple[str, ...]) -> None:
    if command[0].startswith("bin"):
        command = (str(installed / command[0]),)
    done = run(*command, *PREDICT, cwd=folder, path=installed)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("mobilenet_v2 on mi9-cortexa76-tflite2.1, float32")


def test_a_measurement_works_beside_strangers(installed: Path, folder: Path) -> None:
    done = run(sys.executable, "-m", "stairline", *MEASURE, cwd=folder, path=installed)
    assert (done.returncode, "1 measured and 0 failed now" in done.stderr) == (0, True), done.stderr


def test_one_prediction_imports_no_numerics(installed: Path, folder: Path) -> None:
    command = (sys.executable, "-X", "importtime", "-m", "stairline", *PREDICT)
    done = run(*command, cwd=folder, path=installed)
    modules = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    heavy = {"numba", "numpy", "onnx", "pandas", "rich", "scipy", "tensorflow", "xgboost"}
    assert "pydantic" in modules
    assert heavy.isdisjoint(modules)
