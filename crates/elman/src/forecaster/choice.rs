//! Choosing what is done to the values, by forecasting the end of the training part.

use serde::{Deserialize, Serialize};

use super::windows::dataset;
use super::{Candidate, Plan, forecast_at};
use crate::error::{Error, Result};
use crate::forecast::{Backtest, Baseline, Frame, Step, Transform, Window, metric};
use crate::model::Model;
use crate::train::{Control, Trained, Trainer, TrainingOptions};

/// What was chosen, and what it was chosen from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The best.
    pub best: Candidate,
    /// The candidates in the order of their scores; empty where nothing was to be chosen, or the
    /// series are too short.
    pub trials: Vec<Trial>,
    /// The steps at the end of each series by which it was chosen.
    pub held_out: usize,
}

/// A candidate with its score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// What was tried.
    pub candidate: Candidate,
    /// The mean absolute error over that of the naive forecast, of all series; below 1 is better.
    /// Where the naive forecast makes no error, over the deviation of the series, or 1 if they are
    /// constant.
    pub score: f64,
}

/// The updates of a trial.
const UPDATES: usize = 400;
/// The cut-offs at which errors are measured, of all series together.
const MOST_ORIGINS: usize = 600;
/// The errors of a step that are kept.
const MOST_ERRORS: usize = 400;

/// The errors of forecasts for the part that is held out.
struct Measured {
    score: f64,
    sizes: Vec<Vec<f64>>, // [H], of each origin
}

/// The best candidate, and the sizes of its errors `[H]`, sorted.
pub(super) fn choose(
    frame: &Frame,
    plan: &Plan<'_>,
    trainer: &Trainer,
) -> Result<(Choice, Vec<Vec<f64>>)> {
    let candidates = candidates(frame, plan);
    let held = hold_out(frame, plan);
    let Some((before, origins)) = held.filter(|(_, origins)| !origins.is_empty()) else {
        let best = candidates.into_iter().next().ok_or_else(none)?;
        return Ok((Choice { best, trials: vec![], held_out: 0 }, Vec::new()));
    };
    let part = Part { frame, before: &before, origins: &origins, plan };
    let mut trials = Vec::new();
    let mut fault = None;
    if candidates.len() > 1 {
        let most = trainer.options().max_updates.unwrap_or(UPDATES).min(UPDATES);
        let options =
            TrainingOptions { max_updates: Some(most), epochs: None, ..trainer.options().clone() };
        let trial = Trainer::new(options, trainer.network().clone())?;
        for candidate in candidates {
            // The series may be too short for the differences of this one alone.
            match part.measure(&candidate, &trial) {
                Ok(measured) => trials.push(Trial { candidate, score: measured.score }),
                Err(error) => fault = fault.or(Some(error)),
            }
        }
        trials.sort_by(|a, b| a.score.total_cmp(&b.score));
    } else {
        trials.extend(candidates.into_iter().map(|candidate| Trial { candidate, score: 0.0 }));
    }
    let Some(best) = trials.first().map(|trial| trial.candidate.clone()) else {
        return Err(fault.unwrap_or_else(none));
    };
    let errors = part.measure(&best, trainer)?.sizes;
    let held_out = frame.series.iter().zip(&before.series);
    let held_out = held_out.map(|(all, part)| all.values.len() - part.values.len()).max();
    if trials.len() == 1 {
        trials.clear();
    }
    Ok((Choice { best, trials, held_out: held_out.unwrap_or(0) }, errors))
}

fn none() -> Error {
    Error::argument("data", "series that are long enough to forecast", "shorter ones")
}

/// The part before the first cut-off, and the origins after it.
fn hold_out(frame: &Frame, plan: &Plan<'_>) -> Option<(Frame, Vec<Window>)> {
    let horizon = plan.windows.horizon;
    let longest = frame.series.iter().map(|series| series.values.len()).max()?;
    let room = longest.checked_sub(plan.windows.context + 2 * horizon)?;
    let steps = (longest / 5).max(horizon + 1).min(room + horizon);
    let windows = (steps + 1).checked_sub(horizon)?;
    let most = (MOST_ORIGINS / frame.series.len()).max(1);
    let step = windows.div_ceil(most).max(1);
    let backtest = Backtest { horizon, windows: windows.div_ceil(step), step };
    let before = frame.before(backtest.held_out());
    let mut origins = Vec::new();
    for (series, own) in frame.series.iter().enumerate() {
        let first = backtest.origins(own.values.len()).unwrap_or_default();
        let fits = |origin: &usize| *origin >= plan.windows.context;
        origins.extend(first.into_iter().filter(fits).map(|origin| Window { series, origin }));
    }
    Some((before, origins))
}

