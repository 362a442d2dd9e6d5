//! Measuring a model at past cut-offs.

use super::ahead::forecast_at;
use super::measure::{Backtested, Measure};
use super::{ForecastOptions, fit, recipe};
use crate::error::{Error, Result};
use crate::forecast::{Backtest, Frame, Window};
use crate::model::Model;
use crate::real::Real;
use crate::train::Trainer;

/// Forecasts the last cut-offs of each series with a model as it is, and scores them beside the
/// [baselines](crate::forecast::Baseline). A model that was trained on these steps has seen them:
/// train it on a frame without them, or see [`backtest_again`]. [`Recipe::trained`] has the ends of
/// what it was trained on.
///
/// [`Recipe::trained`]: crate::forecast::Recipe::trained
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
    let mut measure = Measure::new(frame, plan, levels, own.season);
    measure.add(&origins, &forecasts);
    measure.conclude()
}

/// What is measured at past cut-offs.
#[derive(Clone, Copy, Debug)]
pub struct BacktestOf<'a> {
    /// The series.
    pub frame: &'a Frame,
    /// The cut-offs.
    pub plan: Backtest,
    /// The levels of the intervals.
    pub levels: &'a [f64],
}

/// As [`backtest`], but that a model is trained at each cut-off on what is before it.
///
/// # Errors
///
/// Those of [`fit`] and [`backtest`].
pub fn backtest_again(
    of: BacktestOf<'_>,
    options: &ForecastOptions,
    trainer: &Trainer,
) -> Result<Backtested> {
    let season = options.season.unwrap_or(of.frame.frequency.season());
    at_each(of, season, |frame| Ok(fit(frame, options, trainer)?.trained.model))
}

/// Trains at each cut-off on what is before it, and forecasts from there.
pub(super) fn at_each(
    of: BacktestOf<'_>,
    season: usize,
    train: impl Fn(&Frame) -> Result<Model<f32>>,
) -> Result<Backtested> {
    let BacktestOf { frame, plan, levels } = of;
    for series in &frame.series {
        plan.origins(series.values.len())?;
    }
    let mut measure = Measure::new(frame, plan, levels, season);
    for index in 0..plan.windows {
        let left = plan.held_out() - index * plan.step;
        let model = train(&frame.before(left))?;
        let origin = |(series, own): (usize, &crate::forecast::Series)| Window {
            series,
            origin: own.values.len() - left,
        };
        let origins: Vec<Window> = frame.series.iter().enumerate().map(origin).collect();
        measure.add(&origins, &forecast_at(&model, frame, &origins, levels)?);
    }
    measure.conclude()
}
