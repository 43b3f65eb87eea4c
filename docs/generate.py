"""Write docs/kernel-models.md from the parameter lists of the kernel models, which document themselves.

Run from the root of the repository: python docs/generate.py
"""

from __future__ import annotations

import ast
from pathlib import Path

from hwmodels import kernel_models
from hwmodels.kernel_models import KERNEL_MODELS, SHARED_PARAMETERS

PAGE = Path(__file__).with_name("kernel-models.md")

INTRODUCTION = """# Kernel models

What `model = "..."` under `[kernels.<operator>]` of a platform file may name, and the parameters each takes. Those
in *italics* may be left out and are then neutral. Units are the names' suffixes; no suffix is a count or a share.
`kernel_s` and `epilogue_s_per_element` come from `[overheads]` unless a kernel states its own.

This page is written by `docs/generate.py` from `hwmodels/kernel_models.py`."""


def page() -> str:
    """The whole page."""
    tree = ast.parse(Path(str(kernel_models.__file__)).read_text(encoding="utf-8"))
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    names: dict[str, list[str]] = {}
    for name, model in KERNEL_MODELS.items():
        names.setdefault(model.__name__, []).append(name)
    return "\n\n".join([INTRODUCTION, *(section(classes[owner], used) for owner, used in names.items())]) + "\n"


def section(node: ast.ClassDef, models: list[str]) -> str:
    """One parameter list: the models that take it, what it is, and a line per parameter."""
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
