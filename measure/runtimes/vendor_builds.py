"""Models for vendors' runtimes, by the vendors' own converters."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from stairline.measure.models.common import BuildError
from stairline.measure.models.parameters import Array

from . import tflite

if TYPE_CHECKING:
    from stairline.simulator.graph.graph import Graph

_PATIENCE_S = 900.0


def converted(command: Sequence[str], result: Path, package: str) -> Path:
    """The file that a converter was asked for. Raises BuildError with its words, or saying what to install."""
    if shutil.which(command[0]) is None:
        raise BuildError(f"{command[0]} is not installed: {package}")
    try:
        done = subprocess.run(
            list(command), capture_output=True, text=True, errors="replace", timeout=_PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise BuildError(f"{command[0]} took more than {_PATIENCE_S:g} s and was ended") from None
    if done.returncode != 0 or not result.is_file():
        words = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise BuildError(f"{command[0]} refuses it: {words[-1] if words else 'no word'}")
    return result


def dlc(graph: Graph, dtype: str, directory: Path) -> Path:
    """A .dlc file for SNPE, quantised on random images where int8 is asked for."""
    plain, result = tflite.build(graph, "float32", directory), directory / "model.dlc"
    names = [f"input_{position}" for position in range(len(graph.inputs))]
    shapes = [",".join(map(str, shape)) for shape in graph.shapes(graph.inputs)]
    wanted = [word for pair in zip(names, shapes) for word in ("-d", *pair)]
    package = "install Qualcomm's SNPE SDK and source its environment"
    converted(["snpe-tflite-to-dlc", "-i", str(plain), *wanted, "-o", str(result)], result, package)
    plain.unlink()
    if dtype == "int8":
        inputs = raw_inputs(graph, directory)
        whole = result.replace(directory / "float.dlc")
        command = ["snpe-dlc-quantize", "--input_dlc", str(whole), "--input_list", str(inputs)]
        converted([*command, "--output_dlc", str(result)], result, package)
        whole.unlink()
    return result


def kmodel(graph: Graph, _dtype: str, directory: Path) -> Path:
    """A .kmodel file for the K210, by nncase 0.2's compiler."""
    plain, result = tflite.build(graph, "float32", directory), directory / "model.kmodel"
    inputs = raw_inputs(graph, directory).parent
    command = ["ncc", "compile", str(plain), str(result), "-i", "tflite", "-o", "kmodel", "-t", "k210"]
    options = ["--dataset", str(inputs), "--dataset-format", "raw"]
    return converted([*command, *options], result, "put nncase 0.2's compiler ncc on the PATH")


def raw_inputs(graph: Graph, directory: Path) -> Path:
    """A list of files with seeded inputs as float32, which lie beside it, and nothing else does."""
    return _listed(graph, directory, "raw", lambda path, value: path.write_bytes(value.astype("float32").tobytes()))


def array_inputs(graph: Graph, directory: Path) -> Path:
    """The same as numpy's files."""
    import numpy as np

    return _listed(graph, directory, "npy", np.save)


def _listed(graph: Graph, directory: Path, suffix: str, save: Callable[[Path, Array], object]) -> Path:
    from stairline.measure.models.quantize import samples

    home = directory / "inputs"
    home.mkdir()
    lines = []
    for number, values in enumerate(samples(graph, 0)):
        paths = [home / f"{number}_{position}.{suffix}" for position in range(len(values))]
        for path, value in zip(paths, values):
            save(path, value)
        lines.append(" ".join(map(str, paths)))
    listing = home / "list.txt"
    listing.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return listing
