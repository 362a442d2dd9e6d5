"""The model file from Python."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from elman import _elman
from elman._html import layer_words, listed, table
from elman._sequences import (
    WORDS,
    Form,
    Given,
    Sequences,
    check_counts,
    column,
    flattened,
    sequences,
    source,
    split,
)

Array = NDArray[Any]
Path = str | os.PathLike[str]


class Model:
    """A trained model, as the command line and the Rust library write it to a file.

    On the same sequences all of them give the same numbers, to the bit. It can be pickled and copied.

    `task` is `"classify"`, `"regress"` or `"text"`, `each` what there is an answer for, a `"sequence"` or a
    `"step"`, `labels` the classes (or `None`), `target_names` what is
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
        """`"classify"`, `"regress"` or `"text"`."""
        name: str = next(iter(self.description["task"]))
        return name

    @property
    def labels(self) -> list[str] | None:
        """The classes, in the order of the probabilities."""
        labels: list[str] | None = self.description["task"][self.task].get("labels")
        return labels

    @property
    def each(self) -> str:
        """What there is an answer for: a `"sequence"` or a `"step"`."""
        each: str = self.description["each"]
        return each

    @property
    def target_names(self) -> list[str]:
        """What is predicted."""
        names: list[str] = self.description["target_names"]
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

    def predict(self, X: Sequences) -> Any:
        """The class of each sequence, as text, `[N]`, or the numbers `[N, O]`.

        A model that answers at every step gives a list of such arrays, `[T_i]` or `[T_i, O]`.
        """
        answers, lengths = self._answers(X)
        if isinstance(answers, tuple):
            answers = np.asarray(self.labels)[answers[0]]
        return answers if lengths is None else split(answers, lengths)

    def predict_proba(self, X: Sequences) -> Any:
        """The probability of each class `[N, O]`, in the order of `labels`; a list of `[T_i, O]` for steps."""
        answers, lengths = self._answers(X)
        if not isinstance(answers, tuple):
            raise AttributeError("predict_proba: expected a model of classes, got one of numbers")
        return answers[1] if lengths is None else split(answers[1], lengths)

    def evaluate(self, X: Sequences, y: Any = None) -> dict[str, Any]:
        """The metrics of the predictions, beside those of always guessing the commonest class or the mean.

        Of a model of text, `X` is a text, or the paths of files, and there is no `y`: what its tokens cost,
        each after all before it.
        """
        if self.task == "text":
            found: dict[str, Any] = json.loads(_elman.likelihood(self._compiled, self._corpus(X)))
            return found
        given = sequences(X)
        data = self._data(given, self._targets(y, given))
        metrics: dict[str, Any] = json.loads(self._compiled.evaluate(data))
        return metrics

    def generate(
        self,
        prompt: str = "",
        *,
        length: int = 1000,
        stop: str | None = None,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        min_p: float | None = None,
        seed: int = 1,
    ) -> str:
        """What a model of text writes after the prompt: so many tokens, or up to the text `stop`.

        A temperature below 1 makes likely tokens likelier, 0 takes the likeliest; `top_k`, `top_p` and
        `min_p` leave out unlikely ones. One seed writes one text, here and on the command line.
        """
        sampling = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "min_p": min_p, "seed": seed}
        wish = {"length": length, "stop": stop, "sampling": sampling}
        return _elman.write_text(self._compiled, prompt, json.dumps(wish))

    def log_probabilities(self, text: Any) -> Array:
        """ln p of each token of a text but the first, each after all before it."""
        return _elman.text_log_probabilities(self._compiled, self._corpus(text))

    def score_lines(self, lines: list[str]) -> list[Array]:
        """ln p of each token of some lines, each line by itself."""
        return _elman.line_log_probabilities(self._compiled, list(lines))

    def _corpus(self, text: Any) -> _elman.Corpus:
        if self.task != "text":
            raise TypeError(f"model: expected one of text, got one to {self.task}")
        return _elman.Corpus(source(text), self._compiled)

    def _targets(self, y: Any, given: Given) -> tuple[Any, ...]:
        labels, count = self.labels, len(given.items)
        if self.each == "step":
            if labels is None:
                raise TypeError("model: expected one of classes, got one of numbers at every step")
            flat = [None if tag is None else str(tag) for tag in flattened(y, given)]
            # Classes that the model does not know are errors of its answers.
            others = sorted({tag for tag in flat if tag is not None and tag not in labels})
            place = {label: index for index, label in enumerate([*labels, *others])}
            indices = [-1 if tag is None else place[tag] for tag in flat]
            return self.target_names[0], [*labels, *others], indices, "steps"
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

    def _recipe(self) -> dict[str, Any]:
        """How series become inputs and outputs forecasts."""
        recipe: dict[str, Any] | None = self.description["task"].get("regress", {}).get("forecast")
        if recipe is None:
            raise TypeError(f"model: expected one that forecasts series, got one to {self.task}")
        return recipe

    def _answers(self, X: Sequences, threads: int | None = None) -> tuple[Any, list[int] | None]:
        """The answers, and the steps of each sequence if there is an answer at each."""
        if self.task == "text":
            raise TypeError("model: expected one of sequences, got one of text (hint: generate, evaluate)")
        if "forecast" in self.description["task"].get("regress", {}):
            hint = "elman.Forecaster.from_model(model)"
            raise TypeError(f"model: expected one of sequences, got one that forecasts series (hint: {hint})")
        data = self._data(sequences(X), None)
        answers = self._compiled.predict(data, threads)
        return answers, data.lengths if self.each == "step" else None

    def _form(self) -> Form:
        """What it reads."""
        vocabularies = [name for name, _ in self.description["vocabularies"]]
        if not vocabularies:
            return Form("numbers", self.feature_names)
        if self.feature_names or len(vocabularies) not in (1, len(WORDS)):
            names = ", ".join([*self.feature_names, *vocabularies])
            raise TypeError(f"model: expected channels of numbers or of tokens alone, got {names}")
        if vocabularies == WORDS:
            return Form("words", vocabularies)
        columns = (self.description["provenance"]["settings"] or {}).get("columns") or {}
        layout = columns.get("layout", "long")
        if isinstance(layout, dict) and "text" in layout:
            return Form("texts", vocabularies, layout["text"]["tokens"])
        return Form("tokens", vocabularies)

    def _data(self, given: Given, targets: tuple[Any, ...] | None) -> _elman.Dataset:
        form = self._form()
        form.check(given)
        if form.kind == "numbers" and given.channels != len(form.names):
            expected = len(form.names)
            raise _elman.ShapeError(f"X: expected sequences of {expected} channels, got {given.channels}")
        return form.dataset(given, targets)

    def __repr__(self) -> str:
        layers = self.description["network"]["body"]["layers"]
        shape = ", ".join(f"{next(iter(layer['cell']))} {layer['hidden_size']}" for layer in layers)
        return (
            f"Model({self.task}, {self._reads()}, {shape}, "
            f"{self.description['parameters']:,} parameters)"
        )

    def _reads(self) -> str:
        if self.task == "text":
            return f"{self.description['network']['inputs']['tokens'][0]['vocabulary_size']:,} tokens"
        vocabularies = [f"{size:,} of {name}" for name, size in self.description["vocabularies"]]
        numbers = [f"{len(self.feature_names)} channels"] if self.feature_names else []
        return ", ".join([*numbers, *vocabularies])

    def _repr_html_(self) -> str:
        layers = self.description["network"]["body"]["layers"]
        predicted = self.labels or self.target_names
        facts = [
            ("task", self.task if self.each == "sequence" else f"{self.task}, at every step"),
            ("predicts", listed(predicted)),
            ("channels", listed(self.feature_names) if self.feature_names else self._reads()),
            *((f"layer {i}", layer_words(x)) for i, x in enumerate(layers, 1)),
            ("parameters", f"{self.description['parameters']:,}"),
        ]
        metrics = self.description["provenance"]["metrics"]
        facts += [(name.replace("_", " "), f"{value:.4g}") for name, value in metrics.items()]
        return table("elman model", facts)


def load(path: Path) -> Model:
    """The model in a file, whoever wrote it: Python, Rust or the command line."""
    return Model(_elman.Model.load(os.fspath(path)))
