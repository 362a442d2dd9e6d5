//! Measuring a model at past cut-offs, beside forecasts that need no training.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{forecast_at, recipe};
use crate::error::{Error, Result};
use crate::forecast::metric::{self, Intervals};
use crate::forecast::{Backtest, Baseline, Forecast, Frame, Window};
use crate::model::Model;
use crate::real::Real;

/// One forecast value beside the one that came.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The series.
    pub series: String,
    /// The time of the value.
    pub time: i64,
    /// The last time before the forecast.
    pub cutoff: i64,
    /// How many steps ahead it is, from 1.
    pub step: usize,
    /// The forecast.
    pub forecast: f64,
    /// The ends of the intervals, one for each level.
    pub intervals: Vec<(f64, f64)>,
    /// The value that came; NaN where it is missing.
    pub actual: f64,
}

/// Forecasts from several cut-offs, with their scores.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Backtested {
    /// The rows, by series, cut-off and time.
    #[serde(skip)]
    pub rows: Vec<Row>,
    /// The cut-offs of each series.
    pub windows: usize,
    /// The levels of the intervals.
    pub levels: Vec<f64>,
    /// The scores of the model and of each baseline, by name; the model's is `model`.
    pub scores: BTreeMap<String, Scores>,
    /// The model's mean absolute error by steps ahead `[H]`.
    pub by_step: Vec<f64>,
    /// The model's mean absolute error by series.
    pub by_series: BTreeMap<String, f64>,
    /// The best baseline, by its root mean squared error.
    pub best_baseline: Baseline,
}

/// The scores of forecasts over all series and cut-offs; those that are over a scale are means over
/// the series, without those whose scale is 0.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Scores {
    /// The number of values.
    pub count: usize,
    /// Mean absolute error.
    pub mae: f64,
    /// Root mean squared error.
    pub rmse: f64,
    /// Mean absolute scaled error.
    pub mase: Option<f64>,
    /// Root mean squared scaled error.
    pub rmsse: Option<f64>,
    /// Symmetric mean absolute percentage error, 0 to 200.
    pub smape: f64,
    /// `Σ|y - f| / Σ|y|`; none where all values are 0.
    pub wape: Option<f64>,
    /// The share of values within the intervals of each level; the model's alone.
    pub coverage: Vec<f64>,
    /// The Winkler score of each level; the model's alone.
    pub winkler: Vec<f64>,
}

/// Values that came beside forecasts, with what scales them.
#[derive(Default)]
struct Pairs {
    actual: Vec<f64>,
    forecast: Vec<f64>,
    mase: Vec<f64>,
    rmsse: Vec<f64>,
}

impl Pairs {
    fn add(&mut self, actual: &[f64], forecast: &[f64], scale: Training<'_>) {
        let known = actual.iter().zip(forecast).filter(|(actual, _)| !actual.is_nan());
        let (actual, forecast): (Vec<f64>, Vec<f64>) = known.unzip();
        // Without a scale there is no scaled error.
        self.mase.extend(metric::mase(&actual, &forecast, scale.values, scale.season).ok());
        self.rmsse.extend(metric::rmsse(&actual, &forecast, scale.values, scale.season).ok());
        self.actual.extend(actual);
        self.forecast.extend(forecast);
    }

    fn scores(&self) -> Result<Scores> {
        let mean = |values: &[f64]| {
            let count = values.len() as f64;
            (!values.is_empty()).then(|| values.iter().sum::<f64>() / count)
        };
        Ok(Scores {
            count: self.actual.len(),
            mae: metric::mae(&self.actual, &self.forecast)?,
            rmse: metric::rmse(&self.actual, &self.forecast)?,
            mase: mean(&self.mase),
            rmsse: mean(&self.rmsse),
            smape: metric::smape(&self.actual, &self.forecast)?,
            wape: metric::wape(&self.actual, &self.forecast).ok(),
            coverage: Vec::new(),
            winkler: Vec::new(),
        })
    }
}

#[derive(Clone, Copy)]
struct Training<'a> {
    values: &'a [f64],
    season: usize,
}

