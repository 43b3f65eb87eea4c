"""Damaged TensorFlow files are refused in one line that names the file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stairline.simulator.readers.dispatch import read
from stairline.simulator.readers.errors import ReadError
from tests.build_graphs import GRAPHS, mobile_network

from .models import save, tf


@pytest.mark.parametrize("file", ["model.pb", "model.keras", "model.h5", "model/saved_model.pb"])
def test_a_truncated_file_is_one_line(tmp_path: Path, file: str) -> None:
    path = tmp_path / file
    save(mobile_network(), path.parent if path.name == "saved_model.pb" else path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ReadError, match=r"truncated|damaged") as caught:
        read(path.parent if path.name == "saved_model.pb" else path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", [".pb", ".keras", ".h5"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(min_size=1, max_size=200))
def test_random_bytes_are_refused(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"random{suffix}"
    path.write_bytes(content)
    with pytest.raises(ReadError):
        read(path)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return save(GRAPHS["conv same"], tmp_path_factory.mktemp("sound") / "model.pb").read_bytes()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_byte_gives_a_graph_or_one_line(tmp_path: Path, sound: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(sound) - 1))
    value = data.draw(st.integers(0, 255))
    path = tmp_path / "model.pb"
    path.write_bytes(sound[:place] + bytes([value]) + sound[place + 1 :])
    try:
        outcome = len(read(path).layers)
    except ReadError as error:
        outcome = len(str(error).splitlines())
    assert outcome == 1


def test_functions_that_call_themselves_are_refused(tmp_path: Path) -> None:
    graph_def = tf.compat.v1.GraphDef()
    graph_def.node.add(name="x", op="Placeholder").attr["shape"].shape.dim.add(size=1)
    graph_def.node[0].attr["dtype"].type = 1
    graph_def.node.add(name="y", op="again", input=["x"])
    function = graph_def.library.function.add()
    function.signature.name = "again"
    function.signature.input_arg.add(name="a", type=1)
    function.signature.output_arg.add(name="b", type=1)
    function.node_def.add(name="inner", op="again", input=["a"])
    function.ret["b"] = "a"
    (tmp_path / "model.pb").write_bytes(graph_def.SerializeToString())
    with pytest.raises(ReadError, match="functions call each other more than 64 deep"):
        read(tmp_path / "model.pb")


def test_without_tensorflow_one_line_says_what_to_install(tmp_path: Path) -> None:
    for file in ("model.pb", "model.h5", "model.keras"):
        save(mobile_network(), tmp_path / file)
        script = (
            "import sys; sys.modules['tensorflow'] = None\n"
            "from stairline.simulator.readers.dispatch import ReadError, read\n"
            f"try: read({str(tmp_path / file)!r})\n"
            "except ReadError as error: sys.exit(str(error))\n"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
        assert done.stderr.strip().endswith("pip install 'stairline[measure]'")
        assert len(done.stderr.strip().splitlines()) == 1


def test_a_process_that_reads_a_damaged_model_says_one_line(tmp_path: Path) -> None:
    (tmp_path / "model.pb").write_bytes(b"not a model at all")
    script = (
        "import sys; from stairline.simulator.readers.dispatch import ReadError, read\n"
        f"try: read({str(tmp_path / 'model.pb')!r})\n"
        "except ReadError as error: sys.exit(str(error))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines() == [
        f"{tmp_path / 'model.pb'}: not a frozen GraphDef: truncated, damaged or another format"
    ]
