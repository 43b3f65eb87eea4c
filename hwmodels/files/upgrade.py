"""What kernel models, parameters and rules of schema 1 are called in schema 2, for ``hwmodels.files.migrate``."""

from __future__ import annotations

RENAMED_MODELS: dict[str, str] = {}
"""Kernel models of schema 1 and their names in schema 2."""

RENAMED_PARAMETERS: dict[str, str] = {}
"""Parameters of kernel rules and of [shared] in schema 1, and their names in schema 2."""

MOVED_KEYS: dict[str, str] = {}
"""Dotted keys of one operator in schema 1, such as "kernels.conv2d.grouped_mac_s", and where schema 2 has them."""

DROPPED_PARAMETERS: dict[str, frozenset[str]] = {}
"""For each kernel model of schema 1, the parameters that a file may state and that no prediction depended on."""

NEW_RULES: dict[str, str] = {}
"""Kernel rules that ``MOVED_KEYS`` creates, such as "grouped_conv2d", and the kernel model of each."""
