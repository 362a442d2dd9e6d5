//! Predicted labels, and how good they are.

use ndarray::{Array2, ArrayView2};
use serde::Serialize;

use super::super::Answers;
use super::super::floor::FloorKind;

/// The labels of each sequence, with the probability of each.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelPredictions {
    pub(super) answers: Answers,
    pub(super) labels: Vec<String>,        // [L]
    pub(super) thresholds: Vec<f64>,       // [L]
    pub(super) probabilities: Array2<f64>, // [N, L]
}

/// How good predicted labels are.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LabelEvaluation {
    /// The number of sequences.
    pub sequences: usize,
    /// The mean binary cross-entropy over sequences and labels.
    pub loss: f64,
    /// F1 over all decisions together, 0 where nothing is predicted or there.
    pub micro_f1: f64,
    /// The mean of the F1 of the labels.
    pub macro_f1: f64,
    /// The share of sequences whose labels are all right, and no other.
    pub subset_accuracy: f64,
    /// The share of decisions that are wrong.
    pub hamming_loss: f64,
    /// How well each label is found `[L]`.
    pub labels: Vec<LabelReport>,
    /// Micro F1 of each simple predictor that the model is held against.
    pub floors: Vec<LabelFloor>,
}

/// How well a label is found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LabelReport {
    /// The label.
    pub label: String,
    /// The probability from which on a sequence has it.
    pub threshold: f64,
    /// The share of the sequences said to have it that do; 0 where none is.
    pub precision: f64,
    /// The share of the sequences with it that are said to have it; 0 where none has it.
    pub recall: f64,
    /// Their harmonic mean.
    pub f1: f64,
    /// How many sequences have it.
    pub support: usize,
}

/// What a simple predictor achieves.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LabelFloor {
    /// The predictor.
    pub kind: FloorKind,
    /// Its micro F1.
    pub micro_f1: f64,
    /// How many training sequences it was fitted on, if on a part of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fitted_on: Option<usize>,
}

impl LabelEvaluation {
    /// The best of the simple predictors; the first of several.
    #[must_use]
    pub fn best_floor(&self) -> Option<LabelFloor> {
        let better = |best: LabelFloor, next: LabelFloor| {
            if next.micro_f1 > best.micro_f1 { next } else { best }
        };
        self.floors.iter().copied().reduce(better)
    }
}

impl LabelPredictions {
    /// The number of sequences, N.
    #[must_use]
    pub fn len(&self) -> usize {
        self.answers.ids.len()
    }

    /// Whether there is no sequence.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.answers.ids.is_empty()
    }

    /// The name of each sequence `[N]`.
    #[must_use]
    pub fn ids(&self) -> &[String] {
        &self.answers.ids
    }

    /// The name of each label `[L]`.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// The labels of a sequence, those whose probability reaches its threshold; none past the last
    /// sequence.
    #[must_use]
    pub fn chosen(&self, sequence: usize) -> Vec<&str> {
        let own = (sequence < self.len()).then(|| self.probabilities.row(sequence).to_vec());
        let own = own.unwrap_or_default();
        let chosen = own.iter().zip(&self.thresholds).zip(&self.labels);
        let chosen = chosen.filter(|((probability, threshold), _)| probability >= threshold);
        chosen.map(|(_, label)| label.as_str()).collect()
    }

    /// The probability of each label for each sequence `[N, L]`.
    #[must_use]
    pub fn probabilities(&self) -> ArrayView2<'_, f64> {
        self.probabilities.view()
    }
}
