//! Series from Python: to be learnt, continued and scored.

use std::sync::Arc;

use elman::data::csv::TextColumn;
use elman::forecast::{Backtest, Frame, FrameOptions, Recipe};
use elman::forecaster::{
    BacktestOf, ForecastOptions, Retraining, Sampling, backtest_by, forecast, lengths,
    sample_paths, score,
};
use elman::threads::with_threads;
use ndarray::Array2;
use numpy::{IntoPyArray, PyArray2};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use serde::Deserialize;

use crate::errors::{DataError, refused_data, refused_options, refused_table};
use crate::model::{Model, json};

/// Columns of a table, each cell as text.
type Columns = Vec<(String, Vec<String>)>;

/// Dated series of one frequency.
#[pyclass(frozen, module = "elman._elman")]
pub struct Series {
    pub(crate) inner: Arc<Frame>,
}

/// How a table becomes series.
#[derive(FromPyObject)]
enum How<'py> {
    /// As a model reads it.
    Known(PyRef<'py, Model>),
    /// By options in JSON.
    Fresh(String),
}

#[pymethods]
impl Series {
    #[new]
    fn new(py: Python<'_>, table: Columns, how: How<'_>) -> PyResult<Self> {
        let options = match &how {
            How::Known(model) => recipe(model)?.options.frame.clone(),
            How::Fresh(text) => parsed(text)?,
        };
        let table = columns(table);
        let frame = py.detach(|| Frame::of_columns(&table, &options)).map_err(refused_table)?;
        Ok(Series { inner: Arc::new(frame) })
    }

    /// The same with what a table says of the steps ahead.
    fn with_future(&self, py: Python<'_>, table: Columns, model: &Model) -> PyResult<Self> {
        let options: FrameOptions = recipe(model)?.options.frame.clone();
        let (mut frame, table) = (Frame::clone(&self.inner), columns(table));
        py.detach(|| frame.future_of_columns(&table, &options)).map_err(refused_table)?;
        Ok(Series { inner: Arc::new(frame) })
    }

    /// The same without those that are too short to learn from; the first of them is an error where
    /// they are not to be left out, or where all are.
    fn long_enough(&self, options: &str, skips: bool) -> PyResult<Self> {
        let options: ForecastOptions = parsed(options)?;
        let windows = lengths(&self.inner, &options).map_err(refused_data)?;
        let least = windows.context + windows.horizon;
        let is_short = |series: &elman::forecast::Series| series.values.len() < least;
        let all = &self.inner.series;
        let Some(first) = all.iter().find(|series| is_short(series)) else {
            return Ok(Series { inner: self.inner.clone() });
        };
        if !skips || all.iter().all(is_short) {
            let (id, found) = (&first.id, first.values.len());
            let message = format!(
                "df: series {id:?}: expected at least {least} steps, to read and to forecast, got {found} \
                 (hint: skip_short leaves it out)"
            );
            return Err(DataError::new_err(message));
        }
        let mut frame = Frame::clone(&self.inner);
        frame.series.retain(|series| !is_short(series));
        Ok(Series { inner: Arc::new(frame) })
    }

    fn __len__(&self) -> usize {
        self.inner.series.len()
    }
}

fn columns(table: Columns) -> Vec<TextColumn> {
    table.into_iter().map(|(name, cells)| TextColumn { name, cells }).collect()
}

fn recipe(model: &Model) -> PyResult<&Recipe> {
    let message = "model: expected one that forecasts series, got another";
    model.inner.task().forecast().ok_or_else(|| PyValueError::new_err(message))
}

fn parsed<T: for<'de> Deserialize<'de>>(text: &str) -> PyResult<T> {
    serde_json::from_str(text).map_err(|error| refused_options(&error))
}

/// Rows of a table: the series and the time of each, and its numbers `[rows, C]`.
#[derive(IntoPyObject)]
pub struct Rows<'py> {
    series: Vec<String>,
    times: Vec<String>,
    /// The last time before, of a back-test.
    cutoffs: Vec<String>,
    numbers: Bound<'py, PyArray2<f64>>,
}

/// Rows as they are gathered.
#[derive(Default)]
struct Gathered {
    series: Vec<String>,
    times: Vec<String>,
    cutoffs: Vec<String>,
    numbers: Vec<f64>,
}

impl Gathered {
    fn into_rows<'py>(self, py: Python<'py>, width: usize) -> PyResult<Rows<'py>> {
        let numbers = Array2::from_shape_vec((self.series.len(), width), self.numbers)
            .map_err(|error| PyValueError::new_err(error.to_string()))?;
        let Gathered { series, times, cutoffs, .. } = self;
        Ok(Rows { series, times, cutoffs, numbers: numbers.into_pyarray(py) })
    }
}

