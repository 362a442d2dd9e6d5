"""What users have for sequences, as a list of float64 arrays `[T_i, I]`."""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from elman import _elman

Array = NDArray[Any]
Sequences = Any
"""A 3-D array `[B, T, I]`, a list of arrays `[T_i, I]` or `[T_i]`, a 2-D array or frame: a univariate
sequence in each row; a list of texts, or of lists of tokens."""


class Given(NamedTuple):
    """Sequences as the library takes them."""

    items: list[Any]
    """Arrays `[T_i, I]`, texts, or lists of tokens."""
    kind: str = "numbers"
    """`"numbers"`, `"texts"` or `"tokens"`."""
    channels: int = 0
    columns: int | None = None
    """The columns of a 2-D array, which are the steps of its rows."""
    names: list[str] | None = None
    """What the columns of a frame are called."""

    def width(self) -> int:
        """What is compared between `fit` and predictions: columns of a 2-D array, else channels."""
        return self.channels if self.columns is None else self.columns


class Form(NamedTuple):
    """What a model reads of sequences."""

    kind: str
    """`"numbers"`, `"texts"`, `"tokens"`, or `"words"`: tokens with their endings and shape."""
    names: list[str]
    """The channels."""
    unit: str = "characters"
    """What texts are cut into."""

    def dataset(self, given: Given, targets: Any = None, weights: Any = None) -> _elman.Dataset:
        """The sequences as the library's data set."""
        if self.kind == "numbers":
            return _elman.Dataset.numbers(given.items, self.names, targets, weights)
        if self.kind == "words":
            return _elman.Dataset.sentences(given.items, targets, weights)
        if given.kind == "tokens":
            return _elman.Dataset.token_lists(given.items, self.names[0], targets, weights)
        return _elman.Dataset.texts(given.items, (self.names[0], self.unit), targets, weights)

    def check(self, given: Given) -> None:
        """Refuses sequences of another kind."""
        wanted = {"numbers": ("numbers",), "words": ("tokens",), "tokens": ("tokens",)}
        if given.kind not in wanted.get(self.kind, ("texts", "tokens")):
            expected = {"numbers": "numbers", "texts": "texts"}.get(self.kind, "lists of tokens")
            raise TypeError(f"X: expected {expected}, as in training, got {given.kind}")


WORDS = ["word", "suffix1", "suffix2", "suffix3", "shape"]
"""The channels of words that are tagged."""


class Long(NamedTuple):
    """The sequences of a long table: what `fit` takes, in the order of their first rows."""

    X: list[Array]
    y: Array | None
    ids: Array
    features: list[str]


def sequences(x: Sequences) -> Given:
    """Sequences, each by itself; arrays of float64 are not copied."""
    if hasattr(x, "tocsr"):
        raise TypeError("X: expected dense arrays, got a sparse matrix (hint: X.toarray())")
    if isinstance(x, str):
        raise TypeError("X: expected a list of texts, got one text (hint: [X])")
    texts = _texts(x)
    if texts is not None:
        return texts
    if isinstance(x, (list, tuple)) and not _is_table(x):
        return _of_list(x)
    names = _column_names(x)
    array = _numbers("X", x)
    if array.ndim == 2:
        if array.shape[1] == 0:
            shape = f"(shape={array.shape})"
            raise _elman.ShapeError(f"X: 0 feature(s) {shape} while a minimum of 1 is required.")
        return Given(list(array[:, :, None]), "numbers", 1, array.shape[1], names)
    if array.ndim != 3:
        raise _elman.ShapeError(
            f"X: expected [B, T, I], a list of [T_i, I], or [B, T] for univariate sequences, got shape "
            f"{list(array.shape)} (hint: Reshape your data, X.reshape(1, -1) if it is a single sequence)"
        )
    return Given(list(array), "numbers", array.shape[2])


