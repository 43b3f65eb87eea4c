"""Read torchvision's networks through torch.export and hold their MACs against those that fvcore counts.

torchvision wants a torch of its own, of several gigabytes, so this runs in an environment of its own: a virtual
environment with torch, torchvision, fvcore and this package's own dependencies, from the root of the repository:

    python -m benchmarks.readers.torchvision_networks [NAME ...]

Networks have random weights. Counted are convolutions, linear layers and products of
matrices; attention, which fvcore does not know, by hand as 2 n m d for each head. Prints a line for each network that
is refused or differs, and a summary. Swin V2 differs by 0.3 to 0.4 %: its position biases follow from parameters alone,
so that they are known before the network runs, but fvcore sees them computed.
"""

from __future__ import annotations

import inspect
import logging
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from math import isclose, prod
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


def checked(build: Callable[[], Any], size: int) -> str:
    """What is wrong with one network; empty where its MACs are those counted and a platform predicts it."""
    model, image = build().eval(), torch.zeros(1, 3, size, size)
    try:
        graph = sl.read(model, image)
        sl.load("x86-onnxruntime").predict(graph)
    except (sl.ReadError, sl.GraphError, sl.UnknownOperatorError) as error:
        return f"refused: {error}"
    ours = sum(graph.counts(layer).macs for layer in graph.layers)
    theirs = counted(model, image)
    return (
        ""
        if isclose(ours, theirs, rel_tol=_ROUNDED)
        else f"{ours} MACs, fvcore counts {theirs}: {ours / theirs - 1:+.3%}"
    )


def main(names: list[str]) -> None:
    """Check all networks, or those named."""
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    torch.backends.mha.set_fastpath_enabled(False)  # type: ignore[no-untyped-call]
    right = total = 0
    for name, build, size in networks():
        if names and name not in names:
            continue
        problem = checked(build, size)
        total, right = total + 1, right + (not problem)
        if problem:
            print(f"{name}: {problem}", flush=True)
    print(f"{right} of {total} networks are read with the MACs that fvcore counts")


if __name__ == "__main__":
    main(sys.argv[1:])
