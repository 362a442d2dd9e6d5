"""An estimator that forecasts dated series."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from elman import _elman
from elman._base import Estimator, Lesson
from elman._frames import Frame, Names, Table, answer, table_of
from elman._model import Model, load
from elman._progress import Callback
from elman._settings import check_whole
from elman._settings import known as one_of
from elman._settings import threads

if TYPE_CHECKING:
    from typing_extensions import Self

Array = NDArray[Any]

DISTRIBUTIONS = ("point", "gaussian", "student-t", "negative-binomial", "quantiles")
REPEATS = ("refuse", "first", "last", "mean")


class Forecaster(Estimator):
    """A recurrent network that forecasts dated series, one network for all of them.

    It takes and gives Nixtla's frames, of pandas or polars: a row for each time of each series, in the columns
    `unique_id`, `ds` and `y`; without `unique_id` it is one series. A dict of columns serves as well, and so do an
    array `[T]` or a list of arrays `[T_i]`; the answer is then a dict of columns. What is not said is as for
    `elman train --task forecast`.

    Parameters
    ----------
    horizon : the steps to forecast
    context, season : the steps that are read, and those of a season; found by the frequency
    segment : the steps of a series that the network reads side by side
    transform : what is done to the values: a list of `"log"`, `"box-cox"`, `"difference"`,
        `"seasonal-difference"`, or `"none"`; the best by a back-test inside the training part
    scale : what they are divided by: `"window"`, `"last"`, `"series"` or `"shared"`; the best, likewise
    distribution : what the network says of each step: `"point"`, `"gaussian"`, `"student-t"`,
        `"negative-binomial"` or `"quantiles"`
    levels : the intervals of forecasts, in percent
    conformal : whether intervals come from past errors, whatever the network says
    recursive : whether one step is forecast, read as if it had come, and so on
    features, known, static : columns that are known up to the last row, for the steps ahead too, or that are the
        same in all rows of a series
    series_embedding : whether the network is told which series it reads
    fill_gaps, repeats, missing, sort, skip_short : whether rows that are not there become missing ones; what becomes
        of several rows of one time, `"refuse"`, `"first"`, `"last"` or `"mean"`; whether values may be missing; whether
        rows may be in any order; whether series that are too short are left out
    members : networks that forecast together
    id_col, time_col, target_col : what the columns are called; several targets are series of their own
    alias : what the forecasts are called
    cell, hidden_size, num_layers, direction, pooling, dropout, layer_dropout, state_dropout, epochs, max_seconds,
    batch_size, learning_rate, optimizer, schedule, clip_norm, validation_fraction, patience, settings,
    random_state, n_jobs, callbacks, verbose : as for `SequenceClassifier`

    Attributes
    ----------
    history_, model_, outcome_, best_epoch_, n_iter_ : as for `SequenceClassifier`

    >>> import elman, numpy as np
    >>> tide = np.sin(np.arange(120) * np.pi / 6)
    >>> model = elman.Forecaster(horizon=3, season=12, hidden_size=8, epochs=40).fit(tide)
    >>> ahead = model.predict()
    >>> list(ahead)
    ['unique_id', 'ds', 'Elman', 'Elman-lo-95', 'Elman-lo-80', 'Elman-hi-80', 'Elman-hi-95']
    >>> ahead["ds"].tolist()
    [120, 121, 122]
    >>> bool(abs(ahead["Elman"] - np.sin(np.arange(120, 123) * np.pi / 6)).max() < 0.2)
    True
    """

    _kind = "forecaster"

    def __init__(
        self,
        horizon: int,
        *,
        context: int | None = None,
        season: int | None = None,
        segment: int | None = None,
        transform: str | Iterable[str] | None = None,
        scale: str | None = None,
        distribution: str = "point",
        levels: Iterable[float] = (80, 95),
        conformal: bool = False,
        recursive: bool = False,
        features: Iterable[str] = (),
        known: Iterable[str] = (),
        static: Iterable[str] = (),
        series_embedding: bool = False,
        fill_gaps: bool = False,
        repeats: str = "refuse",
        missing: bool = False,
        sort: bool = False,
        skip_short: bool = False,
        members: int = 1,
        id_col: str = "unique_id",
        time_col: str = "ds",
        target_col: str | Iterable[str] = "y",
        alias: str = "Elman",
        cell: str | Mapping[str, Any] | None = None,
        hidden_size: int | Iterable[int] | None = None,
        num_layers: int | None = None,
        direction: str | None = None,
        pooling: str | Iterable[Any] | None = None,
        dropout: float = 0.2,
        layer_dropout: float = 0.0,
        state_dropout: float = 0.0,
        epochs: int | None = None,
        max_seconds: float | None = None,
        batch_size: int = 32,
        learning_rate: float = 0.003,
        optimizer: str | Mapping[str, Any] = "adamw",
        schedule: str | Mapping[str, Any] | None = None,
        clip_norm: float | None = 1.0,
        validation_fraction: float = 0.0,
        patience: int | None = None,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        random_state: Any = 1,
        n_jobs: int | None = None,
        callbacks: Iterable[Callback] | None = None,
        verbose: int = 0,
    ) -> None:
        self._remember(locals())

    @classmethod
    def from_model(cls, model: Model | str | os.PathLike[str]) -> Self:
        """The forecaster of a model, or of its file, whoever has trained it."""
        found = model if isinstance(model, Model) else load(model)
        recipe = found._recipe()
        columns = recipe["options"]["frame"]["columns"]
        targets = columns["targets"] or ["y"]
        own = cls(
            recipe["options"]["horizon"],
            id_col=columns["sequence"] or "unique_id",
            time_col=columns["time"] or "ds",
            target_col=targets[0] if len(targets) == 1 else tuple(targets),
            known=tuple(recipe["options"]["frame"]["known"]),
            levels=tuple((found.description["provenance"]["settings"] or {}).get("levels", ())),
        )
        own.model_ = found
        return own

    def fit(self, df: Frame, y: None = None) -> Self:
        """Trains on the series of a frame, which are kept for `predict` to go on with."""
        table = table_of("df", df, self._names())
        options = self._options(table)
        series = _elman.Series(table.compiled(), json.dumps(options["frame"]))
        series = series.long_enough(json.dumps(options), bool(self.skip_short))  # type: ignore[attr-defined]
        rest = {"forecast": options, "members": self.members, "levels": list(self.levels)}  # type: ignore[attr-defined]
        scaling = json.loads(_elman.forecast_settings())["training"]["scaling"]
        fixed = {"bptt": None, "monitor": "loss", "scaling": scaling}
        lesson = Lesson(data=series, rest=rest, changed=fixed, fit=_elman.fit_series)
        self._train(lesson._replace(defaults=_elman.forecast_settings))
        self._table = table
        return self

    def predict(
        self,
        df: Frame | None = None,
        *,
        future: Frame | None = None,
        levels: Iterable[float] | None = None,
        samples: int | None = None,
        seed: int = 1,
    ) -> Frame:
        """What comes after the last rows of `df`, or of the training data: `unique_id`, `ds`, the forecast under
        the alias, and the ends of its intervals.

        `future` has the `known` columns of the steps ahead. With `samples`, so many paths that each series may
        take, numbered by `sample_id`.
        """
        model, table, names = self._fitted(), self._given(df), self._names()
        series = _elman.Series(table.compiled(), model._compiled)
        known = model._recipe()["options"]["frame"]["known"]
        if known and future is None:
            raise ValueError(f"future: expected a table of the steps ahead with {', '.join(known)}, got None")
        if future is not None:
            ahead = table_of("future", future, names)
            series = series.with_future(ahead.compiled(), model._compiled)
        if samples is not None:
            found = _elman.forecast_paths(model._compiled, series, samples, seed)
            numbers = found["numbers"]
            columns = self._keys(found, names) | {"sample_id": numbers[:, 0].astype(int), self._alias(): numbers[:, 1]}
            return answer(table, names, columns)
        asked = self._levels(levels)
        shares = [level / 100 for level in asked]
        found = _elman.forecast_series(model._compiled, series, shares, threads(self.n_jobs))  # type: ignore[attr-defined]
        return answer(table, names, self._keys(found, names) | self._columns_of(found["numbers"], asked))

    def cross_validation(
        self,
        df: Frame | None = None,
        *,
        windows: int = 1,
        step: int = 1,
        refit: bool = False,
        levels: Iterable[float] | None = None,
    ) -> Frame:
        """Forecasts from `windows` past cut-offs of each series, `step` apart, beside what came: `unique_id`,
        `ds`, `cutoff`, the forecast with its intervals, and the target.

        No model has seen what it forecasts: one that has is trained again, as it was, on the rows before the
        first cut-off; with `refit` one for each cut-off, on the rows before it.
        """
        table, names, asked = self._given(df), self._names(), self._levels(levels)
        found, _ = self._backtest(table, asked, {"windows": windows, "step": step, "refit": refit})
        numbers = found["numbers"]
        columns = self._keys(found, names) | {"cutoff": found["cutoffs"]}
        columns |= self._columns_of(numbers[:, :-1], asked) | {names.target_col: numbers[:, -1]}
        return answer(table, names, columns)

    def evaluate(
        self, df: Frame | None = None, *, windows: int = 1, step: int = 1, refit: bool = False
    ) -> dict[str, Any]:
        """The scores of such forecasts beside naive, seasonal naive, drift and mean: `scores`, `by_step`,
        `by_series`, and `against_best`, a Diebold–Mariano test against the best of these."""
        wish = {"windows": windows, "step": step, "refit": refit}
        found: dict[str, Any] = json.loads(self._backtest(self._given(df), self._levels(None), wish)[1])
        return found

    def score(self, df: Frame | None = None, y: None = None) -> float:
        """The larger, the better: minus the mean absolute scaled error of the last forecast of each series."""
        scores = self.evaluate(df)["scores"]["model"]
        return -float(scores["mae"] if scores["mase"] is None else scores["mase"])

    def anomalies(self, df: Frame | None = None, *, level: float = 95) -> Frame:
        """How likely each row was, seen from the row before: its forecast with the interval, ln p, and whether it
        lies outside."""
        if not 0 < level < 100:
            raise ValueError(f"level: expected a percentage above 0 and below 100, got {level}")
        model, table, names = self._fitted(), self._given(df), self._names()
        series = _elman.Series(table.compiled(), model._compiled)
        found = _elman.score_series(model._compiled, series, level / 100)
        rows = (names.target_col, "forecast", "lo", "hi", "log_probability", "outside")
        columns = dict(zip(rows, found["numbers"].T, strict=True))
        columns["outside"] = columns["outside"] == 1
        return answer(table, names, self._keys(found, names) | columns)

    def _names(self) -> Names:
        targets = self._targets()
        # Of several targets each row of an answer is about one.
        target = targets[0] if len(targets) == 1 else "y"
        return Names(self.id_col, self.time_col, target)  # type: ignore[attr-defined]

    def _targets(self) -> list[str]:
        given: str | Iterable[str] = self.target_col  # type: ignore[attr-defined]
        return [given] if isinstance(given, str) else list(given)

    def _alias(self) -> str:
        alias: str = self.alias  # type: ignore[attr-defined]
        taken = (*self._names(), "cutoff", "sample_id")
        if alias in taken:
            raise ValueError(f"alias: expected another name than a column of the table has, got {alias!r}")
        return alias

    def _options(self, table: Table) -> dict[str, Any]:
        """The library's description of the forecast."""
        own = self.get_params()
        check_whole(own)
        one_of(own["distribution"], DISTRIBUTIONS, "distribution")
        one_of(own["repeats"], REPEATS, "repeats")
        levels = self._checked(own["levels"])
        output: Any = own["distribution"]
        if output == "quantiles":
            ends = sorted({50.0, *(50 - level / 2 for level in levels), *(50 + level / 2 for level in levels)})
            output = {"quantiles": [end / 100 for end in ends]}
        transform = own["transform"]
        if isinstance(transform, str):
            transform = [] if transform == "none" else transform.split(",")
        columns = {"time": own["time_col"], "targets": self._targets(), "decimal": "point"}
        columns["order"] = "sort" if own["sort"] else "as-given"
        columns["sequence"] = own["id_col"] if own["id_col"] in table.columns else None
        return {
            **{name: own[name] for name in ("horizon", "context", "season", "segment", "scale")},
            "transform": transform if transform is None else list(transform),
            "output": output,
            "mode": "recursive" if own["recursive"] else "direct",
            "identity": "embedded" if own["series_embedding"] else "hidden",
            "intervals": "conformal" if own["conformal"] else None,
            "frame": {
                "columns": columns,
                **{name: list(own[name]) for name in ("features", "known")},
                "statics": list(own["static"]),
                "gaps": "fill" if own["fill_gaps"] else "refuse",
                "repeats": own["repeats"],
                "missing": bool(own["missing"]),
            },
        }

    def _given(self, df: Frame | None) -> Table:
        """The series that are asked about."""
        if df is not None:
            return table_of("df", df, self._names())
        self._fitted()
        table: Table | None = vars(self).get("_table")
        if table is None:
            raise ValueError("df: expected the series to forecast, as this model was loaded without them, got None")
        return table

    def _levels(self, given: Iterable[float] | None) -> list[float]:
        recipe = self._fitted()._recipe()
        if given is None:
            said = recipe["options"]["intervals"] != "conformal" and recipe["options"]["output"] != "point"
            # Of short series no past errors are known.
            return self._checked(self.levels) if said or recipe["errors"] else []  # type: ignore[attr-defined]
        return self._checked(given)

    @staticmethod
    def _checked(levels: Iterable[float]) -> list[float]:
        found = sorted({float(level) for level in levels})
        for level in found:
            if not 0 < level < 100:
                raise ValueError(f"levels: expected percentages above 0 and below 100, got {level:g}")
        return found

    def _backtest(self, table: Table, levels: list[float], wish: dict[str, Any]) -> tuple[dict[str, Any], str]:
        model = self._fitted()
        series = _elman.Series(table.compiled(), model._compiled)
        wish |= {"levels": [level / 100 for level in levels], "threads": threads(self.n_jobs)}  # type: ignore[attr-defined]
        return _elman.backtest_series(model._compiled, series, json.dumps(wish))

    @staticmethod
    def _keys(found: dict[str, Any], names: Names) -> dict[str, Any]:
        return {names.id_col: found["series"], names.time_col: found["times"]}

    def _columns_of(self, numbers: Array, levels: list[float]) -> dict[str, Array]:
        """The forecast, the lower ends from the widest interval on, the upper ends from the narrowest on."""
        alias = self._alias()
        ends = {level: 1 + 2 * index for index, level in enumerate(levels)}
        columns = {alias: numbers[:, 0]}
        columns |= {f"{alias}-lo-{level:g}": numbers[:, ends[level]] for level in reversed(levels)}
        return columns | {f"{alias}-hi-{level:g}": numbers[:, ends[level] + 1] for level in levels}


