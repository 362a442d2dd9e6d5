"""At home in aeon: its own checks, and the same bits as without it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from aeon.testing.estimator_checking import parametrize_with_checks

import elman
from elman.aeon import RNNClassifier, RNNRegressor

RNG = np.random.default_rng(2)
X = [RNG.normal(size=(2, length)).cumsum(axis=1) for length in (4, 9, 6, 7) * 5]
Y = np.array([("down", "up")[int(x[0, -1] > x[0, 0])] for x in X])


@parametrize_with_checks([RNNClassifier, RNNRegressor], use_first_parameter_set=True)
def test_aeon_accepts_the_estimators(check: Any) -> None:
    check()


def test_series_of_unequal_length_give_the_bits_of_the_sequences() -> None:
    small: dict[str, Any] = {"hidden_size": 4, "epochs": 3}
    model = RNNClassifier(**small, n_jobs=2).fit(X, Y)
    plain = elman.SequenceClassifier(**small).fit([x.T for x in X], Y)
    assert model.predict_proba(X).tolist() == plain.predict_proba([x.T for x in X]).tolist()
    assert (model.predict(X) == plain.predict([x.T for x in X])).all()
    sums = np.array([x.sum() for x in X])
    numbers = RNNRegressor(**small).fit(X, sums)
    assert numbers.predict(X).tolist() == elman.SequenceRegressor(**small).fit([x.T for x in X], sums).predict([x.T for x in X]).tolist()


def test_missing_values_are_refused() -> None:
    series = [x.copy() for x in X]
    series[1][0, 2] = np.nan
    with pytest.raises(ValueError, match="missing"):
        RNNClassifier().fit(series, Y)
