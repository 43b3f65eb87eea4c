"""Rules by the names under which platform files ask for them."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


class Registry(dict[str, T]):
    """The rules of one kind, by name."""

    def register(self, name: str, rule: T) -> None:
        """Add a rule. Raises ValueError where another rule of the kind has the name already."""
        if name in self:
            raise ValueError(f"two rules are called '{name}'; give one of them another name")
        self[name] = rule
