"""Text: learnt, measured, written."""

from __future__ import annotations

import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import elman

TEXT = "to be or not to be, that is the question:\n" * 20


def language(**options: Any) -> elman.LanguageModel:
    small: dict[str, Any] = {"hidden_size": 24, "lanes": 4, "bptt": 16, "epochs": 40, "learning_rate": 0.01}
    return elman.LanguageModel(**{**small, "n_jobs": 1, **options})


def test_a_text_is_learnt_and_written(tmp_path: Path) -> None:
    model = language().fit(TEXT)
    assert model.history_["val_loss"][-1] < 0.5 * model.history_["val_loss"][0]
    assert model.generate("to be or ", length=9, temperature=0.0) == "not to be"
    assert model.generate("to be or ", length=99, temperature=0.0, stop=" be") == "not to"
    one, two = (model.generate(length=50, temperature=2.0, seed=seed) for seed in (1, 2))
    assert one != two and one == model.generate(length=50, temperature=2.0, seed=1)
    model.save(tmp_path / "text.safetensors")
    for again in (elman.load(tmp_path / "text.safetensors"), pickle.loads(pickle.dumps(model))):
        assert again.generate(length=50, temperature=2.0, seed=1) == one


def test_what_a_text_costs_is_the_mean_over_its_tokens(tmp_path: Path) -> None:
    model = language(epochs=3).fit(TEXT)
    logs = model.log_probabilities(TEXT)
    assert logs.shape == (len(TEXT) - 1,)
    found = model.evaluate(TEXT)
    assert found["nats"] == pytest.approx(-logs.mean(), rel=1e-12)
    assert found["bits"] == pytest.approx(found["nats"] / math.log(2), rel=1e-12)
    assert model.score(TEXT) == -found["nats"] and found["tokens"] == len(TEXT) - 1
    (tmp_path / "text.txt").write_text(TEXT)
    assert model.evaluate(tmp_path / "text.txt") == found == model.evaluate([TEXT[:99], TEXT[99:]])
    line, other = model.model_.score_lines(["to be", "or not"])
    assert line.tolist() == model.log_probabilities("\nto be").tolist() and other.shape == (6,)


@pytest.mark.parametrize("unit", ["bytes", "words"])
def test_tokens_of_every_kind(unit: str) -> None:
    model = language(tokens=unit, epochs=2).fit(TEXT, validation_data="to be or not\n" * 9)
    assert model.evaluate(TEXT)["unit"] == unit and model.n_iter_ == 2


def test_a_text_alone_and_from_a_stream_give_the_same_bits() -> None:
    model = language(epochs=2).fit(TEXT)
    stream = elman.Stream(model)
    answers = np.array([stream.step(token) for token in "to be"])
    assert answers.shape == (5, len(set(TEXT))) and answers.sum(axis=1) == pytest.approx(1.0)
    ids = [sorted(set(TEXT)).index(token) for token in "o be"]
    np.testing.assert_allclose(np.log(answers[range(4), ids]), model.log_probabilities("to be"), rtol=1e-12)


BAD: list[tuple[str, type[Exception], str, Any]] = [
    ("short", ValueError, "text: expected at least", lambda: language().fit("abc")),
    ("unit", ValueError, "did you mean 'words'", lambda: language(tokens="word").fit(TEXT)),
    ("number", TypeError, "expected a text", lambda: language().fit([1, 2])),
    ("file", FileNotFoundError, "none.txt", lambda: language().fit(Path("none.txt"))),
    ("backwards", TypeError, "direction", lambda: elman.LanguageModel(direction="both")),  # type: ignore[call-arg]
    ("unknown", elman.DataError, "a character that the model knows", lambda: language(epochs=1).fit(TEXT).evaluate("to Z")),
    ("top_p", ValueError, "top_p: expected above 0", lambda: language(epochs=1).fit(TEXT).generate(top_p=2.0)),
    ("other model", ValueError, "expected one that predicts the next token", lambda: elman.SequenceClassifier(epochs=1).fit([[1.0], [2.0]], [0, 1]).model_.generate("a")),
]


@pytest.mark.parametrize(("error", "message", "call"), [bad[1:] for bad in BAD], ids=[bad[0] for bad in BAD])
def test_what_cannot_be_used_is_refused(error: type[Exception], message: str, call: Any) -> None:
    with pytest.raises(error, match=message):
        call()
