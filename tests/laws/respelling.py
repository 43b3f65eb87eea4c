"""Random small networks, rewrites of them that change no result, and the proof in onnxruntime that they do not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple
from zlib import crc32

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import numpy_helper

from stairline.measure.models.build import onnx_model
from stairline.simulator.graph.attributes import NEUTRAL, Attributes
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph

Shape = tuple[int, ...]
Values = dict[str, NDArray[np.float32]]


class Node(NamedTuple):
    """One operator by name. Its weights are drawn by its name, so that they survive every rewrite around it."""

    name: str
    op: str
    inputs: tuple[str, ...]
    attributes: Attributes = NEUTRAL
    order: tuple[int, ...] = ()
    """Where each input channel of its weights stands in the input that it reads; empty for the same order."""


class Spelling(NamedTuple):
    """A network of one input and one output, its nodes in the order in which a file lists them."""

    shape: Shape
    nodes: tuple[Node, ...]

    @property
    def output(self) -> str:
        """The node that nothing reads."""
        read = {name for node in self.nodes for name in node.inputs}
        return next(node.name for node in self.nodes if node.name not in read)

    def readers(self, name: str) -> list[Node]:
        """The nodes that read a node's result."""
        return [node for node in self.nodes if name in node.inputs]


Rewrite = Callable[[Spelling, Random], "Step | None"]


class Step(NamedTuple):
    """A rewritten network, and the operator that the rewrite was about."""

    spelling: Spelling
    operator: str


SOURCE = "input"


def graph_of(spelling: Spelling) -> Graph:
    """The network as a graph."""
    b = GraphBuilder("spelled")
    made: dict[str, tuple[int, ...]] = {SOURCE: (b.input(spelling.shape),)}
    for node in spelling.nodes:
        inputs = [tensor for name in node.inputs for tensor in made[name]]
        made[node.name] = b.layers(node.op, inputs, node.attributes, name=node.name)
    return b.build(made[spelling.output])


def shapes_of(spelling: Spelling) -> dict[str, Shape]:
    """Output shape of each node, in elements; of a split its first part."""
    graph = graph_of(spelling)
    return {layer.name: graph.tensors[layer.outputs[0]].shape for layer in graph.layers}