def _texts(x: Any) -> Given | None:
    """Texts, or lists of tokens, if they are such."""
    series = getattr(x, "ndim", 1) == 1 and hasattr(x, "__len__") and not isinstance(x, dict)
    if not series or len(x) == 0:
        return None
    items = list(x)
    if all(isinstance(item, str) for item in items):
        return Given([str(item) for item in items], "texts")
    if not all(isinstance(item, (list, tuple, np.ndarray)) for item in items):
        return None
    some = next((token for item in items for token in item), None)
    if not isinstance(some, str):
        return None
    for index, item in enumerate(items):
        for step, token in enumerate(item):
            if not isinstance(token, str):
                kind = type(token).__name__
                raise TypeError(f"X[{index}][{step}]: expected a token, a text, got {kind}")
    return Given([[str(token) for token in item] for item in items], "tokens")


def _is_table(x: Sequence[Any]) -> bool:
    """Whether a list is one of rows of plain numbers, all as long, as scikit-learn takes it."""
    if not x:
        return False
    rows = [row for row in x if isinstance(row, (list, tuple))]
    if len(rows) != len(x) or not rows:
        return not rows and not any(hasattr(row, "__len__") for row in x)
    flat = all(not hasattr(value, "__len__") for row in rows for value in row)
    return flat and len({len(row) for row in rows}) == 1


def _of_list(x: Sequence[Any]) -> Given:
    arrays = []
    for index, one in enumerate(x):
        array = _numbers(f"X[{index}]", one)
        if array.ndim == 1:
            array = array[:, None]
        if array.ndim != 2:
            raise _elman.ShapeError(f"X[{index}]: expected [T, I], got shape {list(array.shape)}")
        arrays.append(array)
    if not arrays:
        raise _elman.ShapeError("X: expected at least one sequence, got an empty list")
    channels = arrays[0].shape[1]
    for index, array in enumerate(arrays):
        if array.shape[1] != channels:
            expected, got = [len(array), channels], list(array.shape)
            raise _elman.ShapeError(f"X[{index}]: expected shape {expected}, as X[0] has it, got {got}")
    return Given(arrays, "numbers", channels)


def _numbers(name: str, x: Any) -> Array:
    array = np.asarray(x)
    if array.dtype.kind == "c":
        raise ValueError(f"{name}: Complex data not supported, got {array.dtype}")
    if array.dtype.kind not in "fiubO":
        if array.dtype.kind in "US":
            return array.astype(np.float64)  # texts that are numbers; NumPy names the one that is none
        raise TypeError(f"{name}: expected an array of numbers, got {array.dtype}")
    return array.astype(np.float64, copy=False)


def _column_names(x: Any) -> list[str] | None:
    columns = getattr(x, "columns", None)
    if columns is None:
        return None
    texts = [isinstance(name, str) for name in columns]
    if any(texts) and not all(texts):
        raise TypeError(
            "X: Feature names are only supported if all input features have string names, got several types"
        )
    return list(columns) if texts and all(texts) else None


def from_long(
    frame: Any,
    id: str,
    *,
    time: str | None = None,
    features: Sequence[str] | None = None,
    target: str | None = None,
) -> Long:
    """The sequences of a long table: one row for each step, of pandas, polars or a dict of columns.

    The rows of a sequence have the same `id`; `time` orders them, numbers by size and texts by their
    characters, else they stay in the order of the table. `features` are the channels: all other columns by default. `target` has one value for each
    sequence, repeated in its rows.

    >>> import elman
    >>> table = {"who": ["a", "b", "a"], "t": [1, 0, 0], "speed": [2.0, 5.0, 1.0], "kind": ["x", "y", "x"]}
    >>> long = elman.from_long(table, "who", time="t", target="kind")
    >>> [x.tolist() for x in long.X], long.y.tolist(), long.features
    ([[[1.0], [2.0]], [[5.0]]], ['x', 'y'], ['speed'])
    """
    names = list(frame.columns) if hasattr(frame, "columns") else list(frame)
    wanted = list(features) if features is not None else [n for n in names if n not in (id, time, target)]
    for name in (id, time, target, *wanted):
        if name is not None and name not in names:
            raise _elman.DataError(f"frame: expected a column {name!r}, got {', '.join(map(str, names))}")
    if not wanted:
        raise _elman.DataError("features: expected at least one column, got none")
    keys = np.asarray(frame[id])
    ids, first, code = np.unique(keys, return_index=True, return_inverse=True)
    by_first = np.argsort(first)
    rank = np.empty(len(ids), np.intp)
    rank[by_first] = np.arange(len(ids))
    code = rank[code]
    order = np.lexsort([code] if time is None else [np.asarray(frame[time]), code])
    ends = np.cumsum(np.bincount(code, minlength=len(ids)))[:-1]
    values = np.stack([_numbers(name, frame[name]) for name in wanted], axis=1)[order]
    y = None if target is None else _one_each(target, np.asarray(frame[target])[order], ends)
    return Long(np.split(values, ends) if len(ids) else [], y, ids[by_first], wanted)


