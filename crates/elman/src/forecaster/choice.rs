//! Choosing what is done to the values, by forecasting the end of the training part.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::ahead::forecast_at;
use super::candidates::candidates;
use super::measure::{Backtested, Measure};
use super::plan::{Plan, steps_of, without_validation};
use super::windows::dataset;
use super::{Candidate, recipe};
use crate::error::{Error, Result};
use crate::forecast::{Backtest, Baseline, Forecast, Frame, Recipe, Unit, Window, metric};
use crate::model::Model;
use crate::train::{
    Callback, Outcome, Progress, Trained, Trainer, TrainingOptions, side_by_side, workers,
};

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
    /// The updates of its training: the candidates that come last after a few of them are not trained
    /// for more.
    pub updates: usize,
}

/// The updates of the trials of all candidates.
const FIRST_UPDATES: usize = 100;
/// How many candidates are tried again.
const KEPT: usize = 4;
/// The updates of their trials.
const UPDATES: usize = 300;
/// The cut-offs at which errors are measured, of all series together.
const MOST_ORIGINS: usize = 600;
/// The errors of a step that are kept.
const MOST_ERRORS: usize = 400;

/// What comes of a choice.
pub(super) struct Chosen {
    pub(super) choice: Choice,
    /// The sizes of the errors of the best `[H]`, sorted.
    pub(super) errors: Vec<Vec<f64>>,
    pub(super) held_out: Option<Backtested>,
}

/// The part before the first cut-off, and the origins after it.
struct HeldOut {
    before: Frame,
    origins: Vec<Window>,
    backtest: Backtest,
}

/// The best candidate; `None` where the callback stopped a training.
pub(super) fn choose(
    frame: &Frame,
    plan: &Plan<'_>,
    trainer: &Trainer,
    callback: &mut Callback<'_>,
) -> Result<Option<Chosen>> {
    let candidates = candidates(frame, plan)?;
    let held = hold_out(frame, plan).filter(|held| !held.origins.is_empty());
    let Some(held) = held else {
        let best = candidates.into_iter().next().ok_or_else(none)?;
        let choice = Choice { best, trials: vec![], held_out: 0 };
        return Ok(Some(Chosen { choice, errors: vec![], held_out: None }));
    };
    let part = Part { frame, held: &held, plan };
    let mut trials = Vec::new();
    if let [only] = candidates.as_slice() {
        trials.push(Trial { candidate: only.clone(), score: 0.0, updates: 0 });
    } else {
        match part.trials(candidates, trainer, callback)? {
            Some(tried) => trials = tried,
            None => return Ok(None),
        }
    }
    let best = trials.first().map(|trial| trial.candidate.clone()).ok_or_else(none)?;
    let stride = plan.windows.stride;
    let last = part.measure(&best, &without_validation(trainer, None)?, stride, callback)?;
    let Some(measured) = last else { return Ok(None) };
    let held_out = frame.series.iter().zip(&held.before.series);
    let held_out = held_out.map(|(all, part)| all.values.len() - part.values.len()).max();
    if trials.len() == 1 {
        trials.clear();
    }
    Ok(Some(Chosen {
        choice: Choice { best, trials, held_out: held_out.unwrap_or(0) },
        errors: measured.sizes,
        held_out: Some(measured.backtested),
    }))
}

fn none() -> Error {
    Error::argument("data", "series that are long enough to forecast", "shorter ones")
}

/// The last part of the series, where there is enough before it.
fn hold_out(frame: &Frame, plan: &Plan<'_>) -> Option<HeldOut> {
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
    Some(HeldOut { before, origins, backtest })
}

struct Part<'a> {
    frame: &'a Frame,
    held: &'a HeldOut,
    plan: &'a Plan<'a>,
}

/// The errors of forecasts for the part that is held out.
struct Measured {
    score: f64,
    sizes: Vec<Vec<f64>>, // [H], of each origin
    backtested: Backtested,
}

