//! What a run is about: where its lessons come from, how its weights are judged, and what model
//! they make. A run knows no task and no file; a subject does.

mod dataset;
mod text;

use serde::{Deserialize, Serialize};

pub(super) use dataset::{DatasetSubject, Known};
pub(super) use text::TextSubject;

use super::footprint::Extent;
use crate::data::NamedVocabulary;
use crate::error::{Error, Result};
use crate::lesson::{Feed, Lesson, Objective};
use crate::model::{DataDigest, Model, Validation};
use crate::network::{Network, NetworkConfig, NetworkOptions};
use crate::task::{Evaluation, Task};

/// Data and task of a run.
pub(crate) trait Subject<T: crate::Real>: Send {
    /// The network for these inputs and answers.
    fn network(&self, options: &NetworkOptions) -> NetworkConfig;

    /// What there is to learn.
    fn lesson(&mut self) -> Lesson<'_, T>;

    /// The feed of the lesson.
    fn feed(&self) -> &dyn Feed<T>;

    /// The objective of the lesson.
    fn objective(&self) -> &dyn Objective<T>;

    /// What a checkpoint holds of the subject, to refuse another one.
    fn identity(&self) -> Identity;

    /// Which data these are.
    fn digests(&self) -> Digests;

    /// How much there is.
    fn sizes(&self) -> Sizes;

    /// How large its batches get; `None` where their memory is bounded by other means.
    fn extent(&self) -> Option<Extent> {
        None
    }

    /// How good the network is on the validation data, if there are any.
    fn validate(&self, network: &Network<T>) -> Result<Option<Validation>>;

    /// The network as a model, its provenance empty.
    fn model(&self, network: Network<T>) -> Result<Model<T>>;

    /// How good the finished model is.
    fn evaluate(&self, model: &Model<T>) -> Evaluations;
}

/// What makes a subject the one that it is, apart from the values of its data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Identity {
    pub(crate) task: Task,
    pub(crate) feature_names: Vec<String>,
    pub(crate) vocabularies: Vec<NamedVocabulary>,
}

impl Identity {
    /// Refuses targets and channels that were read from the same file in another way.
    pub(super) fn check(&self, saved: &Identity) -> Result<()> {
        let other = |what: &str, saved: &[String], found: &[String]| {
            let expected = format!("those of the checkpoint ({})", saved.join(", "));
            Err(Error::argument(what, expected, format!("others ({})", found.join(", "))))
        };
        if self.feature_names != saved.feature_names {
            return other("features", &saved.feature_names, &self.feature_names);
        }
        if self.vocabularies != saved.vocabularies {
            let names = |identity: &Identity| {
                identity.vocabularies.iter().map(|named| named.name.clone()).collect::<Vec<_>>()
            };
            return other("token channels", &names(saved), &names(self));
        }
        if self.task != saved.task {
            return other("targets", &saved.task.target_names(), &self.task.target_names());
        }
        Ok(())
    }
}

/// The training and validation data of a run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Digests {
    pub(crate) training: DataDigest,
    /// Only of validation data that are a data set of their own.
    pub(crate) validation: Option<DataDigest>,
}

/// How many sequences there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sizes {
    pub(crate) training: usize,
    /// 0 without validation.
    pub(crate) validation: usize,
}

/// The evaluations of a finished model; `None` where an output is not finite, or there are no data.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evaluations {
    pub(crate) training: Option<Evaluation>,
    pub(crate) validation: Option<Evaluation>,
}
