//! Softmax cross-entropy: classes against logits.

use elman_kernels::pointwise::{Partition, zero};
use ndarray::{ArrayView1, ArrayView2, ArrayViewMut2, Axis, Slice};
use serde::{Deserialize, Serialize};

use super::softmax::{SoftmaxRow, each_row, largest, scale_row};
use super::weights::{CountedRow, RowWeights, check_weights};
use super::{Reduction, same_shape};
use crate::error::{Error, Result};
use crate::real::{Float, Real};

/// Softmax cross-entropy, for logits and either class numbers or class probabilities.
///
/// With logits `x`, `p = softmax(x)`, a target distribution `q` (1 at the class number, 0
/// elsewhere), smoothing ε, C classes and class weights `w` (1 each without them), a row's loss is
///
/// ```text
/// L = Σ_c a_c · (−ln p_c)        a_c = w_c · ((1 − ε) q_c + ε/C)
/// ∂L/∂x_c = p_c · Σ_k a_k − a_c
/// ```
///
/// The mean divides by the sum of `w` over the rows' classes, or by the number of rows where
/// targets are probabilities; each row is counted with its own weight. A row whose class is
/// `ignore_index` counts for nothing: its logits are not read, its loss and its gradient are 0.
///
/// A class with `a_c = 0` adds nothing even at a logit of −∞.
///
/// # Accuracy
///
/// `ln p` is taken as `(x − max x) − ln Σ e^(x − max x)`, so logits of ±1e4 neither overflow nor
/// cancel: 1e-12 in f64 and 2e-6 in f32, relative to the largest entry.
///
/// # Source
///
/// PyTorch's `cross_entropy`; smoothing from Szegedy et al., *Rethinking the Inception
/// Architecture for Computer Vision*, 2015. PyTorch's mean of no row is NaN, here it is an error.
///
/// ```
/// use elman::loss::CrossEntropy;
/// use ndarray::{Array2, array};
///
/// # fn main() -> elman::Result<()> {
/// let logits = array![[0.0, 0.0], [0.0, 0.0]];
/// let mut grad_logits = Array2::zeros((2, 2));
/// let loss = CrossEntropy::default();
/// let value = loss.gradient(logits.view(), [0, 1].as_slice().into(), grad_logits.view_mut())?;
/// assert!((value - std::f64::consts::LN_2).abs() < 1e-15);
/// assert_eq!(grad_logits, array![[-0.25, 0.25], [0.25, -0.25]]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CrossEntropy {
    /// ε, the share of the target that is spread over all classes: in `[0, 1)`.
    pub label_smoothing: f64,
    /// `w`, one for each class, finite and not negative.
    pub class_weights: Option<Vec<f64>>,
    /// The class number, inside or outside of `0..C`, that marks a row without a target.
    pub ignore_index: Option<i64>,
    /// Mean or sum.
    pub reduction: Reduction,
}

/// What the rows of the logits are compared with, and what each row counts.
///
/// ```
/// use elman::loss::{Classes, TargetClasses, RowWeights};
///
/// let plain: TargetClasses<'_, f32> = [2, 0, 1].as_slice().into();
/// assert_eq!(plain.weights, RowWeights::Equal);
/// let weighted = TargetClasses { weights: RowWeights::Rows(&[1.0, 0.5, 1.0]), ..plain };
/// assert!(matches!(weighted.classes, Classes::Indices([2, 0, 1])));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TargetClasses<'a, T> {
    /// The classes.
    pub classes: Classes<'a, T>,
    /// What each row counts.
    pub weights: RowWeights<'a>,
}

/// The class of each row.
#[derive(Clone, Copy, Debug)]
pub enum Classes<'a, T> {
    /// The class of each row `[N]`.
    Indices(&'a [i64]),
    /// The probability of each class in each row `[N, C]`, each in `[0, 1]`. That a row sums to 1
    /// is not asked for.
    Probabilities(ArrayView2<'a, T>),
}

impl<'a, T> From<&'a [i64]> for TargetClasses<'a, T> {
    fn from(indices: &'a [i64]) -> Self {
        TargetClasses { classes: Classes::Indices(indices), weights: RowWeights::Equal }
    }
}

impl<'a, T> From<ArrayView2<'a, T>> for TargetClasses<'a, T> {
    fn from(probabilities: ArrayView2<'a, T>) -> Self {
        let classes = Classes::Probabilities(probabilities);
        TargetClasses { classes, weights: RowWeights::Equal }
    }
}

