"""Fits the polynomials of src/activation/{exp,tanh}.rs and prints their coefficients as f32.

    python -m venv /tmp/fit && /tmp/fit/bin/pip install numpy mpmath
    /tmp/fit/bin/python crates/elman-kernels/tools/activation_constants.py

Minimax fit by Lawson's method (least squares whose weights grow where the error is large) on
Chebyshev nodes, with targets from mpmath. The coefficients are rounded to f32 one after the other,
lowest power first, and the rest is fitted again each time, so that the rounding is part of the fit.
"""
import mpmath as mp
import numpy as np

mp.mp.prec = 120
UNIT = 2.0**-24  # errors are printed in units of it: half an ulp of 1.0
NODES = np.cos(np.pi * (np.arange(1200) + 0.5) / 1200)
LN2 = float(mp.log(2))


def lawson(basis, target, rounds=400):
    """The coefficients that make max |basis @ c - target| smallest."""
    weight, best = np.full(len(target), 1 / len(target)), None
    for _ in range(rounds):
        root = np.sqrt(weight)
        c = np.linalg.lstsq(basis * root[:, None], target * root, rcond=None)[0]
        error = np.abs(basis @ c - target)
        if best is None or error.max() < best[0]:
            best = (error.max(), c)
        weight = weight * error / (weight * error).sum()
    return best[1]


def fit(title, x, powers, weight, target):
    """Prints the f32 coefficients of sum c_i x^p_i, minimax for weight * (sum - target)."""
    left, rounded = target.copy(), []
    for i in range(len(powers)):
        basis = np.stack([x**p for p in powers[i:]], axis=1) * weight[:, None]
        rounded.append(np.float32(lawson(basis, left * weight)[0]))
        left -= float(rounded[-1]) * x ** powers[i]
    print(f"{title}: largest weighted error {np.abs(left * weight).max():.3g}")
    for power, c in zip(powers, rounded):
        print(f"    x^{power}: {c!s}")


def exact(function, nodes):
    return np.array([float(function(mp.mpf(float(x)))) for x in nodes])


def rounding(d):
    """What rounding adds to 1 - 2/d, d >= 4, in ulp: the last step, d itself, the quotient."""
    return 0.5 + np.where(d < 8, 8, 16) / d**2 + np.where(d < 8, 0.25, 0.125)


# e^r = 1 + r + r^2 (c2 + c3 r + ...), |r| <= ln2 / 2; relative error.
r = NODES * LN2 / 2 * 1.0001
grown = np.exp(r)
fit("exp, units of 2^-24", r, [2, 3, 4, 5, 6], 1 / grown / UNIT, exact(lambda x: mp.exp(x) - 1 - x, r))

# e^(2r) = 1 + r (c1 + c2 r + ...), |r| <= ln2 / 4, for tanh = 1 - 2/(E + 1), E = 2^n e^(2r) >= 3.
# The error allowed at r is what rounding leaves of a total of 1.5 ulp, in the tightest of the ranges
# n = 2 (from tanh = 1/2 on) and n = 3.
total = 1.5


def need(e):
    return 2 * e / (e + 1) ** 2 / (total - rounding(e + 1))


starts = 2 * float(mp.atanh(0.5)) - 2 * LN2
weight = np.where(r >= starts, np.maximum(need(4 * grown), need(8 * grown)), need(8 * grown))
fit("tanh, large, parts of the allowed error", r / 2, [1, 2, 3, 4, 5], weight / grown / UNIT, exact(lambda x: mp.exp(x) - 1, r))

# tanh x = x + x s (c0 + c1 s + ...), s = x^2, |x| <= 0.55; relative error.
s = (NODES + 1) / 2 * 0.55**2
ratio = exact(lambda s: mp.tanh(mp.sqrt(s)) / mp.sqrt(s), s)
fit("tanh, small, units of 2^-24", s, [0, 1, 2, 3], s / ratio / UNIT, exact(lambda s: (mp.tanh(mp.sqrt(s)) / mp.sqrt(s) - 1) / s, s))
