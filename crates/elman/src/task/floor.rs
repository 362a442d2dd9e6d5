//! Floors: what simple predictors reach, which know little or nothing of time. A network that does not
//! beat them has learned nothing that a few lines would not.
//!
//! Beside the commonest class or the mean, which need no more than the task knows, there are
//!
//! - the [nearest neighbour](nearest) and a [linear model](linear) on the mean, deviation, first and
//!   last value of each channel ([`statistics`]); of steps a linear model on the channels alone;
//! - [naive Bayes](bayes) on 1- to 3-grams of characters, where the channels are tokens;
//! - at steps the answer of the step before, which the network does not see;
//! - the commonest tag of each word, which the task keeps.
//!
//! They are fitted on the training part alone, without anything random, and saved in the model, so
//! that `evaluate` says on any data what they reach there. Their size and time are bounded: of large
//! data each k-th sequence is used, and how many these are is said.

mod bayes;
mod linear;
mod minimize;
mod nearest;
mod statistics;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use self::bayes::NaiveBayes;
use self::linear::Linear;
use self::nearest::Nearest;
use self::statistics::Statistics;
use super::regress::EncodedValues;
use super::{EncodedTargets, Task};
use crate::data::{Dataset, Each};
use crate::error::Result;

/// A simple predictor that a model is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FloorKind {
    /// The commonest class of the training data.
    Majority,
    /// The mean of the training data.
    Mean,
    /// The answer of the training sequence whose channels have the most similar mean, deviation, first
    /// and last value. A sequence that has all of them alike is taken for the same one and left out.
    NearestNeighbour,
    /// Ridge regression on the same values, or on the channels of a step: scikit-learn's
    /// `Ridge(alpha=1)`.
    Ridge,
    /// Logistic regression on the same values: scikit-learn's `LogisticRegression(C=1)`.
    Logistic,
    /// Naive Bayes on 1- to 3-grams of characters, a space before and after the text: scikit-learn's
    /// `MultinomialNB(alpha=1)`.
    NaiveBayes,
    /// The commonest class of each word in the training data.
    Word,
    /// The answer of the step before.
    LastValue,
}

impl FloorKind {
    /// What it does, in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            FloorKind::Majority => "always guessing the commonest class in training",
            FloorKind::Mean => "always guessing the mean in training",
            FloorKind::NearestNeighbour => {
                "the nearest neighbour by each channel's mean, deviation, first and last value"
            }
            FloorKind::Ridge => "ridge regression on simple statistics of each channel",
            FloorKind::Logistic => "logistic regression on simple statistics of each channel",
            FloorKind::NaiveBayes => "naive Bayes on 1- to 3-grams of characters",
            FloorKind::Word => "the commonest class of each word",
            FloorKind::LastValue => "the answer of the step before",
        }
    }
}

/// What the simple predictors keep of the training data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Floors {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    statistics: Option<Statistics>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nearest: Option<Nearest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    linear: Option<Linear>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bayes: Option<NaiveBayes>,
}

/// What a predictor says of each answer.
#[derive(Clone, Debug)]
pub(crate) struct Guesses {
    pub(crate) kind: FloorKind,
    /// How many training sequences or steps it was fitted on, if on a part of them.
    pub(crate) fitted_on: Option<usize>,
    pub(crate) said: Said,
}

/// The answers, in the terms of the task.
#[derive(Clone, Debug)]
pub(crate) enum Said {
    /// Classes.
    Classes(Vec<usize>),
    /// Standardised numbers `[rows, O]`.
    Standardized(Array2<f64>),
    /// Numbers in the units of the targets `[rows, O]`.
    Values(Array2<f64>),
}

/// O: how many classes or numbers there are for each answer.
fn width(task: &Task) -> usize {
    match task {
        Task::Classify(classify) => classify.labels().len(),
        Task::MultiLabel(labels) => labels.labels().len(),
        Task::Regress(regress) => regress.targets().len(),
        Task::Text(text) => text.tokenizer().len(),
    }
}

