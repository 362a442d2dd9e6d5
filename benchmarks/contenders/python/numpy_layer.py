"""NumPy: the simple cell as one writes it by hand, products in the BLAS that NumPy brings.

Arrays are time first, so that a step is contiguous; what does not depend on the step before (the
input product, and every gradient but that of the state) is one product over all steps.
"""

import numpy
from contender import Unsupported


def version():
    return f"NumPy {numpy.__version__}"


def use_threads(threads):
    """The BLAS reads its number of threads from the environment."""


def ways(case, mode, arrays):
    if case.cell != "simple":
        raise Unsupported("NumPy has no layers; the simple cell is written for it, no other")
    return [("by hand", lambda: make(case, mode, arrays))]


def make(case, mode, arrays):
    weights, recurrent, bias = [arrays[name] for name in case.parameters()]
    inputs = time_first(arrays["inputs"])
    seq_len, batch_size, input_size = inputs.shape
    hidden_size = case.hidden_size
    flat_inputs = inputs.reshape(-1, input_size)
    zeros = numpy.zeros((batch_size, hidden_size), "f4")

    def forward():
        outputs = (flat_inputs @ weights + bias).reshape(seq_len, batch_size, hidden_size)
        hidden = zeros
        for output in outputs:
            output += hidden @ recurrent
            hidden = numpy.tanh(output, out=output)
        return outputs

    if mode == "infer":
        return forward, lambda: [forward().transpose(1, 0, 2)]

    grad_outputs = time_first(arrays["grad_outputs"])
    recurrent_rows, weights_rows = [numpy.ascontiguousarray(w.T) for w in (recurrent, weights)]

    def train():
        outputs = forward()
        deltas = 1 - outputs * outputs
        grad_hidden = zeros
        for t in reversed(range(seq_len)):
            deltas[t] *= grad_outputs[t] + grad_hidden
            grad_hidden = deltas[t] @ recurrent_rows
        flat = deltas.reshape(-1, hidden_size)
        before = outputs[:-1].reshape(-1, hidden_size)
        return (
            outputs,
            (flat @ weights_rows).reshape(inputs.shape),
            flat_inputs.T @ flat,
            before.T @ flat[batch_size:],
            flat.sum(axis=0),
        )

    def results():
        outputs, grad_inputs, *rest = train()
        return [outputs.transpose(1, 0, 2), grad_inputs.transpose(1, 0, 2), *rest]

    return train, results


def time_first(array):
    return numpy.ascontiguousarray(array.transpose(1, 0, 2))
