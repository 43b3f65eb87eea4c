"""Print which operators, blocks and networks of the paper build for which backend and precision, and why others do not.

Run from the root of the repository: python -m benchmarks.builds [NAME...]. Without names it builds everything, which
takes some ten minutes on one core.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from stairline.measure.campaign.process import Worker, WorkerError
from stairline.measure.plan.configuration import Configuration, configuration
from stairline.measure.plan.design_space import ACTIVATIONS, BLOCKS, CONVOLUTIONS, ELEMENTWISE
from stairline.measure.runtimes.registry import LIBRARIES, backend
from stairline.simulator import zoo

TARGETS = tuple((name, dtype) for name in LIBRARIES if name != "tflite-builtin" for dtype in backend(name).dtypes)
SMALL = {"hw": 14, "cin": 32}


def everything(dtype: str) -> list[Configuration]:
    """The dense layer, every operator and block of the design space at a small size, and the networks."""
    operators = ("dense", *CONVOLUTIONS, *ELEMENTWISE, *ACTIVATIONS, *BLOCKS)
    found = [configuration("op", op, SMALL, dtype) for op in operators]
    return found + [configuration("model", model, {}, dtype) for model in zoo.MODELS]


def reason(one: Configuration, name: str, builder: Worker) -> str | None:
    """Why it does not build; None where it does."""
    described = one._asdict() | {"settings": dict(one.settings)}
    with TemporaryDirectory() as directory:
        try:
            builder.ask(duty="build", backend=name, directory=str(Path(directory)), **described)
        except WorkerError as error:
            return str(error)
    return None


def main(names: list[str]) -> None:
    """Print the table as it grows, then the reasons."""
    console = Console(width=150)
    table, reasons = Table("network", *(f"{name}\n{dtype}" for name, dtype in TARGETS)), []
    labels = [one.label for one in everything("float32") if not names or one.name in names]
    with Worker() as builder:
        for label in labels:
            cells = []
            for name, dtype in TARGETS:
                one = next(found for found in everything(dtype) if found.label == label)
                why = reason(one, name, builder)
                cells.append("yes" if why is None else "no")
                reasons += [] if why is None else [f"{label}, {name} {dtype}: {why}"]
            table.add_row(label, *cells)
            console.print(label, *cells)
    console.print(table)
    for line in reasons:
        console.print(line)


if __name__ == "__main__":
    main(sys.argv[1:])
