"""The reader of a model file is chosen by the file's suffix and first bytes, and its graph put in canonical form.

A file is only parsed: nothing in it is executed, no weights are loaded, and no other file is opened on its behalf but
the .bin file beside an OpenVINO .xml, which stores its small operands. The libraries of a format are imported when a
file of that format is read, so that importing this module is quick.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from stairline.simulator.canonical.form import canonical
from stairline.simulator.graph.graph import Graph, GraphError

from .errors import ReadError
from .formats import EXPORT, Shapes

_TFLITE_MARK = b"TFL3"
_TENSORFLOW = (".pb", ".keras", ".h5")
_PICKLES = (".pt", ".pth", ".ckpt")
_KNOWN = ".tflite, .onnx, .param (ncnn), .xml (OpenVINO), .pt2 (PyTorch), .pb, .keras, .h5 or a SavedModel directory"


def read(path: str | Path, shape: Shapes = None, signature: str | None = None) -> Graph:
    """The network in the model file at ``path``; the graph's ``source`` is the path.

    ``shape`` gives the input dimensions, in elements and in the file's own axis order (ONNX: batch, channels, height,
    width), where the file leaves them open, and replaces those that it states. ``signature`` names the one of a TFLite
    file's signatures that is read. Raises ReadError, one line that names the file.
    """
    path = Path(path)
    return graph_from(path, lambda: _chosen(path, shape, signature))


def graph_from(path: Path, parse: Callable[[], Graph]) -> Graph:
    """The graph that ``parse`` gives, in canonical form. Raises ReadError, which names the file at ``path``."""
    try:
        return canonical(parse())
    except ReadError as error:
        raise error.within(path) from None
    except GraphError as error:
        raise ReadError(f"{path}: {error}") from None
    except OSError as error:
        raise ReadError(f"{path}: cannot be read: {error.strerror or error}") from None


def _chosen(path: Path, shape: Shapes, signature: str | None) -> Graph:
    chosen = _reader(path)
    if signature is None:
        return chosen(path, shape)
    if chosen is not _tflite:
        raise ReadError(f"--signature {signature}: only TFLite files hold signatures: leave it out")
    return _tflite(path, shape, signature)


def _reader(path: Path) -> Callable[[Path, Shapes], Graph]:
    if path.is_dir():
        if (path / "saved_model.pb").is_file():
            return _tensorflow
        raise ReadError("is a directory without saved_model.pb: give a model file or a SavedModel directory")
    with path.open("rb") as file:
        head = file.read(8)
    if not head:
        raise ReadError("is empty (0 bytes): export the model again")
    suffix = path.suffix.lower()
    marked = head[4:8] == _TFLITE_MARK
    if suffix == ".tflite" and not marked:
        raise ReadError(f"bytes 4 to 7 are {head[4:8]!r}, a TFLite model has {_TFLITE_MARK!r}: not a TFLite model")
    if suffix in (".onnx", *_TENSORFLOW) and marked:
        raise ReadError(f"suffix '{suffix}', but the content is a TFLite model: rename it to .tflite")
    if suffix in BY_SUFFIX:
        return BY_SUFFIX[suffix]
    if suffix in _PICKLES:
        raise ReadError(f"'{suffix}' files are pickles, which run code when they are opened: in PyTorch, {EXPORT}")
    raise ReadError(f"suffix '{suffix}' belongs to no known model format: give {_KNOWN}")


def _tflite(path: Path, shape: Shapes, signature: str | None = None) -> Graph:
    from .tflite.reader import read_tflite

    return read_tflite(path, shape, signature)


def _onnx(path: Path, shape: Shapes) -> Graph:
    from .onnx.reader import read_onnx

    return read_onnx(path, shape)


def _ncnn(path: Path, shape: Shapes) -> Graph:
    from .ncnn.reader import read_ncnn

    return read_ncnn(path, shape)


def _openvino(path: Path, shape: Shapes) -> Graph:
    from .openvino.reader import read_openvino

    return read_openvino(path, shape)


def _torch(path: Path, shape: Shapes) -> Graph:
    from .torch.reader import read_torch

    return read_torch(path, shape)


def _tensorflow(path: Path, shape: Shapes) -> Graph:
    try:
        from .tensorflow.reader import read_tensorflow

        return read_tensorflow(path, shape)
    except ModuleNotFoundError as error:
        raise ReadError(f"{error}: needs the measuring extra: pip install 'stairline[measure]'") from None


BY_SUFFIX: dict[str, Callable[[Path, Shapes], Graph]] = {
    ".tflite": _tflite,
    ".onnx": _onnx,
    ".param": _ncnn,
    ".xml": _openvino,
    ".pt2": _torch,
    **dict.fromkeys(_TENSORFLOW, _tensorflow),
}
"""The reader of each suffix."""
