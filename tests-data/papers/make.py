"""Reference values of cells that no framework has, in NumPy from the papers' equations.

    pip install numpy==2.4.6 autograd==1.9.1
    python make.py

Every sequence is run alone, step by step, in f64; `autograd` differentiates the code as it stands. Nothing of
the library is used. Each case is one JSON file; README.md says what is in it.
"""

import json
from pathlib import Path

import autograd.numpy as np
from autograd import grad
from numpy.random import default_rng

INPUTS, UNITS, LENGTHS = 3, 5, [6, 0, 4, 1]
EPSILON = 1e-5


def sigmoid(a):
    return 1.0 / (1.0 + np.exp(-a))


def layer_norm(a, gain, shift):
    """arXiv:1607.06450, with epsilon below the root."""
    mean = np.mean(a)
    return gain * (a - mean) / np.sqrt(np.mean((a - mean) ** 2) + EPSILON) + shift


def blocks(a, *widths):
    """Neighbouring columns, as many of each block as the widths say."""
    ends = np.cumsum(np.array(widths)) * UNITS
    return [a[..., end - width * UNITS : end] for end, width in zip(ends, widths)]


# Each cell: the shapes of its parameters, the parts of its state, one step.


class MinGru:
    """arXiv:2410.01201, section 3.1."""

    parts = 1
    shapes = {"input_weights": (INPUTS, 2 * UNITS), "bias": (2 * UNITS,)}

    @staticmethod
    def step(p, x, state):
        z, candidate = blocks(np.dot(x, p["input_weights"]) + p["bias"], 1, 1)
        z = sigmoid(z)
        return [(1 - z) * state[0] + z * candidate]


class MinLstm:
    """arXiv:2410.01201, section 3.2: gates made to add up to 1."""

    parts = 1
    shapes = {"input_weights": (INPUTS, 3 * UNITS), "bias": (3 * UNITS,)}

    @staticmethod
    def step(p, x, state):
        f, i, candidate = blocks(np.dot(x, p["input_weights"]) + p["bias"], 1, 1, 1)
        f, i = sigmoid(f), sigmoid(i)
        return [f / (f + i) * state[0] + i / (f + i) * candidate]


def normalized_shapes(gates):
    """W, U and b of some gates, with a gain and a shift for each product."""
    columns = gates * UNITS
    names = ["input_gain", "input_shift", "recurrent_gain", "recurrent_shift"]
    return {
        "input_weights": (INPUTS, columns),
        "recurrent_weights": (UNITS, columns),
        "bias": (columns,),
    } | {name: (columns,) for name in names}


def normalized(p, product, name, *widths):
    """The product normalised block by block."""
    parts = zip(blocks(product, *widths), blocks(p[name + "_gain"], *widths),
                blocks(p[name + "_shift"], *widths))
    return np.concatenate([layer_norm(a, gain, shift) for a, gain, shift in parts])


class NormalizedSimple:
    parts = 1
    shapes = normalized_shapes(1)

    @staticmethod
    def step(p, x, state):
        inputs = normalized(p, np.dot(x, p["input_weights"]), "input", 1)
        recurrent = normalized(p, np.dot(state[0], p["recurrent_weights"]), "recurrent", 1)
        return [np.tanh(inputs + recurrent + p["bias"])]


class NormalizedLstm:
    """arXiv:1607.06450, supplementary material: one normalisation over all four gates, one of the cell state."""

    parts = 2
    shapes = normalized_shapes(4) | {"cell_gain": (UNITS,), "cell_shift": (UNITS,)}

    @staticmethod
    def step(p, x, state):
        hidden, cell = state
        inputs = normalized(p, np.dot(x, p["input_weights"]), "input", 4)
        recurrent = normalized(p, np.dot(hidden, p["recurrent_weights"]), "recurrent", 4)
        i, f, o, g = blocks(inputs + recurrent + p["bias"], 1, 1, 1, 1)
        cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
        output = layer_norm(cell, p["cell_gain"], p["cell_shift"])
        return [sigmoid(o) * np.tanh(output), cell]