def _one_each(name: str, column: Array, ends: Array) -> Array:
    parts = np.split(column, ends)
    for index, part in enumerate(parts):
        if not (part == part[0]).all():
            raise _elman.DataError(f"{name}: expected one value in sequence {index}, got several")
    return np.asarray([part[0] for part in parts])


def one_for_each(name: str, values: ArrayLike, count: int) -> Array:
    """Weights, one for each sequence."""
    array = np.asarray(values, np.float64)
    if array.ndim != 1:
        raise _elman.ShapeError(f"{name}: expected one number for each sequence, got shape {list(array.shape)}")
    check_counts(name, count, len(array))
    if not array.any():
        raise _elman.DataError(f"{name}: expected at least one weight above 0, got zero for all")
    return array


def check_counts(name: str, sequences: int, found: int) -> None:
    """Refuses anything but one of each for each sequence."""
    if sequences != found:
        raise _elman.ShapeError(
            f"{name}: expected one for each of {sequences} sequences, got {found} (inconsistent numbers of samples)"
        )


def flattened(y: Any, given: Given) -> list[Any]:
    """What there is at each step, of all sequences one after the other; None where there is nothing."""
    check_counts("y", len(given.items), len(y))
    flat: list[Any] = []
    for index, (x, tags) in enumerate(zip(given.items, y, strict=True)):
        tags = tags.tolist() if hasattr(tags, "tolist") else list(tags)
        if len(tags) != len(x):
            raise _elman.ShapeError(f"y[{index}]: expected one for each of {len(x)} steps, got {len(tags)}")
        flat += tags
    return flat


def split(values: Array, lengths: list[int]) -> list[Array]:
    """Answers at all steps, sequence by sequence."""
    return np.split(values, np.cumsum(lengths)[:-1]) if lengths else []


def source(text: Any) -> str | list[str]:
    """A text, or the paths of files; several texts are one after the other."""
    if isinstance(text, str):
        return text
    items = [text] if isinstance(text, os.PathLike) else list(text)
    if items and all(isinstance(item, os.PathLike) for item in items):
        return [os.fspath(item) for item in items]
    texts = [item for item in items if isinstance(item, str)]
    if len(texts) == len(items):
        return "".join(texts)
    kind = type(text).__name__
    raise TypeError(f"text: expected a text, texts, or pathlib.Path of files, got {kind}")


def column(y: ArrayLike) -> Array:
    """Targets `[N]`; a column `[N, 1]` is taken for them with a warning, as everywhere."""
    array = np.asarray(y)
    if array.ndim == 2 and array.shape[1] == 1:
        message = "A column-vector y was passed when a 1d array was expected (hint: y.ravel())"
        warnings.warn(message, _known("DataConversionWarning", UserWarning), stacklevel=4)
        return array.ravel()
    if array.ndim != 1:
        raise _elman.ShapeError(f"y: expected one target for each sequence, got shape {list(array.shape)}")
    return array


def _known(name: str, otherwise: type) -> Any:
    """A class of scikit-learn, where that is in use."""
    if "sklearn" not in sys.modules:
        return otherwise
    return getattr(importlib.import_module("sklearn.exceptions"), name)


class NotFittedError(ValueError, AttributeError):
    """A model that is asked before it was trained."""


def not_fitted(name: str) -> Exception:
    """The exception for it, which is scikit-learn's too, where that is in use."""
    other = _known("NotFittedError", NotFittedError)
    kind: Any = NotFittedError
    if other is not NotFittedError:
        kind = type("NotFittedError", (NotFittedError, other), {"__doc__": NotFittedError.__doc__})
    error: Exception = kind(f"This {name} has not been fitted yet (hint: call fit first)")
    return error