impl CrossEntropy {
    /// The loss of logits `[N, C]`.
    ///
    /// # Errors
    ///
    /// No class; not one target for each row; a class outside of `0..C`, a probability outside of
    /// `[0, 1]`; options or weights out of their range; an `ignore_index` beside probabilities; a
    /// mean over rows that are all ignored, or have no weight, or are none.
    pub fn value<T: Real>(
        &self,
        logits: ArrayView2<'_, T>,
        targets: TargetClasses<'_, T>,
    ) -> Result<f64> {
        let divisor = self.divisor(logits, targets)?;
        let mut sum = 0.0;
        for CountedRow { row, weight } in targets.weights.counted(logits.nrows()) {
            sum += weight * self.row_loss(logits.row(row), self.row_target(targets, row));
        }
        Ok(sum / divisor)
    }

    /// The loss of logits `[N, C]`, and its gradient written into `grad_logits` `[N, C]`.
    ///
    /// # Errors
    ///
    /// Those of [`value`](Self::value), and a gradient of another shape. The gradient is then
    /// unchanged.
    pub fn gradient<T: Real>(
        &self,
        logits: ArrayView2<'_, T>,
        targets: TargetClasses<'_, T>,
        mut grad_logits: ArrayViewMut2<'_, T>,
    ) -> Result<f64> {
        same_shape("grad_logits", logits.shape(), grad_logits.shape())?;
        let divisor = self.divisor(logits, targets)?;
        if targets.weights != RowWeights::Equal {
            match grad_logits.as_slice_mut() {
                Some(values) => zero(values),
                None => grad_logits.fill(T::ZERO),
            }
        }
        let mut sum = 0.0;
        for stretch in targets.weights.stretches(logits.nrows()) {
            let slice = Slice::from(stretch.clone());
            let (logits, grad) =
                (logits.slice_axis(Axis(0), slice), grad_logits.slice_axis_mut(Axis(0), slice));
            each_row(logits, grad, |softmax| {
                let row = stretch.start + softmax.row;
                let weight = targets.weights.of(row);
                let target =
                    if weight > 0.0 { self.row_target(targets, row) } else { RowTarget::Ignored };
                sum += weight * self.row_gradient(softmax, target, weight / divisor);
            });
        }
        Ok(sum / divisor)
    }

    /// The loss of each row, all weights applied, into `values` `[N]`; 0 for ignored rows.
    /// [`reduction`](Self::reduction) plays no part.
    ///
    /// # Errors
    ///
    /// Those of [`value`](Self::value) but the last, and not one value for each row.
    pub fn per_row<T: Real>(
        &self,
        logits: ArrayView2<'_, T>,
        targets: TargetClasses<'_, T>,
        values: &mut [T],
    ) -> Result<()> {
        same_shape("values", &[logits.nrows()], &[values.len()])?;
        self.total_weight(logits, targets)?;
        values.fill(T::ZERO);
        for CountedRow { row, weight } in targets.weights.counted(logits.nrows()) {
            let loss = self.row_loss(logits.row(row), self.row_target(targets, row));
            values[row] = T::from_f64(weight * loss);
        }
        Ok(())
    }

    fn row_loss<T: Real>(&self, logits: ArrayView1<'_, T>, target: RowTarget<'_, T>) -> f64 {
        if matches!(target, RowTarget::Ignored) {
            return 0.0;
        }
        let max = largest(logits);
        let sum = logits.iter().map(|&x| (x - max).exp().to_f64()).sum();
        self.attraction(logits, target, Partition { max, sum }).loss
    }

    /// Turns the exponentials of a row into its gradient times `scale`, and returns its loss.
    fn row_gradient<T: Real>(
        &self,
        softmax: SoftmaxRow<'_, T>,
        target: RowTarget<'_, T>,
        scale: f64,
    ) -> f64 {
        let SoftmaxRow { logits, exponentials: mut grad, partition, .. } = softmax;
        if matches!(target, RowTarget::Ignored) {
            grad.fill(T::ZERO);
            return 0.0;
        }
        let attraction = self.attraction(logits, target, partition);
        let share = T::from_f64(scale * attraction.total / partition.sum);
        scale_row(&mut grad, share);
        match target {
            RowTarget::Class(class) if self.label_smoothing == 0.0 => {
                grad[class] -= T::from_f64(scale * attraction.total);
            }
            _ => {
                let classes = logits.len();
                for (class, g) in grad.iter_mut().enumerate() {
                    *g -= T::from_f64(scale * self.coefficient(class, classes, target));
                }
            }
        }
        attraction.loss
    }

    /// `Σ_c a_c (−ln p_c)` and `Σ_c a_c` of a row.
    fn attraction<T: Real>(
        &self,
        logits: ArrayView1<'_, T>,
        target: RowTarget<'_, T>,
        partition: Partition<T>,
    ) -> Attraction {
        let log_sum = Float::ln(partition.sum);
        // Adding log_sum to a logit of 1e4 first would lose most of its digits.
        let surprise = |x: T| log_sum - (x.to_f64() - partition.max.to_f64());
        if let RowTarget::Class(class) = target
            && self.label_smoothing == 0.0
        {
            let total = self.weight(class);
            let loss = if total == 0.0 { 0.0 } else { total * surprise(logits[class]) };
            return Attraction { loss, total };
        }
        let mut attraction = Attraction { loss: 0.0, total: 0.0 };
        for (class, &x) in logits.iter().enumerate() {
            let coefficient = self.coefficient(class, logits.len(), target);
            if coefficient != 0.0 {
                attraction.loss += coefficient * surprise(x);
                attraction.total += coefficient;
            }
        }
        attraction
    }

