"""Reference values for the options of cells that no framework's vectors cover.

Written from the equations in the papers, in NumPy 2.4:

* independent recurrence: S. Li et al., arXiv:1803.04831
* peepholes: F. A. Gers and J. Schmidhuber, IJCNN 2000; coupled gates: K. Greff et al., arXiv:1503.04069
* projection: H. Sak et al., arXiv:1402.1128
* clip, alpha and beta: the text of ONNX's RNN, LSTM and GRU; cell clip: TensorFlow's LSTMCell

Gradients are complex-step derivatives, f'(x) = Im f(x + ih) / h with h = 1e-200: exact to the last digits, as
nothing is subtracted. Bounds and kinks look at the real part alone.

    python3 tests-data/cells/variants.py > tests-data/cells/variants.json
"""

import json

import numpy as np

STEP = 1e-200


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def tanh(a):
    return np.tanh(a)


def where_positive(a, above, below, threshold=0.0):
    return np.where(a.real > threshold, above, below)


def hard_sigmoid(a, alpha, beta):
    line = alpha * a + beta
    return np.where(line.real <= 0, 0, np.where(line.real >= 1, 1, line))


ACTIVATIONS = {
    "tanh": tanh,
    "relu": lambda a: where_positive(a, a, 0),
    "sigmoid": sigmoid,
    "hard-sigmoid": lambda a: hard_sigmoid(a, 1 / 6, 0.5),
    "identity": lambda a: a,
    "softsign": lambda a: a / (1 + np.where(a.real < 0, -a, a)),
    "softplus": lambda a: np.log(1 + np.exp(a)),
    "silu": lambda a: a * sigmoid(a),
    "gelu": lambda a: 0.5 * a * (1 + tanh(np.sqrt(2 / np.pi) * (a + 0.044715 * a**3))),
    "leaky-relu": lambda a, alpha: where_positive(a, a, alpha * a),
    "thresholded-relu": lambda a, alpha: where_positive(a, a, 0, alpha),
    "elu": lambda a, alpha: where_positive(a, a, alpha * (np.exp(a) - 1)),
    "affine": lambda a, alpha, beta: alpha * a + beta,
    "scaled-tanh": lambda a, alpha, beta: alpha * tanh(beta * a),
    "scaled-hard-sigmoid": hard_sigmoid,
}


def activation(kind):
    if isinstance(kind, str):
        return ACTIVATIONS[kind]
    ((name, numbers),) = kind.items()
    return lambda a: ACTIVATIONS[name](a, **numbers)


def bound(a, limit):
    if limit is None:
        return a
    return np.where(a.real > limit, limit, np.where(a.real < -limit, -limit, a))


def simple_step(options, p, x, state):
    (h,) = state
    if options.get("recurrence") == "independent":
        recurrent = p["recurrent_weights"] * h
    else:
        recurrent = h @ p["recurrent_weights"]
    a = bound(x @ p["input_weights"] + recurrent + p["bias"], options.get("clip"))
    return [activation(options.get("activation", "tanh"))(a)]


def lstm_step(options, p, x, state):
    h, c = state
    chosen = options.get("activations", {})
    gate = activation(chosen.get("gate", "sigmoid"))
    candidate = activation(chosen.get("candidate", "tanh"))
    output = activation(chosen.get("output", "tanh"))
    clip = options.get("clip")
    coupled = options.get("forget_gate") == "coupled"
    names = "iog" if coupled else "ifog"
    a = x @ p["input_weights"] + h @ p["recurrent_weights"] + p["bias"]
    a = dict(zip(names, np.split(a, len(names), axis=1)))
    peep = {}
    if options.get("peepholes") == "present":
        seen = names[:-1]
        peep = dict(zip(seen, np.split(p["peephole_weights"], len(seen))))
    i = gate(bound(a["i"] + peep.get("i", 0) * c, clip))
    f = 1 - i if coupled else gate(bound(a["f"] + peep.get("f", 0) * c, clip))
    c = bound(f * c + i * candidate(bound(a["g"], clip)), options.get("cell_clip"))
    o = gate(bound(a["o"] + peep.get("o", 0) * c, clip))
    h = o * output(c)
    if options.get("projection_size") is not None:
        h = h @ p["projection_weights"]
    return [h, c]


def gru_step(options, p, x, state):
    (h,) = state
    chosen = options.get("activations", {})
    gate = activation(chosen.get("gate", "sigmoid"))
    candidate = activation(chosen.get("candidate", "tanh"))
    clip = options.get("clip")
    w_r, w_z, w_n = np.split(p["input_weights"], 3, axis=1)
    u_r, u_z, u_n = np.split(p["recurrent_weights"], 3, axis=1)
    b_r, b_z, b_n = np.split(p["bias"], 3)
    r = gate(bound(x @ w_r + h @ u_r + b_r, clip))
    z = gate(bound(x @ w_z + h @ u_z + b_z, clip))
    if options.get("reset", "after") == "after":
        inner = r * (h @ u_n + p["recurrent_bias"])
    else:
        inner = (r * h) @ u_n
    n = candidate(bound(x @ w_n + b_n + inner, clip))
    return [(1 - z) * n + z * h]


STEPS = {"simple": simple_step, "lstm": lstm_step, "gru": gru_step}
BATCH, TIME, INPUTS, UNITS = 2, 4, 3, 5


