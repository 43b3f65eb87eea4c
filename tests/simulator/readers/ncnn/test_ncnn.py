"""ncnn's text files: a graph has the shapes that ncnn itself computes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stairline.simulator.readers.dispatch import read
from stairline.simulator.readers.errors import ReadError
from stairline.simulator.readers.ncnn.state import from_graph
from tests.simulator.readers.reading import FUZZING, macs, ops, read_or_refuse

LAYERS = {
    "convolution": ((3, 32, 32), ["Convolution c 1 1 x y 0=16 1=3 3=2 4=1 5=1 6=432 9=1"]),
    "convolution padded as in TensorFlow": ((3, 33, 33), ["Convolution c 1 1 x y 0=16 1=3 3=2 4=-233 5=1 6=432"]),
    "convolution with kernels, strides and pads of their own": (
        (3, 20, 32),
        ["Convolution c 1 1 x y 0=8 1=5 11=3 3=1 13=2 4=2 14=1 15=0 16=0 5=1 6=360"],
    ),
    "depthwise convolution": ((8, 16, 16), ["ConvolutionDepthWise c 1 1 x y 0=8 1=3 4=1 5=1 6=72 7=8"]),
    "grouped convolution": ((8, 16, 16), ["ConvolutionDepthWise c 1 1 x y 0=16 1=3 4=1 5=1 6=288 7=4"]),
    "transposed convolution": ((8, 16, 16), ["Deconvolution c 1 1 x y 0=4 1=4 3=2 4=1 5=1 6=512"]),
    "transposed convolution with output padding": (
        (8, 16, 16),
        ["Deconvolution c 1 1 x y 0=4 1=3 3=2 4=1 18=1 5=1 6=288"],
    ),
    "pool that keeps incomplete windows": ((4, 15, 15), ["Pooling p 1 1 x y 0=0 1=3 2=2"]),
    "pool that drops them": ((4, 15, 15), ["Pooling p 1 1 x y 0=0 1=2 2=2 5=1"]),
    "pool padded as in TensorFlow": ((4, 15, 15), ["Pooling p 1 1 x y 0=1 1=3 2=2 5=2"]),
    "pool with padding": ((4, 15, 15), ["Pooling p 1 1 x y 0=0 1=3 2=2 3=1"]),
    "global pool": ((4, 15, 15), ["Pooling p 1 1 x y 0=1 4=1"]),
    "adaptive pool": ((4, 14, 14), ["Pooling p 1 1 x y 0=1 7=1 8=7"]),
    "inner product": ((4, 5, 5), ["InnerProduct f 1 1 x y 0=10 1=1 2=1000"]),
    "channel shuffle": ((8, 6, 6), ["ShuffleChannel s 1 1 x y 0=2"]),
    "pixel shuffle": ((8, 6, 6), ["PixelShuffle s 1 1 x y 0=2"]),
    "space to depth": ((8, 6, 6), ["Reorg s 1 1 x y 0=2"]),
    "equal slices joined": ((8, 6, 6), ["Slice s 1 2 x a b -23300=2,-233,-233", "Concat k 2 1 b a y 0=0"]),
    "slices of a size": ((8, 6, 6), ["Slice s 1 2 x a b -23300=2,3,-233 1=0", "ReLU r 1 1 a z", "ReLU r2 1 1 b y"]),
    "rows joined": ((8, 6, 6), ["Split s 1 2 x a b", "Concat k 2 1 a b y 0=1"]),
    "permutation 3": ((8, 6, 5), ["Permute s 1 1 x y 0=3"]),
    "permutation 1": ((8, 6, 5), ["Permute s 1 1 x y 0=1"]),
    "permutation 2": ((8, 6, 5), ["Permute s 1 1 x y 0=2"]),
    "permutation 4": ((8, 6, 5), ["Permute s 1 1 x y 0=4"]),
    "permutation 5": ((8, 6, 5), ["Permute s 1 1 x y 0=5"]),
    "reshape to rows": ((8, 6, 5), ["Reshape s 1 1 x y 0=-1 1=8"]),
    "reshape to an image": ((8, 6, 5), ["Reshape s 1 1 x y 0=10 1=6 2=4"]),
    "reshape that keeps an axis": ((8, 6, 5), ["Reshape s 1 1 x y 0=0 1=-1"]),
    "flatten": ((8, 6, 5), ["Flatten s 1 1 x y"]),
    "resize by factors": ((8, 6, 5), ["Interp s 1 1 x y 0=2 1=2.0 2=2.0"]),
    "resize to a size": ((8, 6, 5), ["Interp s 1 1 x y 0=2 3=20 4=30"]),
    "padding": ((8, 6, 5), ["Padding s 1 1 x y 0=1 1=2 2=3 3=4"]),
    "crop by offsets": ((8, 6, 5), ["Crop s 1 1 x y 0=1 1=2 2=0 3=3 4=3 5=4"]),
    "crop by ends": ((8, 6, 5), ["Crop s 1 1 x y -23309=1,2 -23310=1,6 -23311=1,0"]),
    "sum": ((8, 6, 5), ["Split s 1 2 x a b", "Eltwise e 2 1 a b y 0=1"]),
    "squeeze and excite": (
        (8, 6, 5),
        [
            "Split s 1 2 x a b",
            "Pooling p 1 1 a c 0=1 4=1",
            "InnerProduct f 1 1 c d 0=8 1=1 2=64 9=4",
            "BinaryOp m 2 1 b d y 0=2",
        ],
    ),
    "product with a number": ((8, 6, 5), ["BinaryOp m 1 1 x y 0=2 1=1 2=0.5"]),
    "stored operand": ((8, 6, 5), ["MemoryData w 0 1 w 0=8", "BinaryOp m 2 1 x w y 0=0"]),
    "softmax": ((8, 6, 5), ["Softmax s 1 1 x y 0=0"]),
    "mean of pixels": ((8, 6, 5), ["Reduction r 1 1 x y 0=3 1=0 -23303=2,1,2 4=0 5=1"]),
    "mean of pixels that keeps the axes": ((8, 6, 5), ["Reduction r 1 1 x y 0=3 1=0 -23303=2,1,2 4=1 5=1"]),
    "sum of channels": ((8, 6, 5), ["Reduction r 1 1 x y 0=0 1=0 -23303=1,0 4=0 5=1"]),
    "new axis": ((8, 6, 5), ["Reshape s 1 1 x a 0=5 1=48", "ExpandDims e 1 1 a y -23303=1,0"]),
    "dropped axis": ((8, 1, 5), ["Squeeze e 1 1 x y -23303=1,1"]),
    "scale": ((8, 6, 5), ["Scale s 1 1 x y 0=8 1=1"]),
    "batch normalisation": ((8, 6, 5), ["BatchNorm s 1 1 x y 0=8"]),
    "convolution along rows": (
        (8, 6, 5),
        ["Reshape s 1 1 x a 0=30 1=8", "Convolution1D c 1 1 a y 0=4 1=3 4=1 5=1 6=96"],
    ),
    "recurrent layer": ((1, 6, 5), ["Reshape s 1 1 x a 0=5 1=6", "LSTM c 1 1 a y 0=4 1=80 2=0"]),
    "attention": ((1, 6, 8), ["Reshape s 1 1 x a 0=8 1=6", "MultiHeadAttention c 1 1 a y 0=8 1=2 2=64"]),
}
"""Shape of the input (c, h, w), and the lines behind it, which read "x" and give "y"."""


def network(shape, lines):
    c, h, w = shape
    names = {"x"}
    for line in lines:
        parts = line.split()
        names |= set(parts[4 : 4 + int(parts[2]) + int(parts[3])])
    head = f"7767517\n{len(lines) + 1} {len(names)}\nInput x 0 1 x 0={w} 1={h} 2={c}\n"
    return head + "".join(f"{line}\n" for line in lines)


@pytest.fixture
def saved(tmp_path):
    def save(text):
        path = tmp_path / "network.param"
        path.write_text(text)
        return path

    return save


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_has_the_shape_that_ncnn_gives_it(name, saved):
    ncnn = pytest.importorskip("ncnn")
    shape, lines = LAYERS[name]
    path = saved(network(shape, lines))
    net = ncnn.Net()
    net.opt.num_threads = 1
    assert net.load_param(str(path)) == 0
    net.load_model(ncnn.DataReaderFromEmpty())
    extractor = net.create_extractor()
    extractor.input("x", ncnn.Mat(np.ones(shape, np.float32)).clone())
    _, found = extractor.extract("y")
    graph = read(path)
    assert from_graph(graph.tensors[graph.outputs[-1]].shape) == np.array(found).shape


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("convolution", 16 * 16 * 16 * 9 * 3),
        ("depthwise convolution", 8 * 16 * 16 * 9),
        ("grouped convolution", 16 * 16 * 16 * 9 * 2),
        ("transposed convolution", 8 * 16 * 16 * 4 * 4 * 4),
        ("inner product", 10 * 100),
        ("convolution along rows", 4 * 30 * 3 * 8),
        ("recurrent layer", 6 * 4 * 4 * (5 + 4)),
        ("attention", 4 * 6 * 8 * 8 + 2 * 6 * 6 * 8),
    ],
)
def test_the_products_of_a_layer_are_counted_by_hand(name, expected, saved):
    assert macs(read(saved(network(*LAYERS[name])))) == expected


def test_an_activation_of_a_convolution_is_a_layer_of_its_own(saved):
    lines = ["Convolution c 1 1 x y 0=16 1=3 3=2 4=1 5=1 6=432 9=3 -23310=2,0.0,6.0"]
    assert ops(read(saved(network((3, 32, 32), lines)))) == ["conv2d", "relu6"]


def test_scales_of_weights_make_a_network_int8(saved):
    lines = ["Convolution c 1 1 x y 0=16 1=3 3=2 4=1 5=1 6=432 8=2"]
    assert read(saved(network((3, 32, 32), lines))).dtype == "int8"


def test_the_size_of_an_open_input_is_given(saved):
    text = "7767517\n2 2\nInput x 0 1 x\nConvolution c 1 1 x y 0=16 1=3 6=432\n"
    with pytest.raises(ReadError, match="--shape 3,224,224"):
        read(saved(text))
    assert read(saved(text), (3, 32, 32)).shapes([1]) == ((1, 30, 30, 16),)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("hello\n", "begins with 'hello'"),
        ("7767517\n1 1\n", "holds no layer"),
        ("7767517\n1 1\nInput x 0\n", "line 3"),
        ("7767517\n1 1\nInput x 0 1 x 0=a\n", "line 3"),
        ("7767517\n1 1\nInput x 0 1 x -23300=3,1\n", "states 3 values and has 1"),
        ("7767517\n1 1\nReLU r 1 1 a b\n", "reads 'a', which nothing before it gives"),
        (network((3, 8, 8), ["Unheard u 1 1 x y"]), r"layer 'u' \(Unheard\): layers of this type are not read"),
        (network((3, 8, 8), ["Convolution c 1 1 x y 0=8 1=3 6=100"]), "100 weights do not fit 3 channels"),
        (network((3, 8, 8), ["Reshape r 1 1 x y 0=7"]), "cannot reshape"),
        (network((3, 8, 8), ["Pooling p 1 1 x y 0=0 1=9 5=1"]), "p"),
    ],
)
def test_what_is_no_network_gets_one_line(text, words, saved):
    path = saved(text)
    with pytest.raises(ReadError, match=words) as caught:
        read(path)
    assert "\n" not in str(caught.value)


WORDS = st.sampled_from(
    ["0=1", "1=3", "2=-1", "3=0", "4=-233", "-23300=1,2", "0=1e300", "0=9999999999", "x", "y", "-5", "1", "0=nan"]
)


@FUZZING
@given(name=st.sampled_from(sorted(LAYERS)), line=st.integers(0, 2), place=st.integers(0, 8), word=WORDS)
def test_a_changed_word_is_read_or_refused_in_one_line(tmp_path, name, line, place, word):
    text = network(*LAYERS[name]).split("\n")
    changed = 2 + line % (len(text) - 3)
    parts = text[changed].split()
    parts[place % len(parts)] = word
    text[changed] = " ".join(parts)
    path = tmp_path / "network.param"
    path.write_text("\n".join(text))
    read_or_refuse(path)
