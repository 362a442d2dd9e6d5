"""20,000 random calls over every public class and function: an exception of Python, or a result; never a crash."""

from __future__ import annotations

from typing import Any

import numpy as np

import elman

EXPECTED = (ValueError, TypeError, AttributeError, RuntimeError, OverflowError, KeyError, IndexError)
SMALL = {"hidden_size": 2, "epochs": 1}
FUNCTIONS = (
    elman.mean_squared_error,
    elman.mean_absolute_error,
    elman.huber,
    elman.smooth_l1,
    elman.cross_entropy,
    elman.binary_cross_entropy,
)


def array(random: np.random.Generator, axes: int) -> Any:
    shape = tuple(int(n) for n in random.integers(0, 4, size=axes))
    kind = random.integers(0, 12)
    values = random.normal(size=shape)
    if kind < 5:
        return values
    if kind < 7:
        return values.astype(np.float32)
    if kind == 7:
        return np.asfortranarray(values)
    if kind == 8:
        return np.full(shape, random.choice([np.nan, np.inf, 1e308, -0.0]))
    if kind == 9:
        return random.integers(-2, 4, size=shape)
    return random.choice(np.array([None, "x", 3, 2.5], dtype=object))


def call(random: np.random.Generator, layers: list[Any]) -> None:
    layer = layers[random.integers(len(layers))]
    match random.integers(0, 9):
        case 0 | 1:
            state = None if random.random() < 0.5 else array(random, 2)
            if isinstance(layer, elman.LSTM) and state is not None:
                state = (state, array(random, 2))
            lengths = None if random.random() < 0.5 else random.integers(-1, 4, size=random.integers(0, 4))
            layer.forward(array(random, 3), state, lengths)
        case 2:
            outputs = layer.forward(random.normal(size=(2, 3, 2)).astype(layer.dtype))[0]
            grad = outputs if random.random() < 0.7 else array(random, 3)
            layer.backward(grad, None if random.random() < 0.7 else array(random, 2))
        case 3:
            layer.step(array(random, 2), None if random.random() < 0.5 else array(random, 2))
        case 4:
            setattr(layer, random.choice(["bias", "input_weights", "x", "recurrent_weights"]), array(random, 2))
        case 5:
            FUNCTIONS[random.integers(len(FUNCTIONS))](array(random, 2), array(random, random.integers(0, 4)))
        case 6:
            rule = elman.SGD(0.1, momentum=0.5) if random.random() < 0.5 else elman.Adam()
            rule.step({"w": array(random, 2)}, {"w": array(random, 2)})
        case 7:
            clip = elman.clip_norm if random.random() < 0.5 else elman.clip_value
            clip({"w": array(random, 2)}, random.normal())
        case _:
            dense = elman.Dense(int(random.integers(0, 3)), 2)
            dense.forward(array(random, 2))
            dense.backward(array(random, 2))
            elman.softmax(array(random, 2))


def anything(random: np.random.Generator) -> Any:
    """Sequences, texts, tables, or what is none of them."""
    kind = random.integers(0, 10)
    if kind < 4:
        return [array(random, 2) for _ in range(random.integers(0, 4))]
    if kind == 4:
        return array(random, random.integers(0, 4))
    if kind == 5:
        return ["ab", "", "ba"][: random.integers(0, 4)]
    if kind == 6:
        return [["a", "b"], [], ["b"]][: random.integers(0, 4)]
    if kind == 7:
        steps = int(random.integers(0, 20))
        return {"ds": np.arange(steps) * int(random.integers(0, 3)), "y": array(random, 1)}
    if kind == 8:
        return {"ds": np.arange(30), "y": random.normal(size=30)}
    return random.choice(np.array([None, "text", 3, -1.5], dtype=object))


def fitted() -> list[Any]:
    X = [np.arange(2.0 * steps).reshape(steps, 2) for steps in (3, 2, 4, 1)]
    words = [["a", "b"], ["b"], ["a"]]
    small = {"horizon": 2, "season": 2, "context": 4, "transform": "none", "scale": "series"}
    return [
        elman.SequenceClassifier(**SMALL).fit(X, ["u", "v", "u", "v"]),
        elman.SequenceClassifier(**SMALL, tokens="characters").fit(["ab", "b", "aa"], [0, 1, 0]),
        elman.SequenceRegressor(**SMALL).fit(X, [0.0, 1.0, 2.0, 3.0]),
        elman.SequenceTagger(**SMALL).fit(words, [["x", "y"], ["y"], ["x"]]),
        elman.LanguageModel(**SMALL, lanes=2, bptt=4, validation_fraction=0.0).fit("abab " * 8),
        elman.Forecaster(**SMALL, **small).fit(np.sin(np.arange(30.0))),
    ]


def ask(random: np.random.Generator, models: list[Any]) -> None:
    """Calls a public method of a fitted estimator, of its model, or fits one like it."""
    own = models[random.integers(len(models))]
    if random.random() < 0.3:
        own = own.model_
    names = [name for name in dir(own) if not name.startswith("_") and callable(getattr(own, name, None))]
    name = str(random.choice([name for name in names if name not in ("save", "set_params", "from_model")]))
    method = getattr(own, name)
    if name in ("fit", "partial_fit"):
        method = getattr(type(own)(**own.get_params()), name)
    if name == "generate":
        method("a" if random.random() < 0.5 else anything(random), length=int(random.integers(-1, 4)))
    elif random.random() < 0.4:
        method(anything(random))
    else:
        method(anything(random), anything(random))


def test_random_questions_end_in_an_answer_or_an_exception() -> None:
    random = np.random.default_rng(16)
    models = fitted()
    done = refused = 0
    for _ in range(3_000):
        try:
            ask(random, models)
            done += 1
        except EXPECTED as error:
            assert type(error).__name__ != "PanicException"
            refused += 1
    assert done > 150 and refused > 1_000


def test_random_calls_end_in_a_result_or_an_exception() -> None:
    random = np.random.default_rng(15)
    layers = [
        make(2, 3, dtype=dtype)
        for make in (elman.SimpleRNN, elman.LSTM, elman.GRU)
        for dtype in (np.float32, np.float64)
    ]
    done = refused = 0
    for _ in range(20_000):
        try:
            call(random, layers)
            done += 1
        except EXPECTED as error:
            assert type(error).__name__ != "PanicException"
            refused += 1
    assert done > 2_000 and refused > 2_000
