"""Archives of exported PyTorch programs are read from their text alone, and refused in one line where it is none."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

import stairline
from stairline.simulator.readers.dispatch import read
from stairline.simulator.readers.errors import ReadError
from tests.checkout import ROOT
from tests.simulator.readers.reading import FUZZING, macs, ops, read_or_refuse

from .programs import call, program, saved, sizes, small, tensor


def test_a_program_has_the_macs_of_its_convolution_and_its_linear_layer(tmp_path):
    graph = read(saved(tmp_path / "net.pt2", small()))
    assert ops(graph) == ["conv2d", "relu", "mean", "dense"]
    assert macs(graph) == 8 * 8 * 16 * 4 * 9 + 16 * 10


def test_layers_are_named_after_the_modules_that_call_them(tmp_path):
    graph = read(saved(tmp_path / "net.pt2", small()))
    assert [layer.name for layer in graph.layers] == ["stem.conv", "stem.act", "mean", "head"]


def test_images_are_put_channels_last(tmp_path):
    graph = read(saved(tmp_path / "net.pt2", small()))
    assert graph.shapes(graph.inputs) == ((1, 8, 8, 4),)


def test_the_entry_of_earlier_versions_is_read(tmp_path):
    earlier = saved(tmp_path / "earlier.pt2", small(), entry="serialized_exported_program.json")
    assert read(earlier).layers == read(saved(tmp_path / "later.pt2", small())).layers


def test_an_open_size_is_that_of_the_example_and_said(tmp_path):
    graph = read(saved(tmp_path / "net.pt2", small(batch=("s0", 2))))
    assert graph.shapes(graph.inputs) == ((2, 8, 8, 4),)
    assert graph.notes == ("input 'x': its open sizes are those of its example: 2,4,8,8",)


def test_another_shape_than_the_programs_asks_for_another_export(tmp_path):
    path = saved(tmp_path / "net.pt2", small())
    assert read(path, (1, 4, 8, 8)) == read(path)
    with pytest.raises(ReadError, match="export the module with an example of this shape"):
        read(path, (1, 4, 16, 16))


def unknown():
    nodes = [call("erfinv.default", "y", "odd", self=tensor("x"))]
    return program(nodes, {"x": sizes(1, 8), "y": sizes(1, 8)}, (), "y")


def test_an_operator_that_is_not_known_is_refused_by_name_and_may_be_left_out(tmp_path):
    graph = read(saved(tmp_path / "net.pt2", unknown()))
    device = stairline.load("CPU")
    with pytest.raises(stairline.UnknownOperatorError, match=r"torch:aten\.erfinv\.default"):
        device.predict(graph)
    assert device.predict(graph, allow_unknown=True).status == "lower_bound"


class Trap:
    """An object whose pickle creates a file when it is opened."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_pickles_beside_the_program_are_never_opened(tmp_path):
    trap = pickle.dumps(Trap(tmp_path / "sprung"))
    names = ("net/data/weights/weight_0", "net/data/sample_inputs/model.pt", "net/data/constants/tensor_0")
    assert macs(read(saved(tmp_path / "net.pt2", small(), others=dict.fromkeys(names, trap)))) > 0
    assert not (tmp_path / "sprung").exists()


def test_no_torch_is_imported_for_a_file(tmp_path):
    path = saved(tmp_path / "net.pt2", small())
    code = (
        f"import sys; sys.modules['torch'] = None; import stairline; print(len(stairline.read({str(path)!r}).layers))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "4\n"


@pytest.mark.parametrize("suffix", [".pt", ".pth"])
def test_a_pickle_is_refused_with_the_way_to_export_it(suffix, tmp_path):
    path = tmp_path / f"net{suffix}"
    path.write_bytes(pickle.dumps(Trap(tmp_path / "sprung")))
    with pytest.raises(ReadError, match=r"pickles.*torch\.export\.save"):
        read(path)
    assert not (tmp_path / "sprung").exists()


def changed(**parts):
    return small() | parts


def without(name):
    document = small()
    del document["graph_module"]["graph"]["tensor_values"][name]
    return document


def edited(node, **arguments):
    document = small()
    found = document["graph_module"]["graph"]["nodes"][node]
    found["inputs"] = [{"name": name, "arg": value} for name, value in arguments.items()]
    return document


REFUSED = {
    "no program": ((), "no exported program"),
    "two programs": ((small(), small()), "2 programs, not one"),
    "a text that is no JSON": ((b"{",), "no exported program, or damaged"),
    "a later schema": ((changed(schema_version={"major": 9, "minor": 0}),), "schema version 9"),
    "a tensor without a shape": ((without("c"),), "the shape of 'c' is not stated"),
    "an input without a shape": ((without("x"),), "tensor 'x': neither shape"),
    "a convolution without filters": ((edited(0, input=tensor("x")),), "'stem.conv'.*'weight'"),
    "an axis that is none": ((edited(2, self=tensor("r"), dim={"as_ints": [9]}),), "axis 9 is outside rank 4"),
    "an operand of nothing": ((edited(1, self=tensor("q")),), "'self' is 'q', not a tensor"),
    "strides that are a text": (
        (edited(0, input=tensor("x"), weight=tensor("w"), stride={"as_string": "two"}),),
        "'stride' is 'two', not whole numbers",
    ),
}


@pytest.mark.parametrize(("documents", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_program_is_refused_by_what_is_wrong(documents, message, tmp_path):
    with pytest.raises(ReadError, match=message):
        read(saved(tmp_path / "net.pt2", *documents))


def test_a_program_of_more_than_64_mib_is_not_unpacked(tmp_path):
    with pytest.raises(ReadError, match="more than 67108864 are not read"):
        read(saved(tmp_path / "net.pt2", b" " * (65 << 20)))


TEXT = json.dumps(small()).encode()


@FUZZING
@given(cut=st.integers(0, 2000), place=st.integers(0, len(TEXT) - 1), byte=st.integers(0, 255))
def test_damaged_archives_and_texts_are_read_or_refused_in_one_line(cut, place, byte, tmp_path):
    damaged = saved(tmp_path / "net.pt2", TEXT[:place] + bytes([byte]) + TEXT[place + 1 :])
    read_or_refuse(damaged)
    damaged.write_bytes(damaged.read_bytes()[: -cut or None])
    read_or_refuse(damaged)


LEAVES = st.one_of(
    st.none(), st.integers(-(2**40), 2**40), st.text(max_size=3), st.lists(st.integers(-9, 9), max_size=3)
)


@FUZZING
@given(data=st.data())
def test_programs_with_other_values_are_read_or_refused_in_one_line(data, tmp_path):
    document = json.loads(TEXT)
    at = document["graph_module"]
    while True:
        key = data.draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
        if not (isinstance(at[key], (dict, list)) and at[key]) or data.draw(st.integers(0, 9)) == 0:
            break
        at = at[key]
    at[key] = data.draw(LEAVES)
    read_or_refuse(saved(tmp_path / "net.pt2", document))
