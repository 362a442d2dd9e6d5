//! Training a network to forecast, forecasting, and measuring at past cut-offs.
//!
//! [`fit`] makes windows of the series and trains one network for all of them. What is done to the
//! values is chosen by forecasting the end of the training part from before it, and so are the errors
//! from which [`forecast`] makes conformal intervals: by a network that has not seen it.
//! [`prepare`] is the first half of [`fit`], for those who train in a way of their own.
//!
//! A forecast reads the last steps of a series and no others: as many as [`Recipe::reads`] says. New
//! rows are taken by reading a table that ends with them; what comes out is the same, bit for bit,
//! whether the table begins with the first row of the series or with the first that is read.

mod again;
mod ahead;
mod backtest;
mod candidates;
mod choice;
mod measure;
mod plan;
mod reading;
mod score;
mod windows;

use serde::{Deserialize, Serialize};

pub use crate::forecast::ForecastOptions;
pub use again::{Retraining, backtest_by};
pub use ahead::{Sampling, sample_paths};
pub use backtest::{BacktestOf, backtest, backtest_again};
pub use choice::{Choice, Trial};
pub use measure::{Backtested, Row, Scores};
pub use plan::{Prepared, lengths, prepare};
pub use reading::{answered_sequences, origins, sequences};
pub use score::{ScoredRow, score};

use crate::error::{Error, Result};
use crate::forecast::{Forecast, Frame, Recipe, ScaleKind, Transform, Window};
use crate::model::Model;
use crate::network::NetworkOptions;
use crate::real::Real;
use crate::train::{Control, Trained, Trainer, TrainingOptions};

/// Trains a network to forecast the series of a frame.
///
/// ```
/// use elman::forecast::{Frame, Frequency, Series};
/// use elman::forecaster::{ForecastOptions, fit, forecast};
/// use elman::train::{NetworkOptions, Trainer, TrainingOptions};
///
/// # fn main() -> elman::Result<()> {
/// // A saw of period 4.
/// let values = (0..60).map(|step| f64::from(step % 4)).collect();
/// let frame = Frame::of(vec![Series::new("saw", 0, values)], Frequency::Steps(1));
/// let options =
///     ForecastOptions { context: Some(8), season: Some(4), ..ForecastOptions::new(2) };
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
    let prepared = prepare(frame, options, trainer, &mut |_| Control::Continue)?;
    let stopped = || Error::argument("training", "one that goes on", "a stop");
    let prepared = prepared.ok_or_else(stopped)?;
    let Trained { model, report } = prepared.trainer().fit(prepared.data())?;
    let trained = Trained { model: prepared.into_model(model)?, report };
    let Prepared { choice, windows, held_out, .. } = prepared;
    Ok(Fitted { trained, choice, windows, held_out })
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
    /// How good the chosen candidate was on the part that it was chosen by.
    pub held_out: Option<Backtested>,
}

/// What a forecast is trained with where nothing is said: one forward layer of 64 GRU units with
/// dropout before the head, and batches of 32 windows. Without a word on its length a training takes
/// 60 passes over the windows, but at least 400 updates and at most 1,500.
/// `examples/forecast_table.rs` has how good that is.
///
/// ```
/// let (training, network) = elman::forecaster::defaults();
/// assert_eq!((training.batch_size, network.layers.len()), (32, 1));
/// ```
#[must_use]
pub fn defaults() -> (TrainingOptions, NetworkOptions) {
    let training = TrainingOptions { batch_size: plan::BATCH, ..TrainingOptions::default() };
    (training, NetworkOptions::gru(64).head_dropout(0.2).options())
}

/// A transform with a kind of scale.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Candidate {
    /// What is done to the values.
    pub transform: Transform,
    /// What they are divided by.
    pub scale: ScaleKind,
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
/// A model that does not forecast; series of another frequency, with other columns, too short, or
/// unknown to a model that scales by series; known columns that are not known far enough; a level
/// that is not between 0 and 1, beyond the quantiles of the model, or for which it keeps no errors.
pub fn forecast<T: Real>(model: &Model<T>, frame: &Frame, levels: &[f64]) -> Result<Vec<Forecast>> {
    ahead::forecast_at(model, frame, &ends(frame), levels)
}

/// The ends of all series.
fn ends(frame: &Frame) -> Vec<Window> {
    let ends = frame.series.iter().enumerate();
    ends.map(|(series, own)| Window { series, origin: own.values.len() }).collect()
}

#[cfg(test)]
mod tests;
