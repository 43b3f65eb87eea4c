"""Read torchvision's networks through torch.export and hold their MACs against those that fvcore counts.

torchvision wants a torch of its own, of several gigabytes, so this runs in an environment of its own: a virtual
environment with torch, torchvision, fvcore and this package's own dependencies, from the root of the repository:

    python -m benchmarks.readers.torchvision_networks [--exporters] [NAME ...]

Networks have random weights. Counted are convolutions, linear layers and products of
matrices; attention, which fvcore does not know, by hand as 2 n m d for each head. Prints a line for each network that
is refused or differs, and a summary. Swin V2 differs by 0.3 to 0.4 %: its position biases follow from parameters alone,
so that they are known before the network runs, but fvcore sees them computed. With --exporters, which needs onnxscript
for the newer of them, what both of PyTorch's exporters to ONNX write is held against the module: equal MACs, and
latencies within 1 % on four platforms.
"""

from __future__ import annotations

import inspect
import logging
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from io import StringIO
from math import isclose, prod
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
import torchvision
from fvcore.nn import FlopCountAnalysis
from torchvision.models import list_models
from torchvision.models.detection import backbone_utils

import stairline as sl

COUNTED = ("conv", "linear", "matmul", "addmm", "bmm", "baddbmm", "einsum", "attention")
_ROUNDED = 1e-6
"""fvcore takes the products of an Einsum from a text of NumPy's that has four digits."""

SIZES = {"inception_v3": 299}
PLATFORMS = ("CPU", "TPU", "x86-onnxruntime", "x86-openvino")
BACKBONES = ("retinanet_resnet50_fpn", "fasterrcnn_resnet50_fpn_v2", "ssd300_vgg16", "ssdlite320_mobilenet_v3_large")


def networks() -> Iterator[tuple[str, Callable[[], Any], int]]:
    """Name, builder and image size of each network."""
    for name in list_models(module=torchvision.models):
        yield name, _built(name), SIZES.get(name, 224)
    for name in list_models(module=torchvision.models.segmentation):
        yield f"segmentation.{name}", _built(name), 256
    for name in BACKBONES:
        yield f"detection.{name}.backbone", _backbone(name), 320
    yield "detection.mobilenet_backbone", _pyramid, 320


def _backbone(name: str) -> Callable[[], Any]:
    build = _built(name)
    return lambda: build().backbone


def _pyramid() -> Any:
    return backbone_utils.mobilenet_backbone(backbone_name="mobilenet_v3_large", weights=None, fpn=True)


def _built(name: str) -> Callable[[], Any]:
    options = {} if "weights_backbone" not in _parameters(name) else {"weights_backbone": None}
    return lambda: torchvision.models.get_model(name, weights=None, **options)


def _parameters(name: str) -> tuple[str, ...]:
    return tuple(inspect.signature(torchvision.models.get_model_builder(name)).parameters)


def counted(model: Any, image: Any) -> int:
    """MACs of convolutions, products and attention as fvcore traces them."""
    analysis = FlopCountAnalysis(model, image)
    analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    analysis.set_op_handle("aten::scaled_dot_product_attention", attention_macs)
    return int(sum(amount for op, amount in analysis.by_operator().items() if op in COUNTED))


def attention_macs(inputs: list[Any], _outputs: list[Any]) -> Any:
    """2 n m d for each head: queries by keys, and weights by values."""
    queries, keys = (value.type().sizes() for value in inputs[:2])
    return Counter({"attention": 2 * prod(queries) * keys[-2]})


def checked(build: Callable[[], Any], size: int, exporters: bool) -> str:
    """What is wrong with one network; empty where its MACs are those counted and a platform predicts it.

    With ``exporters`` its ONNX files are held against it too.
    """
    model, image = build().eval(), torch.zeros(1, 3, size, size)
    try:
        graph = sl.read(model, image)
        sl.load("x86-onnxruntime").predict(graph)
    except (sl.ReadError, sl.GraphError, sl.UnknownOperatorError) as error:
        return f"refused: {error}"
    ours, theirs = macs(graph), counted(model, image)
    if not isclose(ours, theirs, rel_tol=_ROUNDED):
        return f"{ours} MACs, fvcore counts {theirs}: {ours / theirs - 1:+.3%}"
    return differences(graph, model, image) if exporters else ""


def differences(graph: sl.Graph, model: Any, image: Any) -> str:
    """What is different in the files that PyTorch's two exporters to ONNX write; empty where nothing is."""
    found = []
    for newer in (False, True):
        with TemporaryDirectory() as folder:
            path = Path(folder, "network.onnx")
            with redirect_stdout(StringIO()):
                torch.onnx.export(model, (image,), path, dynamo=newer)
            file = sl.read(path)
        found += [] if macs(file) == macs(graph) else [f"{macs(file)} MACs"]
        for name in PLATFORMS:
            theirs, ours = (sl.load(name).predict(network).latency_s for network in (file, graph))
            if not isclose(theirs, ours, rel_tol=0.01):
                found.append(f"{'newer' if newer else 'older'} exporter on {name} {theirs / ours - 1:+.1%}")
    return ", ".join(found)


def macs(graph: sl.Graph) -> int:
    """MACs of all layers."""
    return sum(graph.counts(layer).macs for layer in graph.layers)


def main(names: list[str]) -> None:
    """Check all networks, or those named."""
    exporters = "--exporters" in names
    names = [name for name in names if name != "--exporters"]
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    torch.backends.mha.set_fastpath_enabled(False)  # type: ignore[no-untyped-call]
    right = total = 0
    for name, build, size in networks():
        if names and name not in names:
            continue
        problem = checked(build, size, exporters)
        total, right = total + 1, right + (not problem)
        if problem:
            print(f"{name}: {problem}", flush=True)
    print(f"{right} of {total} networks are read with nothing different")


if __name__ == "__main__":
    main(sys.argv[1:])
