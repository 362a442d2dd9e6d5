"""One step at a time, and trainings that go on."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import elman

RNG = np.random.default_rng(3)
X = [RNG.normal(loc=3.0, size=(length, 2)) for length in (4, 7, 5, 9) * 3]
Y = [int(x[:, 0].mean() > 3.0) for x in X]
FORWARD: dict[str, Any] = {
    "direction": "forward", "pooling": "last", "hidden_size": 6, "epochs": 5, "n_jobs": 1, "dropout": 0.0
}


def test_a_stream_gives_the_bits_of_a_prediction() -> None:
    numbers = elman.SequenceRegressor(cell="lstm", **FORWARD).fit(X, [[x.sum(), x.min()] for x in X])
    classes = elman.SequenceClassifier(cell="gru", num_layers=2, **FORWARD).fit(X, Y)
    for model, ask in ((numbers, numbers.predict), (classes, classes.predict_proba)):
        stream = elman.Stream(model)
        for step, values in enumerate(X[1], 1):
            assert stream.step(values).tolist() == ask([X[1][:step]])[0].tolist()
        rows = elman.Stream(model.model_, rows=3)
        for step in range(4):
            answers = rows.step(np.stack([x[step] for x in X[:3]]))
        assert answers.tolist() == ask([x[:4] for x in X[:3]]).tolist()


def test_a_stream_is_forked_pickled_and_begun_again() -> None:
    model = elman.SequenceClassifier(**FORWARD).fit(X, Y)
    stream = elman.Stream(model, 2)
    first = stream.step(np.stack([X[0][0], X[1][0]])).tolist()
    others = [stream.fork(), pickle.loads(pickle.dumps(stream))]
    state = stream.state
    expected = stream.step(np.ones((2, 2))).tolist()
    for other in others:
        assert other.step(np.ones((2, 2))).tolist() == expected
    stream.state = state
    assert stream.step(np.ones((2, 2))).tolist() == expected
    stream.copy_row(0, 1)
    answers = stream.step(np.ones((2, 2)))
    assert answers[0].tolist() == answers[1].tolist()
    stream.reset()
    assert stream.step(np.stack([X[0][0], X[1][0]])).tolist() == first
    tags = elman.SequenceTagger(direction="forward", hidden_size=4, epochs=1).fit([["a", "b"], ["b"]], [[0, 1], [1]])
    words = elman.Stream(tags, 2)
    assert words.step(["b", "c"]).tolist() == [p[0].tolist() for p in tags.predict_proba([["b"], ["c"]])]


def test_streams_that_cannot_be_are_refused() -> None:
    model = elman.SequenceClassifier(**FORWARD).fit(X, Y)
    stream = elman.Stream(model)
    for error, message, call in [
        (ValueError, "expected forward in a stream, got both", lambda: elman.Stream(elman.SequenceClassifier(epochs=1).fit(X, Y))),
        (ValueError, "not been fitted", lambda: elman.Stream(elman.SequenceClassifier())),
        (TypeError, "expected a Model", lambda: elman.Stream(3)),  # type: ignore[arg-type]
        (ValueError, "rows", lambda: elman.Stream(model, 0)),
        (elman.ShapeError, r"x: expected shape \[1, 2\], got \[1, 3\]", lambda: stream.step(np.ones(3))),
        (elman.DataError, r"x\[0, 1\]: expected a finite number, got NaN", lambda: stream.step([1.0, np.nan])),
        (TypeError, "expected an array of numbers", lambda: stream.step("a")),
        (elman.ShapeError, "state", lambda: setattr(stream, "state", [np.zeros((1, 9), np.float32)])),
    ]:
        with pytest.raises(error, match=message):  # type: ignore[call-overload]
            call()


def test_a_stream_that_no_memory_holds_is_refused() -> None:
    X = [np.ones((2, 1)), np.zeros((3, 1))] * 2
    model = elman.SequenceClassifier(direction="forward", pooling="last", hidden_size=2, epochs=1).fit(X, [0, 1] * 2)
    with pytest.raises(ValueError, match="rows: expected at most"):
        elman.Stream(model, rows=10**13)


def test_a_warm_start_goes_on_from_weights_and_scaling() -> None:
    cold = elman.SequenceClassifier(**FORWARD).fit(X, Y)
    warm = elman.SequenceClassifier(warm_start=True, **FORWARD).fit(X, Y)
    assert warm.predict_proba(X).tolist() == cold.predict_proba(X).tolist()
    warm.fit([100.0 * x for x in X], Y)
    assert warm.n_iter_ == 10 and len(warm.history_["loss"]) == 10
    assert warm.model_.description["scaling"] == cold.model_.description["scaling"]
    assert cold.fit(X, Y).n_iter_ == 5
    with pytest.raises(elman.DataError, match=r"expected the classes \[0, 1\]"):
        warm.fit(X, [label + 1 for label in Y])
    with pytest.raises(ValueError, match="model: expected the network that the options describe"):
        warm.set_params(hidden_size=7).fit(X, Y)


def test_parts_of_the_data_are_learnt_one_after_the_other() -> None:
    model = elman.SequenceClassifier(**{**FORWARD, "learning_rate": 0.02})
    for _ in range(30):
        for start in (0, 4, 8):
            model.partial_fit(X[start : start + 4], Y[start : start + 4], classes=[0, 1])
    assert model.n_iter_ == 90 and model.score(X, Y) > 0.9
    # A part of one class alone is one too, but for the first.
    model.partial_fit([x for x, y in zip(X, Y, strict=True) if y], [1] * sum(Y))
    with pytest.raises(ValueError, match="not the same as on last call"):
        model.partial_fit(X, Y, classes=[0, 1, 2])
    numbers = elman.SequenceRegressor(**{**FORWARD, "learning_rate": 0.02})
    sums = np.array([x.sum() for x in X])
    losses = [numbers.partial_fit(X, sums).history_["loss"][-1] for _ in range(40)]
    assert losses[-1] < 0.5 * losses[0]
    text = elman.LanguageModel(hidden_size=8, lanes=2, bptt=8, n_jobs=1)
    before = text.partial_fit("ab" * 40).evaluate("ab" * 40)["nats"]
    assert text.partial_fit("ab" * 40).partial_fit("abab" * 40).evaluate("ab" * 40)["nats"] < before
    with pytest.raises(elman.DataError, match="a character that the model knows"):
        text.partial_fit("abc" * 40)
