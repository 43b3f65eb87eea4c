"""Modules of PyTorch, their .pt2 files and what PyTorch exports to ONNX are one network."""

from __future__ import annotations

import warnings
from functools import cache

import pytest

import stairline
from tests.simulator.readers.reading import macs, ops

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
from torch import nn  # noqa: E402

from .networks import NETWORKS, counted_macs  # noqa: E402

PLATFORMS = ("CPU", "GPU", "VPU", "TPU", "x86-onnxruntime")


@cache
def made(name):
    module, example = NETWORKS[name]
    return module().eval(), example


@cache
def graph(name):
    return stairline.read(*made(name))


def latencies_s(network):
    return [stairline.load(name).predict(network, allow_unknown=True).latency_s for name in PLATFORMS]


@pytest.fixture(params=NETWORKS)
def name(request):
    return request.param


def test_macs_are_those_that_hooks_count_while_the_module_runs(name):
    assert macs(graph(name)) == counted_macs(*made(name))


def test_every_operator_is_known(name):
    assert not [op for op in ops(graph(name)) if ":" in op]


def test_a_saved_program_is_the_graph_of_its_module(name, tmp_path):
    path = tmp_path / "net.pt2"
    torch.export.save(torch.export.export(*made(name)), path)
    saved = stairline.read(path)
    assert (saved.tensors, saved.layers) == (graph(name).tensors, graph(name).layers)


def exported(name, path, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(*made(name), path, **options)
    return stairline.read(path)


def test_an_onnx_file_of_the_module_has_its_macs_and_its_latencies(name, tmp_path):
    theirs = exported(name, tmp_path / "net.onnx", dynamo=False)
    assert macs(theirs) == macs(graph(name))
    assert latencies_s(theirs) == pytest.approx(latencies_s(graph(name)), rel=0.01)


@pytest.mark.parametrize("name", ["squeeze-and-excitation"])
def test_an_onnx_file_of_the_newer_exporter_has_its_macs_and_its_latencies(name, tmp_path):
    pytest.importorskip("onnxscript", reason="the newer exporter needs onnxscript")
    theirs = exported(name, tmp_path / "net.onnx", dynamo=True, verbose=False)
    assert macs(theirs) == macs(graph(name))
    assert latencies_s(theirs) == pytest.approx(latencies_s(graph(name)), rel=0.01)


@pytest.mark.parametrize("name", ["inverted residuals", "vision transformer"])
def test_a_program_in_core_operators_has_the_same_macs(name):
    program = torch.export.export(*made(name)).run_decompositions()
    assert macs(stairline.read(program)) == macs(graph(name))


def test_layers_are_named_after_modules():
    names = {layer.name for layer in graph("inverted residuals").layers}
    assert {"stem.0", "blocks.1.0.0", "blocks.1.2.0", "head.1"} <= names


def test_a_module_is_read_in_evaluation_mode_and_left_as_it_was():
    module = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Sequential(nn.ReLU(), nn.Dropout()))
    module[2].eval()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    assert ops(stairline.read(module, torch.zeros(1, 3, 8, 8))) == ["conv2d", "relu"]
    assert [part.training for part in module.modules()] == [True, True, True, False, False, False]
    assert all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())


def test_example_inputs_may_be_named():
    class Two(nn.Module):
        def forward(self, x, y):
            return x @ y

    named = stairline.read(Two(), {"y": torch.zeros(3, 4), "x": torch.zeros(2, 3)})
    assert macs(named) == 2 * 3 * 4


def test_an_open_batch_is_that_of_the_example():
    batch = torch.export.Dim("batch", min=2, max=64)
    module = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(8 * 36, 5)).eval()
    program = torch.export.export(module, (torch.zeros(4, 3, 8, 8),), dynamic_shapes=({0: batch},))
    read = stairline.read(program)
    assert read.shapes(read.inputs) == ((4, 8, 8, 3),)
    assert "its open sizes are those of its example: 4,3,8,8" in read.notes[0]


def test_a_module_without_example_inputs_is_refused():
    with pytest.raises(stairline.ReadError, match=r"give it example inputs, as in read\(Linear"):
        stairline.read(nn.Linear(2, 2))


def test_a_module_that_cannot_be_exported_is_refused_with_torchs_reason():
    class Branching(nn.Module):
        def forward(self, x):
            return x + 1 if x.sum() > 0 else x

    with pytest.raises(stairline.ReadError, match=r"Branching\.pt2: torch\.export cannot export it"):
        stairline.read(Branching(), torch.zeros(3))
