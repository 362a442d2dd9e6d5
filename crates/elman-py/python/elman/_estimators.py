"""Estimators of whole sequences, at home in scikit-learn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from elman import _elman
from elman._base import Estimator, Lesson
from elman._progress import Callback
from elman._sequences import Form, Given, Sequences, check_counts, column, one_for_each, sequences
from elman._settings import ONE_PASS

if TYPE_CHECKING:
    from typing_extensions import Self

Array = NDArray[Any]

PARAMETERS = """
    Sequences are a list of arrays `[T_i, I]`, each as long as it likes, or one array `[B, T, I]`. A 2-D array or
    frame `[B, T]` has a univariate sequence in each row. `elman.from_long` makes a list of a long table.
    A list of texts has a sequence of tokens in each text; a list of lists of texts has the tokens themselves.
    What is left at `None` is chosen as the command line chooses it.

    Parameters
    ----------
    cell : `"simple"`, `"lstm"`, `"gru"`, `"min-gru"`, `"min-lstm"`, or one with options, `{"gru": {"reset": "before"}}`
    hidden_size : units of each direction, or a list of them, one for each layer
    num_layers : layers of the same size
    direction : `"forward"`, `"reverse"`, `"both"`
    pooling : what is read of all steps: `"last"`, `"first"`, `"mean"`, `"max"`, or a list of these side by side
    dropout, layer_dropout, state_dropout : dropout before the head, between layers, and of the recurrent state; None
        drops of the state as the command line does, a quarter where a GRU tells classes apart
    epochs, max_seconds : the most passes over the data, and seconds
    batch_size, learning_rate, schedule, clip_norm, bptt : as on the command line
    optimizer : `"sgd"`, `"adam"`, `"adamw"`, `"nadam"`, `"rmsprop"`, `"adagrad"`, or a dict, `{"kind": "sgd", …}`
    validation_fraction, patience, monitor : a part of the data that chooses the best epoch by its `"loss"` or `"metric"`,
        and the epochs without improvement after which training ends
    tokens : what texts are cut into, `"characters"`, which is the default, or `"words"`
    scaling : `"standardize"` the channels, or take them `"raw"`
    settings : everything else, `{"training": {…}, "network": {…}}`, under the names of the Rust library
    warm_start : whether `fit` goes on from the weights, scaling and vocabulary that are there
    random_state : the seed; one seed gives the same weights to the bit. None draws one from NumPy.
    n_jobs : threads; all processors by default. They do not change the result.
    callbacks : functions that are called with the numbers of each epoch, a dict; one that returns True stops training
    verbose : shows progress, with tqdm if it is there

    Attributes
    ----------
    history_ : the numbers of each epoch under Keras' names, a dict of lists: `loss`, `val_loss`, …
    model_ : the trained `elman.Model`
    n_features_in_ : the channels, or the columns of a 2-D array
    feature_names_in_ : the columns of a frame, if it was one
    outcome_, best_epoch_, n_iter_ : how training ended, the epoch whose weights were kept, the epochs
