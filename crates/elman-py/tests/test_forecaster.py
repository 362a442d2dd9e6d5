"""Forecasts from Python: frames in and out, the numbers of the command line, and what is refused."""

import copy
import csv
import pickle
import subprocess

import numpy as np
import pandas as pd
import polars as pl
import pytest

import elman

SMALL = {"horizon": 3, "season": 6, "hidden_size": 4, "epochs": 2, "transform": "none", "scale": "series"}


def wave(steps=60, shift=0):
    step = np.arange(steps)
    return 20 + shift + 5 * np.sin(step * np.pi / 3) + step * 7 % 5


def days(steps=60):
    frames = []
    for name, shift in (("a", 0), ("b", 9)):
        ds = pd.date_range("2024-01-31", periods=steps, freq="D")
        frames.append(pd.DataFrame({"unique_id": name, "ds": ds, "y": wave(steps, shift)}))
    return pd.concat(frames, ignore_index=True)


@pytest.fixture(scope="module")
def fitted():
    return elman.Forecaster(**SMALL).fit(days())


def test_frames_come_back_as_they_went_in(fitted):
    ahead = fitted.predict()
    names = ["Elman-lo-95", "Elman-lo-80", "Elman-hi-80", "Elman-hi-95"]
    assert list(ahead.columns) == ["unique_id", "ds", "Elman", *names]
    assert ahead["unique_id"].tolist() == ["a"] * 3 + ["b"] * 3
    assert ahead["ds"].dtype == days()["ds"].dtype
    assert ahead["ds"][0] == pd.Timestamp("2024-03-31")
    ordered = ahead[["Elman-lo-95", "Elman-lo-80", "Elman", "Elman-hi-80", "Elman-hi-95"]].to_numpy()
    assert (np.diff(ordered, axis=1) >= 0).all()
    polars = pl.DataFrame({name: days()[name].to_list() for name in days()})
    other = elman.Forecaster(**SMALL).fit(polars).predict()
    assert isinstance(other, pl.DataFrame)
    assert other["Elman"].to_list() == ahead["Elman"].tolist()
    assert other["ds"].to_list() == ahead["ds"].tolist()
    dated = polars.with_columns(pl.col("ds").cast(pl.Date))
    assert fitted.predict(dated)["ds"].dtype == pl.Date
    zoned = days().assign(ds=days()["ds"].dt.tz_localize("Europe/Oslo").dt.tz_convert("UTC"))
    assert elman.Forecaster(**SMALL).fit(zoned).predict()["ds"].dtype == zoned["ds"].dtype


def test_arrays_are_series_too():
    model = elman.Forecaster(**SMALL)
    assert model.fit(wave()).predict()["ds"].tolist() == [60, 61, 62]
    ahead = model.fit([wave(60), wave(50, 9)]).predict(levels=())
    assert list(ahead) == ["unique_id", "ds", "Elman"]
    assert ahead["unique_id"].tolist() == [0, 0, 0, 1, 1, 1]
    assert ahead["ds"].tolist() == [60, 61, 62, 50, 51, 52]
    monthly = {"ds": np.array("2020-01", "datetime64[M]") + np.arange(60), "y": wave()}
    assert model.fit(monthly).predict()["ds"][0] == np.datetime64("2025-01")


def test_several_targets_are_series_of_their_own(tmp_path):
    frame = days().assign(z=lambda own: own["y"] * 2)
    model = elman.Forecaster(**SMALL, target_col=["y", "z"]).fit(frame)
    ahead = model.predict()
    assert ahead["unique_id"].unique().tolist() == ["a/y", "a/z", "b/y", "b/z"]
    assert list(model.cross_validation().columns)[-1] == "y"
    model.save(tmp_path / "m.safetensors")
    loaded = elman.Forecaster.from_model(tmp_path / "m.safetensors")
    assert loaded.predict(frame)["Elman"].tolist() == ahead["Elman"].tolist()


def test_the_numbers_are_those_of_the_command_line(tmp_path, program):
    table, model = tmp_path / "days.csv", tmp_path / "cli.safetensors"
    days().to_csv(table, index=False)
    options = "--task forecast --horizon 3 --season 6 --hidden-size 4 --epochs 2 --transform none --scale series"
    command = [program, "train", table, *options.split(), "--quiet", "--output", model]
    subprocess.run(command, check=True, capture_output=True)
    said = subprocess.run([program, "predict", model, table], check=True, capture_output=True, text=True).stdout
    rows = list(csv.DictReader(said.splitlines()))
    loaded = elman.Forecaster.from_model(model)
    for made in (loaded.predict(days()), elman.Forecaster(**SMALL).fit(days()).predict()):
        for ours, theirs in (("Elman", "cli"), ("Elman-lo-80", "cli-lo-80"), ("Elman-hi-95", "cli-hi-95")):
            assert made[ours].tolist() == [float(row[theirs]) for row in rows]
    with pytest.raises(TypeError, match="forecasts series"):
        elman.load(model).predict([wave()])
    with pytest.raises(ValueError, match="df: expected the series"):
        loaded.predict()


