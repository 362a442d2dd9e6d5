//! The forecast turned to monitoring: how likely each row was, seen from the row before.

use serde::Serialize;

use super::ahead::{FirstStep, first_steps};
use super::recipe;
use crate::error::{Error, Result};
use crate::forecast::{Forecast, Frame, Recipe, Seen, Window};
use crate::model::Model;
use crate::real::Real;

/// One row beside what was forecast of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScoredRow {
    /// The series.
    pub series: String,
    /// The time.
    pub time: i64,
    /// The value; NaN where it is missing.
    pub actual: f64,
    /// The forecast from the row before.
    pub forecast: f64,
    /// The lower end of the interval.
    pub lo: f64,
    /// The upper end of the interval.
    pub hi: f64,
    /// The logarithm of the density that the model gives the value, or of the probability that it
    /// gives a count. Of a model that says points, that of a normal distribution with the root mean
    /// square of past errors. `None` for quantiles, without past errors, and where the value is
    /// missing.
    pub log_probability: Option<f64>,
    /// Whether the value is outside the interval.
    pub outside: bool,
}

/// Each row that has enough rows before it, seen from the one before, with the interval of a level
/// (0.99, say).
///
/// ```
/// use elman::forecast::{Frame, Frequency, Series};
/// use elman::forecaster::{ForecastOptions, fit, score};
/// use elman::train::{NetworkOptions, Trainer, TrainingOptions};
///
/// # fn main() -> elman::Result<()> {
/// let mut values: Vec<f64> = (0..80).map(|step| f64::from(step % 4)).collect();
/// let frame = |values: &[f64]| Frame::of(vec![Series::new("saw", 0, values.to_vec())], Frequency::Steps(1));
/// let training = TrainingOptions { max_updates: Some(150), ..TrainingOptions::default() };
/// let trainer = Trainer::new(training, NetworkOptions::gru(8).options())?;
/// let options = ForecastOptions { context: Some(8), season: Some(4), ..ForecastOptions::new(1) };
/// let model = fit(&frame(&values), &options, &trainer)?.trained.model;
/// values[70] = 50.0;
/// let rows = score(&model, &frame(&values), 0.95)?;
/// let strange = rows.iter().find(|row| row.time == 70).expect("it has rows before it");
/// assert!(strange.outside && strange.hi < 50.0);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Those of [`forecast`](super::forecast()); no row with enough rows before it; a value that the
/// transform cannot take.
pub fn score<T: Real>(model: &Model<T>, frame: &Frame, level: f64) -> Result<Vec<ScoredRow>> {
    let recipe = recipe(model)?;
    let windows = origins(recipe, frame)?;
    let mut rows = Vec::with_capacity(windows.len());
    for (window, first) in windows.iter().zip(first_steps(model, frame, &windows, level)?) {
        let FirstStep { heard, forecast } = first;
        let series = &frame.series[window.series];
        let actual = series.values[window.origin];
        let Forecast { values, intervals } = forecast;
        let (lo, hi) = (intervals[0].0[0], intervals[0].1[0]);
        let seen = Seen { step: 0, said: &heard.said[0], actual };
        let log_probability = match actual.is_nan() {
            true => None,
            false => recipe.log_probability(&heard.encoded, seen)?,
        };
        rows.push(ScoredRow {
            series: series.id.clone(),
            time: frame.time(series, window.origin),
            actual,
            forecast: values[0],
            lo,
            hi,
            log_probability,
            outside: actual < lo || actual > hi,
        });
    }
    Ok(rows)
}

/// All origins with enough rows before them, and with the known columns that a forecast needs.
fn origins(recipe: &Recipe, frame: &Frame) -> Result<Vec<Window>> {
    let mut windows = Vec::new();
    for (series, own) in frame.series.iter().enumerate() {
        let last = match frame.known.len() {
            0 => own.values.len(),
            width => (own.known.len() / width + 1).saturating_sub(recipe.options.answers()),
        };
        let origins = recipe.reads()..last.min(own.values.len());
        windows.extend(origins.map(|origin| Window { series, origin }));
    }
    if windows.is_empty() {
        let longest = frame.series.iter().map(|series| series.values.len()).max().unwrap_or(0);
        let expected = format!("a series of more than {} steps", recipe.reads());
        return Err(Error::argument("data", expected, longest));
    }
    Ok(windows)
}
