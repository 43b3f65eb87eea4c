"""Networks of operators that compute by element, reduce, search, gather or regroup, with their canonical layers."""

from __future__ import annotations

MAP = (1, 8, 8, 16)

FURTHER = {
    "elementwise functions": (
        lambda tf: lambda x: tf.cos(tf.exp(tf.abs(tf.square(tf.floor(x))))),
        MAP,
        ["floor", "square", "abs", "exp", "cos"],
    ),
    "roots and logarithms": (
        lambda tf: lambda x: tf.math.log(tf.math.rsqrt(tf.sqrt(tf.nn.elu(-x)))),
        MAP,
        ["neg", "elu", "sqrt", "rsqrt", "log"],
    ),
    "a choice": (lambda tf: lambda x: tf.where(x > 0.5, x, x * 2.0), MAP, ["greater", "mul", "where"]),
    "a power of a difference": (
        lambda tf: lambda x: tf.pow(tf.math.squared_difference(x, x[:, :1]), 1.7),
        MAP,
        ["strided_slice", "squared_difference", "pow"],
    ),
    "a clipping to -1 and 1": (lambda tf: lambda x: tf.minimum(tf.maximum(x, -1.0), 1.0), MAP, ["clip"]),
    "a sum and a maximum": (
        lambda tf: lambda x: tf.reduce_max(tf.reduce_sum(x, axis=-1), axis=1, keepdims=True),
        MAP,
        ["reduce_sum", "reduce_max"],
    ),
    "the position of the maximum": (lambda tf: lambda x: tf.argmax(x, axis=-1), MAP, ["argmax"]),
    "the largest three": (lambda tf: lambda x: tf.math.top_k(tf.nn.relu(x), 3)[0], MAP, ["relu", "topk"]),
    "normalisations along channels": (
        lambda tf: lambda x: tf.nn.local_response_normalization(tf.math.l2_normalize(x, -1)),
        MAP,
        ["l2_norm", "lrn"],
    ),
    "rows of an embedding": (
        lambda tf: lambda x: tf.gather(tf.ones((100, 32)), tf.cast(x, tf.int32)),
        (1, 9),
        ["cast", "gather"],
    ),
    "one row taken out": (lambda tf: lambda x: tf.gather(x, 3, axis=1), MAP, ["gather"]),
    "a list of one row": (lambda tf: lambda x: tf.gather(x, [3], axis=1), MAP, ["gather"]),
    "copies side by side": (lambda tf: lambda x: tf.tile(x, (1, 2, 1, 3)), MAP, ["tile"]),
    "a stack": (lambda tf: lambda x: tf.stack([x, tf.nn.relu(x)], axis=1), MAP, ["relu", "pack"]),
    "an unstacking": (lambda tf: lambda x: sum(tf.unstack(x, axis=3)[:2]), (1, 4, 4, 3), ["unpack", "add"]),
    "a reversal": (lambda tf: lambda x: tf.reverse(x, axis=[2]), MAP, ["reverse"]),
    "blocks to channels": (lambda tf: lambda x: tf.nn.space_to_depth(x, 2), MAP, ["space_to_depth"]),
    "blocks to the batch and back": (
        lambda tf: (
            lambda x: tf.batch_to_space(
                tf.nn.relu(tf.space_to_batch(x, (2, 2), ((1, 1), (1, 1)))), (2, 2), ((1, 1), (1, 1))
            )
        ),
        MAP,
        ["space_to_batch", "relu", "batch_to_space"],
    ),
    "a running sum": (lambda tf: lambda x: tf.cumsum(x, axis=2), MAP, ["cumsum"]),
    "a convolution over three axes": (
        lambda tf: lambda x: tf.nn.conv3d(x, tf.ones((3, 3, 3, 4, 8)), (1, 1, 2, 2, 1), "SAME"),
        (1, 6, 8, 8, 4),
        ["conv3d"],
    ),
}
