"""The neural compute engine of the Myriad X: an array that trades lanes of input against lanes of output channels.

Source: OpenVINO 2019, inference-engine/src/vpu/graph_transformer.
"""

from __future__ import annotations

from typing import Protocol


class LaneEngine(Protocol):
    """The parameters that decide how the compiler tiles a convolution, which every model of the engine has."""

    @property
    def macs_per_step(self) -> float:
        """MACs of one step: input lanes times output lanes in every mode."""

    @property
    def start_2(self) -> float:
        """Start-up steps per pixel and descriptor with 2 input lanes; with 1 there are none."""

    @property
    def start_4(self) -> float:
        """Start-up steps per pixel and descriptor with 4 input lanes."""

    @property
    def start_8(self) -> float:
        """Start-up steps per pixel and descriptor with 8 input lanes."""

    @property
    def start_16(self) -> float:
        """Start-up steps per pixel and descriptor with 16 input lanes."""

    @property
    def coefficient_lines(self) -> float:
        """Coefficients that one lane holds."""

    @property
    def line_buffer_bytes(self) -> float:
        """Input lines that the engine holds, all channels together."""

    @property
    def tile_bytes(self) -> float:
        """Largest output of one operation."""

    @property
    def row_bytes(self) -> float:
        """Rows of a tensor are padded to a multiple of this."""

    @property
    def split_width(self) -> float:
        """Least input width of a tile, in pixels."""

    @property
    def channels_max(self) -> float:
        """Most input channels of one operation."""

    @property
    def kernel_max(self) -> float:
        """Largest kernel that the engine takes, along either axis."""

    @property
    def stride_max(self) -> float:
        """Largest stride that the engine takes."""

    @property
    def element_bytes(self) -> float:
        """Storage of one tensor element in the engine."""
