"""Archives of exported PyTorch programs, made by hand: no PyTorch is needed to write or to read them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zipfile import ZipFile

FLOAT, LONG = 7, 5


def tensor(name: str) -> dict[str, Any]:
    return {"as_tensor": {"name": name}}


def call(target: str, output: str, module: str = "", **arguments: dict[str, Any]) -> dict[str, Any]:
    """One node; ``arguments`` are the schema's, each already as a union of one key."""
    return {
        "target": f"torch.ops.aten.{target}",
        "inputs": [{"name": name, "arg": value, "kind": 1} for name, value in arguments.items()],
        "outputs": [tensor(output)],
        "metadata": {"nn_module_stack": f"L__self__,,net.Net;L__self__{module},{module},net.Part"} if module else {},
    }


def sizes(*shape: Any) -> dict[str, Any]:
    """The meta data of a tensor; a pair of an expression and its value is an open size."""
    held = [
        {"as_int": size} if isinstance(size, int) else {"as_expr": {"expr_str": size[0], "hint": {"as_int": size[1]}}}
        for size in shape
    ]
    return {"dtype": FLOAT, "sizes": held}


def program(
    nodes: list[dict[str, Any]], tensors: dict[str, dict[str, Any]], stored: tuple[str, ...], output: str
) -> dict[str, Any]:
    """The JSON of a program with one input, ``x``."""
    inputs = [*stored, "x"]
    specs: list[dict[str, Any]] = [{"parameter": {"arg": {"name": n}, "parameter_name": n}} for n in stored]
    return {
        "graph_module": {
            "graph": {
                "inputs": [tensor(name) for name in inputs],
                "outputs": [tensor(output)],
                "nodes": nodes,
                "tensor_values": tensors,
                "sym_int_values": {},
            },
            "signature": {
                "input_specs": [*specs, {"user_input": {"arg": tensor("x")}}],
                "output_specs": [{"user_output": {"arg": tensor(output)}}],
            },
        },
        "schema_version": {"major": 8, "minor": 8},
    }


def small(batch: Any = 1) -> dict[str, Any]:
    """A convolution of 3x3 on 8x8 pixels from 4 to 16 channels, a ReLU, the mean of all pixels and a linear layer."""
    nodes = [
        call("conv2d.default", "c", "stem.conv", input=tensor("x"), weight=tensor("w"), padding={"as_ints": [1, 1]}),
        call("relu_.default", "r", "stem.act", self=tensor("c")),
        call("mean.dim", "m", self=tensor("r"), dim={"as_ints": [2, 3]}),
        call("linear.default", "y", "head", input=tensor("m"), weight=tensor("v")),
    ]
    tensors = {
        "x": sizes(batch, 4, 8, 8),
        "w": sizes(16, 4, 3, 3),
        "v": sizes(10, 16),
        "c": sizes(batch, 16, 8, 8),
        "r": sizes(batch, 16, 8, 8),
        "m": sizes(batch, 16),
        "y": sizes(batch, 10),
    }
    return program(nodes, tensors, ("w", "v"), "y")


def saved(
    path: Path, *documents: Any, others: dict[str, bytes] | None = None, entry: str = "net/models/{}.json"
) -> Path:
    """An archive with these programs, and with ``others`` beside them."""
    with ZipFile(path, "w") as archive:
        for place, document in enumerate(documents):
            text = document if isinstance(document, bytes) else json.dumps(document).encode()
            archive.writestr(entry.format(f"model{place}"), text)
        for name, data in (others or {}).items():
            archive.writestr(name, data)
    return path
