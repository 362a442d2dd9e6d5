"""An estimator that answers at every step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from elman import _elman
from elman._base import Estimator, Lesson
from elman._estimators import class_weights, classes_of, columns_of, document
from elman._progress import Callback
from elman._sequences import WORDS, Form, Given, Sequences, flattened, one_for_each, sequences, split
from elman._settings import ONE_PASS

if TYPE_CHECKING:
    from typing_extensions import Self

Array = NDArray[Any]
Tags = Iterable[Iterable[Any]]


class SequenceTagger(Estimator):
    """A recurrent network that gives a class to every step: a tag to each word, a state to each moment.
    {PARAMETERS}
    classes_ : the classes, sorted

    `fit` takes a list of tags for each sequence, one for each step; None where nothing is known of a step. Of
    lists of words, the network reads their endings and their shape too, as `elman train --task tag` does.
    `class_weight` and `label_smoothing` are as for `SequenceClassifier`; it has no `pooling` and no `tokens`.

    >>> import elman
    >>> X = [["fly", "to", "Oslo"], ["to", "Rome", "and", "Oslo"], ["fly", "home"]] * 4
    >>> y = [["o", "o", "city"], ["o", "city", "o", "city"], ["o", None]] * 4
    >>> model = elman.SequenceTagger(hidden_size=8, epochs=40).fit(X, y)
    >>> [tags.tolist() for tags in model.predict([["to", "Oslo"], []])]
    [['o', 'city'], []]
    >>> [p.shape for p in model.predict_proba([["to", "Oslo"], []])]
    [(2, 2), (0, 2)]
    """

    _kind = "tagger"
    classes_: Array
    tokens = None

    def __init__(
        self,
        *,
        cell: str | Mapping[str, Any] | None = None,
        hidden_size: int | Iterable[int] | None = None,
        num_layers: int | None = None,
        direction: str | None = None,
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
        y: Tags,
        sample_weight: ArrayLike | None = None,
        *,
        validation_data: tuple[Sequences, Tags] | None = None,
    ) -> Self:
        """Trains on sequences with a class for each step, perhaps with weights of the sequences `[N]`.

        `validation_data` `(X, y)` choose the best epoch in the place of `validation_fraction`.
        """
        base = self._base()
        given = self._read(X, y, base)
        classes = known(flattened(y, given))
        if base is not None and classes.tolist() != self.classes_.tolist():
            expected, got = self.classes_.tolist(), classes.tolist()
            raise _elman.DataError(f"y: expected the classes {expected}, as warm_start goes on from them, got {got}")
        self.classes_ = classes
        self._learn(given, y, Lesson(validation=validation_data, base=base), sample_weight)
        return self

    def partial_fit(
        self, X: Sequences, y: Tags, classes: ArrayLike | None = None, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Passes once over some of the data at a constant rate, and goes on from the weights of the call before.

        The first call chooses the scaling and the vocabulary, and the `classes`, which are those of `y` if none
        are given. The optimiser begins anew in each call.
        """
        base = vars(self).get("model_")
        given = self._read(X, y, base)
        if base is None:
            self.classes_ = known(flattened(y, given) if classes is None else list(np.asarray(classes)))
        self._learn(given, y, Lesson(changed=ONE_PASS, base=base), sample_weight)
        return self

    def predict(self, X: Sequences) -> list[Array]:
        """The class of each step, `[T_i]` for each sequence."""
        answers, lengths = self._ask(X)
        return split(self.classes_[answers[0]], lengths)

    def predict_proba(self, X: Sequences) -> list[Array]:
        """The probability of each class at each step, `[T_i, O]` for each sequence."""
        answers, lengths = self._ask(X)
        return split(answers[1], lengths)

    def score(self, X: Sequences, y: Tags, sample_weight: ArrayLike | None = None) -> float:
        """The share of steps whose class is predicted correctly, of those that have one."""
        found = self.predict(X)
        wanted = flattened(y, Given(found))
        tagged = np.array([tag is not None for tag in wanted], bool)
        if not tagged.any():
            raise _elman.DataError("y: expected a class for at least one step, got none")
        flat = [label for labels in found for label in labels.tolist()]
        right = np.array([one == other for one, other in zip(flat, wanted, strict=True)], bool)
        if sample_weight is None:
            return float(right[tagged].mean())
        each = one_for_each("sample_weight", sample_weight, len(found))
        weights = np.repeat(each, [len(labels) for labels in found])
        return float(np.average(right[tagged], weights=weights[tagged]))

    def _form(self, given: Given, base: Any) -> Form:
        if given.kind == "texts":
            raise TypeError("X: expected numbers or lists of tokens, got texts (hint: [text.split() for text in X])")
        if base is None and given.kind == "tokens":
            return Form("words", WORDS)
        return super()._form(given, base)

    def _learn(self, given: Given, y: Tags, lesson: Lesson, weights: ArrayLike | None) -> None:
        form, labels = self._form(given, lesson.base), self.classes_.tolist()
        names = [str(label) for label in labels]
        place = {label: index for index, label in enumerate(labels)}

        def data(given: Given, y: Tags, weights: Array | None = None) -> _elman.Dataset:
            flat = flattened(y, given)
            unknown = next((tag for tag in flat if tag is not None and tag not in place), None)
            if unknown is not None:
                raise _elman.DataError(f"y: expected one of the classes of the training data, got {unknown!r}")
            indices = [-1 if tag is None else place[tag] for tag in flat]
            return form.dataset(given, ("tag", names, indices, "steps"), weights)

        validation = None
        if lesson.validation is not None:
            other = sequences(lesson.validation[0])
            form.check(other)
            validation = data(other, lesson.validation[1])
        chosen = None if weights is None else one_for_each("sample_weight", weights, len(given.items))
        training = {
            "label_smoothing": self.label_smoothing,  # type: ignore[attr-defined]
            "class_weights": class_weights(self.class_weight, labels),  # type: ignore[attr-defined]
        }
        changed = {**lesson.changed, "pooling": "none"}
        lesson = lesson._replace(training=training, rest=columns_of(form), changed=changed)
        self._train(lesson._replace(data=data(given, y, chosen), validation=validation))


def known(tags: list[Any]) -> Array:
    """The classes of tags, sorted."""
    there = [tag for tag in tags if tag is not None]
    if not there:
        raise _elman.DataError("y: expected a class for at least one step, got none")
    classes: Array = np.unique(classes_of(np.asarray(there, dtype=object)))
    if len(classes) < 2:
        raise _elman.DataError(f"y: expected at least two classes, got one class, {classes[0]!r}")
    return classes


document(SequenceTagger)
