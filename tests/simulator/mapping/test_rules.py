"""Rules have one name each, platform files can only name rules that exist, and the engines know no runtime."""

from __future__ import annotations

from pkgutil import iter_modules

import pytest

from stairline.hwmodels import PlatformError
from stairline.simulator import runtimes
from stairline.simulator.mapping.registry import Registry
from stairline.simulator.walk import plan
from tests.checkout import ROOT
from tests.made_up_device import chain


def test_a_name_belongs_to_one_rule():
    rules: Registry[int] = Registry()
    rules.register("first", 1)
    with pytest.raises(ValueError, match="two rules are called 'first'"):
        rules.register("first", 2)
    assert rules == {"first": 1}


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ('[placement]\nrule = "parameter_cash"\ncapacity_bytes = { value = 1e6, source = "made" }', "placement.rule"),
        ('[[lowering]]\nrule = "swish_as_sigmoid_mull"', "lowering"),
        ('[[support]]\nops = ["conv2d"]\nconstraints = ["not_groupd"]', "support.constraints"),
        ('[[fusion]]\npattern = ["conv2d", "relu"]\nwhen = ["same_shap"]', "fusion.when"),
    ],
)
def test_a_rule_that_nobody_registers_is_named_with_its_key_and_the_nearest_that_exists(device, stated, message):
    with pytest.raises(PlatformError, match=rf"main: {message}: nothing is called .*; did you mean"):
        plan(chain(), device(rest=f'{stated}\nsource = "made"').machine())


def test_the_engines_name_no_runtime():
    names = {module.name for module in iter_modules(runtimes.__path__)}
    assert {"vela", "openvino", "nncase"} <= names
    for path in (ROOT / "simulator" / "mapping").glob("*.py"):
        text = path.read_text(encoding="utf-8").lower()
        assert not [name for name in names if name in text], path.name
