"""At home in scikit-learn: its own checks, and its tools over sequences of different length."""

from __future__ import annotations

import warnings
from typing import Any

import joblib
import numpy as np
import pandas
import polars
import pytest
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import elman

SMALL: dict[str, Any] = {"hidden_size": 8, "epochs": 30, "learning_rate": 0.02, "n_jobs": 1}
BY_BATCH = "a network learns from batches of rows: a row of weight 2 is not in the places of two rows"
REASONS = {
    "check_sample_weight_equivalence_on_dense_data": BY_BATCH,
}



def checks() -> Any:
    """All checks; what the estimators do not inherit from is said by scikit-learn when it collects them."""
    estimators = [elman.SequenceClassifier(**SMALL), elman.SequenceRegressor(**SMALL)]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*does not inherit from `sklearn.base.BaseEstimator`", UserWarning)
        mark = parametrize_with_checks(estimators, expected_failed_checks=lambda estimator: REASONS).mark
        return pytest.mark.parametrize(mark.args[0], list(mark.args[1]), **mark.kwargs)


@checks()
def test_scikit_learn_accepts_the_estimators(estimator: Any, check: Any) -> None:
    check(estimator)


def ragged() -> tuple[list[np.ndarray], list[str]]:
    lines = [np.linspace(0.0, 1.0, 3 + index % 5)[:, None] for index in range(30)]
    return [line if index % 2 else 1.0 - line for index, line in enumerate(lines)], ["down", "up"] * 15


def test_cross_validation_over_sequences_of_different_length() -> None:
    X, y = ragged()
    assert cross_val_score(elman.SequenceClassifier(**SMALL), X, y, cv=3).mean() > 0.9
    search = GridSearchCV(elman.SequenceClassifier(**SMALL), {"cell": ["simple", "gru"]}, cv=2)
    assert search.fit(X, y).best_estimator_.score(X, y) > 0.9


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_joblib_in_threads_and_processes(backend: str) -> None:
    X, y = ragged()
    model = elman.SequenceClassifier(**SMALL)
    work = [joblib.delayed(clone(model).fit)(X, y) for _ in range(2)]
    one, two = joblib.Parallel(2, backend=backend)(work)
    expected = model.fit(X, y).predict_proba(X).tolist()
    assert one.predict_proba(X).tolist() == two.predict_proba(X).tolist() == expected


def test_a_pipeline_over_univariate_rows() -> None:
    x = np.random.default_rng(1).normal(size=(40, 5))
    y = (x[:, -1] > 0).astype(int)
    pipeline = make_pipeline(StandardScaler(), elman.SequenceClassifier(**SMALL)).fit(x, y)
    assert pipeline.score(x, y) > 0.9
    assert is_classifier(pipeline) and is_regressor(elman.SequenceRegressor())


def test_long_frames_of_pandas_and_polars() -> None:
    columns = {"id": [7, 3, 7, 3, 7], "t": [2, 0, 0, 1, 1], "v": [3.0, 4.0, 1.0, 5.0, 2.0], "kind": list("abaab")}
    columns["kind"] = ["x", "y", "x", "y", "x"]
    plain = elman.from_long(columns, "id", time="t", target="kind")
    assert [x.tolist() for x in plain.X] == [[[1.0], [2.0], [3.0]], [[4.0], [5.0]]]
    for frame in (pandas.DataFrame(columns), polars.DataFrame(columns)):
        long = elman.from_long(frame, "id", time="t", target="kind")
        assert [x.tolist() for x in long.X] == [x.tolist() for x in plain.X]
        assert long.y is not None and long.y.tolist() == ["x", "y"]
        assert (long.ids.tolist(), long.features) == ([7, 3], ["v"])
