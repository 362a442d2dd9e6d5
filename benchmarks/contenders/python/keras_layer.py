"""Keras on TensorFlow: SimpleRNN, LSTM and GRU in a compiled function, with and without XLA."""

import os
from functools import partial

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy
import tensorflow as tf
from contender import inverse, reorder

LAYERS = {"simple": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}
# Keras's gates are i f g o, and z r n.
ORDER = {"simple": [0], "lstm": [0, 1, 3, 2], "gru": [1, 0, 2]}


def version():
    return f"Keras {keras.__version__} on TensorFlow {tf.__version__}"


def use_threads(threads):
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)


def ways(case, mode, arrays):
    names = {False: "without XLA", True: "XLA"}
    return [(name, partial(make, case, mode, arrays, xla)) for xla, name in names.items()]


def make(case, mode, arrays, xla):
    layer = LAYERS[case.cell](case.hidden_size, return_sequences=True)
    layer.build((case.batch_size, case.seq_len, case.input_size))
    layer.set_weights(weights(case, arrays))
    inputs = tf.constant(arrays["inputs"])

    if mode == "infer":
        forward = tf.function(lambda inputs: layer(inputs), jit_compile=xla)
        return lambda: forward(inputs), lambda: [forward(inputs).numpy()]

    grad_outputs = tf.constant(arrays["grad_outputs"])
    variables = [variable.value for variable in layer.trainable_variables]

    @tf.function(jit_compile=xla)
    def forward_and_backward(inputs, grad_outputs):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(inputs, training=True)
        return outputs, tape.gradient(outputs, [inputs, *variables], grad_outputs)

    def train():
        return forward_and_backward(inputs, grad_outputs)

    def results():
        outputs, gradients = train()
        grad_inputs, *found = [tf.convert_to_tensor(gradient).numpy() for gradient in gradients]
        return [outputs.numpy(), grad_inputs, *elman_gradients(case, found)]

    return train, results


def weights(case, arrays):
    """Keras's GRU has two biases, the second one inside the product with the reset gate."""
    order, hidden = ORDER[case.cell], case.hidden_size
    names = ["input_weights", "recurrent_weights", "bias"]
    kernel, recurrent, bias = [reorder(arrays[name], case, order) for name in names]
    if case.cell == "gru":
        second = numpy.zeros_like(bias)
        second[2 * hidden :] = arrays["recurrent_bias"]
        bias = numpy.stack([bias, second])
    return [kernel, recurrent, bias]


def elman_gradients(case, found):
    order, hidden = inverse(ORDER[case.cell]), case.hidden_size
    kernel, recurrent, bias = found
    second = []
    if case.cell == "gru":
        bias, recurrent_bias = bias
        second = [recurrent_bias[2 * hidden :]]
    return [reorder(array, case, order) for array in (kernel, recurrent, bias)] + second
