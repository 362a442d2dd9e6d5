"""Reference values for dropout and zoneout in the recurrence, in NumPy from the papers' equations.

    python noise.py > noise.json

state_dropout   Gal and Ghahramani, arXiv:1512.05287: h_{t-1} times a mask of the sequence in the recurrent products
update_dropout  Semeniuta et al., arXiv:1603.05118: the candidate times a mask of the step
zoneout         Krueger et al., arXiv:1606.01305: values of the state stay with a chance; in inference their mean

Masks are Philox4x32-10 (Salmon et al. 2011), keyed as crates/elman/src/rng/mask.rs documents. Gradients are complex-step derivatives of
sum(outputs * grad_outputs) + sum(final * grad_final), exact to rounding.
"""

import json

import numpy as np

SEED, UPDATE, LAYER = 5, 3, 1
PURPOSE = {"state": 4, "update": 5, "hidden": 6, "cell": 7}
I, H, T = 2, 3, 5
LENGTHS, SEQUENCES = [5, 0, 3], [40, 2, 17]


def philox(key, counter):
    c, k = list(counter), list(key)
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & 0xFFFFFFFF, (p0 >> 32) ^ c[3] ^ k[1], p0 & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def words(purpose, sequence, step, count):
    key = philox([SEED, 0], [UPDATE, 0, LAYER << 8 | PURPOSE[purpose], 0])[:2]
    # Unit u is word (u mod 32) / 8 of counter (u / 32) * 8 + u mod 8.
    return [philox(key, [u // 32 * 8 + u % 8, step, sequence, 0])[u % 32 // 8] for u in range(count)]


def dropout(p, *place):
    keep = np.array([w >= int(p * 2**32) for w in words(*place)])
    return keep / (1 - p)


def zoneout(p, *place):
    return np.array([float(w < int(p * 2**32)) for w in words(*place)])


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def step(kind, p, x, read, state, update):
    """One step: `read` is h_{t-1} as the products see it."""
    h, c = state
    a = x @ p["W"] + p["b"]
    if kind == "simple":
        return np.tanh(a + read @ p["U"]), c
    if kind == "lstm":
        i, f, o, g = np.split(a + read @ p["U"], 4)
        c = sigmoid(f) * c + sigmoid(i) * (np.tanh(g) * update)
        return sigmoid(o) * np.tanh(c), c
    u_n = p["U"][:, 2 * H :]
    r, z = np.split(sigmoid(a[: 2 * H] + read @ p["U"][:, : 2 * H]), 2)
    if kind == "gru-after":
        n = a[2 * H :] + r * (read @ u_n + p["b_hn"])
    else:
        n = a[2 * H :] + (r * read) @ u_n
    return (1 - z) * (np.tanh(n) * update) + z * h, c


def run(case, values):
    kind, chances, training = case["kind"], case["chances"], case["training"]
    columns = {"simple": 1, "lstm": 4, "gru-after": 3, "gru-before": 3}[kind] * H
    flat, p, at = values["weights"], {}, 0
    shapes = {"W": (I, columns), "U": (H, columns), "b": (columns,)}
    if kind == "gru-after":
        shapes["b_hn"] = (H,)
    for name, shape in shapes.items():
        p[name] = flat[at : at + np.prod(shape)].reshape(shape)
        at += int(np.prod(shape))
    size = 2 * H if kind == "lstm" else H
    initial = values["initial"].reshape(len(LENGTHS), size)
    inputs = values["inputs"].reshape(len(LENGTHS), T, I)
    outputs = np.zeros((len(LENGTHS), T, H), dtype=flat.dtype)
    final = np.zeros((len(LENGTHS), size), dtype=flat.dtype)
    for row, (length, sequence) in enumerate(zip(LENGTHS, SEQUENCES)):
        h, c = initial[row, :H], initial[row, H:]
        for s in range(length):
            t = length - 1 - s if case["reverse"] else s
            kept = dropout(chances["state_dropout"], "state", sequence, 0, H) if training else 1.0
            update = dropout(chances["update_dropout"], "update", sequence, t, H) if training else 1.0
            h_new, c_new = step(kind, p, inputs[row, t], h * kept, (h, c), update)
            m_h, m_c = chances["zoneout"], chances["cell_zoneout"]
            if training:
                m_h, m_c = zoneout(m_h, "hidden", sequence, t, H), zoneout(m_c, "cell", sequence, t, size - H)
            h, c = m_h * h + (1 - m_h) * h_new, m_c * c + (1 - m_c) * c_new
            outputs[row, t] = h
        final[row] = np.concatenate([h, c])
    return outputs.ravel(), final.ravel()


def make(rng, kind, chances, training, reverse):
    columns = {"simple": 1, "lstm": 4, "gru-after": 3, "gru-before": 3}[kind] * H
    count = (I + H + 1) * columns + (H if kind == "gru-after" else 0)
    size = 2 * H if kind == "lstm" else H
    case = {"kind": kind, "chances": chances, "training": training, "reverse": reverse}
    values = {
        "weights": rng.normal(size=count) * 0.7,
        "inputs": rng.normal(size=len(LENGTHS) * T * I),
        "initial": rng.normal(size=len(LENGTHS) * size) * 0.7,
    }
    grad_outputs = rng.normal(size=len(LENGTHS) * T * H)
    grad_final = rng.normal(size=len(LENGTHS) * size)
    outputs, final = run(case, values)

    def scalar(values):
        outputs, final = run(case, values)
        return (outputs * grad_outputs).sum() + (final * grad_final).sum()

    grads = {}
    for name in values:
        grad = np.zeros_like(values[name])
        for k in range(grad.size):
            moved = {other: array.astype(complex) for other, array in values.items()}
            moved[name][k] += 1e-30j
            grad[k] = scalar(moved).imag / 1e-30
        grads[name] = grad.tolist()
    arrays = {name: array.tolist() for name, array in values.items()}
    given = {"grad_outputs": grad_outputs.tolist(), "grad_final": grad_final.tolist()}
    return case | arrays | given | {"outputs": outputs.tolist(), "final": final.tolist(), "grads": grads}


def main():
    rng = np.random.Generator(np.random.PCG64(20261128))
    off = {"state_dropout": 0.0, "update_dropout": 0.0, "zoneout": 0.0, "cell_zoneout": 0.0}
    cases = []
    for kind in ["simple", "lstm", "gru-after", "gru-before"]:
        some = [{"state_dropout": 0.4}, {"zoneout": 0.3, "cell_zoneout": 0.6 if kind == "lstm" else 0.0}]
        if kind != "simple":
            some.append({"update_dropout": 0.4})
        some.append({name: chance for one in some for name, chance in one.items()})
        for index, chances in enumerate(some):
            cases.append(make(rng, kind, off | chances, True, index % 2 == 1))
        cases.append(make(rng, kind, off | some[-1], False, False))
    print(json.dumps({"sequences": SEQUENCES, "lengths": LENGTHS, "cases": cases}))


main()