class NormalizedGru:
    """arXiv:1607.06450, supplementary material: the gates r and z together, the candidate alone, and the reset
    after the recurrent product; z as PyTorch has it, with biases."""

    parts = 1
    shapes = normalized_shapes(3)
    shapes = dict(list(shapes.items())[:3]) | {"recurrent_bias": (UNITS,)} | shapes

    @staticmethod
    def step(p, x, state):
        inputs = normalized(p, np.dot(x, p["input_weights"]), "input", 2, 1) + p["bias"]
        recurrent = normalized(p, np.dot(state[0], p["recurrent_weights"]), "recurrent", 2, 1)
        r, z = blocks(sigmoid(inputs[: 2 * UNITS] + recurrent[: 2 * UNITS]), 1, 1)
        q = recurrent[2 * UNITS :] + p["recurrent_bias"]
        candidate = np.tanh(inputs[2 * UNITS :] + r * q)
        return [(1 - z) * candidate + z * state[0]]


def run(cell, direction, inputs, parameters, initial):
    """Outputs [B, T, H], 0 in padding, and the final state."""
    outputs, final = [], [[] for _ in range(cell.parts)]
    for row, length in enumerate(LENGTHS):
        state = [part[row] for part in initial]
        steps = [np.zeros(UNITS)] * max(LENGTHS)
        order = range(length) if direction == "forward" else reversed(range(length))
        for t in order:
            state = cell.step(parameters, inputs[row, t], state)
            steps[t] = state[0]
        outputs.append(np.array(steps))
        for values, part in zip(final, state):
            values.append(part)
    return np.array(outputs), [np.array(part) for part in final]


def stored(array):
    return {"shape": list(np.shape(array)), "values": [float(v) for v in np.ravel(array)]}


def write(name, kind, cell, direction, seed):
    rng = default_rng(seed)
    batch, steps = len(LENGTHS), max(LENGTHS)
    inputs = rng.normal(size=(batch, steps, INPUTS))
    parameters = {name: 0.6 * rng.normal(size=shape) for name, shape in cell.shapes.items()}
    for gain in [name for name in parameters if name.endswith("_gain")]:
        parameters[gain] = parameters[gain] + 1.0
    state = lambda: [rng.normal(size=(batch, UNITS)) for _ in range(cell.parts)]
    initial, grad_final = state(), state()
    grad_outputs = rng.normal(size=(batch, steps, UNITS))

    def loss(inputs, parameters, initial):
        outputs, final = run(cell, direction, inputs, parameters, initial)
        return np.sum(outputs * grad_outputs) + sum(
            np.sum(part * weight) for part, weight in zip(final, grad_final)
        )

    outputs, final = run(cell, direction, inputs, parameters, initial)
    operands = (inputs, parameters, initial)
    case = {
        "name": name,
        "kind": kind,
        "direction": direction,
        "lengths": LENGTHS,
        "inputs": stored(inputs),
        "parameters": {name: stored(value) for name, value in parameters.items()},
        "initial": [stored(part) for part in initial],
        "arriving": {
            "outputs": stored(grad_outputs),
            "final_state": [stored(part) for part in grad_final],
        },
        "expected": {
            "outputs": stored(outputs),
            "final_state": [stored(part) for part in final],
            "grad_inputs": stored(grad(loss, 0)(*operands)),
            "grad_parameters": {
                name: stored(value) for name, value in grad(loss, 1)(*operands).items()
            },
            "grad_initial": [stored(part) for part in grad(loss, 2)(*operands)],
        },
    }
    path = Path(__file__).parent / f"{name}.json"
    path.write_text(json.dumps(case, indent=None, separators=(",", ":")) + "\n")


LAYER = {"normalization": {"layer": {"epsilon": EPSILON}}}

CASES = [
    ("min_gru", {"min-gru": {}}, MinGru),
    ("min_lstm", {"min-lstm": {}}, MinLstm),
    ("normalized_simple", {"simple": LAYER}, NormalizedSimple),
    ("normalized_lstm", {"lstm": LAYER}, NormalizedLstm),
    ("normalized_gru", {"gru": LAYER}, NormalizedGru),
]

if __name__ == "__main__":
    for index, (name, kind, cell) in enumerate(CASES):
        for direction in ["forward", "reverse"]:
            write(f"{name}_{direction}", kind, cell, direction, 2 * index + (direction == "reverse"))