    /// `a_c`.
    fn coefficient<T: Real>(&self, class: usize, classes: usize, target: RowTarget<'_, T>) -> f64 {
        let probability = match target {
            RowTarget::Ignored => return 0.0,
            RowTarget::Class(target) => f64::from(u8::from(class == target)),
            RowTarget::Soft(probabilities) => probabilities[class].to_f64(),
        };
        let smoothing = self.label_smoothing;
        self.weight(class) * ((1.0 - smoothing) * probability + smoothing / classes as f64)
    }

    fn weight(&self, class: usize) -> f64 {
        self.class_weights.as_ref().map_or(1.0, |weights| weights[class])
    }

    /// A row's target; class numbers have been checked.
    fn row_target<'a, T: Real>(
        &self,
        targets: TargetClasses<'a, T>,
        row: usize,
    ) -> RowTarget<'a, T> {
        match targets.classes {
            Classes::Probabilities(probabilities) => {
                RowTarget::Soft(probabilities.index_axis_move(Axis(0), row))
            }
            Classes::Indices(indices) if self.ignore_index == Some(indices[row]) => {
                RowTarget::Ignored
            }
            Classes::Indices(indices) => {
                usize::try_from(indices[row]).map_or(RowTarget::Ignored, RowTarget::Class)
            }
        }
    }

    fn divisor<T: Real>(
        &self,
        logits: ArrayView2<'_, T>,
        targets: TargetClasses<'_, T>,
    ) -> Result<f64> {
        self.reduction.divisor("cross-entropy", self.total_weight(logits, targets)?)
    }

    /// Checks everything, and returns what a mean divides by.
    fn total_weight<T: Real>(
        &self,
        logits: ArrayView2<'_, T>,
        targets: TargetClasses<'_, T>,
    ) -> Result<f64> {
        let (rows, classes) = logits.dim();
        if classes == 0 {
            return Err(Error::argument("logits", "at least one class", "no column"));
        }
        if !(0.0..1.0).contains(&self.label_smoothing) {
            let found = self.label_smoothing;
            return Err(Error::argument("label_smoothing", "0 or more and below 1", found));
        }
        check_weights("class_weights", self.class_weights.as_deref(), classes)?;
        targets.weights.check(rows)?;
        match targets.classes {
            Classes::Indices(indices) => {
                same_shape("targets", &[rows], &[indices.len()])?;
                let counted = targets.weights.counted(rows);
                let weight = |CountedRow { row, weight }| {
                    Ok(weight * self.checked_weight(row, indices[row], classes)?)
                };
                counted.map(weight).sum()
            }
            Classes::Probabilities(probabilities) => {
                same_shape("targets", logits.shape(), probabilities.shape())?;
                if let Some(index) = self.ignore_index {
                    return Err(Error::argument(
                        "ignore_index",
                        "none beside probabilities",
                        index,
                    ));
                }
                for CountedRow { row, .. } in targets.weights.counted(rows) {
                    check_probabilities(row, probabilities.row(row))?;
                }
                Ok(targets.weights.total(rows))
            }
        }
    }

    /// What a row of a class number adds to the divisor of the mean.
    fn checked_weight(&self, row: usize, class: i64, classes: usize) -> Result<f64> {
        if self.ignore_index == Some(class) {
            return Ok(0.0);
        }
        match usize::try_from(class) {
            Ok(class) if class < classes => Ok(self.weight(class)),
            _ => {
                let ignored = self.ignore_index.map(|i| format!(" or the ignored {i}"));
                let expected = format!("a class in 0..{classes}{}", ignored.unwrap_or_default());
                Err(Error::argument(format!("targets[{row}]"), expected, class))
            }
        }
    }
}

fn check_probabilities<T: Real>(row: usize, probabilities: ArrayView1<'_, T>) -> Result<()> {
    for (class, &probability) in probabilities.iter().enumerate() {
        if !(probability >= T::ZERO && probability <= T::ONE) {
            let name = format!("targets[{row}, {class}]");
            return Err(Error::argument(name, "a probability in [0, 1]", probability));
        }
    }
    Ok(())
}

/// The target of one row.
#[derive(Clone, Copy)]
enum RowTarget<'a, T> {
    Ignored,
    Class(usize),
    Soft(ArrayView1<'a, T>),
}

struct Attraction {
    loss: f64,
    total: f64,
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "exact results are tested for being exact")]
mod tests;
