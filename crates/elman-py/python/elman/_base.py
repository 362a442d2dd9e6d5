"""What estimators have in common: the habits of scikit-learn, without needing it.

Nothing here imports scikit-learn unless it is in use already. An estimator is none of its subclasses
but behaves as one: `get_params`, `set_params`, `__sklearn_tags__`, and exceptions of its own classes.
"""

from __future__ import annotations

import importlib
import json
import os
import warnings
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from elman import _elman
from elman._model import Model
from elman._progress import Watcher
from elman._sequences import Form, Given, Sequences, check_counts, not_fitted, one_for_each, sequences
from elman._settings import seed_of, settings_of, threads

if TYPE_CHECKING:
    from typing_extensions import Self

Array = NDArray[Any]


class Lesson(NamedTuple):
    """What a training is given."""

    data: Any = None
    validation: Any = None
    """As the user gives it, until it is a data set."""
    training: dict[str, Any] = {}
    """Training options that only one task has."""
    rest: dict[str, Any] = {}
    """Other settings."""
    changed: dict[str, Any] = {}
    """Parameters in the place of those of the estimator."""
    base: Model | None = None
    fit: Any = _elman.fit
    defaults: Any = _elman.default_settings


class Estimator:
    """Parameters, fitting and copying."""

    _kind: ClassVar[str]
    model_: Model
    history_: dict[str, list[float]]
    n_features_in_: int
    _columns: int | None

    def _remember(self, parameters: dict[str, Any]) -> None:
        for name, value in parameters.items():
            if name not in ("self", "__class__"):
                setattr(self, name, value)

    @classmethod
    def _parameter_names(cls) -> list[str]:
        return list(cls._defaults())

    @classmethod
    def _defaults(cls) -> dict[str, Any]:
        import inspect  # only here, as it is slow to import

        parameters = inspect.signature(cls.__init__).parameters
        return {name: parameter.default for name, parameter in parameters.items() if name != "self"}

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name."""
        return {name: getattr(self, name) for name in sorted(self._parameter_names())}

    def set_params(self, **params: Any) -> Self:
        """Changes parameters by name."""
        known = sorted(self._parameter_names())
        for name, value in params.items():
            if name not in known:
                raise ValueError(
                    f"Invalid parameter {name!r} for estimator {type(self).__name__}; it has {', '.join(known)}"
                )
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        defaults = self._defaults()
        changed = {
            name: value
            for name, value in self.get_params().items()
            if value is not defaults[name] and repr(value) != repr(defaults[name])
        }
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in changed.items())})"

    def _repr_html_(self) -> str:
        if "model_" in vars(self):
            return self.model_._repr_html_()
        import html  # only here, as most programs never need it

        return f"<pre>{html.escape(repr(self))}</pre>"

    def __sklearn_tags__(self) -> Any:
        utils = importlib.import_module("sklearn.utils")
        kind = self._kind if self._kind in ("classifier", "regressor") else None
        return utils.Tags(
            estimator_type=kind,
            target_tags=utils.TargetTags(required=kind is not None, multi_output=kind == "regressor"),
            transformer_tags=None,
            classifier_tags=utils.ClassifierTags() if kind == "classifier" else None,
            regressor_tags=utils.RegressorTags() if kind == "regressor" else None,
            input_tags=utils.InputTags(two_d_array=True, three_d_array=True),
        )

    def __sklearn_is_fitted__(self) -> bool:
        return "model_" in vars(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the trained model to a file that `elman.load`, Rust and the command line read."""
        self._fitted().save(path)

    def _train(self, lesson: Lesson) -> None:
        """Trains, and keeps the model and what is to be known of it."""
        further = lesson.base is not None
        done = self.n_iter_ if further else 0
        # Batches and dropout of a further training are others.
        seed = seed_of(self.random_state) + done  # type: ignore[attr-defined]
        settings = json.loads(settings_of({**self.get_params(), **lesson.changed}, seed, lesson.defaults()))
        settings["training"].update(lesson.training)
        settings |= lesson.rest
        base = lesson.base
        with Watcher(self.callbacks, self.verbose) as watcher:  # type: ignore[attr-defined]
            extras = {"watcher": watcher.told(), "base": None if base is None else base._compiled}
            compiled, report = lesson.fit(json.dumps(settings), lesson.data, lesson.validation, extras)
        told = json.loads(report)
        history: dict[str, list[float]] = {}
        if further:
            history = {name: list(numbers) for name, numbers in self.history_.items()}
        for record in told["history"]:
            for name, value in record.items():
                if name not in ("epoch", "updates"):
                    history.setdefault(name, []).append(value)
        self.model_ = Model(compiled)
        self.outcome_: str = told["outcome"]
        self.best_epoch_: int | None = told["best_epoch"]
        self.history_ = history
        self.n_iter_: int = done + len(told["history"])

    def _fitted(self) -> Model:
        if "model_" not in vars(self):
            raise not_fitted(type(self).__name__)
        return self.model_

    def _base(self) -> Model | None:
        """What a training goes on from."""
        return self.model_ if self.warm_start and "model_" in vars(self) else None  # type: ignore[attr-defined]

    def _read(self, X: Sequences, y: Any, base: Model | None = None) -> Given:
        """The sequences to fit on; remembers what is checked at predictions."""
        if y is None:
            raise ValueError(f"requires y to be passed, but the target y is None: {type(self).__name__}.fit")
        given = sequences(X)
        if not given.items:
            raise _elman.ShapeError("X: expected at least one sequence, got 0 sample(s)")
        check_counts("y", len(given.items), len(y) if hasattr(y, "__len__") else np.asarray(y).size)
        if base is not None:
            self._check(given, base)
            return given
        if given.kind == "numbers":
            self.n_features_in_ = given.width()
        elif "n_features_in_" in vars(self):
            del self.n_features_in_
        self._columns = given.columns
        if given.names is not None:
            self.feature_names_in_ = np.asarray(given.names, dtype=object)
        elif "feature_names_in_" in vars(self):
            del self.feature_names_in_
        return given

    def _form(self, given: Given, base: Model | None) -> Form:
        """What a model of these sequences reads."""
        unit = self.tokens  # type: ignore[attr-defined]
        if unit not in (None, "characters", "words"):
            raise ValueError(f"tokens: expected 'characters', 'words' or None, got {unit!r}")
        if unit is not None and given.kind != "texts":
            raise ValueError(f"tokens: expected None beside {given.kind}, got {unit!r}, which is about texts")
        if base is not None:
            return base._form()
        if given.kind == "numbers":
            names = [f"channel{number}" for number in range(1, given.channels + 1)]
            return Form("numbers", names)
        if given.kind == "texts":
            return Form("texts", ["text"], unit or "characters")
        return Form("tokens", ["token"])

    def _ask(self, X: Sequences) -> tuple[Any, list[int]]:
        """The answers, and the steps of each sequence."""
        model = self._fitted()
        given = sequences(X)
        self._check(given, model)
        if not given.items:
            raise _elman.ShapeError("X: expected at least one sequence, got 0 sample(s)")
        data = model._form().dataset(given)
        return model._compiled.predict(data, threads(self.n_jobs)), data.lengths  # type: ignore[attr-defined]

    def _check(self, given: Given, model: Model) -> None:
        """Refuses other channels than the model has learnt from."""
        form = model._form()
        form.check(given)
        self._check_names(given)
        if form.kind != "numbers":
            return
        both_flat = given.columns is not None and self._columns is not None
        if (both_flat and given.columns != self._columns) or given.channels != len(form.names):
            name = type(self).__name__
            raise _elman.ShapeError(
                f"X has {given.width()} features, but {name} is expecting {self.n_features_in_} features as input"
            )

    def _check_names(self, given: Given) -> None:
        name = type(self).__name__
        fitted = getattr(self, "feature_names_in_", None)
        if given.names is None:
            if fitted is not None:
                message = f"X does not have valid feature names, but {name} was fitted with feature names"
                warnings.warn(message, UserWarning, stacklevel=4)
            return
        if fitted is None:
            message = f"X has feature names, but {name} was fitted without feature names"
            warnings.warn(message, UserWarning, stacklevel=4)
        elif list(fitted) != given.names:
            raise _elman.DataError(_other_names(list(fitted), given.names))


def _other_names(fitted: list[str], found: list[str]) -> str:
    """How names differ, in the words of scikit-learn."""
    lines = ["The feature names should match those that were passed during fit."]
    unseen, missing = sorted(set(found) - set(fitted)), sorted(set(fitted) - set(found))
    if unseen:
        lines += ["Feature names unseen at fit time:", *(f"- {name}" for name in unseen)]
    if missing:
        lines += ["Feature names seen at fit time, yet now missing:", *(f"- {name}" for name in missing)]
    if not unseen and not missing:
        lines.append("Feature names must be in the same order as they were in fit.")
    return "\n".join(lines) + "\n"
