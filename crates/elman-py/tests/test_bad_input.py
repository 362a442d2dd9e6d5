"""What cannot be used is refused with an exception that says what to do; nothing is changed by it."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import elman

X = np.zeros((2, 3, 4))


def rnn(**options: Any) -> elman.SimpleRNN:
    return elman.SimpleRNN(4, 5, **options)


def assigned(name: str, value: Any) -> None:
    setattr(rnn(), name, value)


BAD: list[tuple[str, type[Exception], str, Callable[[], Any]]] = [
    ("rank", elman.ShapeError, "x: expected 3 axes, got 2", lambda: rnn().forward(X[0])),
    ("width", elman.ShapeError, r"inputs: expected shape \[2, 3, 4\], got \[2, 3, 3\]", lambda: rnn().forward(X[:, :, :3].copy())),
    ("dtype", TypeError, r"x: expected an array of float64, got float32 \(hint: x.astype", lambda: rnn().forward(X.astype(np.float32))),
    ("order", ValueError, "x: expected C order, got Fortran order", lambda: rnn().forward(np.asfortranarray(X))),
    ("strides", ValueError, "x: expected C order, got strides", lambda: rnn().forward(np.zeros((2, 3, 8))[:, :, ::2])),
    ("list", TypeError, "x: expected a NumPy array of float64, got list", lambda: rnn().forward([[[0.0] * 4]])),
    ("objects", TypeError, "got object", lambda: rnn().forward(np.zeros((1, 1, 4), dtype=object))),
    ("strings", TypeError, "x: expected an array of float64", lambda: rnn().forward(np.full((1, 1, 4), "a"))),
    ("big-endian", TypeError, "x: expected an array of float64", lambda: rnn().forward(X.astype(">f8"))),
    ("long", ValueError, r"lengths\[0\]: expected at most 3 \(time axis\), got 4", lambda: rnn().forward(X, lengths=[4, 1])),
    ("negative", ValueError, r"lengths\[1\]: expected 0 or more, got -1", lambda: rnn().forward(X, lengths=[1, -1])),
    ("few lengths", elman.ShapeError, "lengths", lambda: rnn().forward(X, lengths=[1])),
    ("text lengths", TypeError, "lengths: expected one integer for each sequence", lambda: rnn().forward(X, lengths="ab")),
    ("state", elman.ShapeError, "initial_state", lambda: rnn().forward(X, np.zeros((2, 4)))),
    ("state rows", elman.ShapeError, "initial_state", lambda: rnn().forward(X, np.zeros((3, 5)))),
    ("lstm state", TypeError, "initial_state: expected a tuple of 2 arrays", lambda: elman.LSTM(4, 5).forward(X, np.zeros((2, 5)))),
    ("lstm parts", TypeError, "initial_state: expected 2 arrays, got 1", lambda: elman.LSTM(4, 5).forward(X, (np.zeros((2, 5)),))),
    ("backward first", RuntimeError, "expected a forward run before it", lambda: rnn().backward()),
    ("size 0", ValueError, "hidden_size: expected at least 1, got 0", lambda: elman.GRU(3, 0)),
    ("huge", ValueError, "input_size: expected at most", lambda: elman.LSTM(2**40, 2**40)),
    ("direction", ValueError, "both.*expected `forward` or `reverse`", lambda: rnn(direction="both")),
    ("dtype name", TypeError, "dtype: expected float32 or float64, got int64", lambda: rnn(dtype=np.int64)),
    ("activation", ValueError, "tanhh", lambda: rnn(activation="tanhh")),
    ("option", TypeError, "reset", lambda: rnn(reset="after")),
    ("weights", elman.ShapeError, r"bias: expected shape \[5\], got \[4\]", lambda: assigned("bias", np.zeros(4))),
    ("weight type", TypeError, "bias: expected an array of float64", lambda: assigned("bias", np.full(5, "a"))),
    ("weight name", AttributeError, "has no weights; its weights are input_weights", lambda: assigned("weights", 1.0)),
    ("rate", ValueError, "learning_rate", lambda: elman.SGD(-1.0).step({"w": np.ones(2)}, {"w": np.ones(2)})),
    ("no gradient", ValueError, "gradients: expected one named w", lambda: elman.SGD(1.0).step({"w": np.ones(2)}, {})),
    ("nothing", ValueError, "at least one array, got none", lambda: elman.SGD(1.0).step({}, {})),
    ("momentum", ValueError, "momentum", lambda: elman.SGD(1.0, momentum=2.0)),
    ("reduction", ValueError, "none", lambda: elman.huber(np.ones(2), np.ones(2), reduction="none")),
    ("classes", ValueError, "target", lambda: elman.cross_entropy(np.zeros((1, 2)), np.array([2]))),
]


@pytest.mark.parametrize("name, error, message, call", BAD, ids=[row[0] for row in BAD])
def test_refused(name: str, error: type[Exception], message: str, call: Callable[[], Any]) -> None:
    with pytest.raises(error) as caught:
        call()
    assert type(caught.value) is error
    assert re.search(message, str(caught.value)), str(caught.value)
    assert "panick" not in str(caught.value)
    assert not X.any()


def test_a_read_only_array_is_read_but_not_written() -> None:
    x = np.ones((1, 2, 4))
    x.flags.writeable = False
    rnn().forward(x)
    with pytest.raises(ValueError, match="w: expected a writable array"):
        elman.SGD(1.0).step({"w": x}, {"w": np.ones((1, 2, 4))})
    assert (x == 1.0).all()


def test_errors_are_value_errors() -> None:
    assert all(issubclass(e, ValueError) for e in (elman.ShapeError, elman.FormatError, elman.DataError))


def test_weights_are_views_and_count_at_the_next_run() -> None:
    layer, x = rnn(seed=3), np.ones((1, 1, 4))
    before = layer.forward(x)[0].copy()
    layer.bias[0] += 1.0
    assert (layer.forward(x)[0] != before).any()
    layer.bias[0] -= 1.0
    np.testing.assert_allclose(layer.forward(x)[0], before)
    layer.bias -= np.ones(5)
    assert copy.copy(layer.parameters["bias"]) is not layer.bias
    assert (layer.forward(x)[0] < before).all()


@pytest.mark.parametrize("make", [elman.SimpleRNN, elman.LSTM, elman.GRU])
def test_steps_are_the_whole_and_padding_is_not_read(make: Any) -> None:
    layer, random = make(3, 4, seed=1, dtype=np.float32), np.random.default_rng(0)
    x = random.normal(size=(2, 5, 3)).astype(np.float32)
    outputs, final = layer.forward(x, lengths=np.array([5, 2]))
    x[1, 2:] = np.nan
    again, _ = layer.forward(x, lengths=[5, 2])
    np.testing.assert_array_equal(outputs, again)
    assert not outputs[1, 2:].any()
    state = None
    for t in range(5):
        state = layer.step(np.ascontiguousarray(x[:1, t]), state)
        hidden = state.hidden if make is elman.LSTM else state
        np.testing.assert_array_equal(hidden[0], outputs[0, t])
    hidden = final.hidden if make is elman.LSTM else final
    np.testing.assert_array_equal(hidden[0], outputs[0, 4])


def test_repr_and_html_show_sizes() -> None:
    assert repr(rnn()) == "SimpleRNN(input_weights [4, 5], recurrent_weights [5, 5], bias [5], float64)"
    page = rnn()._repr_html_()
    assert "<td>[5, 5]</td><td>25</td>" in page and "50 weights" in page


PAGES = [Path(__file__).parents[1] / "README.md", Path(__file__).parents[3] / "docs" / "python.md"]


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_pages_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(), re.S)
    assert blocks
    exec(compile("".join(blocks), page.name, "exec"), {})