def test_rows_may_be_in_any_order_and_columns_of_any_kind(fitted):
    wanted = fitted.predict()
    mixed = days().sample(frac=1.0, random_state=3).assign(note=[[1, 2]] * 120, picture=[np.zeros(2)] * 120)
    found = elman.Forecaster(**SMALL, sort=True).fit(mixed).predict()
    assert found.sort_values(["unique_id", "ds"], ignore_index=True).equals(wanted)
    gone = days().assign(y=days()["y"].round().astype("Int64"))
    gone.loc[7, "y"] = pd.NA
    assert len(elman.Forecaster(**SMALL, missing=True).fit(gone).predict()) == 6
    with pytest.raises(elman.DataError, match="whole number or second"):
        elman.Forecaster(**SMALL).fit({"ds": pd.date_range("2024-01-01", periods=60, freq="250us"), "y": wave()})


def test_past_cut_offs(fitted):
    found = fitted.cross_validation(windows=2, step=3)
    columns = ["unique_id", "ds", "cutoff", "Elman", "Elman-lo-95", "Elman-lo-80", "Elman-hi-80", "Elman-hi-95", "y"]
    assert list(found.columns) == columns
    assert len(found) == 2 * 2 * 3
    assert found["cutoff"].unique().tolist() == [pd.Timestamp("2024-03-24"), pd.Timestamp("2024-03-27")]
    wanted = days().merge(found[["unique_id", "ds"]])
    assert found["y"].tolist() == wanted.loc[wanted.index, "y"].tolist()
    error = (found["Elman"] - found["y"]).abs().mean()
    scores = fitted.evaluate(windows=2, step=3)["scores"]
    assert scores["model"]["mae"] == pytest.approx(error, rel=1e-12)
    assert set(scores) == {"model", "naive", "seasonal-naive", "drift", "mean"}
    # A model that has not seen the last cut-offs is asked as it is.
    before = elman.Forecaster(**SMALL).fit(days()[lambda frame: frame["ds"] <= pd.Timestamp("2024-03-24")])
    assert before.cross_validation(days(), windows=2, step=3)["Elman"].tolist() == found["Elman"].tolist()
    again = fitted.cross_validation(windows=2, step=3, refit=True)
    assert again["Elman"].tolist()[:3] == found["Elman"].tolist()[:3] != again["Elman"].tolist()[3:6]
    assert fitted.score() == -fitted.evaluate()["scores"]["model"]["mase"]


def test_distributions_paths_and_anomalies():
    for distribution in ("gaussian", "quantiles"):
        model = elman.Forecaster(**SMALL, distribution=distribution, levels=(50,), members=2).fit(days())
        assert list(model.predict().columns)[2:] == ["Elman", "Elman-lo-50", "Elman-hi-50"]
    model = elman.Forecaster(**SMALL, distribution="gaussian").fit(wave())
    paths = model.predict(samples=4, seed=7)
    assert list(paths) == ["unique_id", "ds", "sample_id", "Elman"]
    assert paths["sample_id"].tolist() == [sample for sample in range(4) for _ in range(3)]
    again = model.predict(samples=4, seed=7)["Elman"]
    assert paths["Elman"].tolist() == again.tolist() != model.predict(samples=4, seed=8)["Elman"].tolist()
    strange = wave()
    strange[50] += 100
    rows = model.anomalies(strange, level=99)
    found = {step: outside for step, outside in zip(rows["ds"].tolist(), rows["outside"].tolist(), strict=True)}
    assert found[50]
    log = rows["log_probability"][rows["ds"] == 50]
    assert log < np.median(rows["log_probability"]) - 10


