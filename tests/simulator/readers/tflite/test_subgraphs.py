"""Subgraphs of TFLite files: loops of a known length, variables, signatures, and tensors without elements."""

from __future__ import annotations

import pytest

from stairline.simulator.readers.dispatch import read
from stairline.simulator.readers.errors import ReadError
from tests.simulator.readers.reading import macs, ops

STEPS, C_IN, CELLS = 7, 12, 10


def _keras(tf, layer, *shape):
    """The .tflite file that the converter writes for one Keras layer on an input of batch 1."""
    given = tf.keras.Input(shape, batch_size=1)
    return tf.lite.TFLiteConverter.from_keras_model(tf.keras.Model(given, layer(given))).convert()


def _looped(tf):
    weights, recurrent = tf.ones((C_IN, CELLS)), tf.ones((CELLS, CELLS))

    def network(x):
        def step(i, state):
            return i + 1, tf.tanh(tf.matmul(x[:, i], weights) + tf.matmul(state, recurrent))

        start = (tf.constant(0), tf.zeros((1, CELLS)))
        return tf.while_loop(lambda i, _: i < STEPS, step, start, maximum_iterations=STEPS)[1]

    return network


def test_a_loop_of_a_known_length_is_the_layers_of_all_its_steps(tf, converted):
    """Each step is a product of its input and one of the state, though the state is stored when the loop starts."""
    graph = read(converted(_looped(tf), (1, STEPS, C_IN)))
    assert macs(graph) == STEPS * CELLS * (C_IN + CELLS)
    assert ops(graph).count("tanh") == STEPS


@pytest.mark.parametrize("unroll", [False, True])
def test_a_recurrent_layer_of_keras_has_four_gates_at_each_step(unroll, tf, tmp_path):
    """The converter fuses or loops the layer, or writes its steps out, where the first one has no state to multiply."""
    path = tmp_path / "lstm.tflite"
    path.write_bytes(_keras(tf, tf.keras.layers.LSTM(CELLS, unroll=unroll), STEPS, C_IN))
    without_state = 4 * CELLS * CELLS if unroll else 0
    assert macs(read(path)) == STEPS * 4 * CELLS * (C_IN + CELLS) - without_state


def test_a_loop_that_runs_until_a_value_is_reached_is_a_layer_of_its_own(tf, converted):
    def network(x):
        return tf.while_loop(lambda y: tf.reduce_sum(y) < 100.0, lambda y: (y + x,), (x,))[0]

    assert "tflite:WHILE" in ops(read(converted(network, (1, 4))))


def test_a_variable_is_copied_when_it_is_read_and_when_it_is_assigned(tf, tmp_path):
    class Stream(tf.Module):
        def __init__(self):
            super().__init__()
            self.state = tf.Variable(tf.zeros((1, 4)))

        @tf.function(input_signature=[tf.TensorSpec((1, 4))])
        def __call__(self, x):
            joined = tf.concat([self.state, x], 0)
            self.state.assign(x * 2.0)
            return joined

    stream, path = Stream(), tmp_path / "stream.tflite"
    concrete = stream.__call__.get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], stream)
    converter.experimental_enable_resource_variables = True
    path.write_bytes(converter.convert())
    graph = read(path)
    assert sorted(ops(graph)) == ["concat", "copy", "copy", "mul"]
    assert graph.shapes(graph.outputs) == ((2, 4),)


def test_one_of_several_signatures_is_chosen_by_its_name(tf, tmp_path):
    class Both(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((1, 8))])
        def encode(self, x):
            return tf.matmul(x, tf.ones((8, 3)))

        @tf.function(input_signature=[tf.TensorSpec((1, 3))])
        def decode(self, x):
            return tf.matmul(x, tf.ones((3, 5)))

    both, folder, path = Both(), str(tmp_path / "saved"), tmp_path / "both.tflite"
    tf.saved_model.save(both, folder, signatures={"encode": both.encode, "decode": both.decode})
    path.write_bytes(tf.lite.TFLiteConverter.from_saved_model(folder).convert())
    assert macs(read(path, signature="encode")) == 8 * 3
    assert macs(read(path, signature="decode")) == 3 * 5
    with pytest.raises(ReadError, match=r"holds the signatures .*'encode'.*: choose one with --signature"):
        read(path)
    with pytest.raises(ReadError, match=r"--signature train: the file holds .*'decode'"):
        read(path, signature="train")


def test_a_constant_output_costs_nothing(tf, converted):
    graph = read(converted(lambda x: (tf.nn.relu(x), tf.constant([1.0, 2.0, 3.0])), (1, 8)))
    assert ops(graph) == ["relu"]
    assert sorted(graph.shapes(graph.outputs)) == [(1, 8), (3,)]
