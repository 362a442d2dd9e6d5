//! Binary cross-entropy: independent yes-or-no questions against logits.

use elman_kernels::{Level, activation};
use ndarray::{ArrayView2, ArrayViewMut2, Zip};
use serde::{Deserialize, Serialize};

use super::weights::{CountedRow, RowWeights, check_weights};
use super::{Reduction, same_shape};
use crate::error::{Error, Result};
use crate::real::{Float, Real};

/// Binary cross-entropy of logits `[N, K]`, K independent questions a row.
///
/// With logit `x`, target `y` in `[0, 1]`, the entry's weight `w` and the column's `pos_weight` `p`
/// (1 without them),
///
/// ```text
/// l = w · (p · y · s(−x) + (1 − y) · s(x))               s(x) = ln(1 + e^x)
/// ∂l/∂x = w · ((1 − y) · σ(x) − p · y · σ(−x))
/// ```
///
/// The mean divides by the number of entries, each counted with the weight of its row but without
/// its own.
///
/// # Accuracy
///
/// Both terms are sums of positive numbers made of `e^−|x|`, so nothing overflows or cancels at
/// logits of ±1e4.
///
/// # Source
///
/// PyTorch's `binary_cross_entropy_with_logits`.
///
/// ```
/// use elman::loss::BinaryCrossEntropy;
/// use ndarray::{Array2, array};
///
/// # fn main() -> elman::Result<()> {
/// let mut grad_logits = Array2::zeros((1, 2));
/// let (logits, targets) = (array![[0.0, 0.0]], array![[1.0, 0.0]]);
/// let loss = BinaryCrossEntropy::default();
/// let value = loss.gradient(logits.view(), targets.view().into(), grad_logits.view_mut())?;
/// assert!((value - std::f64::consts::LN_2).abs() < 1e-15);
/// assert_eq!(grad_logits, array![[-0.25, 0.25]]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BinaryCrossEntropy {
    /// `p`, one for each column: what a yes counts beside a no. Finite and not negative.
    pub pos_weight: Option<Vec<f64>>,
    /// Mean or sum.
    pub reduction: Reduction,
}

/// What the logits `[N, K]` are compared with.
#[derive(Clone, Copy, Debug)]
pub struct BinaryTargets<'a, T> {
    /// `y` `[N, K]`, each in `[0, 1]`.
    pub probabilities: ArrayView2<'a, T>,
    /// `w` `[N, K]`, each finite and not negative; 0 leaves an entry out of the sum.
    pub entry_weights: Option<ArrayView2<'a, T>>,
    /// What each row counts.
    pub weights: RowWeights<'a>,
}

impl<'a, T> From<ArrayView2<'a, T>> for BinaryTargets<'a, T> {
    fn from(probabilities: ArrayView2<'a, T>) -> Self {
        BinaryTargets { probabilities, entry_weights: None, weights: RowWeights::Equal }
    }
}

impl BinaryCrossEntropy {
    /// The loss of logits `[N, K]`.
    ///
    /// # Errors
    ///
    /// Targets or weights of another shape or out of their range; not one `pos_weight` for each
    /// column, or one that is negative or not finite; a mean of nothing.
    pub fn value<T: Real>(
        &self,
        logits: ArrayView2<'_, T>,
        targets: BinaryTargets<'_, T>,
    ) -> Result<f64> {
        let divisor = self.divisor(logits, targets)?;
        let mut sum = 0.0;
        for CountedRow { row, weight } in targets.weights.counted(logits.nrows()) {
            for (column, &x) in logits.row(row).iter().enumerate() {
                let logit = Logit { x, decay: (-x.abs()).exp() };
                sum += self.entry(logit, targets, Place { row, column, weight }).value();
            }
        }
        Ok(sum / divisor)
    }

    /// The loss of logits `[N, K]`, and its gradient written into `grad_logits` `[N, K]`.
    ///
    /// # Errors
    ///
    /// Those of [`value`](Self::value), and a gradient of another shape. The gradient is then
    /// unchanged.
    pub fn gradient<T: Real>(
        &self,
        logits: ArrayView2<'_, T>,
        targets: BinaryTargets<'_, T>,
        mut grad_logits: ArrayViewMut2<'_, T>,
    ) -> Result<f64> {
        same_shape("grad_logits", logits.shape(), grad_logits.shape())?;
        let divisor = self.divisor(logits, targets)?;
        let mut sum = 0.0;
        // One loop over all exponentials: a call for each is most of the time.
        Zip::from(&mut grad_logits).and(&logits).for_each(|grad, &x| *grad = -x.abs());
        match grad_logits.as_slice_mut() {
            Some(values) => activation::exp(Level::current(), values),
            None => grad_logits.map_inplace(|value| *value = value.exp()),
        }
        for (row, (logits, mut grad)) in
            logits.outer_iter().zip(grad_logits.outer_iter_mut()).enumerate()
        {
            let weight = targets.weights.of(row);
            if weight == 0.0 {
                grad.fill(T::ZERO);
                continue;
            }
            for (column, (&x, grad)) in logits.iter().zip(&mut grad).enumerate() {
                let logit = Logit { x, decay: *grad };
                let entry = self.entry(logit, targets, Place { row, column, weight });
                sum += entry.value();
                *grad = T::from_f64(entry.derivative() / divisor);
            }
        }
        Ok(sum / divisor)
    }

