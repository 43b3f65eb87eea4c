"""Input shapes as a user gives them for a model file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Shapes = Mapping[str, Sequence[int]] | Sequence[int] | None
"""Input shapes that replace the file's, by the input's name; the dimensions alone where there is one input."""