"""


class SequenceClassifier(Estimator):
    """A recurrent network that tells classes of sequences apart.
    {PARAMETERS}
    classes_ : the classes, sorted

    `class_weight` is `"balanced"` or a dict from class to weight; `label_smoothing` spreads a share of each
    label over all classes.

    >>> import numpy as np, elman
    >>> rising = [np.linspace(0, 1, n) for n in range(3, 9)]
    >>> X, y = rising + [1 - x for x in rising], ["up"] * 6 + ["down"] * 6
    >>> model = elman.SequenceClassifier(hidden_size=8, epochs=60).fit(X, y)
    >>> model.predict([[0.1, 0.3, 0.5, 0.7], [0.9, 0.6, 0.3]]).tolist()
    ['up', 'down']
    >>> model.predict_proba(X).shape
    (12, 2)
    """

    _kind = "classifier"
    classes_: Array

    def __init__(
        self,
        *,
        cell: str | Mapping[str, Any] | None = None,
        hidden_size: int | Iterable[int] | None = None,
        num_layers: int | None = None,
        direction: str | None = None,
        pooling: str | Iterable[str] | None = None,
        dropout: float = 0.3,
        layer_dropout: float = 0.0,
        state_dropout: float | None = None,
        epochs: int | None = None,
        max_seconds: float | None = None,
        batch_size: int = 16,
        learning_rate: float = 0.003,
        optimizer: str | Mapping[str, Any] = "adamw",
        schedule: str | Mapping[str, Any] | None = None,
        clip_norm: float | None = 1.0,
        bptt: int | None = None,
        validation_fraction: float = 0.0,
        patience: int | None = None,
        monitor: str = "loss",
        tokens: str | None = None,
        scaling: str = "standardize",
        class_weight: str | Mapping[Any, float] | None = None,
        label_smoothing: float = 0.0,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        warm_start: bool = False,
        random_state: Any = 1,
        n_jobs: int | None = None,
        callbacks: Iterable[Callback] | None = None,
        verbose: int = 0,
    ) -> None:
        self._remember(locals())

    def fit(
        self,
        X: Sequences,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        validation_data: tuple[Sequences, ArrayLike] | None = None,
    ) -> Self:
        """Trains on sequences with a class each `[N]`, perhaps with weights `[N]`.

        `validation_data` `(X, y)` choose the best epoch in the place of `validation_fraction`.
        """
        base = self._base()
        given = self._read(X, y, base)
        labels = classes_of(column(y))
        classes = np.unique(labels)
        if len(classes) < 2:
            raise _elman.DataError(f"y: expected at least two classes, got one class, {classes[0]!r}")
        if base is not None and classes.tolist() != self.classes_.tolist():
            expected, got = self.classes_.tolist(), classes.tolist()
            raise _elman.DataError(f"y: expected the classes {expected}, as warm_start goes on from them, got {got}")
        self.classes_ = classes
        self._learn(given, y, Lesson(validation=validation_data, base=base), sample_weight)
        return self

    def partial_fit(
        self,
        X: Sequences,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Passes once over some of the data at a constant rate, and goes on from the weights of the call before.

        The first call chooses the scaling and the vocabulary, and the `classes`, which are those of `y` if none
        are given. The optimiser begins anew in each call.
        """
        base = vars(self).get("model_")
        given = self._read(X, y, base)
        labels = classes_of(column(y))
        if base is None:
            self.classes_ = np.unique(labels if classes is None else classes_of(column(classes)))
        elif classes is not None and np.unique(np.asarray(classes)).tolist() != self.classes_.tolist():
            expected, got = self.classes_.tolist(), np.unique(np.asarray(classes)).tolist()
            raise ValueError(f"`classes={got}` is not the same as on last call to partial_fit, was: {expected}")
        self._learn(given, y, Lesson(changed=ONE_PASS, base=base), sample_weight)
        return self

    def _learn(self, given: Given, y: ArrayLike, lesson: Lesson, weights: ArrayLike | None) -> None:
        names = self._names()
        training: dict[str, Any] = {"label_smoothing": self.label_smoothing}  # type: ignore[attr-defined]
        training["class_weights"] = class_weights(self.class_weight, self.classes_.tolist())  # type: ignore[attr-defined]
        form = self._form(given, lesson.base)

        def data(given: Given, y: ArrayLike, weights: Array | None = None) -> _elman.Dataset:
            return form.dataset(given, ("class", names, self._indices(y, len(given.items)).tolist()), weights)

        validation = None
        if lesson.validation is not None:
            other = sequences(lesson.validation[0])
            form.check(other)
            validation = data(other, lesson.validation[1])
        chosen = None if weights is None else one_for_each("sample_weight", weights, len(given.items))
        rest = columns_of(form)
        self._train(lesson._replace(data=data(given, y, chosen), validation=validation, training=training, rest=rest))

    def predict(self, X: Sequences) -> Array:
        """The class of each sequence `[N]`."""
        answers, _ = self._ask(X)
        found: Array = self.classes_[answers[0]]
        return found

    def predict_proba(self, X: Sequences) -> Array:
        """The probability of each class `[N, O]`, in the order of `classes_`."""
        answers, _ = self._ask(X)
        found: Array = answers[1]
        return found

    def score(self, X: Sequences, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """The share of sequences whose class is predicted correctly."""
        right = self.predict(X) == column(y)
        weights = None if sample_weight is None else one_for_each("sample_weight", sample_weight, len(right))
        return float(np.average(right, weights=weights))

    def _names(self) -> list[str]:
        names = [str(label) for label in self.classes_.tolist()]
        if len(set(names)) < len(names):
            raise _elman.DataError("y: expected classes that differ in writing, got two that do not")
        return names

    def _indices(self, y: ArrayLike, count: int) -> Array:
        labels = column(y)
        check_counts("y", count, len(labels))
        unknown = ~np.isin(labels, self.classes_)
        if unknown.any():
            raise _elman.DataError(f"y: expected one of the classes of the training data, got {labels[unknown][0]!r}")
        return np.searchsorted(self.classes_, labels)


class SequenceRegressor(Estimator):
    """A recurrent network that predicts one number or several of a sequence.
    {PARAMETERS}

    `loss` is `"mse"`, which is the default, `"l1"`, `{"huber": {"delta": 1.0}}` or `{"smooth-l1": {"beta": 1.0}}`, on
    standardised targets.

    >>> import numpy as np, elman
    >>> X = [np.full(n, v) for n in (3, 5, 8) for v in (-1.0, 0.0, 1.0, 2.0)]
    >>> model = elman.SequenceRegressor(hidden_size=8, epochs=80).fit(X, [x[0] for x in X])
    >>> bool(model.score(X, [x[0] for x in X]) > 0.9)
    True
    """

    _kind = "regressor"

    def __init__(
        self,
        *,
        cell: str | Mapping[str, Any] | None = None,
        hidden_size: int | Iterable[int] | None = None,
        num_layers: int | None = None,
        direction: str | None = None,
        pooling: str | Iterable[str] | None = None,
        dropout: float = 0.3,
        layer_dropout: float = 0.0,
        state_dropout: float = 0.0,
        epochs: int | None = None,
        max_seconds: float | None = None,
        batch_size: int = 16,
        learning_rate: float = 0.003,
        optimizer: str | Mapping[str, Any] = "adamw",
        schedule: str | Mapping[str, Any] | None = None,
        clip_norm: float | None = 1.0,
        bptt: int | None = None,
        validation_fraction: float = 0.0,
        patience: int | None = None,
        monitor: str = "loss",
        tokens: str | None = None,
        scaling: str = "standardize",
        loss: str | Mapping[str, Any] | None = None,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        warm_start: bool = False,
        random_state: Any = 1,
        n_jobs: int | None = None,
        callbacks: Iterable[Callback] | None = None,
        verbose: int = 0,
    ) -> None:
        self._remember(locals())

    def fit(
        self,
        X: Sequences,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        validation_data: tuple[Sequences, ArrayLike] | None = None,
    ) -> Self:
        """Trains on sequences with a number each `[N]`, or several `[N, O]`, perhaps with weights `[N]`.

        `validation_data` `(X, y)` choose the best epoch in the place of `validation_fraction`.
        """
        base = self._base()
        given = self._read(X, y, base)
        self._learn(given, y, Lesson(validation=validation_data, base=base), sample_weight)
        return self

    def partial_fit(self, X: Sequences, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Passes once over some of the data at a constant rate, and goes on from the weights of the call before.

        The first call chooses the scaling of channels and targets, and the vocabulary. The optimiser begins
        anew in each call.
        """
        base = vars(self).get("model_")
        self._learn(self._read(X, y, base), y, Lesson(changed=ONE_PASS, base=base), sample_weight)
        return self

    def _learn(self, given: Given, y: ArrayLike, lesson: Lesson, weights: ArrayLike | None) -> None:
        values = _values(y, given)
        if lesson.base is None:
            self._is_flat = values.ndim == 1
        form = self._form(given, lesson.base)
        validation = None
        if lesson.validation is not None:
            other = sequences(lesson.validation[0])
            form.check(other)
            validation = form.dataset(other, _named(_values(lesson.validation[1], other)))
        chosen = None if weights is None else one_for_each("sample_weight", weights, len(given.items))
        data = form.dataset(given, _named(values), chosen)
        training = {"regression_loss": self.loss}  # type: ignore[attr-defined]
        rest = columns_of(form)
        self._train(lesson._replace(data=data, validation=validation, training=training, rest=rest))

    def predict(self, X: Sequences) -> Array:
        """The numbers: `[N]` if the targets were such, else `[N, O]`."""
        answers, _ = self._ask(X)
        values: Array = answers
        return values[:, 0] if self._is_flat else values

    def score(self, X: Sequences, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """R², the share of the variance that is explained; the mean of several targets."""
        found = self.predict(X).reshape(len(np.asarray(y)), -1)
        wanted = np.asarray(y, np.float64).reshape(found.shape)
        weights = None if sample_weight is None else one_for_each("sample_weight", sample_weight, len(found))
        mean = np.average(wanted, axis=0, weights=weights)
        error = np.average((wanted - found) ** 2, axis=0, weights=weights)
        spread = np.average((wanted - mean) ** 2, axis=0, weights=weights)
        flat = spread == 0.0
        explained = 1.0 - error / np.where(flat, 1.0, spread)
        return float(np.mean(np.where(flat, np.where(error == 0.0, 1.0, 0.0), explained)))


def document(*classes: type) -> None:
    """Puts what all estimators have in common into their documentation."""
    for one in classes:
        one.__doc__ = (one.__doc__ or "").replace("    {PARAMETERS}", PARAMETERS.rstrip("\n"))


document(SequenceClassifier, SequenceRegressor)


def class_weights(given: str | Mapping[Any, float] | None, classes: list[Any]) -> Any:
    """Weights of classes as the library takes them."""
    if given is None:
        return "equal"
    if isinstance(given, str):
        if given != "balanced":
            raise ValueError(f"class_weight: expected 'balanced', a dict or None, got {given!r}")
        return given
    return {"given": {str(label): given.get(label, 1.0) for label in classes}}


def columns_of(form: Form) -> dict[str, Any]:
    """How the command line reads a table of the same texts."""
    layouts = {"texts": {"text": {"column": "text", "tokens": form.unit}}, "words": {"tagged": "two-column"}}
    return {"columns": {"layout": layouts[form.kind]}} if form.kind in layouts else {}


def classes_of(y: Array) -> Array:
    """Labels that are classes: numbers that are none are refused."""
    if y.dtype.kind == "O":
        kinds = {isinstance(label, str) for label in y}
        if len(kinds) > 1:
            raise TypeError("y: expected classes of one type, got texts and others (str and number)")
        y = np.asarray(y.tolist())
    if y.dtype.kind == "f":
        if not np.isfinite(y).all():
            raise _elman.DataError("y: Input y contains NaN or infinity, expected classes (Unknown label type)")
        if (y != np.floor(y)).any():
            raise _elman.DataError(
                "y: Unknown label type: continuous numbers, expected classes (hint: SequenceRegressor)"
            )
    elif y.dtype.kind not in "iubUS":
        raise TypeError(f"y: Unknown label type: expected texts or whole numbers, got {y.dtype}")
    return y


def _values(y: ArrayLike, given: Given) -> Array:
    values = np.asarray(y)
    if values.dtype.kind == "c":
        raise ValueError(f"y: Complex data not supported, got {values.dtype}")
    values = values.astype(np.float64, copy=False)
    if values.ndim not in (1, 2):
        raise _elman.ShapeError(f"y: expected [N] or [N, O], got shape {list(values.shape)}")
    check_counts("y", len(given.items), len(values))
    for what, there in (("NaN", np.isnan(values).any()), ("infinity", np.isinf(values).any())):
        if there:
            raise _elman.DataError(f"Input y contains {what} or a value too large for dtype('float64').")
    return values


def _named(values: Array) -> tuple[list[str], Array]:
    table = values[:, None] if values.ndim == 1 else values
    return [f"value{number}" for number in range(1, table.shape[1] + 1)], table
