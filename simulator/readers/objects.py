"""Networks that a program holds: the bytes of a model file, an ONNX ModelProto, a Keras model, a PyTorch module.

Each is read as the file that it could be saved to, by that file's reader, so that a network has one graph wherever it
comes from. No library is imported to find out what an object is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import BadZipFile, ZipFile, is_zipfile

from stairline.simulator.graph.graph import Graph
from stairline.simulator.graph.sources import MEMORY

from .dispatch import BY_SUFFIX, graph_from, read
from .errors import ReadError
from .formats import Shapes

_HDF5 = b"\x89HDF\r\n\x1a\n"
_NCNN = b"7767517"


def read_object(model: object, shape: Any = None, *, format: str | None = None, signature: str | None = None) -> Graph:  # noqa: A002
    """The network that an object holds; its graph's source is not a path.

    ``shape`` is that of ``dispatch.read``; for a PyTorch module, its example inputs. ``format`` is the suffix of the
    file that bytes are, without which their first bytes tell it. Raises ReadError, also for an object of another kind.
    """
    if isinstance(model, (bytes, bytearray, memoryview)):
        data = bytes(model)
        suffix = f".{format.lstrip('.').lower()}" if format else _suffix(data)
        return _as_file(data, "model", suffix, shape, signature)
    if format is not None:
        raise ReadError(f"format '{format}': only bytes need one, not {type(model).__name__}: leave it out")
    for base in type(model).__mro__:
        reader = _READERS.get((base.__module__.partition(".")[0], base.__name__))
        if reader is not None:
            if signature is not None:
                raise ReadError(f"signature {signature}: only TFLite files hold signatures: leave it out")
            return reader(model, shape)
    raise ReadError(
        f"{type(model).__name__}: is no network: give a path, the bytes of a model file, an ONNX ModelProto, a Keras "
        "model or a PyTorch module"
    )


def _suffix(data: bytes) -> str:
    """The suffix of the format that bytes begin like; what begins like no other is ONNX, which has no mark."""
    if data[4:8] == b"TFL3":
        return ".tflite"
    if data.startswith(_HDF5):
        return ".h5"
    if data.startswith(_NCNN):
        return ".param"
    if data.lstrip()[:1] == b"<":
        return ".xml"
    return _zipped(data) if is_zipfile(BytesIO(data)) else ".onnx"


def _zipped(data: bytes) -> str:
    try:
        with ZipFile(BytesIO(data)) as archive:
            return ".keras" if "config.json" in archive.namelist() else ".pt2"
    except (BadZipFile, UnicodeError, ValueError) as error:
        raise ReadError(f"the bytes are a damaged archive ({error}): save the model again") from None


def _as_file(data: bytes, name: str, suffix: str, shape: Shapes, signature: str | None = None) -> Graph:
    """The network in the bytes of a file, whose name and suffix are given."""
    if suffix not in BY_SUFFIX:
        raise ReadError(
            f"format '{suffix[1:]}' is not known: give one of {', '.join(known[1:] for known in BY_SUFFIX)}"
        )
    with TemporaryDirectory() as folder:
        path = Path(folder, name).with_suffix(suffix)
        path.write_bytes(data)
        try:
            graph = read(path, shape, signature)
        except ReadError as error:
            raise ReadError(str(error).replace(f"{folder}/", "")) from None
    return replace(graph, source=f"{MEMORY}{path.name}")


def _model_proto(model: Any, shape: Shapes) -> Graph:
    from google.protobuf.message import EncodeError  # type: ignore[import-untyped]

    try:
        data = model.SerializeToString()
    except (EncodeError, ValueError) as error:
        raise ReadError(
            f"the ModelProto cannot be saved ({error}): save it with external data, and read the file"
        ) from None
    return _as_file(data, model.graph.name or "model", ".onnx", shape)


def _keras_model(model: Any, shape: Shapes) -> Graph:
    try:
        configuration = model.to_json()
    except (NotImplementedError, TypeError, ValueError) as error:
        raise ReadError(f"the Keras model has no configuration ({error}): convert it to TFLite or ONNX") from None
    archive = BytesIO()
    with ZipFile(archive, "w") as file:
        file.writestr("config.json", configuration)
    return _as_file(archive.getvalue(), model.name, ".keras", shape)


def _torch_module(module: Any, example_inputs: Any) -> Graph:
    from .torch.export import exported_text
    from .torch.program import parsed
    from .torch.reader import graph_of

    name = Path(type(module).__name__).with_suffix(".pt2")
    graph = graph_from(name, lambda: graph_of(parsed(exported_text(module, example_inputs)), name))
    return replace(graph, source=f"{MEMORY}{name}")


_READERS: dict[tuple[str, str], Callable[[Any, Any], Graph]] = {
    ("onnx", "ModelProto"): _model_proto,
    ("keras", "Model"): _keras_model,
    ("torch", "Module"): _torch_module,
    ("torch", "ExportedProgram"): _torch_module,
}
"""The reader of each class of objects, by the package that it comes from and its name."""