    /// The loss of each entry, all weights applied, into `values` `[N, K]`.
    ///
    /// # Errors
    ///
    /// Those of [`value`](Self::value) but the last, and values of another shape.
    pub fn per_element<T: Real>(
        &self,
        logits: ArrayView2<'_, T>,
        targets: BinaryTargets<'_, T>,
        mut values: ArrayViewMut2<'_, T>,
    ) -> Result<()> {
        same_shape("values", logits.shape(), values.shape())?;
        self.check(logits, targets)?;
        values.fill(T::ZERO);
        for CountedRow { row, weight } in targets.weights.counted(logits.nrows()) {
            for (column, &x) in logits.row(row).iter().enumerate() {
                let logit = Logit { x, decay: (-x.abs()).exp() };
                let entry = self.entry(logit, targets, Place { row, column, weight });
                values[[row, column]] = T::from_f64(entry.value());
            }
        }
        Ok(())
    }

    #[inline]
    fn entry<T: Real>(
        &self,
        logit: Logit<T>,
        targets: BinaryTargets<'_, T>,
        Place { row, column, weight }: Place,
    ) -> Entry {
        let pos_weight = self.pos_weight.as_ref().map_or(1.0, |weights| weights[column]);
        let own = targets.entry_weights.map_or(1.0, |weights| weights[[row, column]].to_f64());
        let (weight, probability) = (weight * own, targets.probabilities[[row, column]].to_f64());
        Entry {
            logit: logit.x.to_f64(),
            decay: logit.decay.to_f64(),
            yes: weight * pos_weight * probability,
            no: weight * (1.0 - probability),
        }
    }

    fn divisor<T: Real>(
        &self,
        logits: ArrayView2<'_, T>,
        targets: BinaryTargets<'_, T>,
    ) -> Result<f64> {
        self.check(logits, targets)?;
        let total = targets.weights.total(logits.nrows()) * logits.ncols() as f64;
        self.reduction.divisor("binary cross-entropy", total)
    }

    fn check<T: Real>(
        &self,
        logits: ArrayView2<'_, T>,
        targets: BinaryTargets<'_, T>,
    ) -> Result<()> {
        check_weights("pos_weight", self.pos_weight.as_deref(), logits.ncols())?;
        same_shape("targets", logits.shape(), targets.probabilities.shape())?;
        targets.weights.check(logits.nrows())?;
        if let Some(weights) = targets.entry_weights {
            same_shape("entry_weights", logits.shape(), weights.shape())?;
        }
        for CountedRow { row, .. } in targets.weights.counted(logits.nrows()) {
            check_row(row, targets)?;
        }
        Ok(())
    }
}

/// Refuses a row with a target outside of `[0, 1]` or an unusable entry weight.
fn check_row<T: Real>(row: usize, targets: BinaryTargets<'_, T>) -> Result<()> {
    for (column, &y) in targets.probabilities.row(row).iter().enumerate() {
        if !(y >= T::ZERO && y <= T::ONE) {
            let name = format!("targets[{row}, {column}]");
            return Err(Error::argument(name, "a probability in [0, 1]", y));
        }
    }
    let Some(weights) = targets.entry_weights else { return Ok(()) };
    for (column, &w) in weights.row(row).iter().enumerate() {
        if !(w >= T::ZERO && w.is_finite()) {
            let name = format!("entry_weights[{row}, {column}]");
            return Err(Error::argument(name, "a finite number of 0 or more", w));
        }
    }
    Ok(())
}

/// A logit x with `e^−|x|`.
struct Logit<T> {
    x: T,
    decay: T,
}

/// Where an entry stands, and what its row counts.
struct Place {
    row: usize,
    column: usize,
    weight: f64,
}

/// One logit with what pulls it up and down.
struct Entry {
    logit: f64,
    /// `e^−|x|`
    decay: f64,
    /// `w p y`, the row's weight included
    yes: f64,
    /// `w (1 − y)`
    no: f64,
}

impl Entry {
    #[inline]
    fn value(&self) -> f64 {
        // s(x) = max(x, 0) + ln(1 + e^−|x|), and s(−x) the same with max(−x, 0).
        let tail = Float::ln_1p(self.decay);
        let (above, below) = (self.logit.max(0.0), (-self.logit).max(0.0));
        self.yes * (below + tail) + self.no * (above + tail)
    }

    #[inline]
    fn derivative(&self) -> f64 {
        let (near, far) = (1.0 / (1.0 + self.decay), self.decay / (1.0 + self.decay));
        // (σ(x), σ(−x)): the larger of the two is on the side of the logit's sign.
        let (up, down) = if self.logit >= 0.0 { (near, far) } else { (far, near) };
        self.no * up - self.yes * down
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "exact results are tested for being exact")]
mod tests;