impl Part<'_> {
    /// The candidates in the order of their scores: the best of a first round first, by a second.
    fn trials(
        &self,
        candidates: Vec<Candidate>,
        trainer: &Trainer,
        callback: &mut Callback<'_>,
    ) -> Result<Option<Vec<Trial>>> {
        let mut rest = Vec::new();
        let mut kept = candidates;
        if kept.len() > KEPT {
            let first = without_validation(trainer, Some(FIRST_UPDATES))?;
            let Some(mut trials) = self.round(&kept, &first, callback)? else { return Ok(None) };
            rest = trials.split_off(KEPT.min(trials.len()));
            kept = trials.into_iter().map(|trial| trial.candidate).collect();
        }
        let second = without_validation(trainer, Some(UPDATES))?;
        let Some(mut trials) = self.round(&kept, &second, callback)? else { return Ok(None) };
        trials.extend(rest);
        Ok(Some(trials))
    }

    /// The candidates in the order of their scores, trained side by side on one thread each.
    fn round(
        &self,
        candidates: &[Candidate],
        trainer: &Trainer,
        callback: &mut Callback<'_>,
    ) -> Result<Option<Vec<Trial>>> {
        let own = trainer.options();
        let updates = own.max_updates.unwrap_or(UPDATES);
        let alone = TrainingOptions { threads: Some(1), ..own.clone() };
        let alone = Trainer::new(alone, trainer.network().clone())?;
        let count = self.plan.windows.all(&steps_of(&self.held.before)).len();
        // No more windows than are looked at.
        let stride = self.plan.windows.stride * count.div_ceil(updates * own.batch_size).max(1);
        let callback = Mutex::new(callback);
        let listen = |progress: &Progress| {
            let mut callback = callback.lock().unwrap_or_else(PoisonError::into_inner);
            callback(progress)
        };
        let results = side_by_side(candidates.len(), workers(own)?, |index| {
            // The series may be too short for the differences of this one alone.
            Ok(self.measure(&candidates[index], &alone, stride, &mut |progress| listen(progress)))
        })?;
        let (mut trials, mut fault) = (Vec::new(), None);
        for (candidate, result) in candidates.iter().zip(results) {
            match result {
                Ok(Some(Measured { score, .. })) => {
                    trials.push(Trial { candidate: candidate.clone(), score, updates });
                }
                Ok(None) => return Ok(None),
                Err(error) => fault = fault.or(Some(error)),
            }
        }
        if trials.is_empty() {
            return Err(fault.unwrap_or_else(none));
        }
        trials.sort_by(|a, b| a.score.total_cmp(&b.score));
        Ok(Some(trials))
    }

    fn measure(
        &self,
        candidate: &Candidate,
        trainer: &Trainer,
        stride: usize,
        callback: &mut Callback<'_>,
    ) -> Result<Option<Measured>> {
        let mut recipe = self.plan.recipe(&self.held.before, candidate)?;
        recipe.windows.stride = stride;
        let data = dataset(&self.held.before, &recipe)?;
        let Trained { model, report } = trainer.fit_with::<f32>(&data, callback)?;
        if report.outcome == Outcome::Stopped {
            return Ok(None);
        }
        match report.outcome.error() {
            Some(error) => Err(error),
            None => self.errors(&model.into_forecast(recipe)?).map(Some),
        }
    }

    fn errors(&self, model: &Model<f32>) -> Result<Measured> {
        let recipe = recipe(model)?;
        let fits = |window: &&Window| window.origin >= recipe.reads();
        let origins: Vec<Window> = self.held.origins.iter().filter(fits).copied().collect();
        let forecasts = forecast_at(model, self.frame, &origins, &[])?;
        let score = self.score(recipe, &origins, &forecasts)?;
        let sizes = self.sizes(recipe, &origins, &forecasts)?;
        let mut measure = Measure::new(self.frame, self.held.backtest, &[], recipe.season);
        measure.add(&origins, &forecasts);
        Ok(Measured { score, sizes, backtested: measure.conclude()? })
    }

    /// The mean absolute error over that of the naive forecast.
    fn score(&self, recipe: &Recipe, origins: &[Window], forecasts: &[Forecast]) -> Result<f64> {
        let horizon = recipe.windows.horizon;
        let (mut all, mut naive, mut count) = (0.0, 0.0, 0_usize);
        for (window, forecast) in origins.iter().zip(forecasts) {
            let (history, actual) = self.around(*window, horizon);
            let guess = Baseline::Naive.forecast(history, 1, horizon);
            let known: Vec<usize> = (0..horizon).filter(|at| !actual[*at].is_nan()).collect();
            let pick = |values: &[f64]| known.iter().map(|at| values[*at]).collect::<Vec<f64>>();
            if known.is_empty() {
                continue;
            }
            // Series of any size count the same, as far as they are hard to forecast.
            let size = Unit::of(&self.held.before.series[window.series].values).deviation;
            let actual = pick(actual);
            all += metric::mae(&actual, &pick(&forecast.values))? / size;
            naive += metric::mae(&actual, &pick(&guess))? / size;
            count += 1;
        }
        if !all.is_finite() || count == 0 {
            return Err(none());
        }
        Ok(all / if naive > 0.0 { naive } else { count as f64 })
    }

    /// The sizes of the errors of each step, sorted.
    fn sizes(
        &self,
        recipe: &Recipe,
        origins: &[Window],
        forecasts: &[Forecast],
    ) -> Result<Vec<Vec<f64>>> {
        let horizon = recipe.windows.horizon;
        let mut sizes = vec![Vec::new(); horizon];
        for (window, forecast) in origins.iter().zip(forecasts) {
            let (_, actual) = self.around(*window, horizon);
            let encoded = recipe.encode(self.frame, *window)?;
            let own = recipe.sizes(&encoded, &forecast.values, actual)?;
            for (size, all) in own.into_iter().zip(&mut sizes).filter(|(size, _)| !size.is_nan()) {
                all.push(size);
            }
        }
        for sizes in &mut sizes {
            sizes.sort_by(f64::total_cmp);
            *sizes = thinned(sizes);
        }
        // Without an error of one step there are no intervals.
        let is_whole = sizes.iter().all(|sizes| !sizes.is_empty());
        Ok(if is_whole { sizes } else { Vec::new() })
    }

    /// What is before an origin, and the horizon after it.
    fn around(&self, window: Window, horizon: usize) -> (&[f64], &[f64]) {
        let values = &self.frame.series[window.series].values;
        (&values[..window.origin], &values[window.origin..window.origin + horizon])
    }
}

/// Evenly spaced ones of sorted numbers, the largest among them.
fn thinned(sorted: &[f64]) -> Vec<f64> {
    let step = sorted.len().div_ceil(MOST_ERRORS).max(1);
    let mut kept: Vec<f64> = sorted.iter().rev().step_by(step).copied().collect();
    kept.reverse();
    kept
}
