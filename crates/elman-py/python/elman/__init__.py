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

from typing import TYPE_CHECKING, Any

from elman._elman import (
    DataError,
    FormatError,
    Gradients,
    ShapeError,
    __version__,
    level,
)
from elman._estimators import SequenceClassifier, SequenceRegressor
from elman._forecaster import Forecaster
from elman._language import LanguageModel
from elman._layers import GRU, LSTM, Dense, LSTMState, MinGRU, MinLSTM, SimpleRNN
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
from elman._model import Model, load
from elman._optimizers import SGD, Adagrad, Adam, AdamW, NAdam, RMSprop, clip_norm, clip_value
from elman._sequences import Long, NotFittedError, from_long
from elman._stream import Stream
from elman._tagger import SequenceTagger

if TYPE_CHECKING:
    from elman._check import Disagreement, GradientReport, gradient_check
else:

    def __getattr__(name: str) -> Any:
        # Imported when they are asked for: their dataclasses are slow to import.
        if name in ("Disagreement", "GradientReport", "gradient_check"):
            from elman import _check

            return getattr(_check, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})

__all__ = [
    "GRU",
    "LSTM",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "DataError",
    "Dense",
    "Disagreement",
    "Forecaster",
    "FormatError",
    "GradientReport",
    "Gradients",
    "LSTMState",
    "LanguageModel",
    "Long",
    "Loss",
    "MinGRU",
    "MinLSTM",
    "Model",
    "NAdam",
    "NotFittedError",
    "RMSprop",
    "SequenceClassifier",
    "SequenceRegressor",
    "SequenceTagger",
    "ShapeError",
    "SimpleRNN",
    "Stream",
    "__version__",
    "binary_cross_entropy",
    "clip_norm",
    "clip_value",
    "cross_entropy",
    "from_long",
    "gradient_check",
    "huber",
    "level",
    "load",
    "mean_absolute_error",
    "mean_squared_error",
    "smooth_l1",
    "softmax",
]
