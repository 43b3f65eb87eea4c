"""The spaces that come with the package, by name."""

from __future__ import annotations

from collections.abc import Callable

from stairline.hwmodels.spelling import did_you_mean

from .errors import SpaceError
from .mnasnet import mnasnet
from .mobile import fbnet, ofa_mobilenet_v3, proxylessnas
from .space import Space
from .transformer import vision_transformer
from .widths import mobilenet_v1_channels, resnet50_widths, shufflenet_v2_widths

SPACES: dict[str, Callable[[], Space]] = {
    builder.__name__: builder
    for builder in (
        *(ofa_mobilenet_v3, proxylessnas, fbnet, mnasnet, vision_transformer),
        *(mobilenet_v1_channels, resnet50_widths, shufflenet_v2_widths),
    )
}


def space(name: str) -> Space:
    """The space with this name. Raises SpaceError where none has it."""
    if name not in SPACES:
        raise SpaceError(f"no space is called '{name}'{did_you_mean(name, SPACES, '; known: ' + ', '.join(SPACES))}")
    return SPACES[name]()
