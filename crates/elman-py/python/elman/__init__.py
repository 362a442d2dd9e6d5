"""Recurrent networks with exact gradients, and the same bits everywhere: NumPy in and out.

>>> import numpy as np, elman
>>> rnn = elman.SimpleRNN(3, 4, seed=1)
>>> outputs, state = rnn.forward(np.zeros((2, 5, 3)))
>>> outputs.shape, state.shape
((2, 5, 4), (2, 4))
>>> gradients = rnn.backward(np.ones((2, 5, 4)))
>>> gradients.input_weights.shape
(3, 4)
"""

from elman._check import Disagreement, GradientReport, gradient_check
from elman._elman import (
    DataError,
    FormatError,
    Gradients,
    ShapeError,
    __version__,
    level,
)
from elman._layers import GRU, LSTM, Dense, LSTMState, SimpleRNN
from elman._losses import (
    Loss,
    binary_cross_entropy,
    cross_entropy,
    huber,
    mean_absolute_error,
    mean_squared_error,
    smooth_l1,
    softmax,
)
from elman._optimizers import SGD, Adam, clip_norm, clip_value

__all__ = [
    "GRU",
    "LSTM",
    "SGD",
    "Adam",
    "DataError",
    "Dense",
    "Disagreement",
    "FormatError",
    "GradientReport",
    "Gradients",
    "LSTMState",
    "Loss",
    "ShapeError",
    "SimpleRNN",
    "__version__",
    "binary_cross_entropy",
    "clip_norm",
    "clip_value",
    "cross_entropy",
    "gradient_check",
    "huber",
    "level",
    "mean_absolute_error",
    "mean_squared_error",
    "smooth_l1",
    "softmax",
]
