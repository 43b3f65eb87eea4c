"""A processor of round numbers."""

from tests.simulator.commands.conftest import platform_file, toy

__all__ = ["platform_file", "toy"]
