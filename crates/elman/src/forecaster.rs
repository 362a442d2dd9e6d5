//! Training a network to forecast, forecasting, and measuring at past cut-offs.
//!
//! [`fit`] makes windows of the series and trains one network for all of them, which answers all
//! steps of the horizon at once. What is done to the values is chosen by forecasting the end of the
//! training part from before it, and so are the errors from which [`forecast`] makes conformal
//! intervals: by a network that has not seen it.

mod backtest;
mod choice;
mod windows;

pub use backtest::{Backtested, Row, Scores, backtest};
pub use choice::{Choice, Trial};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::forecast::{Forecast, Frame, FrameOptions, Recipe, Scale, Transform, Window, Windows};
use crate::model::Model;
use crate::real::Real;
use crate::task::Predictions;
use crate::train::{Control, Trained, Trainer};
use windows::dataset;

/// What is to be forecast, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForecastOptions {
    /// The steps that are forecast.
    pub horizon: usize,
    /// The steps that are read. Without it two seasons, but at least the horizon and 24 steps, and
    /// at most 336 and a third of the longest series.
    pub context: Option<usize>,
    /// The steps of a season. Without it that of the frequency.
    pub season: Option<usize>,
    /// What is done to the values; without it the best of a short list.
    pub transform: Option<Transform>,
    /// How tables are to be read for this model.
    pub frame: FrameOptions,
}

/// More windows teach a network of this size nothing in the time that it has.
const MOST_WINDOWS: usize = 12_000;

/// Trains a network to forecast the series of a frame.
///
/// ```
/// use elman::forecast::{Frame, Frequency, Series, Style};
/// use elman::forecaster::{ForecastOptions, fit, forecast};
/// use elman::train::{NetworkOptions, Trainer, TrainingOptions};
///
/// # fn main() -> elman::Result<()> {
/// // A saw of period 4.
/// let values = (0..60).map(|step| f64::from(step % 4)).collect();
/// let series = Series { id: "saw".into(), start: 0, values, features: vec![] };
/// let frame = Frame {
///     series: vec![series],
///     frequency: Frequency::Steps(1),
///     style: Style::Whole,
///     features: vec![],
///     source: None,
/// };
/// let options = ForecastOptions {
///     horizon: 2,
///     context: Some(8),
///     season: Some(4),
///     transform: None,
///     frame: Default::default(),
/// };
/// let training = TrainingOptions { max_updates: Some(60), ..TrainingOptions::default() };
/// let trainer = Trainer::new(training, NetworkOptions::simple(8).options())?;
/// let fitted = fit(&frame, &options, &trainer)?;
/// let ahead = forecast(&fitted.trained.model, &frame, &[0.8])?;
/// assert_eq!(ahead[0].values.len(), 2);
/// let (lo, hi) = &ahead[0].intervals[0];
/// assert!(lo[0] <= ahead[0].values[0] && ahead[0].values[0] <= hi[0]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Series that are too short for the horizon, the context and a part to choose by; values that a
/// transform cannot take; those of [`Trainer::fit`].
pub fn fit(frame: &Frame, options: &ForecastOptions, trainer: &Trainer) -> Result<Fitted> {
    let plan = Plan::of(frame, options)?;
    let (choice, errors) = choice::choose(frame, &plan, trainer)?;
    let mut recipe = plan.recipe(frame, &choice.best)?;
    recipe.errors = errors;
    let data = dataset(frame, &recipe)?;
    let Trained { model, report } = trainer.fit_with(&data, &mut |_| Control::Continue)?;
    let trained = Trained { model: model.into_forecast(recipe)?, report };
    Ok(Fitted { trained, choice, windows: data.len() })
}

/// A trained model, and how it was chosen what is done to the values.
#[derive(Debug)]
pub struct Fitted {
    /// The model with its report.
    pub trained: Trained<f32>,
    /// The choice.
    pub choice: Choice,
    /// The windows that were learnt from.
    pub windows: usize,
}

/// The options with everything that they leave open set, but the transform.
pub(crate) struct Plan<'a> {
    options: &'a ForecastOptions,
    season: usize,
    windows: Windows,
}

