"""Accuracy: images whose classes are their colours, and networks that average each colour over the image."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stairline.measure.accuracy.agreement import accuracy, answers, images, prepared
from stairline.measure.accuracy.predictors import Predictor, predictor
from stairline.measure.reports.accuracy import accuracy_lines
from stairline.measure.runtimes.registry import backend
from stairline.measure.timing.errors import MeasureError
from stairline.simulator.graph.builder import GraphBuilder
from tests.checkout import ROOT

COLOURS = {"blue": (20, 30, 220), "green": (30, 210, 40), "red": (230, 20, 10)}
BY_CHANNEL = {"red": 0, "green": 1, "blue": 2}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight images of each colour, one of each in the folder of another colour, wide and high ones."""
    home = tmp_path_factory.mktemp("images")
    names = list(COLOURS)
    for place, name in enumerate(names):
        (home / name).mkdir()
        for number in range(8):
            colour = COLOURS[names[(place + 1) % 3] if number == 7 else name]
            size = (40 + 10 * number, 60) if number % 2 else (50, 50 + 20 * number)
            Image.new("RGB", size, colour).save(home / name / f"{number}.png")
    return home


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A network that averages each channel: its scores are the image's red, green and blue."""
    b = GraphBuilder("colours")
    graph = b.build(b.layer("globalavgpool2d", b.input((1, 32, 32, 3))))
    found = {}
    for name, dtypes in {"tflite": ("float32", "int8"), "onnxruntime": ("float32",), "openvino": ("float32",)}.items():
        for dtype in dtypes:
            directory = tmp_path_factory.mktemp(f"{name}-{dtype}")
            found[f"{name} {dtype}"] = backend(name).build(graph, dtype, directory)
    return found


def scores_of(model: Path, folder: Path) -> list[np.ndarray]:
    ready = predictor(model)
    return [ready.answer(prepared(one.path, ready.size, "tensorflow")) for one in images(folder)]


@pytest.mark.parametrize("name", ["tflite float32", "tflite int8", "onnxruntime float32", "openvino float32"])
def test_seven_of_eight_images_are_what_their_folder_says(models: dict[str, Path], folder: Path, name: str) -> None:
    found = images(folder)
    # The folders stand as blue, green, red; the network's scores as red, green, blue.
    labels = [2 - one.label for one in found if one.label is not None]
    result = accuracy(scores_of(models[name], folder), labels)
    assert result.top1 is not None
    assert result.top1.value == pytest.approx(7 / 8)
    assert result.top5 is not None
    assert result.top5.value == 1.0  # Of three classes.


def test_the_scores_are_the_colours_in_the_networks_own_units(models: dict[str, Path], folder: Path) -> None:
    for name, tolerance in (("tflite float32", 1e-3), ("onnxruntime float32", 1e-3), ("tflite int8", 0.02)):
        (first, *_) = scores_of(models[name], folder)
        assert first == pytest.approx(np.array(COLOURS["blue"]) / 127.5 - 1, abs=tolerance)


def test_int8_agrees_with_float32(models: dict[str, Path], folder: Path) -> None:
    exact, rough = (scores_of(models[f"tflite {dtype}"], folder) for dtype in ("float32", "int8"))
    result = accuracy(rough, [None] * len(rough), exact)
    assert (result.top1, result.agreement and result.agreement.value) == (None, 1.0)


def test_the_interval_is_wilsons() -> None:
    scores = [np.array([1.0, 0.0])] * 10
    result = accuracy(scores, [0] * 7 + [1] * 3)
    # Worked by hand: n = 10, p = 0.7, z = 1.96: (0.7 + 0.19207) / 1.38415 +- 0.24765.
    assert result.top1 is not None
    assert (result.top1.low, result.top1.high) == (pytest.approx(0.3968, abs=1e-3), pytest.approx(0.8922, abs=1e-3))


def test_top_5_counts_the_fifth_best() -> None:
    falling = np.arange(10.0)[::-1]
    found = accuracy([falling] * 3, [0, 4, 5])
    assert (found.top1 and found.top1.value, found.top5 and found.top5.value) == (1 / 3, 2 / 3)


def test_classes_that_tie_count_as_a_choice_at_random() -> None:
    # A model of ten classes that scores all of them alike is right in one of ten images, and in five of its five best.
    found = accuracy([np.zeros(10)] * 8, list(range(8)))
    assert found.top1 is not None
    assert found.top5 is not None
    assert (found.top1.value, found.top5.value) == (pytest.approx(0.1), pytest.approx(0.5))
    assert (found.undecided, found.only_answer) == (8, None)


