//! The data as they are used: a part may have been set aside for validation.

use std::borrow::Cow;

use super::{Purpose, TrainingData, TrainingOptions};
use crate::data::{Dataset, split};
use crate::error::Result;

/// What is learnt from, and what chooses the best epoch.
pub(super) struct Parts<'a> {
    pub(super) training: Cow<'a, Dataset>,
    pub(super) validation: Option<Cow<'a, Dataset>>,
}

impl<'a> Parts<'a> {
    /// The data as they came, or split as the options say.
    ///
    /// # Errors
    ///
    /// A fraction that leaves nothing on one side.
    pub(super) fn new(options: &TrainingOptions, data: TrainingData<'a>) -> Result<Self> {
        let TrainingData { training, validation } = data;
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
