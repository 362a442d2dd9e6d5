"""The model file from Python."""

from __future__ import annotations

import html
import json
import os
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from elman import _elman
from elman._sequences import Given, Sequences, check_counts, column, sequences

Array = NDArray[Any]
Path = str | os.PathLike[str]


class Model:
    """A trained model, as the command line and the Rust library write it to a file.

    On the same sequences all of them give the same numbers, to the bit. It can be pickled and copied.

    `task` is `"classify"` or `"regress"`, `labels` the classes (or `None`), `target_names` what is
    predicted, `feature_names` the channels, `history` each epoch, `description` everything there is to
    know.
    """

    _compiled: _elman.Model
    description: dict[str, Any]

    def __init__(self, compiled: _elman.Model) -> None:
        self._compiled = compiled
        self.description = json.loads(compiled.description())

    def __getstate__(self) -> bytes:
        return self._compiled.to_bytes()

    def __setstate__(self, state: bytes) -> None:
        self.__init__(_elman.Model.from_bytes(state))  # type: ignore[misc]

    @property
    def task(self) -> str:
        """`"classify"`, `"regress"`, …"""
        name: str = next(iter(self.description["task"]))
        return name

    @property
    def labels(self) -> list[str] | None:
        """The classes, in the order of the probabilities."""
        labels: list[str] | None = self.description["task"][self.task].get("labels")
        return labels

    @property
    def target_names(self) -> list[str]:
        """What is predicted."""
        task = self.description["task"][self.task]
        if "targets" in task:
            names: list[str] = task["targets"]
        elif "target" in task or "column" in task:
            names = [task.get("target", task.get("column"))]
        else:
            names = task["labels"]
        return names

    @property
    def feature_names(self) -> list[str]:
        """The channels, in their order."""
        names: list[str] = self.description["feature_names"]
        return names

    @property
    def history(self) -> list[dict[str, float]]:
        """Each epoch of its training."""
        history: list[dict[str, float]] = self.description["provenance"]["history"]
        return history

    def save(self, path: Path) -> None:
        """Writes the model to a file: all of it, or nothing."""
        self._compiled.save(os.fspath(path))

    def predict(self, X: Sequences) -> Array:
        """The class of each sequence, as text, `[N]`; or the numbers `[N, O]`."""
        answers = self._answers(X)
        if isinstance(answers, tuple):
            answers = np.asarray(self.labels)[answers[0]]
        found: Array = answers
        return found

    def predict_proba(self, X: Sequences) -> Array:
        """The probability of each class `[N, O]`, in the order of `labels`."""
        answers = self._answers(X)
        if not isinstance(answers, tuple):
            raise AttributeError("predict_proba: expected a model of classes, got one of numbers")
        found: Array = answers[1]
        return found

    def evaluate(self, X: Sequences, y: ArrayLike) -> dict[str, Any]:
        """The metrics of the predictions, beside those of always guessing the commonest class or the mean."""
        given = sequences(X)
        data = self._data(given, self._targets(y, len(given.arrays)))
        metrics: dict[str, Any] = json.loads(self._compiled.evaluate(data))
        return metrics

    def _targets(self, y: ArrayLike, count: int) -> tuple[Any, ...]:
        labels = self.labels
        if labels is None:
            values = np.asarray(y, np.float64)
            values = values[:, None] if values.ndim == 1 else values
            check_counts("y", count, len(values))
            return self.target_names, values
        found = column(y)
        check_counts("y", count, len(found))
        place = {label: index for index, label in enumerate(labels)}
        texts = [str(label) for label in found.tolist()]
        for index, text in enumerate(texts):
            if text not in place:
                known = ", ".join(labels)
                raise _elman.DataError(f"y[{index}]: expected one of the classes {known}, got {text!r}")
        return self.target_names[0], labels, [place[text] for text in texts]

    def _answers(self, X: Sequences, threads: int | None = None) -> Any:
        return self._compiled.predict(self._data(sequences(X), None), threads)

    def _data(self, given: Given, targets: tuple[Any, ...] | None) -> _elman.Dataset:
        expected = len(self.feature_names)
        if given.channels != expected:
            raise _elman.ShapeError(f"X: expected sequences of {expected} channels, got {given.channels}")
        return _elman.Dataset(given.arrays, self.feature_names, targets)

    def __repr__(self) -> str:
        layers = self.description["network"]["body"]["layers"]
        shape = ", ".join(f"{next(iter(layer['cell']))} {layer['hidden_size']}" for layer in layers)
        return (
            f"Model({self.task}, {len(self.feature_names)} channels, {shape}, "
            f"{self.description['parameters']:,} parameters)"
        )

    def _repr_html_(self) -> str:
        layers = self.description["network"]["body"]["layers"]
        facts = [
            ("task", self.task),
            ("predicts", ", ".join(self.labels or self.target_names)),
            ("channels", ", ".join(self.feature_names)),
            *((f"layer {i}", f"{next(iter(x['cell']))}, {x['hidden_size']}") for i, x in enumerate(layers, 1)),
            ("parameters", f"{self.description['parameters']:,}"),
        ]
        metrics = self.description["provenance"]["metrics"]
        facts += [(name.replace("_", " "), f"{value:.4g}") for name, value in metrics.items()]
        rows = "".join(f"<tr><th>{html.escape(a)}</th><td>{html.escape(b)}</td></tr>" for a, b in facts)
        return f"<table><caption>elman model</caption><tbody>{rows}</tbody></table>"


def load(path: Path) -> Model:
    """The model in a file, whoever wrote it: Python, Rust or the command line."""
    return Model(_elman.Model.load(os.fspath(path)))
