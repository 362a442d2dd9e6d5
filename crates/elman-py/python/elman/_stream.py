"""A trained model one step at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from elman import _elman
from elman._base import Estimator
from elman._model import Model

if TYPE_CHECKING:
    from typing_extensions import Self

Array = NDArray[Any]


class Stream(_elman.Stream):
    """A model that is told of one time step after the other, and answers after each.

    The answers have the bits that `predict` gives for the sequence so far. The model has to read forwards and
    to answer at its last step or at every step: `direction="forward"`, `pooling="last"`.

    `rows` sequences run side by side. A stream is copied (`fork`), pickled, and begun again (`reset`); its
    `state`, a list of arrays `[rows, …]` in float32, is read and assigned.

    >>> import numpy as np, elman
    >>> X = [np.linspace(0, 1, 5), np.linspace(1, 0, 5)] * 8
    >>> model = elman.SequenceClassifier(direction="forward", pooling="last", epochs=20).fit(X, ["up", "down"] * 8)
    >>> stream = elman.Stream(model)
    >>> answers = [stream.step(x) for x in (0.1, 0.4, 0.8)]
    >>> bool((answers[-1] == model.predict_proba([[0.1, 0.4, 0.8]])[0]).all())
    True
    """

    def __new__(cls, model: Model | Estimator, rows: int = 1) -> Self:
        """A stream of so many sequences before their first step."""
        found = model._fitted() if isinstance(model, Estimator) else model
        if not isinstance(found, Model):
            raise TypeError(f"model: expected a Model or a fitted estimator, got {type(model).__name__}")
        return super().__new__(cls, found._compiled, rows)

    def step(self, x: ArrayLike | str | list[str]) -> Array:
        """One step: the answers, probabilities or numbers, `[O]` for one row, else `[rows, O]`.

        `x` has the channels `[I]`, or `[rows, I]`; or it is a token, or one for each row.
        """
        if isinstance(x, str):
            answers = self.step_tokens([x])
        elif isinstance(x, (list, tuple)) and x and all(isinstance(token, str) for token in x):
            answers = self.step_tokens(list(x))
        else:
            values = np.asarray(x, np.float64)
            answers = super().step(np.ascontiguousarray(np.atleast_2d(values)))
        return answers[0] if self.rows == 1 else answers

    def fork(self) -> Self:
        """Another stream that goes on from here."""
        return self.__copy__()

    def __reduce__(self) -> Any:
        return _restored, (type(self), Model(self.compiled), self.rows, self.state)

    def __copy__(self) -> Self:
        other = type(self)(Model(self.compiled), self.rows)
        other.state = self.state
        return other

    def __repr__(self) -> str:
        return f"Stream({Model(self.compiled)!r}, rows={self.rows})"


def _restored(kind: type[Stream], model: Model, rows: int, state: list[Array]) -> Stream:
    stream = kind(model, rows)
    stream.state = state
    return stream
