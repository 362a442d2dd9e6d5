//! Connectionist temporal classification: labels whose steps are not known.

mod alignment;

use ndarray::{ArrayView3, ArrayViewMut3, Axis, Slice};
use serde::{Deserialize, Serialize};

use self::alignment::{Alignment, Tables};
use super::weights::check_weights;
use super::{Reduction, same_shape};
use crate::error::{Error, Result};
use crate::real::Real;

/// The CTC loss of logits `[B, T, C]`, one class of which is the blank.
///
/// At each step the network names a class; a sequence of names stands for the labels that are left
/// when repeats are merged and blanks removed after that. The loss of a sequence is
///
/// ```text
/// L = −ln Σ_π Π_t p_t(π_t)          p_t = softmax(x_t),  π over all names that stand for the labels
/// ∂L/∂x_t,c = p_t(c) − the share of Σ_π of those π with π_t = c
/// ```
///
/// A mean divides each sequence's loss by the number of its labels, 1 at least, and takes the
/// weighted mean over the sequences. Steps from a sequence's length on are not read and have no
/// gradient.
///
/// Labels that do not fit into the steps (a step for each, and one more between equal neighbours)
/// are impossible: [`ImpossibleTargets`] says what becomes of them.
///
/// # Accuracy
///
/// Everything is computed with logarithms in f64, so neither long sequences nor logits of ±1e4
/// underflow.
///
/// # Source
///
/// Graves et al., *Connectionist Temporal Classification*, 2006. PyTorch's `ctc_loss` after
/// `log_softmax`, which has the steps first.
///
/// ```
/// use elman::loss::{Ctc, CtcTargets};
/// use ndarray::{Array3, array};
///
/// # fn main() -> elman::Result<()> {
/// // Two steps of blank and one label, all alike: of four sequences of names three say the label.
/// let logits = array![[[0.0, 0.0], [0.0, 0.0]]];
/// let targets = CtcTargets { labels: &[1], label_counts: &[1], lengths: &[2], weights: None };
/// let mut grad = Array3::<f64>::zeros((1, 2, 2));
/// let value = Ctc::default().gradient(logits.view(), targets, grad.view_mut())?;
/// assert!((value - (4.0f64 / 3.0).ln()).abs() < 1e-15);
/// assert!((grad[[0, 0, 1]] - (0.5 - 2.0 / 3.0)).abs() < 1e-15);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ctc {
    /// The class that stands for no label.
    pub blank: usize,
    /// What becomes of sequences with too few steps for their labels.
    pub impossible: ImpossibleTargets,
    /// Mean or sum.
    pub reduction: Reduction,
}

/// What becomes of sequences with too few steps for their labels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImpossibleTargets {
    /// Their loss is infinite and their gradient NaN, so that nobody trains on them unawares.
    #[default]
    Infinite,
    /// Loss and gradient are 0; the mean still counts them. PyTorch's `zero_infinity`.
    Zero,
}

/// The labels of a batch of B sequences.
#[derive(Clone, Copy, Debug)]
pub struct CtcTargets<'a> {
    /// The labels of all sequences, one sequence after the other; the blank is none.
    pub labels: &'a [usize],
    /// How many of them each sequence has `[B]`.
    pub label_counts: &'a [usize],
    /// How many steps of each sequence count `[B]`.
    pub lengths: &'a [usize],
    /// The weight of each sequence `[B]`; 1 without them.
    pub weights: Option<&'a [f64]>,
}

impl<'a> CtcTargets<'a> {
    fn weight(&self, sequence: usize) -> f64 {
        self.weights.map_or(1.0, |weights| weights[sequence])
    }

    /// The labels of each sequence.
    fn each(&self) -> impl Iterator<Item = &'a [usize]> {
        let mut rest = self.labels;
        self.label_counts.iter().map(move |&count| {
            let (labels, others) = rest.split_at(count);
            rest = others;
            labels
        })
    }
}

impl Ctc {
    /// The loss of logits `[B, T, C]`.
    ///
    /// # Errors
    ///
    /// A blank that is no class; not one length and one count for each sequence, or counts that do
    /// not add up to the labels; a length beyond T; a label that is no class, or is the blank;
    /// unusable weights; a mean over no sequence of positive weight.
    pub fn value<T: Real>(
        &self,
        logits: ArrayView3<'_, T>,
        targets: CtcTargets<'_>,
    ) -> Result<f64> {
        let divisor = self.divisor(logits, targets)?;
        let mut sum = 0.0;
        self.each(logits, targets, |_, _, loss| sum += loss);
        Ok(sum / divisor)
    }

