"""Tables of dated series: pandas and polars frames, dicts of columns, and arrays."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from elman import _elman

Array = NDArray[Any]
Frame = Any
"""A pandas or polars frame, a dict of columns; an array `[T]`, or a list of arrays `[T_i]`: one series each."""


class Table(NamedTuple):
    """A table as text, with what it takes to give answers in the form of the question."""

    kind: str
    """`"pandas"`, `"polars"` or `"dict"`."""
    columns: dict[str, list[str]]
    ids: dict[str, Any] = {}
    """What the texts of ids stood for."""
    times: Any = None
    """The type of the times."""

    def compiled(self) -> list[tuple[str, list[str]]]:
        """As the library takes it."""
        return list(self.columns.items())


class Names(NamedTuple):
    """What the columns are called."""

    id_col: str = "unique_id"
    time_col: str = "ds"
    target_col: str = "y"


def table_of(name: str, frame: Frame, names: Names) -> Table:
    """The columns of whatever holds series."""
    module = type(frame).__module__.split(".")[0]
    if module in ("pandas", "polars") and hasattr(frame, "columns"):
        columns = {str(column): frame[column] for column in frame.columns}
        return _table(module, columns, names)
    if isinstance(frame, Mapping):
        return _table("dict", dict(frame), names)
    series = _series(name, frame)
    lengths = [len(values) for values in series]
    ids = np.repeat(np.arange(len(series)), lengths)
    times = np.concatenate([np.arange(length) for length in lengths])
    columns = {names.id_col: ids, names.time_col: times, names.target_col: np.concatenate(series)}
    return _table("dict", columns, names)


def _series(name: str, given: Any) -> list[Array]:
    items = [given] if isinstance(given, np.ndarray) and given.ndim == 1 else given
    if isinstance(items, np.ndarray) and items.ndim != 2:
        raise _elman.ShapeError(f"{name}: expected a series [T] or several, got shape {list(items.shape)}")
    if isinstance(items, str) or not isinstance(items, Iterable):
        kind = type(given).__name__
        raise TypeError(f"{name}: expected a frame, a dict of columns, or arrays of numbers, got {kind}")
    series = []
    for index, item in enumerate(items):
        try:
            values = np.asarray(item, np.float64)
        except (TypeError, ValueError):
            kind = type(item).__name__
            raise TypeError(f"{name}[{index}]: expected a series of numbers, got {kind}") from None
        if values.ndim != 1:
            shape = list(values.shape)
            raise _elman.ShapeError(f"{name}[{index}]: expected a series [T], got shape {shape} (hint: [{name}])")
        series.append(values)
    if not series:
        raise _elman.ShapeError(f"{name}: expected at least one series, got none")
    return series


def _table(kind: str, columns: dict[str, Any], names: Names) -> Table:
    arrays = {name: _array(values) for name, values in columns.items()}
    ids: dict[str, Any] = {}
    if names.id_col in arrays:
        own = arrays[names.id_col]
        ids = dict(zip(_cells(own), own.tolist(), strict=True))
    times = None
    if names.time_col in arrays:
        given = columns[names.time_col]
        times = getattr(given, "dtype", arrays[names.time_col].dtype)
    return Table(kind, {name: _cells(values) for name, values in arrays.items()}, ids, times)


def _array(values: Any) -> Array:
    if type(values).__module__.startswith("polars") and values.dtype.is_(importlib.import_module("polars").Date):
        return np.asarray(values.to_numpy()).astype("datetime64[D]")
    array = np.asarray(values)
    if array.ndim != 1:
        raise _elman.ShapeError(f"columns: expected one cell for each row, got shape {list(array.shape)}")
    return array


def _cells(values: Array) -> list[str]:
    """Each value as it would be written, those that are missing empty."""
    if values.dtype.kind == "M":
        known = values[~np.isnat(values)]
        days = bool((known == known.astype("datetime64[D]")).all())
        seconds = bool((known == known.astype("datetime64[s]")).all())
        unit = "D" if days else "s" if seconds else "ms"
        texts: list[str] = values.astype(f"datetime64[{unit}]").astype(str).tolist()
        return ["" if text == "NaT" else text for text in texts]
    if values.dtype.kind == "b":
        return ["1" if value else "0" for value in values.tolist()]
    return [_cell(value) for value in values.tolist()]


def _cell(value: Any) -> str:
    if value is None or value != value or str(value) in ("NaT", "<NA>"):
        return ""
    return repr(value) if isinstance(value, float) else str(value)


def answer(like: Table, names: Names, columns: dict[str, Any]) -> Frame:
    """Columns in the form of a table; ids and times are what they were there."""
    done = dict(columns)
    if names.id_col in done:
        done[names.id_col] = [like.ids.get(text, text) for text in done[names.id_col]]
    for name in (names.time_col, "cutoff"):
        if name in done:
            done[name] = _times(like, done[name])
    if like.kind == "dict":
        return {name: np.asarray(values) for name, values in done.items()}
    module = importlib.import_module(like.kind)
    if like.kind == "polars":
        series = {name: module.Series(name, values) for name, values in done.items()}
        for name in (names.time_col, "cutoff"):
            if name in series and series[name].dtype != like.times and not isinstance(like.times, np.dtype):
                series[name] = series[name].cast(like.times)
        return module.DataFrame(list(series.values()))
    return module.DataFrame(done)


def _times(like: Table, texts: list[str]) -> Any:
    zone = getattr(like.times, "tz", None)
    if zone is not None:
        pandas = importlib.import_module("pandas")
        return pandas.to_datetime(texts, utc=True).tz_convert(zone).astype(like.times)
    text = str(like.times).lower()
    if text.startswith("date"):
        # Without the mark of UTC, which NumPy's dates do not have.
        dates = np.array([text.removesuffix("Z") for text in texts], "datetime64[s]")
        return dates.astype(like.times) if isinstance(like.times, np.dtype) else dates.astype("datetime64[us]")
    if text.startswith(("int", "uint")):
        return np.array(texts, np.int64)
    return texts
