"""Models for vendors' runtimes, by the vendors' own converters, which are programs of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from stairline.measure.processes.tool import ToolError, output_of
from stairline.simulator.graph.graph import Graph

from .common import BuildError
from .files import tflite_file
from .parameters import Array

_PATIENCE_S = 900.0


def converted(command: Sequence[str], result: Path, install: str) -> Path:
    """Run a converter and give ``result``, the file that it was asked for.

    Raises BuildError quoting the converter where it fails, or with the advice ``install`` where it is missing.
    """
    try:
        output_of(command[0], command, _PATIENCE_S, install)
    except ToolError as error:
        raise BuildError(str(error)) from None
    if not result.is_file():
        raise BuildError(f"{command[0]} ended without an error and without {result.name}")
    return result


def dlc_file(graph: Graph, dtype: str, directory: Path) -> Path:
    """Write model.dlc for SNPE, quantised on random images where int8 is asked for. Raises BuildError."""
    plain, result = tflite_file(graph, "float32", directory), directory / "model.dlc"
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


def kmodel_file(graph: Graph, _dtype: str, directory: Path) -> Path:
    """Write model.kmodel for the K210, by nncase 0.2's compiler. Raises BuildError."""
    plain, result = tflite_file(graph, "float32", directory), directory / "model.kmodel"
    inputs = raw_inputs(graph, directory).parent
    command = ["ncc", "compile", str(plain), str(result), "-i", "tflite", "-o", "kmodel", "-t", "k210"]
    options = ["--dataset", str(inputs), "--dataset-format", "raw"]
    return converted([*command, *options], result, "put nncase 0.2's compiler ncc on the PATH")


def edgetpu_file(graph: Graph, dtype: str, directory: Path) -> Path:
    """Write model.tflite, compiled for the Edge TPU by Google's compiler. Raises BuildError."""
    plain = tflite_file(graph, dtype, directory)
    compiled = plain.with_name(f"{plain.stem}_edgetpu.tflite")
    command = ["edgetpu_compiler", "--show_operations", "--out_dir", str(directory), str(plain)]
    return converted(command, compiled, "install Coral's package edgetpu-compiler (x86-64 Linux)").replace(plain)


def raw_inputs(graph: Graph, directory: Path) -> Path:
    """The path of a list of files, which are written: seeded inputs as raw float32, in a folder of their own."""
    return _listed(graph, directory, "raw", lambda path, value: path.write_bytes(value.astype("float32").tobytes()))


def array_inputs(graph: Graph, directory: Path) -> Path:
    """The path of a list of files, which are written: seeded inputs as .npy, in a folder of their own."""
    import numpy as np

    return _listed(graph, directory, "npy", np.save)


def _listed(graph: Graph, directory: Path, suffix: str, save: Callable[[Path, Array], object]) -> Path:
    from .quantize import samples

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
