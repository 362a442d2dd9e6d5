//! Predicted classes, and how good they are.

use ndarray::{Array2, ArrayView2};
use serde::Serialize;

use super::super::floor::FloorKind;
use super::super::{Answers, FloorScore};
use crate::data::Each;

/// A class for each sequence, with the probability of every class.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassPredictions {
    pub(super) answers: Answers,
    pub(super) labels: Vec<String>,        // [O]
    pub(super) classes: Vec<usize>,        // [N]
    pub(super) probabilities: Array2<f64>, // [N, O]
}

/// How good predicted classes are.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassEvaluation {
    /// What there is a class for.
    #[serde(skip_serializing_if = "Each::is_sequence")]
    pub each: Each,
    /// The number of sequences, or of steps, that have a class.
    pub sequences: usize,
    /// How many of these steps have a class that the model does not know: each is an error in the
    /// accuracy, and counts in nothing else.
    #[serde(skip_serializing_if = "is_zero")]
    pub other_classes: usize,
    /// The mean cross-entropy, or log loss, without label smoothing or class weights.
    pub loss: f64,
    /// The [Brier score](crate::metric::brier) of the probabilities.
    pub brier: f64,
    /// Their [expected calibration error](crate::metric::calibration_error).
    pub calibration_error: f64,
    /// The share of sequences whose class was predicted correctly.
    pub accuracy: f64,
    /// The mean of the F1 of each class that occurs in the data or in the predictions.
    pub macro_f1: f64,
    /// The name of each class `[O]`.
    pub labels: Vec<String>,
    /// How many sequences of class i (row) were predicted as class j (column) `[O, O]`.
    pub confusion: Vec<Vec<u64>>,
    /// How well each class is found `[O]`.
    pub by_class: Vec<ClassReport>,
    /// What always guessing the commonest training class achieves.
    pub floor: ClassFloor,
    /// The accuracy of each simple predictor that the model is held against.
    pub floors: Vec<FloorScore>,
    /// What words say of classes at every step; none for other data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<WordEvaluation>,
}

/// How well a class is found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassReport {
    /// The class.
    pub label: String,
    /// The share of the answers with this class that are right; none where no answer has it.
    pub precision: Option<f64>,
    /// The share of what is of this class that is answered so; none where nothing is.
    pub recall: Option<f64>,
    /// Their harmonic mean; none where the class is neither there nor predicted.
    pub f1: Option<f64>,
    /// How many answers should have this class.
    pub support: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// How tagged words were answered.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct WordEvaluation {
    /// The accuracy of the commonest class that each word had in training.
    pub floor: f64,
    /// The steps whose word the model does not know.
    pub unknown: usize,
    /// The accuracy at these steps; none where there are none.
    pub accuracy_unknown: Option<f64>,
}

/// What always guessing the commonest training class achieves.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassFloor {
    /// That class; the first of several equally common ones.
    pub label: String,
    /// The share of sequences of that class.
    pub accuracy: f64,
    /// The mean F1.
    pub macro_f1: f64,
}

impl ClassEvaluation {
    /// The best of the simple predictors; the first of several.
    #[must_use]
    pub fn best_floor(&self) -> FloorScore {
        let majority = FloorScore {
            kind: FloorKind::Majority,
            accuracy: self.floor.accuracy,
            fitted_on: None,
        };
        let better = |best: FloorScore, next: &FloorScore| {
            if next.accuracy > best.accuracy { *next } else { best }
        };
        self.floors.iter().fold(majority, better)
    }
}

impl ClassPredictions {
    /// The number of answers, N: one for each sequence or step.
    #[must_use]
    pub fn len(&self) -> usize {
        self.answers.ids.len()
    }

    /// Whether there is no sequence.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.answers.ids.is_empty()
    }

    /// The name of the sequence of each answer `[N]`.
    #[must_use]
    pub fn ids(&self) -> &[String] {
        &self.answers.ids
    }

    /// The step of each answer `[N]`, from 0; empty where there is one answer for a sequence.
    #[must_use]
    pub fn steps(&self) -> &[usize] {
        &self.answers.steps
    }

    /// The name of each class `[O]`.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// The predicted class of each sequence, an index into the labels `[N]`.
    #[must_use]
    pub fn classes(&self) -> &[usize] {
        &self.classes
    }

    /// The name of the predicted class of a sequence; `None` past the last one.
    #[must_use]
    pub fn label(&self, sequence: usize) -> Option<&str> {
        let class = *self.classes.get(sequence)?;
        self.labels.get(class).map(String::as_str)
    }

    /// The label of the predicted class of each sequence `[N]`.
    pub fn predicted_labels(&self) -> impl ExactSizeIterator<Item = &str> {
        self.classes.iter().map(|&class| self.labels[class].as_str())
    }

    /// The probability of each class for each sequence `[N, O]`; a row sums to 1.
    #[must_use]
    pub fn probabilities(&self) -> ArrayView2<'_, f64> {
        self.probabilities.view()
    }
}
