//! Sums over the answers of an epoch, as they are gone through.

use serde::{Deserialize, Serialize};

/// What has been summed up since the start of an epoch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tally {
    /// Σ the weights of the answers.
    pub(crate) weight: f64,
    /// Σ loss × weight, over the batches.
    pub(crate) loss: f64,
    /// The answers that count.
    pub(crate) answers: usize,
    /// Classes predicted correctly.
    pub(crate) correct: usize,
    /// Σ squared errors of each predicted number, standardised `[O]`; empty for classes.
    pub(crate) squares: Vec<f64>,
    /// Updates.
    pub(crate) updates: usize,
    /// Σ of the norms of their gradients.
    pub(crate) norms: f64,
}

impl Tally {
    /// The mean loss of the answers so far.
    pub(crate) fn mean_loss(&self) -> f64 {
        self.loss / self.weight
    }

    /// The mean norm of the gradients so far.
    pub(crate) fn mean_norm(&self) -> f64 {
        self.norms / self.updates as f64
    }
}
