//! What does not change during a run: its options, and the data as they are used.

use super::Trainer;
use super::options::TrainingOptions;
use super::subject::{Digests, Subject};
use crate::error::{Error, Result};
use crate::real::Real;

/// What does not change during a run.
pub(super) struct Setup<'a, T> {
    pub(super) trainer: Trainer,
    pub(super) subject: Box<dyn Subject<T> + 'a>,
    pub(super) digests: Digests,
    /// The options with everything chosen.
    options: TrainingOptions,
    batches: usize,
}

impl<'a, T: Real> Setup<'a, T> {
    /// # Errors
    ///
    /// Options that do not suit the subject.
    pub(super) fn new(trainer: &Trainer, subject: Box<dyn Subject<T> + 'a>) -> Result<Self> {
        let options = &trainer.options;
        let batches = subject.feed().batches(options.batch_size);
        if options.accumulation > batches {
            let expected = format!("at most {batches}, the batches of an epoch");
            return Err(Error::argument("accumulation", expected, options.accumulation));
        }
        Ok(Setup {
            options: options.resolved(batches.div_ceil(options.accumulation)),
            trainer: trainer.clone(),
            digests: subject.digests(),
            subject,
            batches,
        })
    }

    pub(super) fn options(&self) -> &TrainingOptions {
        &self.options
    }

    pub(super) fn updates_per_epoch(&self) -> usize {
        self.batches.div_ceil(self.options().accumulation)
    }

    /// The epochs that the options allow; the last one may be cut short.
    pub(super) fn epochs(&self) -> usize {
        let options = self.options();
        let by_updates = options.max_updates.map(|most| most.div_ceil(self.updates_per_epoch()));
        options.epochs.unwrap_or(usize::MAX).min(by_updates.unwrap_or(usize::MAX))
    }

    /// The updates that the options allow.
    pub(super) fn updates(&self) -> usize {
        let epochs = self.options().epochs.unwrap_or(usize::MAX);
        let by_epochs = epochs.saturating_mul(self.updates_per_epoch());
        by_epochs.min(self.options().max_updates.unwrap_or(usize::MAX))
    }
}
