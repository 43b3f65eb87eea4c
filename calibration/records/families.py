"""What a measured thing is, by its name: the family of a network, or whether it is a whole network at all."""

from __future__ import annotations

from stairline.simulator import zoo


def family(name: str) -> str:
    """The prefix that a network's name shares with its family: all before the last underscore, else the name."""
    return name.rpartition("_")[0] or name


def is_network(label: str) -> bool:
    """Whether a configuration of that label is a whole network: one of the zoo, or a chain with a classifier."""
    name, _, settings = label.partition(" ")
    return name in zoo.MODELS or (name == "chain" and "globalavgpool2d dense:" in settings)
