//! What does not change during a run: its options, and the data as they are used.

use std::borrow::Cow;

use super::objective::BatchLoss;
use super::options::{InputScaling, Monitor, TrainingOptions};
use super::sequences::Sequences;
use super::{Purpose, Trainer, TrainingData};
use crate::data::{Dataset, Standardization, split};
use crate::error::{Error, Result};
use crate::model::{DataDigest, check_features};
use crate::real::Real;
use crate::task::{EncodedTargets, Task};

/// What does not change during a run.
pub(super) struct Setup<'a, T> {
    pub(super) trainer: Trainer,
    pub(super) data: TrainingData<'a>,
    pub(super) parts: Parts<'a>,
    pub(super) task: Task,
    pub(super) loss: BatchLoss<T>,
    pub(super) validation_targets: Option<EncodedTargets>,
    pub(super) scaling: Option<Standardization>,
    pub(super) sequences: Sequences<T>,
    pub(super) training_data: DataDigest,
    pub(super) validation_data: Option<DataDigest>,
}

/// The data as they are used: a part may have been set aside for validation.
pub(super) struct Parts<'a> {
    pub(super) training: Cow<'a, Dataset>,
    pub(super) validation: Option<Cow<'a, Dataset>>,
}

impl<'a, T: Real> Setup<'a, T> {
    /// # Errors
    ///
    /// Data with nothing to learn; options that do not suit them.
    pub(super) fn new(trainer: &Trainer, data: TrainingData<'a>) -> Result<Self> {
        let options = &trainer.options;
        data.training.check_trainable()?;
        check_validation(options, data.validation)?;
        let parts = Parts::new(options, data)?;
        let task = Task::of(&parts.training, options.regression_loss.unwrap_or_default())?;
        let scaling = match options.scaling {
            InputScaling::Standardize => Some(Standardization::of_dataset(&parts.training)?),
            InputScaling::Raw => None,
        };
        let setup = Setup {
            loss: BatchLoss::new(options, &task, &parts.training)?,
            validation_targets: match &parts.validation {
                Some(validation) => Some(task.encode(validation)?),
                None => None,
            },
            sequences: Sequences::new(&parts.training, scaling.as_ref())?,
            training_data: DataDigest::of(data.training),
            validation_data: data.validation.map(DataDigest::of),
            trainer: trainer.clone(),
            data,
            parts,
            task,
            scaling,
        };
        let batches = setup.batches_per_epoch();
        if options.accumulation > batches {
            let expected = format!("at most {batches}, the batches of an epoch");
            return Err(Error::argument("accumulation", expected, options.accumulation));
        }
        Ok(setup)
    }

    pub(super) fn options(&self) -> &TrainingOptions {
        &self.trainer.options
    }

    fn batches_per_epoch(&self) -> usize {
        self.sequences.lengths().len().div_ceil(self.options().batch_size)
    }

    pub(super) fn updates_per_epoch(&self) -> usize {
        self.batches_per_epoch().div_ceil(self.options().accumulation)
    }

    /// The epochs that the options allow; the last one may be cut short.
    pub(super) fn epochs(&self) -> usize {
        let options = self.options();
        let by_updates = options.max_updates.map(|most| most.div_ceil(self.updates_per_epoch()));
        options.epochs.min(by_updates.unwrap_or(usize::MAX))
    }

    /// The updates that the options allow.
    pub(super) fn updates(&self) -> usize {
        let by_epochs = self.options().epochs.saturating_mul(self.updates_per_epoch());
        by_epochs.min(self.options().max_updates.unwrap_or(usize::MAX))
    }
}

impl<'a> Parts<'a> {
    fn new(options: &TrainingOptions, data: TrainingData<'a>) -> Result<Self> {
        let TrainingData { training, validation } = data;
        if let Some(validation) = validation {
            check_features(training.feature_names(), validation)?;
        }
        let fraction = options.validation_fraction;
        if validation.is_some() || fraction <= 0.0 {
            let validation = validation.map(Cow::Borrowed);
            return Ok(Parts { training: Cow::Borrowed(training), validation });
        }
        let split = split(training, fraction, &mut Purpose::Split.rng(options.seed))?;
        Ok(Parts {
            training: Cow::Owned(training.subset(&split.training)?),
            validation: Some(Cow::Owned(training.subset(&split.validation)?)),
        })
    }
}

/// Refuses options about validation where there is none, and two sources of it.
fn check_validation(options: &TrainingOptions, validation: Option<&Dataset>) -> Result<()> {
    let fraction = options.validation_fraction;
    match validation {
        Some(_) if fraction > 0.0 => {
            Err(Error::argument("validation_fraction", "0 beside validation data", fraction))
        }
        Some(_) => Ok(()),
        None if fraction > 0.0 => Ok(()),
        None => {
            let expected = "validation data, or a validation fraction, beside it";
            if let Some(patience) = options.patience {
                return Err(Error::argument("patience", expected, patience));
            }
            match options.monitor {
                Monitor::Loss => Ok(()),
                Monitor::Metric => Err(Error::argument("monitor: metric", expected, "neither")),
            }
        }
    }
}
