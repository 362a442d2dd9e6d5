//! Which rows of the predictions count in a loss, and how much.

use std::ops::Range;

use ndarray::{ArrayView, Dimension, Ix2};

use super::same_shape;
use crate::error::{Error, Result};

/// The weight of each row of predictions.
///
/// A row is one answer: that of a sequence `[B]`, or that of a step, sequence after sequence
/// `[B·T]`. A row's loss and gradient are multiplied by its weight, and a mean divides by the sum
/// of the weights instead of the number of rows. A row of weight 0 is not read at all, neither its
/// predictions nor its targets, and its gradient is 0.
///
/// ```
/// use elman::loss::{NumberTargets, Reduction, RegressionLoss, RowWeights, StepWeights};
/// use ndarray::array;
///
/// # fn main() -> elman::Result<()> {
/// // Two sequences of up to two steps; the second one has a single step.
/// let (predictions, targets) = (array![[1.0], [2.0], [3.0], [f64::NAN]], array![[0.0], [0.0], [0.0], [0.0]]);
/// let steps = StepWeights { sequences: Some(&[1.0, 2.0]), ..StepWeights::new(2, &[2, 1]) };
/// let targets = NumberTargets { values: targets.view(), weights: RowWeights::Steps(steps) };
/// let loss = RegressionLoss::Mse.value(Reduction::Mean, predictions.view(), targets)?;
/// assert_eq!(loss, (1.0 + 4.0 + 2.0 * 9.0) / (1.0 + 1.0 + 2.0));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum RowWeights<'a> {
    /// Every row has weight 1.
    #[default]
    Equal,
    /// The weight of each row.
    Rows(&'a [f64]),
    /// Rows are the steps of sequences, and only steps within a sequence's length count.
    Steps(StepWeights<'a>),
}

/// The weights of the steps of a batch of sequences, row `b·T + t` being step t of sequence b.
///
/// The weight of a step is that of its sequence times its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepWeights<'a> {
    /// T: the rows of each sequence, padding included.
    pub seq_len: usize,
    /// How many steps of each sequence count `[B]`; padding follows them.
    pub lengths: &'a [usize],
    /// The weight of each sequence `[B]`; 1 without them.
    pub sequences: Option<&'a [f64]>,
    /// The weight of each step `[B·T]`; 1 without them.
    pub steps: Option<&'a [f64]>,
}

impl<'a> StepWeights<'a> {
    /// Weight 1 for every step within its sequence's length.
    #[must_use]
    pub fn new(seq_len: usize, lengths: &'a [usize]) -> Self {
        StepWeights { seq_len, lengths, sequences: None, steps: None }
    }

    fn of(&self, row: usize) -> f64 {
        let (sequence, step) = (row / self.seq_len, row % self.seq_len);
        if step >= self.lengths[sequence] {
            return 0.0;
        }
        let weight = self.sequences.map_or(1.0, |weights| weights[sequence]);
        weight * self.steps.map_or(1.0, |weights| weights[row])
    }

    fn check(&self, rows: usize) -> Result<()> {
        let sequences = self.lengths.len();
        same_shape("predictions", &[sequences.saturating_mul(self.seq_len)], &[rows])?;
        if let Some(b) = self.lengths.iter().position(|len| *len > self.seq_len) {
            let expected = format!("{} steps or fewer", self.seq_len);
            return Err(Error::argument(format!("lengths[{b}]"), expected, self.lengths[b]));
        }
        check_weights("sequence weights", self.sequences, sequences)?;
        check_weights("step weights", self.steps, rows)
    }
}

impl RowWeights<'_> {
    /// The weight of a row.
    pub(super) fn of(&self, row: usize) -> f64 {
        match self {
            RowWeights::Equal => 1.0,
            RowWeights::Rows(weights) => weights[row],
            RowWeights::Steps(steps) => steps.of(row),
        }
    }

    /// Refuses weights that do not fit the rows, or are negative, infinite or NaN.
    pub(super) fn check(&self, rows: usize) -> Result<()> {
        match self {
            RowWeights::Equal => Ok(()),
            RowWeights::Rows(weights) => check_weights("row weights", Some(weights), rows),
            RowWeights::Steps(steps) => steps.check(rows),
        }
    }

    /// The sum of the weights.
    pub(super) fn total(&self, rows: usize) -> f64 {
        match self {
            RowWeights::Equal => rows as f64,
            _ => (0..rows).map(|row| self.of(row)).sum(),
        }
    }

    /// The stretches of rows outside of which no row counts, so that padding costs nothing.
    pub(super) fn stretches(self, rows: usize) -> impl Iterator<Item = Range<usize>> {
        let (count, lengths, seq_len) = match self {
            RowWeights::Steps(steps) => (steps.lengths.len(), steps.lengths, steps.seq_len),
            RowWeights::Equal | RowWeights::Rows(_) => (1, &[][..], rows),
        };
        (0..count).map(move |index| {
            let start = index * seq_len;
            start..start + lengths.get(index).copied().unwrap_or(seq_len)
        })
    }

    /// The rows that count, in order.
    pub(super) fn counted(self, rows: usize) -> impl Iterator<Item = CountedRow> {
        let counted = move |row| CountedRow { row, weight: self.of(row) };
        self.stretches(rows).flatten().map(counted).filter(|row| row.weight > 0.0)
    }
}

