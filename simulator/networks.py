"""Networks by what a user names them with: a model file, a layer table of many networks, or a name of the zoo."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stairline.hwmodels.spelling import did_you_mean
from stairline.simulator.graph.graph import Graph, GraphError
from stairline.simulator.graph.sources import is_layer_table
from stairline.simulator.readers.dispatch import read as read_file
from stairline.simulator.readers.errors import ReadError
from stairline.simulator.readers.formats import Shapes

from . import zoo

if TYPE_CHECKING:
    from stairline.simulator.readers.layer_table.reader import LayerTable

Unread = GraphError | ReadError | zoo.ZooError
"""Why a network cannot be read."""


@dataclass(frozen=True)
class Networks:
    """The ``total`` networks of one file or name, one at a time, as often as they are iterated over."""

    total: int
    start: Callable[[], Iterator[Graph]] = field(repr=False)
    """Gives an iterator over all networks that begins with the first."""
    names: tuple[str, ...] = field(default=(), repr=False)
    """The names of a layer table's networks in the file's order, those that it refuses last; empty for a single one."""

    @property
    def graphs(self) -> Iterator[Graph]:
        """All networks in order, from the first.

        Taking the graph of a table's network whose rows break a rule raises ReadError; the next one follows.
        """
        return self.start()

    def __iter__(self) -> Iterator[Graph]:
        return self.start()

    def __len__(self) -> int:
        return self.total


def read(
    model: object,
    shape: Any = None,
    *,
    input_size: int | None = None,
    width: float | None = None,
    signature: str | None = None,
    format: str | None = None,  # noqa: A002
) -> Graph:
    """The network in a model file, the network of the zoo with this name, or the network that an object holds.

    An object is the bytes of a model file, an ONNX ModelProto, a Keras model, a PyTorch module or an exported program.
    A module is exported, and takes its example inputs in the place of ``shape``: a tensor, a tuple of arguments or a
    mapping of arguments by name. ``format`` is the suffix of the file that bytes are, such as "onnx"; without it their
    first bytes tell.

    A name of the zoo takes precedence over a file of the same name; write ``./name`` for the file. ``shape`` gives the
    dimensions that a file leaves open; ``input_size``, in pixels a side, and ``width``, a factor, are settings of
    networks of the zoo; ``signature`` chooses among those of a TFLite file. Raises ReadError and
    ZooError, which name the value, the rule and what to do.
    """
    if isinstance(model, (str, PathLike)):
        if format is not None:
            raise ReadError(f"format '{format}': only bytes need one, a file has its suffix: leave it out")
        return _called(str(model), shape, input_size, width, signature)
    from stairline.simulator.readers.objects import read_object

    if input_size is not None or width is not None:
        raise ReadError("only networks of the zoo take an input size or width; give a model a shape")
    return read_object(model, shape, format=format, signature=signature)


def _called(name: str, shape: Shapes, input_size: int | None, width: float | None, signature: str | None) -> Graph:
    """The network of the zoo, or in the file, that is called so."""
    if name in zoo.MODELS:
        if signature is not None:
            raise ReadError(f"{name}: a network of the zoo has no signatures: leave --signature out")
        if shape is not None:
            raise ReadError(f"{name}: a network of the zoo takes no shape; give its input size instead")
        return zoo.build(name, input_size, width)
    if not Path(name).exists():
        raise ReadError(f"{name}: {_missing(name)}")
    if is_layer_table(name):
        raise ReadError(f"{name}: a layer table holds many networks; read them with networks()")
    if input_size is not None or width is not None:
        raise ReadError(f"{name}: only networks of the zoo take an input size or width; give a file a shape")
    return read_file(name, shape, signature)


def networks(
    path_or_name: str | Path,
    shape: Shapes = None,
    *,
    input_size: int | None = None,
    width: float | None = None,
    signature: str | None = None,
) -> Networks:
    """The network that ``read`` returns for these arguments, or all networks of a layer table in the file's order.

    Raises ReadError and ZooError as ``read`` does, and ReadError for a layer table with a shape, input size or width.
    """
    if is_layer_table(path_or_name) and Path(path_or_name).exists():
        if signature is not None:
            raise ReadError(f"{path_or_name}: a layer table has no signatures: leave --signature out")
        if shape is not None or input_size is not None or width is not None:
            raise ReadError(f"{path_or_name}: a layer table states its own shapes; give no shape, input size or width")
        from stairline.simulator.readers.layer_table.reader import read_table

        table = read_table(path_or_name, whole=False)
        names = (*table.names, *table.refused)
        return Networks(len(names), lambda: _graphs(table), names)
    return single(read(path_or_name, shape, input_size=input_size, width=width, signature=signature))


def single(graph: Graph) -> Networks:
    """One network where several may stand."""
    return Networks(1, lambda: iter((graph,)))


def as_graph(network: Graph | str | Path) -> Graph:
    """The network itself, or the one that a path or a name of the zoo stands for. Raises ReadError as ``read`` does."""
    return network if isinstance(network, Graph) else read(network)


def named(networks: Iterable[Graph | str | Path]) -> Iterator[tuple[str, Graph | Unread]]:
    """Networks with their names; in the place of one that cannot be read stands the error that says why."""
    known, items = iter(networks.names if isinstance(networks, Networks) else ()), iter(networks)
    while True:
        name = next(known, "")
        try:
            item = next(items)
            name = name or (item.name if isinstance(item, Graph) else str(item))
            yield name, as_graph(item)
        except StopIteration:
            return
        except (GraphError, ReadError, zoo.ZooError) as error:
            yield name, error


def _graphs(table: LayerTable) -> Iterator[Graph]:
    """The graphs of a table's networks; behind them, each one that it refused raises its error when it is taken."""
    graphs = table.networks()

    def graph(position: int) -> Graph:
        if position < len(table):
            return next(graphs)
        raise list(table.refused.values())[position - len(table)]

    return map(graph, range(len(table) + len(table.refused)))


def _missing(name: str) -> str:
    """The message for a name that is neither a file nor a network of the zoo, with the most similar known name."""
    path = Path(name)
    if path.name != name or path.suffix:
        siblings = path.parent.iterdir() if path.parent.is_dir() else ()
        return "no such file" + did_you_mean(path.name, (entry.name for entry in siblings), "; check the path")
    return "neither a file nor a network of the zoo" + did_you_mean(
        name, zoo.MODELS, f", which has {', '.join(zoo.MODELS)}"
    )
