"""Python and the command line train the same network, and give the same bits.

The library's own tests hold the committed models to the same printed predictions.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import elman
from test_model import MODELS, NAMES, columns, loaded

PROGRAM = os.environ.get("ELMAN_CLI", "")
RNG = np.random.default_rng(6)
X = [RNG.normal(size=(length, 2)).round(3) for length in (5, 3, 8, 4) * 5]
SHORT: dict[str, Any] = {"epochs": 3, "random_state": 7}

pytestmark = pytest.mark.skipif(not PROGRAM, reason="ELMAN_CLI does not name the program; cargo xtask test sets it")


def run(*arguments: str | Path) -> str:
    done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def trained(data: Path, *options: str) -> Path:
    model = data.with_suffix(".safetensors")
    run("train", data, *options, "--epochs", "3", "--seed", "7", "--output", model, "--quiet")
    return model


def long_table(path: Path, y: list[Any]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "t", "channel1", "channel2", "y"])
        for index, (x, target) in enumerate(zip(X, y, strict=True)):
            writer.writerows([index, step, *values, target] for step, values in enumerate(x.tolist()))
    return path


def predicted(model: Path, data: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(run("predict", model, data, "--quiet").splitlines()))


def same(model: Path, estimator: Any) -> elman.Model:
    """The file of the command line has the estimator's network, settings and history."""
    loaded, own = elman.load(model), estimator.model_
    assert loaded.description["network"] == own.description["network"]
    assert loaded.description["scaling"] == own.description["scaling"]
    settings, found = loaded.description["provenance"]["settings"], own.description["provenance"]["settings"]
    assert (settings["training"], settings["network"]) == (found["training"], found["network"])
    assert loaded.history == own.history
    return loaded


@pytest.mark.parametrize("name", NAMES)
def test_committed_models(name: str) -> None:
    model, data = loaded(name)
    printed = predicted(MODELS / f"{name}.safetensors", MODELS / "data.csv")
    assert [row["utterance"] for row in printed] == data.ids.tolist()
    expected = columns(MODELS / f"{name}.csv")
    for column in expected.keys() - {"sequence"}:
        assert [row[column] for row in printed] == expected[column]
    labels = model.labels or []
    if labels:
        numbers = [[float(row[f"probability_{label}"]) for label in labels] for row in printed]
        assert model.predict_proba(data.X).tolist() == numbers
    else:
        assert model.predict(data.X).tolist() == [[float(row["prediction"])] for row in printed]


def test_classes(tmp_path: Path) -> None:
    y = [("down", "up")[int(x[-1, 0] > 0)] for x in X]
    data = long_table(tmp_path / "classes.csv", y)
    model = trained(data, "--task", "classify", "--sequence", "id", "--time", "t", "--target", "y")
    estimator = elman.SequenceClassifier(**SHORT).fit(X, y)
    assert same(model, estimator).predict_proba(X).tolist() == estimator.predict_proba(X).tolist()
    printed = [[float(row["probability_down"]), float(row["probability_up"])] for row in predicted(model, data)]
    assert printed == estimator.predict_proba(X).tolist()


def test_numbers(tmp_path: Path) -> None:
    y = [round(float(x.sum()), 3) for x in X]
    data = long_table(tmp_path / "numbers.csv", y)
    model = trained(data, "--sequence", "id", "--time", "t", "--target", "y", "--task", "regress")
    estimator = elman.SequenceRegressor(**SHORT).fit(X, y)
    same(model, estimator)
    assert [float(row["prediction"]) for row in predicted(model, data)] == estimator.predict(X).tolist()


def test_tags(tmp_path: Path) -> None:
    sentences = [["fly", "to", "Oslo"], ["to", "Rome", "and", "Oslo"], ["fly", "home"]] * 4
    tags = [["o", "o", "city"], ["o", "city", "o", "city"], ["o", "o"]] * 4
    data = tmp_path / "tags.tsv"
    lines = ["".join(f"{word}\t{tag}\n" for word, tag in zip(*pair, strict=True)) for pair in zip(sentences, tags, strict=True)]
    data.write_text("\n".join(lines))
    model = trained(data, "--task", "tag")
    estimator = elman.SequenceTagger(**SHORT).fit(sentences, tags)
    same(model, estimator)
    rows = predicted(model, data)
    expected = np.concatenate(estimator.predict_proba(sentences)).tolist()
    assert [[float(row["probability_city"]), float(row["probability_o"])] for row in rows] == expected
    # And the other way round: the command line reads tables with a model of Python.
    estimator.save(tmp_path / "python.safetensors")
    assert predicted(tmp_path / "python.safetensors", data) == rows


def test_texts(tmp_path: Path) -> None:
    texts = ["up, up!", "going up", "so up", "down we go", "down", "it is down"] * 3
    y = (["up"] * 3 + ["down"] * 3) * 3
    data = tmp_path / "texts.csv"
    with data.open("w", newline="") as file:
        csv.writer(file).writerows([["text", "y"], *zip(texts, y, strict=True)])
    model = trained(data, "--task", "classify", "--text", "text", "--tokens", "words", "--target", "y")
    estimator = elman.SequenceClassifier(tokens="words", **SHORT).fit(texts, y)
    loaded = same(model, estimator)
    assert loaded.predict_proba(texts).tolist() == estimator.predict_proba(texts).tolist()
    estimator.save(tmp_path / "python.safetensors")
    assert predicted(tmp_path / "python.safetensors", data) == predicted(model, data)


def test_text(tmp_path: Path) -> None:
    data = tmp_path / "text.txt"
    data.write_text("to be or not to be, that is the question:\n" * 30)
    small = ["--hidden-size", "16", "--lanes", "4", "--bptt", "16"]
    model = trained(data, "--task", "text", *small, "--test-fraction", "0")
    options: dict[str, Any] = {"hidden_size": 16, "lanes": 4, "bptt": 16}
    estimator = elman.LanguageModel(**options, **SHORT).fit(data)
    loaded = same(model, estimator)
    assert loaded.evaluate(data) == estimator.evaluate(data)
    written = json.loads(run("generate", model, "--length", "40", "--seed", "5", "--json"))["text"]
    assert written == estimator.generate(length=40, seed=5)