/// The short list: what suits these values.
fn candidates(frame: &Frame, plan: &Plan<'_>) -> Vec<Candidate> {
    if let Some(transform) = &plan.options.transform {
        let of = |by_window| Candidate { transform: transform.clone(), by_window };
        return vec![of(false), of(true)];
    }
    let season = Step::Difference { lag: plan.season };
    let one = Step::Difference { lag: 1 };
    let positive = |values: &[f64]| values.iter().all(|value| value.is_nan() || *value > 0.0);
    let is_positive = frame.series.iter().all(|series| positive(&series.values));
    let has_season = plan.season > 1 && plan.season <= plan.windows.context;
    let mut lists = vec![(vec![], true), (vec![], false), (vec![one], false)];
    if has_season {
        lists.push((vec![season], false));
    }
    if is_positive {
        lists.push((vec![Step::Log], false));
        lists.push((vec![Step::Log, one], false));
        if has_season {
            lists.push((vec![Step::Log, season], false));
            lists.push((vec![Step::Log, season, one], false));
        }
    }
    let candidate =
        |(steps, by_window)| Some(Candidate { transform: Transform::new(steps).ok()?, by_window });
    lists.into_iter().filter_map(candidate).collect()
}

struct Part<'a> {
    frame: &'a Frame,
    before: &'a Frame,
    origins: &'a [Window],
    plan: &'a Plan<'a>,
}

impl Part<'_> {
    fn measure(&self, candidate: &Candidate, trainer: &Trainer) -> Result<Measured> {
        let recipe = self.plan.recipe(self.before, candidate)?;
        let data = dataset(self.before, &recipe)?;
        let trained = trainer.fit_with::<f32>(&data, &mut |_| Control::Continue)?;
        let Trained { model, report } = trained;
        if let Some(error) = report.outcome.error() {
            return Err(error);
        }
        self.errors(&model.into_forecast(recipe)?)
    }

    fn errors(&self, model: &Model<f32>) -> Result<Measured> {
        let recipe = super::recipe(model)?;
        let fits = |window: &&Window| window.origin >= recipe.reads();
        let origins: Vec<Window> = self.origins.iter().filter(fits).copied().collect();
        let horizon = recipe.windows.horizon;
        let forecasts = forecast_at(model, self.frame, &origins, &[])?;
        let (mut all, mut naive) = (0.0, 0.0);
        let mut sizes = vec![Vec::new(); horizon];
        for (window, forecast) in origins.iter().zip(&forecasts) {
            let values = &self.frame.series[window.series].values;
            let (history, actual) =
                (&values[..window.origin], &values[window.origin..window.origin + horizon]);
            if actual.iter().any(|value| value.is_nan()) {
                continue;
            }
            let unit = recipe.encode(self.frame, *window)?;
            let own = recipe.sizes(&unit, &forecast.values, actual)?;
            own.into_iter().zip(&mut sizes).for_each(|(size, all)| all.push(size));
            // Series of any size count the same, as far as they are hard to forecast.
            let size = crate::forecast::Unit::of(&self.before.series[window.series].values);
            let guess = Baseline::Naive.forecast(history, 1, horizon);
            all += metric::mae(actual, &forecast.values)? / size.deviation();
            naive += metric::mae(actual, &guess)? / size.deviation();
        }
        for sizes in &mut sizes {
            sizes.sort_by(f64::total_cmp);
            *sizes = thinned(sizes);
        }
        let count = sizes.first().map_or(0, Vec::len);
        if !all.is_finite() || count == 0 {
            return Err(none());
        }
        let unit = if naive > 0.0 { naive } else { count as f64 };
        Ok(Measured { score: all / unit, sizes })
    }
}

/// Evenly spaced ones of sorted numbers, the largest among them.
fn thinned(sorted: &[f64]) -> Vec<f64> {
    let step = sorted.len().div_ceil(MOST_ERRORS).max(1);
    let mut kept: Vec<f64> = sorted.iter().rev().step_by(step).copied().collect();
    kept.reverse();
    kept
}
