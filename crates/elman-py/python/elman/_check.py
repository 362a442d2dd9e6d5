"""Is a gradient the derivative of what was computed? Central differences tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from elman import _elman


@dataclass(frozen=True)
class Disagreement:
    """An element whose gradient is wrong."""

    array: str
    index: tuple[int, ...]
    gradient: float
    difference: float


@dataclass(frozen=True)
class GradientReport:
    """What a check found: true where every compared element agrees."""

    compared: int
    largest_error: float
    disagreements: tuple[Disagreement, ...]

    def __bool__(self) -> bool:
        return self.compared > 0 and not self.disagreements


def gradient_check(
    function: Callable[[], float],
    arrays: Mapping[str, NDArray[Any]],
    gradients: Mapping[str, NDArray[Any]],
    *,
    step: float = 1e-5,
    tolerance: float = 1e-7,
    samples: int = 200,
    seed: int = 0,
) -> GradientReport:
    """Compares `gradients` with central differences of `function()`.

    Each element of the `arrays` (float64; at most `samples` of each) is moved by `step` to both sides
    in place and put back. They agree where `|gradient - difference| <= tolerance · max(1, |gradient|)`.

    >>> import numpy as np, elman
    >>> rnn, x = elman.SimpleRNN(2, 3), np.ones((1, 4, 2))
    >>> rnn.forward(x)[0].shape
    (1, 4, 3)
    >>> gradients = rnn.backward(np.ones((1, 4, 3)))
    >>> bool(elman.gradient_check(lambda: rnn.forward(x)[0].sum(), rnn.parameters, gradients.parameters))
    True
    """
    if not (step > 0.0 and np.isfinite(step)):
        raise ValueError(f"step: expected a positive number, got {step}")
    random = np.random.default_rng(seed)
    compared, largest, wrong = 0, 0.0, []
    for name, values in arrays.items():
        gradient = np.asarray(gradients[name])
        if gradient.shape != values.shape:
            expected, got = list(values.shape), list(gradient.shape)
            raise _elman.ShapeError(f"gradient of {name}: expected shape {expected}, got {got}")
        if values.dtype != np.float64:
            raise TypeError(f"{name}: expected an array of float64, got {values.dtype}")
        chosen = np.arange(values.size)
        if values.size > samples:
            chosen = np.sort(random.choice(values.size, samples, replace=False))
        for flat in chosen:
            index = tuple(int(i) for i in np.unravel_index(flat, values.shape))
            value = values[index]
            try:
                values[index] = value + step
                above = float(function())
                values[index] = value - step
                below = float(function())
            finally:
                values[index] = value
            difference = (above - below) / (2.0 * step)
            error = abs(gradient[index] - difference) / max(1.0, abs(gradient[index]))
            compared, largest = compared + 1, max(largest, error)
            # Written so that NaN disagrees.
            if not error <= tolerance:
                wrong.append(Disagreement(name, index, float(gradient[index]), difference))
    return GradientReport(compared, largest, tuple(wrong))
