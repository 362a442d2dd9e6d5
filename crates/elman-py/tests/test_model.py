"""The model file: the numbers that the command line printed for it, to the bit."""

from __future__ import annotations

import copy
import csv
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import elman

MODELS = Path(__file__).parents[3] / "tests-data" / "models" / "0.1.0"
NAMES = ["simple", "simple_relu_both", "lstm_reverse", "gru_after", "gru_before", "regress"]


def columns(path: Path) -> dict[str, list[str]]:
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: [row[name] for row in rows] for name in rows[0]}


def utterances(model: elman.Model) -> elman.Long:
    table: dict[str, Any] = columns(MODELS / "data.csv")
    table["step"] = [int(step) for step in table["step"]]
    return elman.from_long(table, "utterance", time="step", features=model.feature_names, target="speaker")


def loaded(name: str) -> tuple[elman.Model, elman.Long]:
    model = elman.load(MODELS / f"{name}.safetensors")
    return model, utterances(model)


@pytest.mark.parametrize("name", NAMES)
def test_a_loaded_model_gives_the_bits_of_the_command_line(name: str) -> None:
    model, data = loaded(name)
    printed = columns(MODELS / f"{name}.csv")
    assert data.ids.tolist() == printed["sequence"]
    if model.labels is None:
        expected = np.array(printed["prediction"], np.float64)[:, None]
        assert model.predict(data.X).tolist() == expected.tolist()
    else:
        assert model.predict(data.X).tolist() == printed["prediction"]
        expected = np.array([printed[f"probability_{label}"] for label in model.labels], np.float64).T
        assert model.predict_proba(data.X).tolist() == expected.tolist()


def test_a_sequence_alone_and_a_padded_batch_give_the_same_bits() -> None:
    model, data = loaded("gru_after")
    all_of_them = model.predict_proba(data.X)
    for index, one in enumerate(data.X):
        assert model.predict_proba([one]).tolist() == all_of_them[index : index + 1].tolist()
    same_length = np.stack([x[:7] for x in data.X])
    assert model.predict_proba(same_length).tolist() == model.predict_proba(list(same_length)).tolist()


def test_a_model_is_saved_pickled_and_copied(tmp_path: Path) -> None:
    model, data = loaded("simple")
    expected = model.predict_proba(data.X).tolist()
    model.save(tmp_path / "again.safetensors")
    others = [elman.load(tmp_path / "again.safetensors"), pickle.loads(pickle.dumps(model))]
    for other in [*others, copy.copy(model), copy.deepcopy(model)]:
        assert other.predict_proba(data.X).tolist() == expected
        assert other.description == model.description


def test_evaluation_counts_what_is_right() -> None:
    model, data = loaded("gru_before")
    assert data.y is not None
    metrics = model.evaluate(data.X, data.y)
    assert metrics["accuracy"] == np.mean(model.predict(data.X) == data.y)
    model, data = loaded("regress")
    assert data.y is not None
    y = data.y.astype(np.float64)
    error = model.predict(data.X)[:, 0] - y
    found = model.evaluate(data.X, y)["targets"][0]["model"]["rmse"]
    assert found == pytest.approx(np.sqrt(np.mean(error**2)), rel=1e-12)


def test_a_model_says_what_it_is() -> None:
    model, _ = loaded("gru_after")
    assert repr(model).startswith("Model(classify, 12 channels, gru 8, gru 8, ")
    shown = model._repr_html_()
    assert ">channels</th><td" in shown and ">lpc1, lpc2" in shown and "script" not in shown
    assert (model.task, model.target_names, model.labels) == ("classify", ["speaker"], [str(n) for n in range(1, 10)])


def test_bad_files_and_data_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        elman.load(tmp_path / "none.safetensors")
    (tmp_path / "text.safetensors").write_text("no model")
    with pytest.raises(elman.FormatError, match=r"text\.safetensors: expected"):
        elman.load(tmp_path / "text.safetensors")
    model, data = loaded("simple")
    with pytest.raises(elman.FormatError, match="expected a file to write, got a folder"):
        model.save(tmp_path)
    with pytest.raises(elman.ShapeError, match="expected sequences of 12 channels, got 11"):
        model.predict([x[:, :11] for x in data.X])
    with pytest.raises(elman.DataError, match=r"y\[0\]: expected one of the classes 1, 2.*got 'eve'"):
        model.evaluate(data.X, ["eve"] * len(data.X))
    with pytest.raises(AttributeError, match="expected a model of classes"):
        numbers, data = loaded("regress")
        numbers.predict_proba(data.X)
