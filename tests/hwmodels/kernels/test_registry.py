"""What holds for every kernel model that the folder lists, whatever it models."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from typing import Any

import pytest

from stairline.hwmodels import available, kernels
from stairline.hwmodels.kernels.base import BOUNDS, Cost, Roof, Work
from stairline.hwmodels.kernels.parameters import ranges, stated
from stairline.hwmodels.kernels.registry import kernel_model, kernel_models, module_names

MODELS = kernel_models()
UNITS = ("_s", "_s_per_element", "_s_per_mac", "_bytes", "_bytes_per_s", "_per_cycle", "efficiency")
FOR_THE_SCHEDULE = {"weight_ratio", "maps_slow", "generation", "empty_taps"}
"""Parameters of the Ethos-U that Vela's schedule reads for every kernel before any is priced."""


class Recorder:
    """Parameters that record which of them a cost function reads."""

    def __init__(self, parameters: Any, read: set[str]) -> None:
        self._parameters, self._read = parameters, read

    def __getattr__(self, name: str) -> float:
        self._read.add(name)
        return float(getattr(self._parameters, name))


def shapes() -> Iterator[Work]:
    """Kernels of many kinds: windows and single pixels, groups, padding, fused operators, streamed parameters."""
    for h, c_in, c_out, kernel, stride, groups in (
        *((56, 3, 32, 3, 2, 1), (28, 64, 64, 3, 1, 1), (28, 64, 64, 1, 1, 1), (14, 600, 600, 3, 1, 600)),
        *((28, 64, 96, 5, 1, 2), (224, 64, 64, 3, 1, 1), (7, 1024, 1000, 1, 1, 1), (28, 33, 34, 7, 1, 1)),
        *((8, 4096, 4096, 16, 1, 1), (14, 512, 512, 3, 1, 512), (28, 16, 16, 3, 1, 16)),
    ):
        out, dense = -(-h // stride), kernel * kernel * c_in * c_out // groups
        outputs, inputs = out * out * c_out, h * h * c_in
        for macs, pooled, ops, operands in ((out * out * dense, 1, 0, 1), (out * out * dense, 4, 2, 2), (0, 1, 1, 2)):
            yield Work(
                1.0, h, h, c_in, out, out, c_out, kernel, kernel, stride, stride, 1, 1, groups, macs,
                ops * outputs, ops * outputs, inputs + (operands - 1) * c_out, outputs // pooled,
                dense, dense // 2 * (operands - 1), operands, 1.0,
            )  # fmt: skip
            yield Work(
                1.0, h, h, c_in, 1, 1, c_in, 1, 1, 1, 1, 1, 1, 1, 0, inputs, 0, inputs, c_in, 0, 0, 1, 0.0
            )  # fmt: skip


def rules() -> dict[str, list[tuple[Any, Roof]]]:
    found: dict[str, list[tuple[Any, Roof]]] = {}
    for platform in available():
        for dtype in platform.dtypes:
            for rule in platform.machine(dtype).rules.values():
                found.setdefault(rule.model, []).append((rule.parameters, rule.roof))
    return found


RULES = rules()


@pytest.mark.parametrize("name", MODELS)
def test_a_parameter_that_a_file_states_is_read_by_a_cost_function_that_takes_such_parameters(name: str) -> None:
    read: set[str] = set()
    kind = MODELS[name].parameters
    alike = [(other, rule) for other in MODELS if MODELS[other].parameters is kind for rule in RULES[other]]
    for other, (parameters, roof) in alike:
        # Optional mechanisms are switched on, since what they do not use is not read while they are off.
        on = {field: 4.0 for field in ("window_tile_n", "taps_max", "cache_bytes") if field in parameters._fields}
        on |= {field: 1e-9 for field in ("tap_3x3_s",) if field in parameters._fields}
        for changed in (parameters, parameters._replace(**on)):
            for work in shapes():
                MODELS[other].cost(work, roof, Recorder(changed, read))
    assert set(stated(kind)) - read - FOR_THE_SCHEDULE == set()


@pytest.mark.parametrize("name", MODELS)
def test_a_parameter_without_a_unit_in_its_name_states_its_range(name: str) -> None:
    parameters = MODELS[name].parameters
    without = {field for field in stated(parameters) if not field.endswith(UNITS)}
    assert without - ranges(parameters).keys() == set()
    defaults = parameters._field_defaults
    for field, limits in ranges(parameters).items():
        assert field not in defaults or defaults[field] == inf or limits.holds(defaults[field]), field


@pytest.mark.parametrize("name", MODELS)
def test_a_kernel_model_is_the_file_of_its_name_and_says_what_it_is(name: str) -> None:
    model = MODELS[name]
    assert model.cost.__name__ == name
    assert model.cost.__module__ == module_names()[name]
    assert model.parameters.__doc__.splitlines()[0].endswith(".")


def test_a_file_without_a_model_is_no_kernel_model() -> None:
    for name in ("base", "registry", "window_taps", "no_such_model"):
        with pytest.raises(KeyError):
            kernel_model(name)


def test_two_files_of_one_name_are_refused_by_name(tmp_path, monkeypatch) -> None:
    (tmp_path / "gemv.py").write_text("", encoding="utf-8")
    monkeypatch.setattr(kernels, "__path__", [*kernels.__path__, str(tmp_path)])
    with pytest.raises(ImportError, match="both called 'gemv'"):
        kernel_model("gemv")


def test_bounds_are_the_times_that_a_latency_is_made_of() -> None:
    cost = Cost(
        padded_macs=9.0, compute_s=1.0, memory_s=2.0, weights_s=3.0, epilogue_s=4.0, overhead_s=5.0, latency_s=6.0
    )
    assert list(cost.bounds_s.items()) == list(zip(BOUNDS, (1.0, 2.0, 3.0, 4.0, 5.0)))
