"""What a user calls a model: a file, a table of many networks, or a name of the zoo."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from stairline.hwmodels.reports.text import did_you_mean
from stairline.simulator.graph.graph import Graph
from stairline.simulator.readers.dispatch import read as read_file
from stairline.simulator.readers.errors import ReadError
from stairline.simulator.readers.formats import Shapes, is_layer_table

from . import zoo


class Networks(NamedTuple):
    """The networks behind one name, ``total`` of them, read one at a time."""

    total: int
    graphs: Iterator[Graph]


def read(
    path_or_name: str | Path, shape: Shapes = None, *, input_size: int | None = None, width: float | None = None
) -> Graph:
    """The network in a model file, or of the zoo by its name; a zoo name wins over a file unless written ``./name``.

    ``shape`` is for files that leave dimensions open; ``input_size`` (pixels a side) and ``width`` are for the zoo.
    Raises ReadError and ZooError, which name what is wrong and what to do.
    """
    name = str(path_or_name)
    if name in zoo.MODELS:
        if shape is not None:
            raise ReadError(f"{name}: a network of the zoo takes no shape; set its input size instead")
        return zoo.build(name, input_size, width)
    if not Path(name).exists():
        raise ReadError(f"{name}: {_missing(name)}")
    if is_layer_table(name):
        raise ReadError(f"{name}: a layer table holds many networks; read them with networks()")
    if input_size is not None or width is not None:
        raise ReadError(f"{name}: input size and width are for networks of the zoo; a file takes a shape")
    return read_file(name, shape)


def networks(
    path_or_name: str | Path, shape: Shapes = None, *, input_size: int | None = None, width: float | None = None
) -> Networks:
    """As ``read``, and all networks of a layer table, in the order of the file."""
    if is_layer_table(path_or_name) and Path(path_or_name).exists():
        if shape is not None or input_size is not None or width is not None:
            raise ReadError(f"{path_or_name}: a layer table states its own shapes; leave shape, input and width out")
        from stairline.simulator.readers.layer_table.reader import read_table

        table = read_table(path_or_name)
        return Networks(len(table), table.networks())
    return Networks(1, iter((read(path_or_name, shape, input_size=input_size, width=width),)))


def _missing(name: str) -> str:
    path = Path(name)
    if path.name != name or path.suffix:
        beside = path.parent.iterdir() if path.parent.is_dir() else ()
        return "no such file" + did_you_mean(path.name, (entry.name for entry in beside), "; check the path")
    return "neither a file nor a network of the zoo" + did_you_mean(
        name, zoo.MODELS, f", which has {', '.join(zoo.MODELS)}"
    )
