"""The estimators, without scikit-learn."""

from __future__ import annotations

import copy
import json
import pickle
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import elman
from elman import _elman

RNG = np.random.default_rng(4)


def ragged(count: int = 24) -> tuple[list[np.ndarray], list[str]]:
    """Sequences of 3 to 9 steps whose second channel rises or falls."""
    X, y = [], []
    for index in range(count):
        line = np.linspace(0.0, 1.0, 3 + index % 7)
        label = ("up", "down")[index % 2]
        X.append(np.stack([RNG.normal(size=len(line)), line if label == "up" else 1.0 - line], axis=1))
        y.append(label)
    return X, y


def classifier(**options: Any) -> elman.SequenceClassifier:
    return elman.SequenceClassifier(**{"hidden_size": 8, "epochs": 40, "learning_rate": 0.01, **options})


def test_classes_of_ragged_sequences_are_learnt() -> None:
    X, y = ragged()
    model = classifier(cell="gru", direction="both", pooling=["last", "mean"], num_layers=2).fit(X, y)
    assert model.score(X, y) == 1.0
    assert model.classes_.tolist() == ["down", "up"]
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1.0, rtol=1e-6)
    assert (model.predict(X) == model.classes_[model.predict_proba(X).argmax(axis=1)]).all()


def test_history_has_the_names_of_keras() -> None:
    X, y = ragged()
    model = classifier(epochs=5, validation_fraction=0.25).fit(X, y)
    wanted = {"loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "gradient_norm"}
    assert set(model.history_) == wanted
    assert {len(numbers) for numbers in model.history_.values()} == {5} == {model.n_iter_}
    again = classifier(epochs=5).fit(X, y, validation_data=(X[:6], y[:6]))
    assert len(again.history_["val_loss"]) == 5 and again.best_epoch_ is not None


def test_one_seed_gives_the_same_bits_on_any_number_of_threads() -> None:
    X, y = ragged()
    one, two, other = (classifier(random_state=s, n_jobs=n).fit(X, y) for s, n in ((3, 1), (3, 2), (4, 1)))
    assert one.predict_proba(X).tolist() == two.predict_proba(X).tolist()
    assert one.predict_proba(X).tolist() != other.predict_proba(X).tolist()


def test_all_forms_of_the_same_sequences_are_the_same() -> None:
    x = RNG.normal(size=(20, 6))
    y = (x.sum(axis=1) > 0).astype(int)
    expected = classifier(epochs=3).fit(x, y).predict_proba(x).tolist()
    for other in (x[:, :, None], list(x), [row.tolist() for row in x], np.asfortranarray(x), x.astype(object)):
        assert classifier(epochs=3).fit(other, y).predict_proba(other).tolist() == expected
    before = x.copy()
    assert (x == before).all()


def test_numbers_are_learnt_in_their_units() -> None:
    X = [np.full((length, 1), value) for length in (2, 4, 7) for value in (-1.0, 0.0, 1.0, 2.0)]
    y = np.array([[100 * x[0, 0], 5 - x[0, 0]] for x in X])
    model = elman.SequenceRegressor(hidden_size=8, epochs=120, learning_rate=0.01).fit(X, y)
    assert model.predict(X).shape == (12, 2)
    assert model.score(X, y) > 0.95
    flat = elman.SequenceRegressor(hidden_size=8, epochs=2, loss={"huber": {"delta": 0.5}}).fit(X, y[:, 0])
    assert flat.predict(X).shape == (12,)


def test_weights_count() -> None:
    X = [np.full((3, 1), 1.0)] * 8
    y = [0, 1] * 4
    for heavy in (0, 1):
        weights = [1.0 if label == heavy else 0.0 for label in y]
        model = classifier(scaling="raw").fit(X, y, sample_weight=weights)
        assert set(model.predict(X)) == {heavy}


def test_callbacks_are_told_and_may_stop() -> None:
    X, y = ragged()
    told: list[dict[str, float]] = []

    def third(epoch: dict[str, float]) -> bool:
        told.append(epoch)
        return epoch["epoch"] == 3

    model = classifier(callbacks=[third]).fit(X, y)
    assert [epoch["epoch"] for epoch in told] == [1, 2, 3]
    assert (model.n_iter_, model.outcome_) == (3, "stopped")
    assert model.history_["loss"] == [epoch["loss"] for epoch in told]


def test_a_fault_of_a_callback_ends_training() -> None:
    def faulty(epoch: dict[str, float]) -> bool:
        raise LookupError("mine")

    X, y = ragged()
    model = classifier(callbacks=[faulty])
    with pytest.raises(LookupError, match="mine"):
        model.fit(X, y)
    with pytest.raises(elman.NotFittedError, match="not been fitted"):
        model.predict(X)


def test_progress_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    X, y = ragged()
    classifier(epochs=2, verbose=1).fit(X, y)
    shown = capsys.readouterr()
    assert shown.out == "" and "loss" in shown.err and "2" in shown.err


def test_an_interrupt_is_obeyed_within_a_tenth_of_a_second() -> None:
    # Where the tests run in the background of a shell, the signal is ignored from the start.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    X = [RNG.normal(size=(300, 8)) for _ in range(64)]
    y = [index % 2 for index in range(64)]
    late = []
    # The best of three: a loaded machine may not run the thread that waits.
    for _ in range(3):
        sent: list[float] = []

        def interrupt(sent: list[float] = sent) -> None:
            time.sleep(0.2)
            sent.append(time.monotonic())
            signal.raise_signal(signal.SIGINT)

        thread = threading.Thread(target=interrupt)
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            elman.SequenceClassifier(hidden_size=128, cell="lstm", batch_size=64, n_jobs=1).fit(X, y)
        late.append(time.monotonic() - sent[0])
        thread.join()
        if late[-1] < 0.1:
            break
    signal.signal(signal.SIGINT, before)
    assert min(late) < 0.1, late


def test_estimators_are_pickled_and_copied(tmp_path: Path) -> None:
    X, y = ragged()
    model = classifier(epochs=3).fit(X, y)
    expected = model.predict_proba(X).tolist()
    for other in (pickle.loads(pickle.dumps(model)), copy.copy(model), copy.deepcopy(model)):
        assert other.predict_proba(X).tolist() == expected
        assert other.get_params() == model.get_params()
    model.save(tmp_path / "model.safetensors")
    assert elman.load(tmp_path / "model.safetensors").predict_proba(X).tolist() == expected


def test_parameters_are_read_and_set() -> None:
    model = classifier(epochs=3)
    assert model.set_params(epochs=7, cell="gru").get_params()["epochs"] == 7
    assert repr(model) == "SequenceClassifier(cell='gru', epochs=7, hidden_size=8, learning_rate=0.01)"
    with pytest.raises(ValueError, match="Invalid parameter 'epoch'"):
        model.set_params(epoch=1)


@pytest.mark.parametrize("kind", [elman.SequenceClassifier, elman.SequenceRegressor])
def test_the_defaults_are_those_of_the_command_line(kind: Any) -> None:
    from elman._settings import seed_of, settings_of

    parameters = kind().get_params()
    found = json.loads(settings_of(parameters, seed_of(parameters["random_state"]), _elman.default_settings()))
    wanted = json.loads(_elman.default_settings())
    if kind is elman.SequenceClassifier:
        wanted["network"]["layers"][0]["regularization"]["state_dropout"] = _elman.STATE_DROPOUT_OF_CLASSES
    found["training"].pop("threads")
    if found["training"]["optimizer"] == {"kind": "adamw"}:
        assert wanted["training"].pop("optimizer")["kind"] == found["training"].pop("optimizer")["kind"]
    wanted["training"]["clip"]["norm"].pop("kind")
    assert found == wanted
    assert parameters["tokens"] is None and not parameters["warm_start"]
    assert parameters.get("class_weight") is None and parameters.get("label_smoothing", 0.0) == 0.0


def test_everything_else_goes_through_settings() -> None:
    X, y = ragged()
    averaged = {"training": {"max_updates": 4, "averaging": {"kind": "ema", "decay": 0.5}}}
    assert classifier(settings=averaged).fit(X, y).n_iter_ == 2
    with pytest.raises(ValueError, match="did you mean 'max_updates'"):
        classifier(settings={"training": {"max_update": 4}}).fit(X, y)


def test_importing_elman_imports_nothing_heavy() -> None:
    heavy = "sklearn pandas polars tqdm scipy matplotlib dataclasses inspect difflib html"
    program = f"import sys, numpy; had = set(sys.modules); import elman; print([n for n in '{heavy}'.split() if n in set(sys.modules) - had])"
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"


X, Y = ragged(6)
BAD: list[tuple[str, type[Exception], str, Any]] = [
    ("one axis", elman.ShapeError, "Reshape your data", lambda: classifier().fit(np.zeros(4), [0] * 4)),
    ("four axes", elman.ShapeError, r"got shape \[1, 1, 1, 1\]", lambda: classifier().fit(np.zeros((1, 1, 1, 1)), [0])),
    ("empty", elman.ShapeError, "X: expected at least one sequence", lambda: classifier().fit([], [])),
    ("widths", elman.ShapeError, r"X\[1\]: expected shape \[4, 2\]", lambda: classifier().fit([X[0], X[1][:, :1]], "ab")),
    ("nan", elman.DataError, "sequence 1, step 2.*got NaN", lambda: classifier().fit([[0.0, 1.0, 1.0], [0.0, 1.0, np.nan]], [0, 1])),
    ("text", ValueError, "could not convert string", lambda: classifier().fit(np.array([["a", "b"], ["b", "c"]]), [0, 1])),
    ("objects", TypeError, "number", lambda: classifier().fit(np.full((2, 2), {}, dtype=object), [0, 1])),
    ("complex", ValueError, "Complex data", lambda: classifier().fit(np.zeros((2, 2), complex), [0, 1])),
    ("labels", elman.ShapeError, "y: expected one for each of 6", lambda: classifier().fit(X, Y[:5])),
    ("one class", elman.DataError, "at least two classes", lambda: classifier().fit(X, ["up"] * 6)),
    ("numbers as classes", elman.DataError, "SequenceRegressor", lambda: classifier().fit(X, np.arange(6) / 4)),
    ("no target", ValueError, "target y is None", lambda: classifier().fit(X, None)),
    ("weights", elman.DataError, "weights: expected finite numbers", lambda: classifier().fit(X, Y, [-1.0] * 6)),
    ("few weights", elman.ShapeError, "sample_weight", lambda: classifier().fit(X, Y, [1.0])),
    ("channels", elman.ShapeError, "X has 1 features", lambda: classifier(epochs=1).fit(X, Y).predict([x[:, :1] for x in X])),
    ("cell", ValueError, "unknown variant `grru`", lambda: classifier(cell="grru").fit(X, Y)),
    ("pooling", ValueError, "did you mean 'mean'", lambda: classifier(pooling="means").fit(X, Y)),
    ("epochs", ValueError, "epochs: expected at least 1, got 0", lambda: classifier(epochs=0).fit(X, Y)),
    ("negative", ValueError, "batch_size|invalid value", lambda: classifier(batch_size=-1).fit(X, Y)),
    ("layers", ValueError, "num_layers", lambda: classifier(hidden_size=[2, 3], num_layers=3).fit(X, Y)),
    ("seed", ValueError, "random_state", lambda: classifier(random_state=-1).fit(X, Y)),
    ("threads", ValueError, "threads", lambda: classifier(n_jobs=0).fit(X, Y)),
    ("diverged", elman.DataError, "training diverged", lambda: elman.SequenceRegressor(learning_rate=1e30, clip_norm=None, optimizer="sgd", cell={"simple": {"activation": "relu"}}, epochs=40).fit(X, range(6))),
    ("frame", elman.DataError, "expected a column 'who'", lambda: elman.from_long({"a": [1]}, "who")),
    ("two targets", elman.DataError, "expected one value in sequence 0", lambda: elman.from_long({"a": [1, 1], "b": [1.0, 2.0], "c": [1, 2]}, "a", target="c")),
]


@pytest.mark.parametrize(("error", "message", "call"), [bad[1:] for bad in BAD], ids=[bad[0] for bad in BAD])
def test_what_cannot_be_used_is_refused(error: type[Exception], message: str, call: Any) -> None:
    with pytest.raises(error, match=message):
        call()