/// Forecasts the last cut-offs of each series with a model as it is, and scores them beside the
/// [baselines](Baseline). A model that was trained on these steps has seen them: train it on a frame
/// without them.
///
/// # Errors
///
/// Those of [`forecast`](super::forecast()); series without any value that came.
pub fn backtest<T: Real>(
    model: &Model<T>,
    frame: &Frame,
    plan: Backtest,
    levels: &[f64],
) -> Result<Backtested> {
    let own = recipe(model)?;
    if plan.horizon != own.windows.horizon {
        let expected = format!("{}, that of the model", own.windows.horizon);
        return Err(Error::argument("horizon", expected, plan.horizon));
    }
    let mut origins = Vec::new();
    for (series, own) in frame.series.iter().enumerate() {
        let starts = plan.origins(own.values.len())?;
        origins.extend(starts.into_iter().map(|origin| Window { series, origin }));
    }
    let forecasts = forecast_at(model, frame, &origins, levels)?;
    let season = own.season;
    let mut all: BTreeMap<&str, Pairs> = BTreeMap::new();
    let mut rows = Vec::new();
    for (window, forecast) in origins.iter().zip(&forecasts) {
        let values = &frame.series[window.series].values;
        let (history, rest) = values.split_at(window.origin);
        let (actual, scale) = (&rest[..plan.horizon], Training { values: history, season });
        all.entry("model").or_default().add(actual, &forecast.values, scale);
        for baseline in Baseline::ALL {
            let guess = baseline.forecast(history, season, plan.horizon);
            all.entry(baseline.name()).or_default().add(actual, &guess, scale);
        }
        rows.extend(rows_of(frame, *window, forecast));
    }
    conclude(Measured { rows, all, plan, levels })
}

struct Measured<'a> {
    rows: Vec<Row>,
    all: BTreeMap<&'a str, Pairs>,
    plan: Backtest,
    levels: &'a [f64],
}

fn conclude(measured: Measured<'_>) -> Result<Backtested> {
    let Measured { rows, all, plan, levels } = measured;
    let mut scores = BTreeMap::new();
    for (name, pairs) in &all {
        scores.insert((*name).to_owned(), pairs.scores()?);
    }
    let known: Vec<&Row> = rows.iter().filter(|row| !row.actual.is_nan()).collect();
    let actual: Vec<f64> = known.iter().map(|row| row.actual).collect();
    for (at, level) in levels.iter().enumerate() {
        let lo: Vec<f64> = known.iter().map(|row| row.intervals[at].0).collect();
        let hi: Vec<f64> = known.iter().map(|row| row.intervals[at].1).collect();
        let intervals = Intervals { lo: &lo, hi: &hi };
        let model = scores.entry("model".to_owned()).or_default();
        model.coverage.push(metric::coverage(&actual, intervals)?);
        model.winkler.push(metric::winkler(&actual, intervals, *level)?);
    }
    let rmse = |baseline: &Baseline| scores.get(baseline.name()).map_or(f64::NAN, |s| s.rmse);
    let best = Baseline::ALL.into_iter().min_by(|a, b| rmse(a).total_cmp(&rmse(b)));
    let best_baseline = best.unwrap_or(Baseline::Naive);
    let mean_error = |keep: &dyn Fn(&Row) -> bool| {
        let errors =
            known.iter().filter(|row| keep(row)).map(|row| (row.actual - row.forecast).abs());
        let errors: Vec<f64> = errors.collect();
        errors.iter().sum::<f64>() / errors.len() as f64
    };
    let by_step = (1..=plan.horizon).map(|step| mean_error(&|row| row.step == step)).collect();
    let names: std::collections::BTreeSet<&String> = known.iter().map(|row| &row.series).collect();
    let by_series =
        names.into_iter().map(|name| (name.clone(), mean_error(&|row| row.series == *name)));
    let by_series = by_series.collect();
    let levels = levels.to_vec();
    let windows = plan.windows;
    Ok(Backtested { rows, windows, levels, scores, by_step, by_series, best_baseline })
}

fn rows_of<'a>(
    frame: &'a Frame,
    window: Window,
    forecast: &'a Forecast,
) -> impl Iterator<Item = Row> + 'a {
    let series = &frame.series[window.series];
    forecast.values.iter().enumerate().map(move |(step, value)| Row {
        series: series.id.clone(),
        time: frame.time(series, window.origin + step),
        cutoff: frame.time(series, window.origin - 1),
        step: step + 1,
        forecast: *value,
        intervals: forecast.intervals.iter().map(|(lo, hi)| (lo[step], hi[step])).collect(),
        actual: series.values[window.origin + step],
    })
}