    /// The loss of logits `[B, T, C]`, and its gradient written into `grad_logits` `[B, T, C]`.
    ///
    /// # Errors
    ///
    /// Those of [`value`](Self::value), and a gradient of another shape. The gradient is then
    /// unchanged.
    pub fn gradient<T: Real>(
        &self,
        logits: ArrayView3<'_, T>,
        targets: CtcTargets<'_>,
        mut grad_logits: ArrayViewMut3<'_, T>,
    ) -> Result<f64> {
        same_shape("grad_logits", logits.shape(), grad_logits.shape())?;
        let divisor = self.divisor(logits, targets)?;
        grad_logits.fill(T::ZERO);
        let mut sum = 0.0;
        self.each(logits, targets, |sequence, tables, loss| {
            sum += loss;
            let mut grad = grad_logits.index_axis_mut(Axis(0), sequence);
            let grad = grad.slice_axis_mut(Axis(0), Slice::from(..targets.lengths[sequence]));
            let share = self.share(targets.label_counts[sequence]);
            match self.impossible {
                ImpossibleTargets::Zero if tables.is_impossible() => {}
                _ => tables.write_gradient(targets.weight(sequence) * share / divisor, grad),
            }
        });
        Ok(sum / divisor)
    }

    /// The loss of each sequence times its weight, into `values` `[B]`, not divided by the number
    /// of its labels.
    ///
    /// # Errors
    ///
    /// Those of [`value`](Self::value) but the last, and not one value for each sequence.
    pub fn per_sequence<T: Real>(
        &self,
        logits: ArrayView3<'_, T>,
        targets: CtcTargets<'_>,
        values: &mut [T],
    ) -> Result<()> {
        let plain = Ctc { reduction: Reduction::Sum, ..*self };
        same_shape("values", &[logits.len_of(Axis(0))], &[values.len()])?;
        plain.divisor(logits, targets)?;
        values.fill(T::ZERO);
        plain.each(logits, targets, |sequence, _, loss| values[sequence] = T::from_f64(loss));
        Ok(())
    }

    /// Calls `finish` with each sequence of positive weight, its tables, and its weighted loss.
    fn each<T: Real>(
        &self,
        logits: ArrayView3<'_, T>,
        targets: CtcTargets<'_>,
        mut finish: impl FnMut(usize, &mut Tables, f64),
    ) {
        let mut tables = Tables::default();
        for (sequence, labels) in targets.each().enumerate() {
            let weight = targets.weight(sequence);
            if weight == 0.0 {
                continue;
            }
            let logits = logits.index_axis(Axis(0), sequence);
            let logits = logits.slice_axis(Axis(0), Slice::from(..targets.lengths[sequence]));
            tables.fill(logits, Alignment { labels, blank: self.blank });
            let loss = match self.impossible {
                ImpossibleTargets::Zero if tables.is_impossible() => 0.0,
                _ => weight * self.share(labels.len()) * tables.loss(),
            };
            finish(sequence, &mut tables, loss);
        }
    }

    /// What a sequence's loss is multiplied by before the mean over the sequences.
    fn share(&self, labels: usize) -> f64 {
        match self.reduction {
            Reduction::Sum => 1.0,
            Reduction::Mean => 1.0 / labels.max(1) as f64,
        }
    }

    fn divisor<T: Real>(&self, logits: ArrayView3<'_, T>, targets: CtcTargets<'_>) -> Result<f64> {
        let (sequences, seq_len, classes) = logits.dim();
        if self.blank >= classes {
            let expected = format!("a class in 0..{classes}");
            return Err(Error::argument("blank", expected, self.blank));
        }
        same_shape("lengths", &[sequences], &[targets.lengths.len()])?;
        same_shape("label_counts", &[sequences], &[targets.label_counts.len()])?;
        let labels = targets.label_counts.iter().fold(0usize, |sum, &n| sum.saturating_add(n));
        same_shape("labels", &[labels], &[targets.labels.len()])?;
        check_weights("sequence weights", targets.weights, sequences)?;
        if let Some(b) = targets.lengths.iter().position(|len| *len > seq_len) {
            let expected = format!("{seq_len} steps or fewer");
            return Err(Error::argument(format!("lengths[{b}]"), expected, targets.lengths[b]));
        }
        let fault = targets.labels.iter().position(|l| *l >= classes || *l == self.blank);
        if let Some(index) = fault {
            let expected = format!("a class in 0..{classes} other than the blank {}", self.blank);
            return Err(Error::argument(
                format!("labels[{index}]"),
                expected,
                targets.labels[index],
            ));
        }
        self.reduction.divisor("ctc", (0..sequences).map(|b| targets.weight(b)).sum())
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "exact results are tested for being exact")]
mod tests;
