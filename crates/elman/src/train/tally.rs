//! Sums over the sequences of an epoch, as they are gone through.

use serde::{Deserialize, Serialize};

use crate::task::Score;

/// What has been summed up since the start of an epoch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tally {
    /// Sequences.
    pub(super) sequences: usize,
    /// Σ loss × sequences, over the batches.
    pub(super) loss: f64,
    /// Classes predicted correctly.
    pub(super) correct: usize,
    /// Σ squared errors of each predicted number, standardised `[O]`; empty for classes.
    pub(super) squares: Vec<f64>,
    /// Updates.
    pub(super) updates: usize,
    /// Σ of the norms of their gradients.
    pub(super) norms: f64,
}

/// How a tally becomes a metric.
#[derive(Clone, Debug)]
pub(super) enum Metric {
    Accuracy,
    /// With the standard deviation of each target `[O]`.
    Rmse(Vec<f64>),
}

impl Tally {
    /// The mean loss of the sequences so far.
    pub(super) fn mean_loss(&self) -> f64 {
        self.loss / self.sequences as f64
    }

    /// The mean norm of the gradients so far.
    pub(super) fn mean_norm(&self) -> f64 {
        self.norms / self.updates as f64
    }

    /// The metric of the sequences so far.
    pub(super) fn score(&self, metric: &Metric) -> Score {
        let sequences = self.sequences as f64;
        match metric {
            Metric::Accuracy => Score::Accuracy(self.correct as f64 / sequences),
            Metric::Rmse(deviations) => {
                let errors = self.squares.iter().zip(deviations);
                let errors =
                    errors.map(|(square, deviation)| (square / sequences).sqrt() * deviation);
                Score::Rmse(errors.sum::<f64>() / deviations.len() as f64)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_those_of_sequences_and_updates() {
        let tally = Tally {
            sequences: 4,
            loss: 2.0,
            correct: 3,
            squares: vec![16.0, 4.0],
            updates: 2,
            norms: 5.0,
        };
        let means = [tally.mean_loss(), tally.mean_norm()].map(f64::to_bits);
        assert_eq!(means, [0.5, 2.5].map(f64::to_bits));
        assert_eq!(tally.score(&Metric::Accuracy), Score::Accuracy(0.75));
        // √(16/4)·3 and √(4/4)·10.
        assert_eq!(tally.score(&Metric::Rmse(vec![3.0, 10.0])), Score::Rmse(8.0));
    }
}
