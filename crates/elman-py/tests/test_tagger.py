"""Answers at every step, and sequences of tokens."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import elman

RNG = np.random.default_rng(9)
SENTENCES = [["fly", "to", "Oslo"], ["to", "Rome", "and", "Oslo"], ["fly", "home"], ["Rome"]] * 5
TAGS = [["o", "o", "city"], ["o", "city", "o", "city"], ["o", None], ["city"]] * 5


def tagger(**options: Any) -> elman.SequenceTagger:
    return elman.SequenceTagger(**{"hidden_size": 8, "epochs": 40, "learning_rate": 0.01, "n_jobs": 1, **options})


def walks() -> tuple[list[np.ndarray], list[list[int]]]:
    """Random walks; the class of a step is the sign of its sum so far."""
    X = [RNG.normal(size=(length, 1)).cumsum(axis=0) for length in (3, 6, 9) * 6]
    return X, [(x[:, 0] > 0).astype(int).tolist() for x in X]


def test_words_are_tagged_by_themselves_their_endings_and_their_shape() -> None:
    model = tagger().fit(SENTENCES, TAGS)
    assert model.classes_.tolist() == ["city", "o"] and model.score(SENTENCES, TAGS) == 1.0
    assert [tags.tolist() for tags in model.predict([["Oslo", "to"], []])] == [["city", "o"], []]
    assert [p.shape for p in model.predict_proba([["Oslo", "to"], []])] == [(2, 2), (0, 2)]
    assert [name for name, _ in model.model_.description["vocabularies"]] == ["word", "suffix1", "suffix2", "suffix3", "shape"]
    assert repr(model.model_).startswith("Model(classify, 7 of word, 5 of suffix1, ")
    again = pickle.loads(pickle.dumps(model))
    assert [p.tolist() for p in again.predict_proba(SENTENCES)] == [p.tolist() for p in model.predict_proba(SENTENCES)]


def test_steps_of_numbers_are_tagged_alone_and_side_by_side_alike() -> None:
    X, y = walks()
    model = tagger().fit(X, y, validation_data=(X[:3], y[:3]))
    assert model.score(X, y) > 0.9 and "val_accuracy" in model.history_
    all_of_them = model.predict_proba(X)
    for x, found in zip(X, all_of_them, strict=True):
        assert model.predict_proba([x])[0].tolist() == found.tolist()
    weights = np.arange(len(X)) == 2
    right = model.predict(X)[2] == np.array(y[2])
    assert model.score(X, y, weights.astype(float)) == pytest.approx(right.mean())


def test_a_model_file_tags_and_counts_classes_that_it_does_not_know(tmp_path: Any) -> None:
    model = tagger().fit(SENTENCES, TAGS)
    model.save(tmp_path / "tags.safetensors")
    loaded = elman.load(tmp_path / "tags.safetensors")
    assert (loaded.each, loaded.labels) == ("step", ["city", "o"])
    assert [t.tolist() for t in loaded.predict(SENTENCES[:4])] == [t.tolist() for t in model.predict(SENTENCES[:4])]
    assert loaded.evaluate(SENTENCES[:4], TAGS[:4])["accuracy"] == 1.0
    metrics = loaded.evaluate([["fly", "to"]], [["verb", "o"]])
    assert (metrics["other_classes"], metrics["accuracy"]) == (1, 0.5)


def test_texts_and_lists_of_tokens_are_classified() -> None:
    texts = ["up, up!", "going up", "so up", "down we go", "down", "it is down"] * 3
    y = ["up"] * 3 + ["down"] * 3
    common: dict[str, Any] = {"hidden_size": 8, "epochs": 40, "learning_rate": 0.01, "n_jobs": 1}
    for unit, tokens in (("words", 10), ("characters", len(set("".join(texts))))):
        model = elman.SequenceClassifier(tokens=unit, **common).fit(texts, y * 3)
        assert model.score(texts, y * 3) == 1.0
        # One more for what is not known.
        assert model.model_.description["vocabularies"][0][1] == tokens + 1
        assert model.model_.predict(["down"]).tolist() == ["down"]
        again = pickle.loads(pickle.dumps(model.model_))
        assert again.predict_proba(texts).tolist() == model.predict_proba(texts).tolist()
    lists = [text.split() for text in texts]
    model = elman.SequenceClassifier(**common).fit(lists, y * 3)
    assert model.predict(np.array(["down"], dtype=object)[None].tolist()).tolist() == ["down"]
    assert elman.SequenceRegressor(**common).fit(lists, [len(x) for x in lists]).predict(lists).shape == (18,)


X, Y = walks()
BAD: list[tuple[str, type[Exception], str, Any]] = [
    ("lengths", elman.ShapeError, r"y\[0\]: expected one for each of 3 steps, got 1", lambda: tagger().fit(X, [[0], *Y[1:]])),
    ("nothing known", elman.DataError, "at least one step, got none", lambda: tagger().fit(X, [[None] * len(x) for x in X])),
    ("one class", elman.DataError, "at least two classes", lambda: tagger().fit(X, [[0] * len(x) for x in X])),
    ("texts", TypeError, "got texts", lambda: tagger().fit(["ab", "b"], [["x", "y"], ["x"]])),
    ("a text", TypeError, "expected a list of texts", lambda: elman.SequenceClassifier().fit("abc", [0])),
    ("a number among tokens", TypeError, r"X\[0\]\[1\]: expected a token", lambda: tagger().fit([["a", 1]], [[0, 1]])),
    ("tokens for numbers", ValueError, "tokens: expected None beside numbers", lambda: elman.SequenceClassifier(tokens="words").fit(X, [0, 1] * 9)),
    ("numbers for tokens", TypeError, "expected lists of tokens, as in training, got numbers", lambda: tagger(epochs=1).fit(SENTENCES, TAGS).predict(X)),
    ("other classes", elman.DataError, "of the training data, got 'x'", lambda: tagger(epochs=1).fit(SENTENCES, TAGS, validation_data=([["a"]], [["x"]]))),
]


@pytest.mark.parametrize(("error", "message", "call"), [bad[1:] for bad in BAD], ids=[bad[0] for bad in BAD])
def test_what_cannot_be_used_is_refused(error: type[Exception], message: str, call: Any) -> None:
    with pytest.raises(error, match=message):
        call()
