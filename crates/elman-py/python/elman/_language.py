"""An estimator that predicts text, and writes it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from elman import _elman
from elman._base import Estimator, Lesson
from elman._progress import Callback
from elman._sequences import source
from elman._settings import ONE_PASS, known

if TYPE_CHECKING:
    from typing_extensions import Self

Array = NDArray[Any]
UNITS = ("bytes", "characters", "words")


class LanguageModel(Estimator):
    """A recurrent network that says of each token of a text which one comes next, and so writes text.

    A text is a `str`, a list of texts one after the other, or `pathlib.Path` of one file or several, which are
    read page by page. What is not said is as for `elman train --task text`.

    Parameters
    ----------
    tokens : what a token is, `"characters"`, `"bytes"` or `"words"`
    nfc : whether a letter and its accent are made one character
    vocabulary_size, least_count : of words, how many are known at most, and how often one must stand in the text
    embedding_size : the numbers that stand for a token; 64, of words 128
    lanes, bptt : stretches of the text that are read side by side, and the steps of a piece, which is an update
    cell, hidden_size, num_layers, dropout, layer_dropout, state_dropout, epochs, max_seconds, learning_rate,
    optimizer, schedule, clip_norm, patience, monitor, settings, warm_start, random_state, n_jobs, callbacks,
    verbose : as for `SequenceClassifier`
    validation_fraction : the part at the end of the text that chooses the best epoch

    Attributes
    ----------
    history_, model_, outcome_, best_epoch_, n_iter_ : as for `SequenceClassifier`

    >>> import elman
    >>> text = "to be or not to be, that is the question: " * 20
    >>> model = elman.LanguageModel(hidden_size=32, lanes=4, bptt=16, epochs=30, learning_rate=0.01).fit(text)
    >>> model.generate("to be or ", length=9, temperature=0)
    'not to be'
    >>> model.evaluate(text)["bits"] < 1
    True
    """

    _kind = "language"

    def __init__(
        self,
        *,
        tokens: str = "characters",
        nfc: bool = False,
        vocabulary_size: int = 10_000,
        least_count: int = 2,
        embedding_size: int | None = None,
        lanes: int = 32,
        bptt: int | None = 64,
        cell: str | Mapping[str, Any] | None = "lstm",
        hidden_size: int | Iterable[int] | None = 512,
        num_layers: int | None = None,
        dropout: float = 0.25,
        layer_dropout: float = 0.0,
        state_dropout: float = 0.0,
        epochs: int | None = None,
        max_seconds: float | None = None,
        learning_rate: float = 0.002,
        optimizer: str | Mapping[str, Any] = "adamw",
        schedule: str | Mapping[str, Any] | None = None,
        clip_norm: float | None = 1.0,
        validation_fraction: float = 0.05,
        patience: int | None = None,
        monitor: str = "loss",
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        warm_start: bool = False,
        random_state: Any = 1,
        n_jobs: int | None = None,
        callbacks: Iterable[Callback] | None = None,
        verbose: int = 0,
    ) -> None:
        self._remember(locals())

    def fit(self, X: Any, y: None = None, *, validation_data: Any = None) -> Self:
        """Trains on a text; `validation_data`, another text, chooses the best epoch in the place of its end."""
        changed = {} if validation_data is None else {"validation_fraction": 0.0}
        self._learn(X, Lesson(validation=validation_data, base=self._base(), changed=changed))
        return self

    def partial_fit(self, X: Any, y: None = None) -> Self:
        """Passes once over some text at a constant rate, and goes on from the weights of the call before.

        The first text chooses the vocabulary. The optimiser begins anew in each call.
        """
        self._learn(X, Lesson(base=vars(self).get("model_"), changed=ONE_PASS))
        return self

    def generate(self, prompt: str = "", *, length: int = 1000, **sampling: Any) -> str:
        """What the model writes after the prompt; the options are those of `Model.generate`."""
        return self._fitted().generate(prompt, length=length, **sampling)

    def evaluate(self, X: Any) -> dict[str, Any]:
        """What the tokens of a text cost, each after all before it: `nats`, `bits`, `perplexity`, …"""
        return self._fitted().evaluate(X)

    def log_probabilities(self, X: Any) -> Array:
        """ln p of each token of a text but the first."""
        return self._fitted().log_probabilities(X)

    def score(self, X: Any, y: None = None) -> float:
        """The mean of ln p of the tokens of a text: the larger, the better."""
        return -float(self.evaluate(X)["nats"])

    def _learn(self, X: Any, lesson: Lesson) -> None:
        known(self.tokens, UNITS, "tokens")  # type: ignore[attr-defined]
        text = _elman.Corpus(source(X), self._vocabulary(lesson.base))
        validation = None
        if lesson.validation is not None:
            # The vocabulary is that of the training text.
            validation = text.alike(source(lesson.validation))
        size = self.embedding_size  # type: ignore[attr-defined]
        if size is None:
            size = 128 if self.tokens == "words" else 64  # type: ignore[attr-defined]
        fixed = {"direction": "forward", "pooling": "none", "scaling": "standardize", "batch_size": self.lanes}  # type: ignore[attr-defined]
        changed = {**fixed, **lesson.changed}
        lesson = lesson._replace(rest={"embedding_size": size}, changed=changed, fit=_elman.fit_text)
        self._train(lesson._replace(data=text, validation=validation))

    def _vocabulary(self, base: Any) -> Any:
        if base is not None:
            return base._compiled
        names = {"tokens": "unit", "vocabulary_size": "most_words", "least_count": "least_count"}
        options = {name: self.get_params()[parameter] for parameter, name in names.items()}
        options["normalization"] = "nfc" if self.nfc else "none"  # type: ignore[attr-defined]
        return json.dumps(options)
