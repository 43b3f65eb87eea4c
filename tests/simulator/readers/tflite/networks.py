"""Networks that the conversion of most TFLite operators is tested on."""

from __future__ import annotations

from pathlib import Path


def interpreter_shapes(tf, path: Path) -> dict[str, tuple[int, ...]]:
    """Shapes of all tensors by name, after the interpreter has allocated them."""
    interpreter = tf.lite.Interpreter(model_path=str(path))
    interpreter.allocate_tensors()
    return {t["name"]: tuple(map(int, t["shape"])) for t in interpreter.get_tensor_details()}


def conv(kernel, c_in, c_out, **options):
    """A network of one convolution; written as a function of tf, because TensorFlow is imported late."""
    return lambda tf: lambda x: tf.nn.conv2d(x, tf.ones((*kernel, c_in, c_out)), **options)


NETWORKS = {
    "a convolution": (conv((3, 3), 3, 8, strides=2, padding="SAME"), (1, 15, 15, 3), ["conv2d"]),
    "a dilated convolution": (
        conv((3, 3), 4, 8, strides=1, padding="VALID", dilations=2),
        (1, 16, 16, 4),
        ["conv2d"],
    ),
    "a depthwise multiplier": (
        lambda tf: lambda x: tf.nn.depthwise_conv2d(x, tf.ones((3, 3, 4, 2)), (1, 2, 2, 1), "SAME"),
        (1, 9, 9, 4),
        ["dwconv2d"],
    ),
    "a transposed convolution": (
        lambda tf: lambda x: tf.nn.conv2d_transpose(x, tf.ones((3, 3, 6, 4)), (1, 14, 14, 6), 2, "SAME"),
        (1, 7, 7, 4),
        ["conv2d_transpose"],
    ),
    "a maximum pool": (lambda tf: lambda x: tf.nn.max_pool2d(x, 3, 2, "SAME"), (1, 15, 13, 4), ["maxpool2d"]),
    "an average pool of the whole map": (
        lambda tf: lambda x: tf.nn.avg_pool2d(x, (7, 5), 1, "VALID"),
        (1, 7, 5, 8),
        ["globalavgpool2d"],
    ),
    "an average pool of a part": (
        lambda tf: lambda x: tf.nn.avg_pool2d(x, 3, 2, "VALID"),
        (1, 7, 7, 8),
        ["avgpool2d"],
    ),
    "a mean": (lambda tf: lambda x: tf.reduce_mean(x, (1, 2)), (1, 7, 7, 8), ["mean"]),
    "a mean that keeps its axes": (lambda tf: lambda x: tf.reduce_mean(x, (1, 2), True), (1, 7, 7, 8), ["mean"]),
    "a resize": (lambda tf: lambda x: tf.image.resize(x, (14, 21)), (1, 7, 7, 8), ["resize"]),
    "a nearest resize": (
        lambda tf: lambda x: tf.raw_ops.ResizeNearestNeighbor(images=x, size=[14, 14]),
        (1, 7, 7, 8),
        ["resize"],
    ),
    "a split into unequal parts": (
        lambda tf: lambda x: tf.concat(tf.split(x, [2, 5, 1], -1)[::-1], -1),
        (1, 4, 4, 8),
        ["split", "concat"],
    ),
    "a slice": (lambda tf: lambda x: tf.slice(x, (0, 1, 2, 0), (1, 2, -1, 8)), (1, 4, 4, 8), ["slice"]),
    "a strided slice that drops an axis": (
        lambda _tf: lambda x: x[:, 1, ::-2, 3:],
        (1, 4, 5, 8),
        ["strided_slice"],
    ),
    "paddings that differ": (
        lambda tf: lambda x: tf.pad(x, [[0, 0], [1, 2], [0, 3], [0, 0]]),
        (1, 4, 4, 8),
        ["pad"],
    ),
    "mirrored paddings": (
        lambda tf: lambda x: tf.pad(x, [[0, 0], [1, 2], [0, 3], [0, 0]], "REFLECT"),
        (1, 4, 4, 8),
        ["pad"],
    ),
    "a matrix product of two activations": (
        lambda tf: lambda x: tf.matmul(x, x, transpose_b=True),
        (1, 2, 5, 8),
        ["matmul"],
    ),
    "activations": (
        lambda tf: lambda x: tf.nn.gelu(tf.nn.leaky_relu(tf.tanh(tf.sigmoid(x)))),
        (1, 4, 4, 8),
        ["sigmoid", "tanh", "leaky_relu", "gelu"],
    ),
    "element-wise operators with broadcasting": (
        lambda tf: lambda x: tf.maximum(tf.minimum(x / tf.reduce_mean(x, (1, 2), True), x), 0.5) - x,
        (1, 4, 4, 8),
        ["mean", "div", "minimum", "maximum", "sub"],
    ),
    "squeezed and expanded axes": (
        lambda tf: lambda x: tf.expand_dims(tf.squeeze(x, (1, 2)), 1),
        (1, 1, 1, 8),
        ["reshape"],
    ),
    "a sine and a move of channels to pixels": (
        lambda tf: lambda x: tf.nn.depth_to_space(tf.sin(x), 2),
        (1, 4, 4, 8),
        ["sin", "depth_to_space"],
    ),
}