/// Every k-th of so many rows, at most `most` of them.
fn thinned(rows: usize, most: usize) -> Vec<usize> {
    (0..rows).step_by(rows.div_ceil(most.max(1)).max(1)).collect()
}

impl Floors {
    /// Fitted on training data, whose tokens have all their texts.
    pub(crate) fn fit(task: &Task, data: &Dataset, targets: &EncodedTargets) -> Self {
        let mut floors = Floors::default();
        if let (EncodedTargets::Classes(classes), Each::Sequence) = (targets, task.each()) {
            floors.bayes = NaiveBayes::fit(data, classes, width(task));
        }
        let Some((statistics, rows)) = Statistics::fit(data, task.each()) else { return floors };
        if task.each() == Each::Sequence {
            floors.nearest = Nearest::fit(&rows, targets);
        }
        floors.linear = Linear::fit(&rows, targets, width(task));
        floors.statistics = Some(statistics);
        floors
    }

    /// What the predictors say of the data, whose tokens have all their texts.
    pub(crate) fn guesses(
        &self,
        task: &Task,
        data: &Dataset,
        targets: &EncodedTargets,
    ) -> Vec<Guesses> {
        let mut all = Vec::new();
        let rows = self.statistics.as_ref().and_then(|fitted| fitted.rows(data, task.each()));
        if let Some(rows) = &rows {
            all.extend(self.nearest.as_ref().map(|nearest| nearest.guesses(rows)));
            all.extend(self.linear.as_ref().map(|linear| linear.guesses(rows)));
        }
        all.extend(self.bayes.as_ref().map(|bayes| bayes.guesses(data)));
        if task.each() == Each::Step && data.token_channels().is_empty() {
            all.extend(last_values(task, data, targets));
        }
        all
    }

    /// Whether there is anything to be saved.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Floors::default()
    }

    /// Refuses what does not fit the task and so many channels: a file may hold anything.
    pub(crate) fn check(&self, task: &Task, channels: usize) -> Result<()> {
        let outputs = width(task);
        let width = match task.each() {
            Each::Sequence => channels * statistics::OF_A_CHANNEL,
            Each::Step => channels,
        };
        self.statistics.as_ref().map_or(Ok(()), |fitted| fitted.check(width))?;
        self.nearest.as_ref().map_or(Ok(()), |nearest| nearest.check(width, outputs))?;
        self.linear.as_ref().map_or(Ok(()), |linear| linear.check(width, outputs))?;
        self.bayes.as_ref().map_or(Ok(()), |bayes| bayes.check(outputs))
    }
}

/// The answer of the last step before that has one; of the first steps the guess of the task.
fn last_values(task: &Task, data: &Dataset, targets: &EncodedTargets) -> Option<Guesses> {
    let said = match (task, targets) {
        (Task::Classify(classify), EncodedTargets::Classes(classes)) => {
            let mut said = Vec::with_capacity(classes.len());
            for length in data.lengths() {
                let mut last = classify.commonest();
                for &class in &classes[said.len()..said.len() + length] {
                    said.push(last);
                    last = usize::try_from(class).unwrap_or(last);
                }
            }
            Said::Classes(said)
        }
        (Task::Regress(regress), EncodedTargets::Values(EncodedValues { actual, .. })) => {
            let mean = regress.mean_guess();
            let mut said = Array2::zeros(actual.raw_dim());
            let mut row = 0;
            for length in data.lengths() {
                let mut last = ndarray::aview1(&mean);
                for _ in 0..length {
                    said.row_mut(row).assign(&last);
                    if !actual.row(row).iter().any(|value| value.is_nan()) {
                        last = actual.row(row);
                    }
                    row += 1;
                }
            }
            Said::Values(said)
        }
        _ => return None,
    };
    Some(Guesses { kind: FloorKind::LastValue, fitted_on: None, said })
}

#[cfg(test)]
mod tests;