def shapes(cell, options):
    """Names and shapes of the parameters, and the widths of the state."""
    width = UNITS
    if cell == "simple":
        independent = options.get("recurrence") == "independent"
        recurrent = [UNITS] if independent else [UNITS, UNITS]
        return {"input_weights": [INPUTS, UNITS], "recurrent_weights": recurrent, "bias": [UNITS]}, [UNITS]
    if cell == "gru":
        all_ = {
            "input_weights": [INPUTS, 3 * UNITS],
            "recurrent_weights": [UNITS, 3 * UNITS],
            "bias": [3 * UNITS],
        }
        if options.get("reset", "after") == "after":
            all_["recurrent_bias"] = [UNITS]
        return all_, [UNITS]
    gates = 3 if options.get("forget_gate") == "coupled" else 4
    width = options.get("projection_size") or UNITS
    all_ = {
        "input_weights": [INPUTS, gates * UNITS],
        "recurrent_weights": [width, gates * UNITS],
        "bias": [gates * UNITS],
    }
    if options.get("peepholes") == "present":
        all_["peephole_weights"] = [(gates - 1) * UNITS]
    if options.get("projection_size") is not None:
        all_["projection_weights"] = [UNITS, width]
    return all_, [width, UNITS]


def run(cell, options, arrays):
    """All outputs and the final state."""
    parameters = arrays["parameters"]
    state, outputs = [part.astype(complex) for part in arrays["initial_state"]], []
    for t in range(TIME):
        state = STEPS[cell](options, parameters, arrays["inputs"][:, t], state)
        outputs.append(state[0])
    return np.stack(outputs, axis=1), state


def scalar(cell, options, arrays, weights):
    outputs, state = run(cell, options, arrays)
    return np.sum(outputs * weights[0]) + sum(np.sum(s * w) for s, w in zip(state, weights[1]))


def gradient(cell, options, arrays, weights, array):
    """The derivative for each element of an array, which is moved in place."""
    out = np.zeros(array.shape)
    for index in np.ndindex(*array.shape):
        array[index] += 1j * STEP
        out[index] = scalar(cell, options, arrays, weights).imag / STEP
        array[index] = array[index].real
    return out


def case(rng, cell, options):
    parameter_shapes, widths = shapes(cell, options)
    noise = lambda *shape: rng.normal(size=shape).round(3).astype(complex)
    arrays = {
        "inputs": noise(BATCH, TIME, INPUTS),
        "initial_state": [noise(BATCH, width) for width in widths],
        "parameters": {name: 0.5 * noise(*shape) for name, shape in parameter_shapes.items()},
    }
    weights = noise(BATCH, TIME, widths[0]).real, [noise(BATCH, width).real for width in widths]
    outputs, state = run(cell, options, arrays)
    grad = lambda array: gradient(cell, options, arrays, weights, array).ravel().tolist()
    flat = lambda array: np.asarray(array).real.ravel().tolist()
    return {
        "kind": {cell: options},
        "inputs": flat(arrays["inputs"]),
        "initial_state": [flat(part) for part in arrays["initial_state"]],
        "parameters": {name: flat(value) for name, value in arrays["parameters"].items()},
        "grad_outputs": flat(weights[0]),
        "grad_final_state": [flat(part) for part in weights[1]],
        "outputs": flat(outputs),
        "final_state": [flat(part) for part in state],
        "grad_inputs": grad(arrays["inputs"]),
        "grad_initial_state": [grad(part) for part in arrays["initial_state"]],
        "grad_parameters": {name: grad(value) for name, value in arrays["parameters"].items()},
    }


KINDS = [
    "softsign",
    "softplus",
    "silu",
    "gelu",
    {"leaky-relu": {"alpha": 0.1}},
    {"thresholded-relu": {"alpha": 0.4}},
    {"elu": {"alpha": 0.7}},
    {"affine": {"alpha": 0.6, "beta": 0.1}},
    {"scaled-tanh": {"alpha": 1.7159, "beta": 2 / 3}},
    {"scaled-hard-sigmoid": {"alpha": 0.3, "beta": 0.4}},
]
MIXED = {"gate": "softsign", "candidate": "gelu", "output": {"elu": {"alpha": 0.5}}}


def options():
    for kind in KINDS:
        yield "simple", {"activation": kind}
    yield "simple", {"clip": 0.6}
    yield "simple", {"recurrence": "independent"}
    yield "simple", {"recurrence": "independent", "activation": "relu"}
    yield "simple", {"recurrence": "independent", "activation": "silu", "clip": 0.8}
    yield "lstm", {"peepholes": "present"}
    yield "lstm", {"forget_gate": "coupled"}
    yield "lstm", {"forget_gate": "coupled", "peepholes": "present"}
    yield "lstm", {"projection_size": 2}
    yield "lstm", {"clip": 0.7}
    yield "lstm", {"cell_clip": 0.5}
    yield "lstm", {"activations": MIXED}
    yield "lstm", {"peepholes": "present", "projection_size": 3, "clip": 1.2, "cell_clip": 0.8}
    yield "lstm", {
        "activations": {**MIXED, "gate": "sigmoid"},
        "peepholes": "present",
        "forget_gate": "coupled",
        "projection_size": 4,
        "clip": 1.1,
        "cell_clip": 0.9,
    }
    for reset in ["after", "before"]:
        yield "gru", {"reset": reset, "clip": 0.6}
        mixed = {"gate": "softsign", "candidate": "silu"}
        yield "gru", {"reset": reset, "activations": mixed}
        bounded = {"gate": {"scaled-hard-sigmoid": {"alpha": 0.3, "beta": 0.4}}, "candidate": "softplus"}
        yield "gru", {"reset": reset, "activations": bounded, "clip": 0.9}


def main():
    rng = np.random.default_rng(20)
    sizes = {"batch_size": BATCH, "seq_len": TIME, "input_size": INPUTS, "hidden_size": UNITS}
    cases = [case(rng, cell, chosen) for cell, chosen in options()]
    print(json.dumps({"sizes": sizes, "cases": cases}))


if __name__ == "__main__":
    main()
