"""Losses on arrays: the value, the gradient, and the losses of the single entries."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from numpy.typing import NDArray

from elman import _elman

Array = NDArray[Any]


class Loss(NamedTuple):
    """A loss: `value`, its `gradient`, and the losses of the `entries` before they become one."""

    value: float
    gradient: Array
    entries: Array


def _regression(loss: Any, predictions: Array, targets: Array, reduction: str) -> Loss:
    return Loss(*_elman.regression(json.dumps(loss), json.dumps(reduction), predictions, targets))


def mean_squared_error(predictions: Array, targets: Array, *, reduction: str = "mean") -> Loss:
    """The squared error of arrays of one shape; `reduction` is `"mean"` or `"sum"`.

    >>> import numpy as np, elman
    >>> elman.mean_squared_error(np.array([1.0, 2.0]), np.array([3.0, 1.0])).value
    2.5
    """
    return _regression("mse", predictions, targets, reduction)


def mean_absolute_error(predictions: Array, targets: Array, *, reduction: str = "mean") -> Loss:
    """The absolute error.

    >>> import numpy as np, elman
    >>> elman.mean_absolute_error(np.array([1.0, 2.0]), np.array([3.0, 1.0])).value
    1.5
    """
    return _regression("l1", predictions, targets, reduction)


def huber(predictions: Array, targets: Array, *, delta: float = 1.0, reduction: str = "mean") -> Loss:
    """Half the squared error up to `delta`, linear beyond.

    >>> import numpy as np, elman
    >>> elman.huber(np.array([3.0]), np.array([0.0])).value
    2.5
    """
    return _regression({"huber": {"delta": delta}}, predictions, targets, reduction)


def smooth_l1(predictions: Array, targets: Array, *, beta: float = 1.0, reduction: str = "mean") -> Loss:
    """The Huber loss divided by its width, PyTorch's `smooth_l1_loss`.

    >>> import numpy as np, elman
    >>> elman.smooth_l1(np.array([3.0]), np.array([0.0]), beta=2.0).value
    2.0
    """
    return _regression({"smooth-l1": {"beta": beta}}, predictions, targets, reduction)


def cross_entropy(
    logits: Array,
    targets: Array,
    *,
    label_smoothing: float = 0.0,
    class_weights: Sequence[float] | None = None,
    ignore_index: int | None = None,
    reduction: str = "mean",
) -> Loss:
    """The cross-entropy of logits `[N, C]` with class indices `[N]` (int64) or probabilities `[N, C]`.

    >>> import numpy as np, elman
    >>> loss = elman.cross_entropy(np.zeros((2, 4)), np.array([0, 3]))
    >>> round(loss.value, 6)  # ln 4
    1.386294
    """
    loss = {"label_smoothing": label_smoothing, "ignore_index": ignore_index, "reduction": reduction}
    weights = None if class_weights is None else list(class_weights)
    return Loss(*_elman.cross_entropy(json.dumps(loss), weights, logits, targets))


def binary_cross_entropy(
    logits: Array,
    targets: Array,
    *,
    pos_weight: Sequence[float] | None = None,
    weights: Array | None = None,
    reduction: str = "mean",
) -> Loss:
    """The binary cross-entropy of logits `[N, C]` with probabilities `[N, C]`.

    >>> import numpy as np, elman
    >>> round(elman.binary_cross_entropy(np.zeros((1, 2)), np.ones((1, 2))).value, 6)  # ln 2
    0.693147
    """
    positive = None if pos_weight is None else list(pos_weight)
    return Loss(*_elman.binary_cross_entropy(json.dumps(reduction), positive, logits, targets, weights))


def softmax(logits: Array) -> Array:
    """The softmax of each row of logits `[N, C]`.

    >>> import numpy as np, elman
    >>> elman.softmax(np.zeros((1, 2)))
    array([[0.5, 0.5]])
    """
    return _elman.softmax(logits)