def test_what_is_known_ahead():
    frame = days().assign(plan=np.tile([0.0, 1.0], 60), size=lambda own: own["unique_id"].map({"a": 1.0, "b": 2.0}))
    model = elman.Forecaster(**SMALL, known=["plan"], static=["size"], series_embedding=True).fit(frame)
    future = model_future(model, frame)
    assert len(model.predict(future=future)) == 6
    with pytest.raises(ValueError, match="future: expected a table of the steps ahead with plan"):
        model.predict()
    with pytest.raises(elman.DataError, match="2024-04-01|next time|expected"):
        model.predict(future=future.assign(ds=future["ds"] + pd.Timedelta(days=9)))


def model_future(model, frame):
    last = frame["ds"].max()
    ds = pd.date_range(last, periods=model.horizon + 1, freq="D")[1:]
    return pd.concat([pd.DataFrame({"unique_id": name, "ds": ds, "plan": 1.0}) for name in ("a", "b")])


def test_it_is_copied_and_kept(fitted, tmp_path):
    wanted = fitted.predict()["Elman"].tolist()
    for other in (pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted)):
        assert other.predict()["Elman"].tolist() == wanted
    fitted.save(tmp_path / "m.safetensors")
    loaded = elman.Forecaster.from_model(tmp_path / "m.safetensors")
    assert loaded.predict(days())["Elman"].tolist() == wanted
    assert list(loaded.predict(days()).columns) == list(fitted.predict().columns)
    assert repr(elman.Forecaster(3, season=6)) == "Forecaster(horizon=3, season=6)"
    assert "<table" in fitted._repr_html_()
    assert elman.Forecaster(**fitted.get_params()).get_params() == fitted.get_params()


@pytest.mark.parametrize(
    ("change", "wanted", "kind"),
    [
        (lambda d: d.drop(columns="y"), "y", elman.DataError),
        (lambda d: d.drop(columns="ds"), "ds", elman.DataError),
        (lambda d: d.iloc[::-1], "data: row 1: expected a time after", elman.DataError),
        (lambda d: d.drop(index=5), "row 5.*fill_gaps makes them rows", elman.DataError),
        (lambda d: pd.concat([d.iloc[:1], d]), "again.*repeats first, last or mean", elman.DataError),
        (lambda d: d.assign(y=d["y"].where(d.index != 4)), "row 4.*a missing value", elman.DataError),
        (lambda d: d.assign(ds="monday"), "expected a number or a date", elman.DataError),
        (lambda d: d.head(3), "at least|steps", elman.DataError),
        (lambda d: d.iloc[:0], "at least one row", elman.DataError),
        (lambda d: 3.5, "expected a frame", TypeError),
        (lambda d: np.zeros((2, 3, 4)), "shape", elman.ShapeError),
        (lambda d: [["x", "y"]], "numbers", TypeError),
        (lambda d: [], "at least one series", elman.ShapeError),
    ],
)
def test_frames_that_cannot_be(change, wanted, kind):
    with pytest.raises(kind, match=wanted):
        elman.Forecaster(**SMALL).fit(change(days()))


@pytest.mark.parametrize(
    "options",
    [
        {"horizon": 0},
        {"horizon": -1},
        {"season": 2.5},
        {"distribution": "normal"},
        {"levels": (0,)},
        {"repeats": "all"},
        {"transform": "cube"},
        {"scale": "huge"},
        {"known": ["nothing"]},
        {"alias": "ds"},
        {"members": 0},
        {"distribution": "negative-binomial"},
        {"num_layers": 0},
    ],
)
def test_options_that_cannot_be(options):
    with pytest.raises((ValueError, elman.DataError)):
        elman.Forecaster(**{**SMALL, **options}).fit(days()).predict()


def test_wrong_questions(fitted):
    with pytest.raises(ValueError, match="levels"):
        fitted.predict(levels=(100,))
    with pytest.raises(ValueError, match="windows and step"):
        fitted.cross_validation(windows=0)
    with pytest.raises(elman.DataError, match="more than"):
        fitted.cross_validation(windows=80)
    with pytest.raises(ValueError, match="level"):
        fitted.anomalies(level=0)
    with pytest.raises(elman.NotFittedError):
        elman.Forecaster(3).predict()
    with pytest.raises((ValueError, OverflowError)):
        fitted.predict(samples=-1)
    with pytest.raises(ValueError, match="^horizon: expected a whole number that is not negative, got -1$"):
        elman.Forecaster(-1).fit(days())
    with pytest.raises(ValueError, match="samples: expected at most"):
        fitted.predict(samples=10**12)
    short = pd.concat([days(), pd.DataFrame({"unique_id": "c", "ds": days()["ds"][:4], "y": 1.0})])
    assert len(elman.Forecaster(**SMALL, skip_short=True).fit(short).cross_validation(days())) == 6
