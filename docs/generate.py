"""Write docs/kernel-models.md from the parameter lists of the kernel models, which document themselves.

Run from the root of the repository: python docs/generate.py
"""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

from stairline.hwmodels.kernels.kernel_models import KERNEL_MODELS, SHARED_PARAMETERS

PAGE = Path(__file__).with_name("kernel-models.md")

INTRODUCTION = """# Kernel models

What `model = "..."` under `[kernels.<operator>]` of a platform file may name, and the parameters each takes. Those
in *italics* may be left out and are then neutral. Units are the names' suffixes; no suffix is a count or a share.
`kernel_s` and `epilogue_s_per_element` come from `[overheads]` unless a kernel states its own.

This page is written by `docs/generate.py` from the classes of `hwmodels/processor_models.py` and
`hwmodels/accelerator_models.py`."""


def page() -> str:
    """The whole page."""
    users: dict[type, list[str]] = {}
    for name, parameters in KERNEL_MODELS.items():
        users.setdefault(parameters, []).append(name)
    return "\n\n".join([INTRODUCTION, *(section(parameters, names) for parameters, names in users.items())]) + "\n"


def section(parameters: type, models: list[str]) -> str:
    """One parameter list: the models that take it, what it is, and a line per parameter."""
    [node] = ast.parse(inspect.getsource(parameters)).body
    assert isinstance(node, ast.ClassDef)
    lines = [f"## {', '.join(f'`{name}`' for name in models)}", "", ast.get_docstring(node) or "", ""]
    for index, item in enumerate(node.body):
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
            name = item.target.id
            if name not in SHARED_PARAMETERS:
                label = f"`{name}`" if item.value is None else f"*`{name}`*"
                lines.append(f"- {label}{told(node.body[index + 1 : index + 2])}")
    return "\n".join(lines).rstrip()


def told(following: list[ast.stmt]) -> str:
    """The string behind a parameter, where there is one."""
    if following and isinstance(following[0], ast.Expr) and isinstance(following[0].value, ast.Constant):
        return ": " + " ".join(str(following[0].value.value).split())
    return ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
