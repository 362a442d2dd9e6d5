//! The targets of one batch.

use ndarray::ArrayView2;

use crate::error::{Error, Result};
use crate::loss::{NumberTargets, RowWeights, StepWeights};

/// What the answers of a batch of B sequences should be: S for each, padding included.
///
/// Classes or numbers are filled, whichever the objective reads.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct BatchTargets<T> {
    /// S: 1 where a sequence has one answer, else the steps of the longest one.
    pub(crate) answers: usize,
    /// How many answers of each sequence there are `[B]`; padding follows them.
    pub(crate) lengths: Vec<usize>,
    /// The class of each answer `[B·S]`.
    pub(crate) classes: Vec<i64>,
    /// The numbers of each answer `[B·S, K]`.
    pub(crate) values: Vec<T>,
    /// The weight of each sequence `[B]`; empty where all count 1.
    pub(crate) sequence_weights: Vec<f64>,
    /// The weight of each answer `[B·S]`, on top of that of its sequence; empty where all count 1.
    pub(crate) answer_weights: Vec<f64>,
}

impl<T> BatchTargets<T> {
    /// Empties the targets for a batch with so many answers a sequence.
    pub(crate) fn start(&mut self, answers: usize) {
        self.answers = answers;
        self.lengths.clear();
        self.classes.clear();
        self.values.clear();
        self.sequence_weights.clear();
        self.answer_weights.clear();
    }

    /// What each answer counts.
    pub(crate) fn weights(&self) -> RowWeights<'_> {
        let given = |weights: &'_ Vec<f64>| !weights.is_empty();
        let is_plain = self.answers == 1 && self.lengths.iter().all(|length| *length == 1);
        if is_plain && !given(&self.sequence_weights) && !given(&self.answer_weights) {
            return RowWeights::Equal;
        }
        RowWeights::Steps(StepWeights {
            seq_len: self.answers,
            lengths: &self.lengths,
            sequences: given(&self.sequence_weights).then_some(&self.sequence_weights),
            steps: given(&self.answer_weights).then_some(&self.answer_weights),
        })
    }

    /// The numbers `[B·S, K]` with their weights.
    pub(crate) fn numbers(&self, width: usize) -> Result<NumberTargets<'_, T>> {
        let shape = [self.lengths.len() * self.answers, width];
        let values = ArrayView2::from_shape(shape, &self.values)
            .map_err(|_| Error::shape("targets", &shape, &[self.values.len()]))?;
        Ok(NumberTargets { values, weights: self.weights() })
    }

    /// The rows `b·S + s` of the answers that count, in order.
    pub(crate) fn counted(&self) -> impl Iterator<Item = usize> + '_ {
        let counts = |weights: &[f64], index: usize| weights.get(index).is_none_or(|w| *w > 0.0);
        self.lengths.iter().enumerate().flat_map(move |(sequence, &length)| {
            let start = sequence * self.answers;
            let length = if counts(&self.sequence_weights, sequence) { length } else { 0 };
            (start..start + length).filter(move |&row| counts(&self.answer_weights, row))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts_is_what_the_losses_count() {
        let mut targets = BatchTargets::<f32>::default();
        targets.start(1);
        targets.lengths = vec![1, 1];
        assert_eq!(targets.weights(), RowWeights::Equal);
        assert_eq!(targets.counted().collect::<Vec<_>>(), [0, 1]);

        targets.start(3);
        targets.lengths = vec![3, 2, 1];
        targets.sequence_weights = vec![1.0, 2.0, 0.0];
        targets.answer_weights = vec![1.0, 0.0, 1.0, 1.0, 1.0, 9.0, 1.0, 9.0, 9.0];
        assert_eq!(targets.counted().collect::<Vec<_>>(), [0, 2, 3, 4]);
        let RowWeights::Steps(steps) = targets.weights() else { panic!("weights of steps") };
        assert_eq!((steps.seq_len, steps.lengths), (3, &[3, 2, 1][..]));
    }
}
