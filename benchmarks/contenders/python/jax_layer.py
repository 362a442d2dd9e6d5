"""JAX: a scan over time inside one compiled function, the input product of all steps before it.

JAX has no recurrent layer of its own; this is how its users write one. Arrays are time first, so
that the scan runs over the leading axis. The scan is tried as it is and unrolled.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy

UNROLLS = (1, 8)


def version():
    return f"JAX {jax.__version__}"


def use_threads(threads):
    """XLA has as many threads as the process has processors."""


def ways(case, mode, arrays):
    unrolls = [unroll for unroll in UNROLLS if unroll <= max(1, case.seq_len)]
    return [(f"unroll {n}", partial(make, case, mode, arrays, n)) for n in unrolls]


def simple_step(parameters, hidden, pre_activations):
    hidden = jnp.tanh(pre_activations + hidden @ parameters["recurrent_weights"])
    return hidden, hidden


def lstm_step(parameters, state, pre_activations):
    hidden, cell = state
    gates = pre_activations + hidden @ parameters["recurrent_weights"]
    i, f, o, g = jnp.split(gates, 4, axis=-1)
    cell = jax.nn.sigmoid(f) * cell + jax.nn.sigmoid(i) * jnp.tanh(g)
    hidden = jax.nn.sigmoid(o) * jnp.tanh(cell)
    return (hidden, cell), hidden


def gru_step(parameters, hidden, pre_activations):
    recurrent = hidden @ parameters["recurrent_weights"]
    r, z, n = jnp.split(pre_activations, 3, axis=-1)
    recurrent_r, recurrent_z, recurrent_n = jnp.split(recurrent, 3, axis=-1)
    r, z = jax.nn.sigmoid(r + recurrent_r), jax.nn.sigmoid(z + recurrent_z)
    n = jnp.tanh(n + r * (recurrent_n + parameters["recurrent_bias"]))
    hidden = (1 - z) * n + z * hidden
    return hidden, hidden


STEPS = {"simple": simple_step, "lstm": lstm_step, "gru": gru_step}


def make(case, mode, arrays, unroll):
    parameters = {name: jnp.asarray(arrays[name]) for name in case.parameters()}
    inputs = time_first(arrays["inputs"])

    def forward(parameters, inputs):
        pre_activations = inputs @ parameters["input_weights"] + parameters["bias"]
        zeros = jnp.zeros((case.batch_size, case.hidden_size))
        state = (zeros, zeros) if case.cell == "lstm" else zeros
        step = partial(STEPS[case.cell], parameters)
        return jax.lax.scan(step, state, pre_activations, unroll=unroll)[1]

    if mode == "infer":
        compiled = jax.jit(forward)

        def infer():
            return compiled(parameters, inputs).block_until_ready()

        return infer, lambda: [batch_first(infer())]

    grad_outputs = time_first(arrays["grad_outputs"])

    @jax.jit
    def forward_and_backward(parameters, inputs, grad_outputs):
        outputs, backward = jax.vjp(forward, parameters, inputs)
        return outputs, *backward(grad_outputs)

    def train():
        return jax.block_until_ready(forward_and_backward(parameters, inputs, grad_outputs))

    def results():
        outputs, gradients, grad_inputs = train()
        found = [numpy.asarray(gradients[name]) for name in case.parameters()]
        return [batch_first(outputs), batch_first(grad_inputs), *found]

    return train, results


def time_first(array):
    return jnp.asarray(numpy.ascontiguousarray(array.transpose(1, 0, 2)))


def batch_first(array):
    return numpy.asarray(array).transpose(1, 0, 2)