/// A transform with a kind of scale.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Candidate {
    /// What is done to the values.
    pub transform: Transform,
    /// Whether they are scaled by window; else by series.
    pub by_window: bool,
}

impl<'a> Plan<'a> {
    fn of(frame: &Frame, options: &'a ForecastOptions) -> Result<Self> {
        let season = options.season.unwrap_or(frame.frequency.season());
        let lengths: Vec<usize> = frame.series.iter().map(|series| series.values.len()).collect();
        let longest = lengths.iter().copied().max().unwrap_or(0);
        for (name, value) in [
            ("horizon", options.horizon),
            ("context", options.context.unwrap_or(1)),
            ("season", season),
        ] {
            if value == 0 {
                return Err(Error::argument(name, "at least 1", 0));
            }
        }
        if options.horizon >= longest {
            let expected = format!("below {longest}, the steps of the longest series");
            return Err(Error::argument("horizon", expected, options.horizon));
        }
        let usual = (2 * season).max(options.horizon).clamp(24, 336).min((longest / 3).max(1));
        let context = options.context.unwrap_or(usual);
        let mut windows = Windows { context, horizon: options.horizon, stride: 1 };
        windows.stride = windows.all(&lengths).len().div_ceil(MOST_WINDOWS).max(1);
        Ok(Plan { options, season, windows })
    }

    /// The recipe of a candidate, fitted on these series.
    fn recipe(&self, frame: &Frame, candidate: &Candidate) -> Result<Recipe> {
        let transform = candidate.transform.clone();
        let scale = match candidate.by_window {
            true => Scale::Window,
            false => Scale::of_series(frame, &transform)?,
        };
        Ok(Recipe {
            frame: self.options.frame.clone(),
            frequency: frame.frequency,
            season: self.season,
            windows: self.windows,
            transform,
            scale,
            errors: Vec::new(),
        })
    }
}

/// The recipe of a model that forecasts.
pub(crate) fn recipe<T: Real>(model: &Model<T>) -> Result<&Recipe> {
    let expected = "one that was trained to forecast";
    model.task().forecast().ok_or_else(|| Error::argument("model", expected, "another"))
}

/// The forecast after the last step of each series, with intervals that hold these shares (0.9,
/// say).
///
/// # Errors
///
/// A model that does not forecast; series of another frequency, with other features, too short, or
/// unknown to a model that scales by series; a level that is not between 0 and 1, or for which the
/// model keeps no errors.
pub fn forecast<T: Real>(model: &Model<T>, frame: &Frame, levels: &[f64]) -> Result<Vec<Forecast>> {
    let ends = frame.series.iter().enumerate();
    let ends = ends.map(|(series, own)| Window { series, origin: own.values.len() });
    forecast_at(model, frame, &ends.collect::<Vec<_>>(), levels)
}

/// The forecasts from these origins; nothing at or after an origin is looked at.
pub(crate) fn forecast_at<T: Real>(
    model: &Model<T>,
    frame: &Frame,
    windows: &[Window],
    levels: &[f64],
) -> Result<Vec<Forecast>> {
    let recipe = recipe(model)?;
    recipe.check(frame)?;
    for level in levels {
        if !(*level > 0.0 && *level < 1.0) {
            return Err(Error::argument("level", "above 0 and below 1", level));
        }
        if recipe.errors.is_empty() {
            let expected = "a model with past errors (the series were too short for them)";
            return Err(Error::argument("levels", expected, level));
        }
    }
    let encoded =
        windows.iter().map(|window| recipe.encode(frame, *window)).collect::<Result<Vec<_>>>()?;
    let answers = match model.predict(&windows::unanswered(recipe, &encoded)?)? {
        Predictions::Values(values) => values,
        Predictions::Classes(_) => return Err(Error::argument("model", "numbers", "classes")),
    };
    let decode = |(encoded, answers): (_, ndarray::ArrayView1<'_, f64>)| {
        recipe.decode(encoded, &answers.to_vec(), levels)
    };
    encoded.iter().zip(answers.values().rows()).map(decode).collect()
}

#[cfg(test)]
mod tests;