def test_a_tie_for_the_second_place_leaves_the_first_alone() -> None:
    scores = np.array([0.9, 0.2, 0.2, 0.1])
    assert [accuracy([scores], [label]).top1.value for label in (0, 1)] == [1.0, 0.0]  # type: ignore[union-attr]


def test_two_models_that_tie_agree_as_often_as_two_draws() -> None:
    pair, one = np.array([1.0, 1.0, 0.0]), np.array([1.0, 0.0, 0.0])
    shares = [accuracy([a], [None], [b]).agreement for a, b in ((pair, pair), (pair, one), (one, one))]
    assert [share.value for share in shares if share] == [0.5, 0.5, 1.0]


def test_a_model_that_answers_the_same_for_every_image_is_named() -> None:
    found = accuracy([np.array([0.1, 0.7, 0.2]), np.array([0.0, 0.6, 0.4])], [1, 2])
    assert found.only_answer == 1
    *_, line = accuracy_lines([("collapsed.tflite", found)])
    assert line.startswith("collapsed.tflite: answers class 1 for every image")


def test_an_answer_that_is_no_number_is_an_error_that_names_the_image(folder: Path) -> None:
    broken = Predictor((8, 8), False, lambda _: np.array([1.0, np.nan]))
    with pytest.raises(MeasureError, match=r"blue/0\.png: the model answers it with NaN"):
        list(answers(broken, images(folder), "unit"))


@pytest.mark.parametrize("size", [(320, 200), (200, 320), (224, 224)])
def test_the_middle_of_an_image_is_cut_out(tmp_path: Path, size: tuple[int, int]) -> None:
    picture = Image.new("RGB", size, (255, 0, 0))
    middle = (size[0] // 2, size[1] // 2)
    picture.paste((0, 0, 255), (middle[0] - 5, middle[1] - 5, middle[0] + 5, middle[1] + 5))
    picture.save(tmp_path / "p.png")
    found = prepared(tmp_path / "p.png", (64, 64), "unit")
    assert found.shape == (64, 64, 3)
    assert found[32, 32] == pytest.approx([0, 0, 1], abs=0.02)
    assert found[0, 0] == pytest.approx([1, 0, 0], abs=0.02)


@pytest.mark.parametrize(
    ("normalisation", "white"), [("tensorflow", [1, 1, 1]), ("torch", [2.2489, 2.4286, 2.64]), ("bytes", [255] * 3)]
)
def test_white_is_normalised(tmp_path: Path, normalisation: str, white: list[float]) -> None:
    Image.new("RGB", (64, 64), (255, 255, 255)).save(tmp_path / "w.png")
    assert prepared(tmp_path / "w.png", (32, 32), normalisation)[0, 0] == pytest.approx(white, abs=1e-3)


def run(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "stairline", "measure", "accuracy", *map(str, arguments)]
    environment = {"PYTHONPATH": str(ROOT), "PATH": ""}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_the_command_compares_precisions(models: dict[str, Path], folder: Path, tmp_path: Path) -> None:
    names = list(COLOURS)
    lines = [f"{name}/{n}.png,{BY_CHANNEL[name]}" for name in names for n in range(8)]
    (tmp_path / "labels.csv").write_text("\n".join(lines), encoding="utf-8")
    pair = (models["tflite float32"], models["tflite int8"])
    done = run(*pair, "--images", folder, "--labels", "labels.csv", cwd=tmp_path)
    _, first, second = done.stdout.splitlines()
    assert "87.5%" in first
    assert "87.5%" in second
    assert "100.0%" in second.split(")")[-2]


def test_what_cannot_be_judged_is_one_sentence(models: dict[str, Path], folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "a.png").write_text("no image", encoding="utf-8")
    (tmp_path / "labels.csv").write_text("red/0.png,7\n", encoding="utf-8")
    model = models["tflite float32"]
    for arguments, complaint in (
        ((model, "--images", "empty"), "no image below it"),
        ((model, "--images", "text"), "not an image that can be read"),
        ((model, "--images", folder, "--labels", "labels.csv"), "has no line for blue/0.png"),
        ((model, "--images", folder, "--offset", 5), "class 5: the model has 3 classes"),
        (("absent.tflite", "--images", folder), "no such file"),
        (("a.txt", "--images", folder), "accuracy is taken of"),
    ):
        done = run(*arguments, cwd=tmp_path)
        *_, last = done.stderr.splitlines()  # LiteRT says there what it creates.
        assert (done.returncode, "Traceback" in done.stderr) == (2, False)
        assert complaint in last


def test_a_network_that_takes_no_image_is_refused(tmp_path: Path) -> None:
    b = GraphBuilder("words")
    path = backend("tflite").build(b.build(b.dense(b.input((1, 10)), 2)), "float32", tmp_path)
    with pytest.raises(MeasureError, match="not one RGB image"):
        predictor(path)
