"""Files of schema 1 in schema 2: renames, moves and dropped keys, on tables that are written out here."""

from __future__ import annotations

import tomllib

import pytest

from stairline.hwmodels.files import migrate
from stairline.hwmodels.files.migrate import upgraded, upgraded_key

TABLES = {
    "RENAMED_MODELS": {"waves": "occupancy"},
    "RENAMED_PARAMETERS": {"run_s": "copy_setup_s"},
    "MOVED_KEYS": {"kernels.conv2d.grouped_mac_s": "kernels.grouped_conv2d.mac_s"},
    "NEW_RULES": {"grouped_conv2d": "reference_loops"},
    "COPIED_PARAMETERS": {"grouped_conv2d": frozenset({"kernel_s"})},
    "DROPPED_PARAMETERS": {"waves": frozenset({"unread"})},
    "RELEASED_PARENTS": {"0123456789abcdef": "fedcba9876543210"},
}
OLD = """
schema = 1
[shared]
run_s = { value = 1, source = "a" }
[kernels."conv2d|matmul"]
model = "vector_gemm"
memory = "dram"
kernel_s = { value = 6, source = "a" }
grouped_mac_s.float32 = { value = 2, source = "a" }
unread = { value = 3, source = "a" }
[kernels.concat]
model = "waves"
run_s = { value = 4, source = "a" }
unread = { value = 5, source = "a" }
"""
NEW = """
schema = 2
[shared]
copy_setup_s = { value = 1, source = "a" }
[kernels."conv2d|matmul"]
model = "vector_gemm"
memory = "dram"
kernel_s = { value = 6, source = "a" }
unread = { value = 3, source = "a" }
[kernels.grouped_conv2d]
model = "reference_loops"
memory = "dram"
kernel_s = { value = 6, source = "a" }
mac_s.float32 = { value = 2, source = "a" }
[kernels.concat]
model = "occupancy"
copy_setup_s = { value = 4, source = "a" }
"""


@pytest.fixture(autouse=True)
def tables(monkeypatch):
    for name, table in TABLES.items():
        monkeypatch.setattr(migrate, name, table)


def test_a_platform_file_is_upgraded_key_by_key():
    assert upgraded(tomllib.loads(OLD)) == tomllib.loads(NEW)


def test_an_overlay_states_the_digest_of_values_and_the_present_keys():
    old = {
        "schema": 1,
        "parent": "p",
        "parent_digest": "0123456789abcdef",
        "values": {"kernels.conv2d|matmul.grouped_mac_s.float32": 2, "shared.run_s": 1, "platform.clock_hz": 3},
    }
    assert upgraded(old) == {
        "schema": 2,
        "parent": "p",
        "parent_digest": "fedcba9876543210",
        "values": {"kernels.grouped_conv2d.mac_s.float32": 2, "shared.copy_setup_s": 1, "platform.clock_hz": 3},
    }


def test_an_overlay_s_value_of_a_parameter_that_a_new_rule_takes_over_holds_for_both_rules():
    values = {"kernels.conv2d|matmul.kernel_s.int8": 2, "kernels.dense.kernel_s": 3}
    found = upgraded({"schema": 1, "parent": "p", "values": values})
    assert found["values"] == values | {"kernels.grouped_conv2d.kernel_s.int8": 2}


@pytest.mark.parametrize("key", ["", "kernels", "kernels.conv2d", "shared", "overheads.run_s", "roofs.memory.dram.x"])
def test_a_key_that_no_table_names_stays(key):
    assert upgraded_key(key) == key


@pytest.mark.parametrize("data", [{}, {"kernels": 3}, {"kernels": {"conv2d": 1}}, {"values": []}, {"shared": "x"}])
def test_what_is_no_platform_file_is_left_for_validation_to_complain_about(data):
    assert upgraded(data) == data | {"schema": 2}
