"""What a user gives with a model file, and is told about one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Shapes = Mapping[str, Sequence[int]] | Sequence[int] | None
"""Input shapes that replace the file's, by the input's name; the dimensions alone where there is one input."""

EXPORT = "save it with torch.export.save(torch.export.export(module.eval(), example_inputs), 'model.pt2')"
"""How a PyTorch module becomes a file that is read."""
