//! The end of a run: its model, and what is kept of how it went.

use std::collections::BTreeMap;

use super::Run;
use crate::error::Result;
use crate::model::{EpochRecord, Provenance};
use crate::real::Real;
use crate::task::Evaluation;
use crate::train::Trained;
use crate::train::progress::{Outcome, Report};
use crate::train::setup::Setup;
use crate::train::subject::{Digests, Evaluations};

impl<T: Real> Run<'_, T> {
    pub(super) fn finish_here(self) -> Result<Trained<T>> {
        let best_epoch = self.best_epoch();
        let outcome = self.outcome.unwrap_or(Outcome::Stopped);
        let elapsed = self.clock.times().0;
        let weights = match best_epoch {
            Some(epoch) if epoch == self.best.epoch() => self.best.weights(),
            _ => self.learner.weights(),
        };
        let weights = weights.clone();
        let Run { setup, learner, history, .. } = self;
        let mut network = learner.network;
        network.update(|parameters| parameters.values_mut().copy_from_slice(weights.values()));
        let mut model = setup.subject.model(network)?;
        let (sizes, evaluations) = (setup.subject.sizes(), setup.subject.evaluate(&model));
        let Evaluations { training, validation } = evaluations;
        let report = Report {
            outcome,
            epochs: history,
            best_epoch,
            training_sequences: sizes.training,
            validation_sequences: sizes.validation,
            training,
            validation,
            elapsed,
        };
        *model.provenance_mut() = provenance(&setup, &report);
        Ok(Trained { model, report })
    }

    /// The epoch whose weights the model will have; `None` for the weights as they are now, inside
    /// an epoch.
    fn best_epoch(&self) -> Option<usize> {
        let judged = self.setup.subject.sizes().validation > 0 && self.best.epoch() > 0;
        let diverged = matches!(self.outcome, Some(Outcome::Diverged { .. }));
        if judged || diverged || self.learner.bad_weight().is_some() {
            return Some(self.best.epoch());
        }
        match self.epoch {
            Some(_) => None,
            None => Some(self.history.len()),
        }
    }
}

fn provenance<T: Real>(setup: &Setup<'_, T>, report: &Report) -> Provenance {
    let evaluations = [("training", &report.training), ("validation", &report.validation)];
    let (options, network) = (setup.options(), &setup.trainer.network);
    let Digests { training, validation } = setup.digests.clone();
    Provenance {
        training_data: Some(training),
        validation_data: validation,
        seed: Some(options.seed),
        settings: serde_json::json!({ "training": options, "network": network }),
        metrics: metrics(evaluations),
        history: thinned(&report.epochs),
        ..Provenance::default()
    }
}

/// The most epochs that a model keeps of its history.
const MOST_EPOCHS: usize = 10_000;

/// Each epoch; of more than [`MOST_EPOCHS`] each k-th and the last.
fn thinned(epochs: &[EpochRecord]) -> Vec<EpochRecord> {
    let every = epochs.len().div_ceil(MOST_EPOCHS).max(1);
    let is_kept =
        |record: &&EpochRecord| record.epoch.is_multiple_of(every) || record.epoch == epochs.len();
    epochs.iter().filter(is_kept).copied().collect()
}

/// Losses and scores by name, `validation_accuracy` for example.
pub(in crate::train) fn metrics(
    evaluations: [(&str, &Option<Evaluation>); 2],
) -> BTreeMap<String, f64> {
    let mut metrics = BTreeMap::new();
    for (data, evaluation) in evaluations {
        let Some(evaluation) = evaluation else { continue };
        let score = evaluation.score();
        for (name, value) in [("loss", evaluation.loss()), (score.name(), score.value())] {
            metrics.insert(format!("{data}_{name}"), value);
        }
    }
    metrics
}
