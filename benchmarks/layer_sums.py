"""Print how the times of MobileNetV2's layers add up to the time of the whole network, on the runtimes of this machine.

Run from the root of the repository: python -m benchmarks.layer_sums. Takes about five minutes on one core.

OpenVINO and onnxruntime count their own operators, in a pass of its own after the timed runs. LiteRT's Python package
tells nothing of its operators: there each kind of layer is piled up 40 and 10 deep, and the difference divided by 30.
A convolution that changes the number of channels is piled up in turn with its mirror, which changes it back, and the
pair's time is shared by halves; what changes the image's size is measured alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from stairline.measure.campaign.process import Worker
from stairline.measure.plan.configuration import depth_difference_s
from stairline.measure.runtimes.registry import backend
from stairline.measure.timing.protocol import DEFAULT
from stairline.measure.timing.record import Run, representative
from stairline.simulator import zoo
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph, Layer

DEEP, SHALLOW = 40, 10
VISITS = 3


def visited(name: str, graph: Graph, *, counters: bool = False) -> Run:
    """The representative of a few visits to a float32 network, each in a process of its own."""
    protocol = DEFAULT._replace(counters=counters)._asdict()
    with TemporaryDirectory() as directory:
        path = backend(name).build(graph, "float32", Path(directory))
        runs = []
        for _ in range(VISITS):
            with Worker() as worker:
                reply = worker.ask(duty="measure", backend=name, threads=1, path=str(path), protocol=protocol)
            reply.pop("conditions")
            runs.append(Run.from_values(reply))
    return representative(runs)


class Piece:
    """A layer with the activation behind it, as LiteRT runs it."""

    def __init__(self, graph: Graph, layer: Layer, activation: str | None) -> None:
        self.layer, self.activation = layer, activation
        self.shape = graph.tensors[layer.inputs[0]].shape
        self.result = graph.tensors[layer.outputs[0]].shape

    @property
    def key(self) -> tuple[object, ...]:
        """What makes two pieces the same work."""
        return self.layer.op, self.layer.attributes, self.shape, self.activation

    def stack(self, depth: int) -> Graph:
        """``depth`` of them, each second one mirrored where the channels change."""
        b = GraphBuilder("stack")
        x = first = b.input(self.shape)
        for number in range(depth):
            x = self._append(b, x, first, number % 2 == 1)
        return b.build(x)

    def _append(self, b: GraphBuilder, x: int, first: int, mirrored: bool) -> int:
        a = self.layer.attributes
        if self.layer.op == "conv2d":
            c_out = self.shape[-1] if mirrored else a.c_out
            return b.conv2d(x, c_out, a.kernel[0], a.stride[0], activation=self.activation)
        if self.layer.op == "dwconv2d":
            return b.dwconv2d(x, a.kernel[0], a.stride[0], activation=self.activation)
        if self.layer.op == "add":
            return b.layer("add", x, first)
        return b.layers(self.layer.op, [x], a)[0]

    @property
    def stacks(self) -> bool:
        """Whether it can be piled up: the image keeps its size."""
        return self.layer.op in ("conv2d", "dwconv2d", "add") and self.shape[:3] == self.result[:3]

    def time_s(self, name: str) -> float:
        """By the difference of two depths, else alone."""
        if not self.stacks:
            return visited(name, self.stack(1)).median_s
        deep_s, shallow_s = (visited(name, self.stack(depth)).median_s for depth in (DEEP, SHALLOW))
        return depth_difference_s(deep_s, DEEP, shallow_s, SHALLOW)


def pieces(graph: Graph) -> Iterator[Piece]:
    """Layers with their activations, in order."""
    skipped = set()
    for number, layer in enumerate(graph.layers):
        readers = graph.consumers[layer.outputs[0]]
        behind = graph.layers[readers[0]] if len(readers) == 1 else None
        activation = behind.op if behind and behind.op in ("relu", "relu6") else None
        if activation:
            skipped.add(readers[0])
        if number not in skipped:
            yield Piece(graph, layer, activation)


def main() -> None:
    """Print both tables."""
    graph = zoo.build("mobilenet_v2")
    table = Table("backend", "network ms", "layers ms", "layers / network", "by")
    for name in ("openvino", "onnxruntime"):
        run = visited(name, graph, counters=True)
        total_s = sum(counter.time_s for counter in run.counters)
        table.add_row(name, *_texts(run.median_s, total_s), f"{len(run.counters)} counters")
    found = {piece.key: piece for piece in pieces(graph)}
    times = Counter(piece.key for piece in pieces(graph))
    rows = Table("operator", "shape", "times", "ms each")
    total_s = 0.0
    for key, piece in found.items():
        time_s = piece.time_s("tflite")
        total_s += times[key] * time_s
        shapes = f"{piece.shape} -> {piece.result}"
        rows.add_row(piece.layer.op, shapes, f"{times[key]}{'' if piece.stacks else ' alone'}", f"{1e3 * time_s:.4f}")
    table.add_row("tflite", *_texts(visited("tflite", graph).median_s, total_s), f"{len(found)} kinds of layers")
    console = Console(width=120)
    console.print(rows)
    console.print(table)


def _texts(network_s: float, layers_s: float) -> tuple[str, str, str]:
    return f"{1e3 * network_s:.3f}", f"{1e3 * layers_s:.3f}", f"{layers_s / network_s:.1%}"


if __name__ == "__main__":
    main()