/// A row of positive weight.
#[derive(Clone, Copy, Debug)]
pub(super) struct CountedRow {
    pub row: usize,
    pub weight: f64,
}

/// Numbers to be predicted, and the weights of their rows.
///
/// The rows run over all axes but the last; an array of one axis has rows of one number.
/// Converted from an array, every row has weight 1.
#[derive(Clone, Copy, Debug)]
pub struct NumberTargets<'a, T, D: Dimension = Ix2> {
    /// The numbers, in the shape of the predictions unless a loss says otherwise.
    pub values: ArrayView<'a, T, D>,
    /// What each row counts.
    pub weights: RowWeights<'a>,
}

impl<'a, T, D: Dimension> From<ArrayView<'a, T, D>> for NumberTargets<'a, T, D> {
    fn from(values: ArrayView<'a, T, D>) -> Self {
        NumberTargets { values, weights: RowWeights::Equal }
    }
}

/// Refuses weights that are negative, infinite or NaN, or not one for each of `count` things.
pub(super) fn check_weights(what: &str, weights: Option<&[f64]>, count: usize) -> Result<()> {
    let Some(weights) = weights else { return Ok(()) };
    same_shape(what, &[count], &[weights.len()])?;
    match weights.iter().position(|w| !(w.is_finite() && *w >= 0.0)) {
        None => Ok(()),
        Some(i) => {
            let name = format!("{what}[{i}]");
            Err(Error::argument(name, "a finite number of 0 or more", weights[i]))
        }
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "weights are passed through unchanged")]
mod tests {
    use super::*;

    fn counted(weights: RowWeights<'_>, rows: usize) -> Vec<(usize, f64)> {
        weights.counted(rows).map(|counted| (counted.row, counted.weight)).collect()
    }

    #[test]
    fn rows_that_count_are_named_in_order() {
        assert_eq!(counted(RowWeights::Equal, 2), [(0, 1.0), (1, 1.0)]);
        assert_eq!(counted(RowWeights::Rows(&[0.5, 0.0, 2.0]), 3), [(0, 0.5), (2, 2.0)]);
        let steps = StepWeights {
            sequences: Some(&[2.0, 3.0, 0.0]),
            steps: Some(&[1.0, 0.5, 9.0, 4.0, 1.0, 1.0]),
            ..StepWeights::new(2, &[2, 0, 1])
        };
        assert_eq!(counted(RowWeights::Steps(steps), 6), [(0, 2.0), (1, 1.0)]);
        assert_eq!(RowWeights::Steps(steps).total(6), 3.0);
        let plain = RowWeights::Steps(StepWeights::new(3, &[1, 3]));
        assert_eq!(plain.stretches(6).collect::<Vec<_>>(), [0..1, 3..6]);
        assert_eq!(plain.total(6), 4.0);
        assert_eq!(counted(RowWeights::Steps(StepWeights::new(0, &[0, 0])), 0), []);
    }

    #[test]
    fn weights_that_do_not_fit_are_refused_by_name() {
        let steps = StepWeights::new(2, &[2, 1]);
        let cases = [
            (RowWeights::Rows(&[1.0]), "row weights: expected shape [2], got [1]"),
            (
                RowWeights::Rows(&[1.0, -1.0]),
                "row weights[1]: expected a finite number of 0 or more",
            ),
            (RowWeights::Steps(steps), "predictions: expected shape [4], got [2]"),
            (RowWeights::Steps(StepWeights::new(1, &[1, 2])), "lengths[1]: expected 1 steps"),
            (
                RowWeights::Steps(StepWeights {
                    sequences: Some(&[1.0]),
                    ..StepWeights::new(1, &[1, 1])
                }),
                "sequence weights: expected shape [2], got [1]",
            ),
            (
                RowWeights::Steps(StepWeights {
                    steps: Some(&[1.0, f64::NAN]),
                    ..StepWeights::new(1, &[1, 1])
                }),
                "step weights[1]",
            ),
        ];
        for (weights, message) in cases {
            let found = weights.check(2).unwrap_err().to_string();
            assert!(found.contains(message), "{found}");
        }
    }
}