/// The forecast of each step, with the lower and the upper end of each level.
#[pyfunction]
#[pyo3(signature = (model, series, levels, threads=None))]
pub fn forecast_series<'py>(
    py: Python<'py>,
    model: &Model,
    series: &Series,
    levels: Vec<f64>,
    threads: Option<usize>,
) -> PyResult<Rows<'py>> {
    let (model, frame) = (&model.inner, &series.inner);
    let made = py.detach(|| with_threads(threads, || forecast(model, frame, &levels)));
    let mut rows = Gathered::default();
    for (own, ahead) in frame.series.iter().zip(made.map_err(refused_data)?.map_err(refused_data)?)
    {
        for (step, value) in ahead.values.iter().enumerate() {
            rows.series.push(own.id.clone());
            rows.times.push(frame.style.write(frame.time(own, own.values.len() + step)));
            rows.numbers.push(*value);
            let ends = ahead.intervals.iter().flat_map(|(lo, hi)| [lo[step], hi[step]]);
            rows.numbers.extend(ends);
        }
    }
    rows.into_rows(py, 1 + 2 * levels.len())
}

/// Paths that the series may take: the number of the path, and the value of each step.
#[pyfunction]
pub fn forecast_paths<'py>(
    py: Python<'py>,
    model: &Model,
    series: &Series,
    count: usize,
    seed: u64,
) -> PyResult<Rows<'py>> {
    let (model, frame) = (&model.inner, &series.inner);
    let made = py.detach(|| sample_paths(model, frame, Sampling { count, seed }));
    let mut rows = Gathered::default();
    for (own, paths) in frame.series.iter().zip(made.map_err(refused_data)?) {
        for ((sample, step), value) in paths.indexed_iter() {
            rows.series.push(own.id.clone());
            rows.times.push(frame.style.write(frame.time(own, own.values.len() + step)));
            rows.numbers.extend([sample as f64, *value]);
        }
    }
    rows.into_rows(py, 2)
}

/// How a model is measured at past cut-offs.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BacktestWish {
    windows: usize,
    step: usize,
    refit: bool,
    levels: Vec<f64>,
    threads: Option<usize>,
}

/// Forecasts from past cut-offs as of [`forecast_series`], each followed by what came; and the scores,
/// JSON. `wish` is JSON.
#[pyfunction]
pub fn backtest_series<'py>(
    py: Python<'py>,
    model: &Model,
    series: &Series,
    wish: &str,
) -> PyResult<(Rows<'py>, String)> {
    let wish: BacktestWish = parsed(wish)?;
    let horizon = recipe(model)?.windows.horizon;
    let plan = Backtest { horizon, windows: wish.windows, step: wish.step };
    if wish.windows == 0 || wish.step == 0 {
        return Err(PyValueError::new_err("windows and step: expected at least 1, got 0"));
    }
    let (model, frame) = (&model.inner, &series.inner);
    let made = py.detach(|| {
        with_threads(wish.threads, || {
            let of = BacktestOf { frame, plan, levels: &wish.levels };
            let needed = Retraining::needed(model, of)?;
            let retraining = if wish.refit { Retraining::AtEach } else { needed };
            backtest_by(model, of, retraining)
        })
    });
    let measured = made.map_err(refused_data)?.map_err(refused_data)?;
    let mut rows = Gathered::default();
    let mut all: Vec<_> = measured.rows.iter().collect();
    all.sort_by(|a, b| (&a.series, a.cutoff, a.time).cmp(&(&b.series, b.cutoff, b.time)));
    for row in all {
        rows.series.push(row.series.clone());
        rows.times.push(frame.style.write(row.time));
        rows.cutoffs.push(frame.style.write(row.cutoff));
        rows.numbers.push(row.forecast);
        rows.numbers.extend(row.intervals.iter().flat_map(|(lo, hi)| [*lo, *hi]));
        rows.numbers.push(row.actual);
    }
    let width = 2 + 2 * wish.levels.len();
    Ok((rows.into_rows(py, width)?, json(&measured)?))
}

/// How likely each row was, seen from the row before: the value, the forecast, the ends of the
/// interval, ln p (NaN where there is no distribution), and 1 for a value outside.
#[pyfunction]
pub fn score_series<'py>(
    py: Python<'py>,
    model: &Model,
    series: &Series,
    level: f64,
) -> PyResult<Rows<'py>> {
    let (model, frame) = (&model.inner, &series.inner);
    let made = py.detach(|| score(model, frame, level)).map_err(refused_data)?;
    let mut rows = Gathered::default();
    for row in made {
        rows.series.push(row.series.clone());
        rows.times.push(frame.style.write(row.time));
        let log = row.log_probability.unwrap_or(f64::NAN);
        let outside = if row.outside { 1.0 } else { 0.0 };
        rows.numbers.extend([row.actual, row.forecast, row.lo, row.hi, log, outside]);
    }
    rows.into_rows(py, 6)
}
