"""What kernel models, parameters and rules of schema 1 are called in schema 2, for ``hwmodels.files.migrate``."""

from __future__ import annotations

RENAMED_MODELS: dict[str, str] = {
    "texture_conv_rounds": "texture_conv_occupancy",
    "texture_concat_rounds": "texture_concat_serial",
}
"""Kernel models of schema 1, and their present names."""

RENAMED_PARAMETERS: dict[str, str] = {
    "run_s": "copy_setup_s",
    "tap_c": "tap_setup_channels",
    "row_c": "row_setup_channels",
    "aligned": "channel_multiple",
    "clip": "skipped_padding",
    "clip_h": "skipped_padding_h",
    "clip_w": "skipped_padding_w",
    "array": "macs_per_step",
}
"""Parameters of kernel rules and of [shared] in schema 1, and their present names."""

MOVED_KEYS: dict[str, str] = {
    "kernels.conv2d.grouped_mac_s": "kernels.grouped_conv2d|grouped_conv2d_transpose.mac_s",
    "kernels.conv2d.grouped_tap_s": "kernels.grouped_conv2d|grouped_conv2d_transpose.tap_s",
    "kernels.conv2d.grouped_output_s": "kernels.grouped_conv2d|grouped_conv2d_transpose.output_s",
    "kernels.conv2d.grouped_addition_s": "kernels.grouped_conv2d|grouped_conv2d_transpose.addition_s",
    "kernels.conv2d.grouped_overlap_s": "kernels.grouped_conv2d|grouped_conv2d_transpose.overlap_s",
    "kernels.conv2d_transpose.grouped_mac_s": "kernels.grouped_conv2d|grouped_conv2d_transpose.mac_s",
    "kernels.conv2d_transpose.grouped_tap_s": "kernels.grouped_conv2d|grouped_conv2d_transpose.tap_s",
    "kernels.conv2d_transpose.grouped_output_s": "kernels.grouped_conv2d|grouped_conv2d_transpose.output_s",
    "kernels.conv2d_transpose.grouped_addition_s": "kernels.grouped_conv2d|grouped_conv2d_transpose.addition_s",
    "kernels.conv2d_transpose.grouped_overlap_s": "kernels.grouped_conv2d|grouped_conv2d_transpose.overlap_s",
}
"""Dotted keys of one operator in schema 1, and where they stand now."""

NEW_RULES: dict[str, str] = {"grouped_conv2d|grouped_conv2d_transpose": "reference_conv"}
"""Kernel rules that ``MOVED_KEYS`` creates, and the kernel model of each."""

COPIED_PARAMETERS: dict[str, frozenset[str]] = {
    "grouped_conv2d|grouped_conv2d_transpose": frozenset({"kernel_s", "epilogue_s_per_element", "op_s", "hidden_ops"}),
}
"""For each of ``NEW_RULES``, the parameters that it takes over from the rule that its keys are moved from.

An overlay's value of such a parameter holds for the new rule too, where its parent has that rule.
"""

_BLOCKS = frozenset({"block_w", "block_h", "block_c"})
_ROUNDS = frozenset({"resident", "resident_plain", "pixel_s", "filter_s"})
_SEARCH = frozenset({"group_max", "group_z_max"})

DROPPED_PARAMETERS: dict[str, frozenset[str]] = {
    "texture_conv": _ROUNDS,
    "texture_conv_rounds": _BLOCKS,
    "texture_dwconv": _ROUNDS | frozenset({"block_c", "constant_bytes"}),
    "texture_elementwise": _BLOCKS | _ROUNDS | frozenset({"constant_bytes", "efficiency"}),
    "texture_pool": _BLOCKS | _ROUNDS | frozenset({"constant_bytes", "efficiency"}),
    "texture_concat": _BLOCKS | _ROUNDS | frozenset({"constant_bytes", "efficiency"}),
    "texture_concat_rounds": _BLOCKS
    | _ROUNDS
    | _SEARCH
    | frozenset({"constant_bytes", "efficiency", "fetch_bytes_per_s", "units", "wave"}),
    "texture_reduce": _BLOCKS
    | _ROUNDS
    | _SEARCH
    | frozenset({"constant_bytes", "efficiency", "fetch_bytes_per_s", "store_bytes_per_s"}),
    "texture_dense": _BLOCKS | _ROUNDS | _SEARCH | frozenset({"constant_bytes", "fill_bytes_per_s"}),
    "lane_conv": frozenset({"split_s_per_element"}),
    "lane_dwconv": frozenset({"pool_s_per_element", "sum_s_per_element"}),
    "depth32_dwconv": frozenset({"tile_n"}),
}
"""For each kernel model of schema 1, the parameters that a file may state and that its cost never depended on."""
