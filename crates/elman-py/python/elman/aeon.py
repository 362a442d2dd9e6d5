"""The estimators of whole sequences as aeon's: `elman.aeon.RNNClassifier`, `elman.aeon.RNNRegressor`.

aeon has channels before time, `[B, I, T]` or a list of `[I, T_i]`; `elman` reads them the other way round. This
module needs aeon, which `import elman` does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import numpy as np
from aeon.classification.base import BaseClassifier
from aeon.regression.base import BaseRegressor
from numpy.typing import NDArray

from elman._estimators import SequenceClassifier, SequenceRegressor
from elman._settings import seed_of

__all__ = ["RNNClassifier", "RNNRegressor"]

Array = NDArray[Any]

TAGS: dict[str, Any] = {
    "X_inner_type": ["np-list", "numpy3D"],
    "capability:multivariate": True,
    "capability:unequal_length": True,
    "capability:missing_values": False,
    "capability:multithreading": True,
    "algorithm_type": "deeplearning",
    "non_deterministic": False,
    "cant_pickle": False,
}
SMALL = {"hidden_size": 4, "epochs": 2}
"""What aeon's own checks are run with."""


def transposed(X: Array | list[Array]) -> list[Array]:
    """Sequences `[T_i, I]` of aeon's `[I, T_i]`."""
    return [np.ascontiguousarray(np.asarray(x, np.float64).T) for x in X]


class RNNClassifier(BaseClassifier):  # type: ignore[misc]
    """A recurrent network that tells classes of time series apart, of equal or unequal length.

    Parameters
    ----------
    cell, hidden_size, num_layers, direction, pooling, dropout, epochs, batch_size, learning_rate, validation_fraction,
    patience, class_weight, settings : as for `elman.SequenceClassifier`; what is left at `None` is chosen as the
        command line chooses it
    random_state : the seed; one seed gives the same weights to the bit on any number of threads
    n_jobs : threads; -1 for all processors
    verbose : shows progress

    Attributes
    ----------
    classes_, n_classes_ : the classes
    estimator_ : the `elman.SequenceClassifier` that was trained, with its `history_` and `model_`

    >>> import numpy as np
    >>> from elman.aeon import RNNClassifier
    >>> X = [np.linspace(0, 1, n)[None] for n in range(3, 9)]
    >>> X, y = X + [1 - x for x in X], np.array(["up"] * 6 + ["down"] * 6)
    >>> RNNClassifier(hidden_size=8, epochs=60).fit(X, y).predict([np.array([[0.1, 0.3, 0.5, 0.7]])]).tolist()
    ['up']
    """

    _tags: ClassVar[dict[str, Any]] = TAGS

    def __init__(
        self,
        cell: str | Mapping[str, Any] | None = None,
        hidden_size: int | Iterable[int] | None = None,
        num_layers: int | None = None,
        direction: str | None = None,
        pooling: str | Iterable[str] | None = None,
        dropout: float = 0.3,
        epochs: int | None = None,
        batch_size: int = 16,
        learning_rate: float = 0.003,
        validation_fraction: float = 0.0,
        patience: int | None = None,
        class_weight: str | Mapping[Any, float] | None = None,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        random_state: Any = 1,
        n_jobs: int = 1,
        verbose: int = 0,
    ) -> None:
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.direction = direction
        self.pooling = pooling
        self.dropout = dropout
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.class_weight = class_weight
        self.settings = settings
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose
        super().__init__()

    def _fit(self, X: Array | list[Array], y: Array) -> RNNClassifier:
        options = {**self.get_params(deep=False), "random_state": seed_of(self.random_state)}
        self.estimator_ = SequenceClassifier(**options).fit(transposed(X), y)
        return self

    def _predict(self, X: Array | list[Array]) -> Array:
        return self.estimator_.predict(transposed(X))

    def _predict_proba(self, X: Array | list[Array]) -> Array:
        return self.estimator_.predict_proba(transposed(X))

    @classmethod
    def _get_test_params(cls, parameter_set: str = "default") -> dict[str, Any]:
        return dict(SMALL)


class RNNRegressor(BaseRegressor):  # type: ignore[misc]
    """A recurrent network that predicts a number of a time series, of equal or unequal length.

    Parameters
    ----------
    cell, hidden_size, num_layers, direction, pooling, dropout, epochs, batch_size, learning_rate, validation_fraction,
    patience, loss, settings : as for `elman.SequenceRegressor`; what is left at `None` is chosen as the command line
        chooses it
    random_state, n_jobs, verbose : as for `RNNClassifier`

    Attributes
    ----------
    estimator_ : the `elman.SequenceRegressor` that was trained, with its `history_` and `model_`

    >>> import numpy as np
    >>> from elman.aeon import RNNRegressor
    >>> X = [np.full((1, n), v) for n in (3, 5, 8) for v in (-1.0, 0.0, 1.0, 2.0)]
    >>> y = np.array([x[0, 0] for x in X])
    >>> bool(RNNRegressor(hidden_size=8, epochs=80).fit(X, y).score(X, y) > 0.9)
    True
    """

    _tags: ClassVar[dict[str, Any]] = TAGS

    def __init__(
        self,
        cell: str | Mapping[str, Any] | None = None,
        hidden_size: int | Iterable[int] | None = None,
        num_layers: int | None = None,
        direction: str | None = None,
        pooling: str | Iterable[str] | None = None,
        dropout: float = 0.3,
        epochs: int | None = None,
        batch_size: int = 16,
        learning_rate: float = 0.003,
        validation_fraction: float = 0.0,
        patience: int | None = None,
        loss: str | Mapping[str, Any] | None = None,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        random_state: Any = 1,
        n_jobs: int = 1,
        verbose: int = 0,
    ) -> None:
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.direction = direction
        self.pooling = pooling
        self.dropout = dropout
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.loss = loss
        self.settings = settings
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose
        super().__init__()

    def _fit(self, X: Array | list[Array], y: Array) -> RNNRegressor:
        options = {**self.get_params(deep=False), "random_state": seed_of(self.random_state)}
        self.estimator_ = SequenceRegressor(**options).fit(transposed(X), y)
        return self

    def _predict(self, X: Array | list[Array]) -> Array:
        return self.estimator_.predict(transposed(X))

    @classmethod
    def _get_test_params(cls, parameter_set: str = "default") -> dict[str, Any]:
        return dict(SMALL)
