//! Back-tests in which no model has seen what it forecasts.

use serde::Serialize;

use super::backtest::{BacktestOf, at_each, backtest};
use super::measure::Backtested;
use super::{prepare, recipe};
use crate::error::{Error, Result};
use crate::forecast::Frame;
use crate::model::Model;
use crate::train::{Control, Trained, Trainer};

/// Which model forecasts from the cut-offs of a back-test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Retraining {
    /// The one that was given.
    AsGiven,
    /// One that was trained as it was, on what comes before the first cut-off.
    BeforeTheFirst,
    /// One for each, on what comes before it.
    AtEach,
}

impl Retraining {
    /// What it takes that the model has not seen what it forecasts.
    ///
    /// # Errors
    ///
    /// A model that does not forecast; a series that is too short for the cut-offs.
    pub fn needed(model: &Model<f32>, of: BacktestOf<'_>) -> Result<Self> {
        let BacktestOf { frame, plan, .. } = of;
        let mut has_seen = false;
        for series in &frame.series {
            let origins = plan.origins(series.values.len()).map_err(|_| {
                let expected =
                    format!("more than {} steps, which the back-test takes", plan.held_out());
                let name = format!("series {:?}", series.id);
                Error::argument(name, expected, series.values.len())
            })?;
            let trained = recipe(model)?.trained.iter().find(|trained| trained.id == series.id);
            let cutoff = origins.first().map(|origin| frame.time(series, origin - 1));
            has_seen |= trained.zip(cutoff).is_some_and(|(trained, cutoff)| trained.last > cutoff);
        }
        Ok(if has_seen { Retraining::BeforeTheFirst } else { Retraining::AsGiven })
    }
}

/// As [`backtest`], by the model itself or by ones that are trained as it was.
///
/// # Errors
///
/// Those of [`backtest`] and of [`fit`](super::fit); a model that does not keep how it was trained.
pub fn backtest_by(
    model: &Model<f32>,
    of: BacktestOf<'_>,
    retraining: Retraining,
) -> Result<Backtested> {
    let BacktestOf { frame, plan, levels } = of;
    match retraining {
        Retraining::AsGiven => backtest(model, frame, plan, levels),
        Retraining::BeforeTheFirst => {
            let model = again(model, &frame.before(plan.held_out()))?;
            backtest(&model, frame, plan, levels)
        }
        Retraining::AtEach => at_each(of, recipe(model)?.season, |frame| again(model, frame)),
    }
}

/// A model that is trained on other rows as this one was, all members of it.
fn again(model: &Model<f32>, frame: &Frame) -> Result<Model<f32>> {
    let options = &recipe(model)?.options;
    let prepared = prepare(frame, options, &trainer(model)?, &mut |_| Control::Continue)?;
    let prepared =
        prepared.ok_or_else(|| Error::argument("training", "one that goes on", "a stop"))?;
    let (trainer, data) = (prepared.trainer(), prepared.data());
    let trained = match model.members().count() {
        0 | 1 => {
            let Trained { model, report } = trainer.fit(data)?;
            report.outcome.error().map_or(Ok(model), Err)?
        }
        members => trainer.fit_members(members, data, &|_, _| Control::Continue)?.model,
    };
    prepared.into_model(trained)
}

/// What trained a model, from the settings that it keeps.
fn trainer(model: &Model<f32>) -> Result<Trainer> {
    let settings = &model.provenance().settings;
    let unusable = |what: &str| {
        let found = format!("no {what} that this version can read");
        Error::argument("model", "one that keeps how it was trained", found)
    };
    let training = serde_json::from_value(settings["training"].clone());
    let network = serde_json::from_value(settings["network"].clone());
    let training = training.map_err(|_| unusable("training options"))?;
    Trainer::new(training, network.map_err(|_| unusable("network options"))?)
}
