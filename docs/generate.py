"""Write docs/kernel-models.md from the kernel models, and docs/operators.md from the operators and platform files.

Run from the root of the repository: python docs/generate.py
"""

from __future__ import annotations

import ast
import inspect
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import Any

from stairline.hwmodels import available
from stairline.hwmodels.kernels.base import SHARED_PARAMETERS, KernelModel
from stairline.hwmodels.kernels.parameters import ranges, stated
from stairline.hwmodels.kernels.registry import kernel_models, module_names
from stairline.simulator.reports import operator_table

PAGE = Path(__file__).with_name("kernel-models.md")
OPERATORS = Path(__file__).with_name("operators.md")

INTRODUCTION = """# Kernel models

What `model = "..."` under `[kernels.<operator>]` of a platform file may name, and the parameters each takes. Those
in *italics* may be left out and are then neutral. Units are the names' suffixes; no suffix is a count or a share.
`kernel_s` and `epilogue_s_per_element` come from `[overheads]` unless a kernel states its own.

A kernel model is the file of its name in `hwmodels/kernels/`; [adding](adding.md) one takes that file and nothing else.
This page is written by `docs/generate.py` from these files."""


def page() -> str:
    """The whole page, the models of one room after those of another."""
    modules = module_names()
    rooms = groupby(kernel_models().items(), key=lambda item: modules[item[0]].rpartition(".")[0])
    return "\n\n".join([INTRODUCTION, *(room(package, dict(models)) for package, models in rooms)]) + "\n"


def operators() -> str:
    """The page on operators, for the platforms that are no overlay; an overlay has the rules of its parent."""
    return operator_table.page([platform for platform in available() if platform.overlay is None])


def room(package: str, models: dict[str, KernelModel]) -> str:
    """One room: what its models have in common, and each of them."""
    heading = [f"## {package.rpartition('.')[2]}", str(import_module(package).__doc__)]
    return "\n\n".join(heading + [section(model, found.parameters) for model, found in models.items()])


def section(model: str, parameters: Any) -> str:
    """One model: its parameters' class in a sentence, and a line for each parameter that a file states."""
    [node] = ast.parse(inspect.getsource(parameters)).body
    assert isinstance(node, ast.ClassDef)
    lines = [f"### `{model}`", "", ast.get_docstring(node) or "", ""]
    named = set(stated(parameters)) - SHARED_PARAMETERS
    for index, item in enumerate(node.body):
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name) and item.target.id in named:
            name = item.target.id
            label = f"`{name}`" if item.value is None else f"*`{name}`*"
            limits = f" ({ranges(parameters)[name]})" if name in ranges(parameters) else ""
            lines.append(f"- {label}{limits}{text_behind(node.body[index + 1 : index + 2])}")
    return "\n".join(lines).rstrip()


def text_behind(following: list[ast.stmt]) -> str:
    """The string behind a parameter, where there is one."""
    if following and isinstance(following[0], ast.Expr) and isinstance(following[0].value, ast.Constant):
        return ": " + " ".join(str(following[0].value.value).split())
    return ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    OPERATORS.write_text(operators(), encoding="utf-8")