def computed(spelling: Spelling) -> NDArray[np.float32]:
    """What the network gives in onnxruntime, channels last, with weights drawn by the names of its nodes."""
    graph = graph_of(spelling)
    model = onnx_model(graph)
    weighted = [node for node in spelling.nodes if node.op in ("conv2d", "dwconv2d")]
    stored = [t for t in model.graph.initializer if t.name.startswith(("kernel", "bias"))]
    assert len(stored) == 2 * len(weighted)
    for number, tensor in enumerate(stored):
        node, label = weighted[number // 2], ("kernel", "bias")[number % 2]
        value = _drawn(node, label, tuple(tensor.dims))
        tensor.CopyFrom(numpy_helper.from_array(value, tensor.name))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    x = np.random.default_rng(1).uniform(-1, 1, spelling.shape).astype(np.float32).transpose(0, 3, 1, 2)
    result: NDArray[np.float32] = session.run(None, {"input_0": np.ascontiguousarray(x)})[0]
    return result


def _drawn(node: Node, label: str, shape: Shape) -> NDArray[np.float32]:
    generator = np.random.default_rng((crc32(node.name.encode()), label == "bias"))
    scale = float(np.prod(shape[1:])) ** -0.5 if label == "kernel" else 0.1
    value = generator.normal(0.0, scale, shape).astype(np.float32)
    return value[:, list(node.order)] if label == "kernel" and node.order else value


def random_network(random: Random) -> Spelling:
    """A stem, two or three blocks with branches, and a global pooling, in which most rewrites find something."""
    side, channels = random.choice((8, 14, 16)), random.choice((8, 16, 24))
    nodes = [Node("stem", "conv2d", (SOURCE,), _window(3, c_out=channels))]
    last = "stem"
    for block in range(random.choice((2, 3))):
        grow = random.choice(("residual", "joined", "gated", "plain"))
        made, channels = _block(f"b{block}", grow, last, channels, random)
        nodes += made
        last = made[-1].name
    nodes.append(Node("pool", "globalavgpool2d", (last,), Attributes(keepdims=True)))
    return Spelling((1, side, side, random.choice((3, 8))), tuple(nodes))


def _window(kernel: int, c_out: int = 0) -> Attributes:
    return Attributes(kernel=(kernel, kernel), padding=(kernel // 2,) * 4, c_out=c_out)


def _block(name: str, kind: str, x: str, channels: int, random: Random) -> tuple[list[Node], int]:
    activation = random.choice(("relu", "relu6", "sigmoid", "swish"))
    first = Node(f"{name}/a", "conv2d", (x,), _window(random.choice((1, 3)), c_out=channels))
    active = Node(f"{name}/active", activation, (first.name,))
    depthwise = Node(f"{name}/depthwise", "dwconv2d", (active.name,), _window(random.choice((3, 5))))
    if kind == "residual":
        return [first, active, depthwise, Node(f"{name}/add", "add", (depthwise.name, x))], channels
    if kind == "gated":
        gate = Node(f"{name}/gate", "sigmoid", (depthwise.name,))
        return [first, active, depthwise, gate, Node(f"{name}/mul", "mul", (active.name, gate.name))], channels
    if kind == "joined":
        width = random.choice((8, 24, 40))
        other = Node(f"{name}/b", "conv2d", (x,), _window(1, c_out=width))
        join = Node(f"{name}/join", "concat", (depthwise.name, other.name), Attributes(axis=-1))
        last = Node(f"{name}/c", "conv2d", (join.name,), _window(1, c_out=channels))
        return [first, active, depthwise, other, join, last], channels
    return [first, active, depthwise], channels


def _replaced(spelling: Spelling, name: str, *nodes: Node) -> Spelling:
    found = [n for node in spelling.nodes for n in (nodes if node.name == name else (node,))]
    return spelling._replace(nodes=tuple(found))


def _picked(spelling: Spelling, random: Random, ops: Sequence[str]) -> Node | None:
    found = [node for node in spelling.nodes if node.op in ops]
    return random.choice(found) if found else None


def _fresh(spelling: Spelling, name: str) -> str:
    taken = {node.name for node in spelling.nodes}
    return next(f"{name}/{i}" for i in range(len(taken) + 1) if f"{name}/{i}" not in taken)


def _behind(spelling: Spelling, name: str, *nodes: Node) -> Spelling:
    """The network with nodes behind one of its own, whose readers read the last of them."""
    last = nodes[-1].name
    made: list[Node] = []
    for node in spelling.nodes:
        inputs = tuple(last if i == name else i for i in node.inputs)
        made.append(node._replace(inputs=inputs))
        if node.name == name:
            made.extend(nodes)
    return spelling._replace(nodes=tuple(made))


def swap_operands(spelling: Spelling, random: Random) -> Step | None:
    """An addition or multiplication reads its operands the other way round."""
    node = _picked(spelling, random, ("add", "mul"))
    if node is None:
        return None
    swapped = _replaced(spelling, node.name, node._replace(inputs=node.inputs[::-1]))
    return Step(swapped, f"{node.op} skip")


def reverse_concat(spelling: Spelling, random: Random) -> Step | None:
    """A concatenation in the reverse order, and the input channels of the convolutions that read it with it."""
    node = _picked(spelling, random, ("concat",))
    if node is None or any(r.op != "conv2d" or r.attributes.groups > 1 for r in spelling.readers(node.name)):
        return None
    shapes = shapes_of(spelling)
    if any(_parts(spelling, name) > 1 for name in node.inputs):
        return None
    widths = [shapes[name][-1] for name in node.inputs]
    starts = np.cumsum([0, *widths])
    order = [c for i in reversed(range(len(widths))) for c in range(starts[i], starts[i + 1])]
    found = _replaced(spelling, node.name, node._replace(inputs=node.inputs[::-1]))
    for reader in spelling.readers(node.name):
        before = reader.order or tuple(range(len(order)))
        found = _replaced(found, reader.name, reader._replace(order=tuple(before[c] for c in order)))
    return Step(found, "concat")


def _parts(spelling: Spelling, name: str) -> int:
    return next((len(node.attributes.sizes) for node in spelling.nodes if node.name == name and node.op == "split"), 1)


def take_padding_out(spelling: Spelling, random: Random) -> Step | None:
    """A convolution's padding becomes a layer before it."""
    node = _picked(spelling, random, ("conv2d", "dwconv2d"))
    if node is None or not any(node.attributes.padding):
        return None
    top, bottom, left, right = node.attributes.padding
    pads = ((0, 0), (top, bottom), (left, right), (0, 0))
    pad = Node(_fresh(spelling, "pad"), "pad", node.inputs, Attributes(pads=pads))
    bare = node._replace(inputs=(pad.name,), attributes=node.attributes._replace(padding=(0, 0, 0, 0)))
    kind = node.op if node.attributes.groups == 1 else "grouped"
    return Step(_replaced(spelling, node.name, pad, bare), kind)


def insert_reshape(spelling: Spelling, random: Random) -> Step | None:
    """A reshape to the shape that there is."""
    name, shape = random.choice([item for item in shapes_of(spelling).items() if _parts(spelling, item[0]) == 1])
    reshape = Node(_fresh(spelling, "reshape"), "reshape", (name,), Attributes(sizes=shape))
    return Step(_behind(spelling, name, reshape), "reshape")


def split_and_rejoin(spelling: Spelling, random: Random) -> Step | None:
    """A split of the channels whose parts are put together again."""
    name, shape = random.choice([item for item in shapes_of(spelling).items() if _parts(spelling, item[0]) == 1])
    cut = Attributes(axis=-1, sizes=(shape[-1] // 2, shape[-1] - shape[-1] // 2))
    split = Node(_fresh(spelling, "split"), "split", (name,), cut)
    join = Node(_fresh(spelling, "rejoin"), "concat", (split.name,), Attributes(axis=-1))
    return Step(_behind(spelling, name, split, join), "split")


def reorder_file(spelling: Spelling, random: Random) -> Step | None:
    """The nodes in another order in which each still follows what it reads."""
    left, done, order = list(spelling.nodes), {SOURCE}, []
    while left:
        node = random.choice([n for n in left if done.issuperset(n.inputs)])
        left.remove(node)
        done.add(node.name)
        order.append(node)
    joins = {node.op for node in order if len(node.inputs) > 1}
    return Step(spelling._replace(nodes=tuple(order)), "add" if joins & {"add", "mul"} else "concat")


def group_depthwise(spelling: Spelling, random: Random) -> Step | None:
    """A depthwise convolution as one in as many groups as channels."""
    node = _picked(spelling, random, ("dwconv2d",))
    if node is None or node.inputs[0].startswith("pad"):
        return None
    channels = shapes_of(spelling)[node.name][-1]
    grouped = node.attributes._replace(groups=channels, c_out=channels)
    return Step(_replaced(spelling, node.name, node._replace(op="conv2d", attributes=grouped)), "conv2d")


def mean_for_pooling(spelling: Spelling, random: Random) -> Step | None:
    """A global average pooling as a mean over height and width."""
    node = _picked(spelling, random, ("globalavgpool2d",))
    if node is None:
        return None
    mean = node._replace(op="mean", attributes=Attributes(axes=(1, 2), keepdims=True))
    return Step(_replaced(spelling, node.name, mean), "mean")


def spell_swish(spelling: Spelling, random: Random) -> Step | None:
    """A swish as a map times its sigmoid."""
    node = _picked(spelling, random, ("swish",))
    if node is None:
        return None
    gate = Node(_fresh(spelling, "sigmoid"), "sigmoid", node.inputs)
    mul = node._replace(op="mul", inputs=(node.inputs[0], gate.name))
    return Step(_replaced(spelling, node.name, gate, mul), "swish")


REWRITES: dict[str, Rewrite] = {
    "operand order": swap_operands,
    "concat order": reverse_concat,
    "pad layer": take_padding_out,
    "identity reshape": insert_reshape,
    "split and rejoined": split_and_rejoin,
    "branch order": reorder_file,
    "depthwise": group_depthwise,
    "global mean": mean_for_pooling,
    "swish": spell_swish,
}
"""Each rewrite under the name of the law that it leaves every latency alone."""
