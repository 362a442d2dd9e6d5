//! Losses of the difference between prediction and target.

use ndarray::{ArrayView, ArrayViewMut, Dimension};
use serde::{Deserialize, Serialize};

use super::weights::{NumberTargets, RowWeights};
use super::{Reduction, same_shape};
use crate::error::{Error, Field, Result};
use crate::real::Real;

/// A loss of `d = prediction − target`, entry by entry, for arrays of any shape.
///
/// All four are one curve, a parabola around 0 that goes on as two straight lines:
///
/// ```text
/// l(d) = ½ c d²              for |d| ≤ k          l'(d) = c d
///        s (|d| − ½ k)       beyond               l'(d) = s sign d
///
/// mse         k = ∞   c = 2                  huber      k = δ   c = 1     s = δ
/// l1          k = 0            s = 1         smooth-l1  k = β   c = 1/β   s = 1
/// ```
///
/// The mean divides by the number of entries, each counted with the weight of its row. The gradient
/// of `|d|` at 0 is 0.
///
/// # Source
///
/// PyTorch's `mse_loss`, `l1_loss`, `huber_loss`, `smooth_l1_loss`; Huber, *Robust Estimation of a
/// Location Parameter*, 1964; smooth L1 from Girshick, *Fast R-CNN*, 2015.
///
/// ```
/// use elman::loss::{Reduction, RegressionLoss};
/// use ndarray::{Array1, array};
///
/// # fn main() -> elman::Result<()> {
/// let (predictions, targets) = (array![0.5, 4.0], array![0.0, 1.0]);
/// let mut grad = Array1::zeros(2);
/// let loss = RegressionLoss::Huber { delta: 1.0 };
/// let (p, t) = (predictions.view(), targets.view());
/// assert_eq!(loss.gradient(Reduction::Sum, p, t, grad.view_mut())?, 0.125 + 2.5);
/// assert_eq!(grad, array![0.5, 1.0]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum RegressionLoss {
    /// `d²`.
    #[default]
    Mse,
    /// `|d|`.
    L1,
    /// `½ d²` up to `delta`, then `delta (|d| − ½ delta)`.
    Huber {
        /// δ: where the parabola ends; positive.
        delta: f64,
    },
    /// `½ d²/beta` up to `beta`, then `|d| − ½ beta`.
    SmoothL1 {
        /// β: where the parabola ends; 0 makes it L1.
        beta: f64,
    },
}

impl RegressionLoss {
    /// The loss of predictions and targets of one shape.
    ///
    /// # Errors
    ///
    /// Shapes that differ; weights that do not fit; a δ or β out of its range; a mean of nothing.
    pub fn value<'a, T: Real, D: Dimension>(
        self,
        reduction: Reduction,
        predictions: ArrayView<'_, T, D>,
        targets: impl Into<NumberTargets<'a, T, D>>,
    ) -> Result<f64> {
        let targets = targets.into();
        let curve = self.checked_curve(&predictions, &targets)?;
        let rows = Rows::of(predictions.shape());
        let divisor = self.divisor(reduction, rows, targets.weights)?;
        let mut sum = 0.0;
        let mut entries = predictions.iter().zip(&targets.values);
        for row in 0..rows.count {
            let weight = targets.weights.of(row);
            for (&p, &t) in entries.by_ref().take(rows.len) {
                if weight > 0.0 {
                    sum += weight * curve.value(p.to_f64() - t.to_f64());
                }
            }
        }
        Ok(sum / divisor)
    }

    /// The loss, and its gradient with respect to the predictions written into `grad_predictions`.
    ///
    /// # Errors
    ///
    /// Those of [`value`](Self::value), and a gradient of another shape. The gradient is then
    /// unchanged.
    pub fn gradient<'a, T: Real, D: Dimension>(
        self,
        reduction: Reduction,
        predictions: ArrayView<'_, T, D>,
        targets: impl Into<NumberTargets<'a, T, D>>,
        mut grad_predictions: ArrayViewMut<'_, T, D>,
    ) -> Result<f64> {
        let targets = targets.into();
        let curve = self.checked_curve(&predictions, &targets)?;
        same_shape("grad_predictions", predictions.shape(), grad_predictions.shape())?;
        let rows = Rows::of(predictions.shape());
        let divisor = self.divisor(reduction, rows, targets.weights)?;
        let (scale, mut sum) = (1.0 / divisor, 0.0);
        let mut entries = predictions.iter().zip(&targets.values).zip(&mut grad_predictions);
        for row in 0..rows.count {
            let weight = targets.weights.of(row);
            for ((&p, &t), grad) in entries.by_ref().take(rows.len) {
                if weight > 0.0 {
                    let difference = p.to_f64() - t.to_f64();
                    sum += weight * curve.value(difference);
                    *grad = T::from_f64(weight * scale * curve.derivative(difference));
                } else {
                    *grad = T::ZERO;
                }
            }
        }
        Ok(sum / divisor)
    }

    /// The loss of each entry times its row's weight, into `values`.
    ///
    /// # Errors
    ///
    /// Shapes that differ; weights that do not fit; a δ or β out of its range.
    pub fn per_element<'a, T: Real, D: Dimension>(
        self,
        predictions: ArrayView<'_, T, D>,
        targets: impl Into<NumberTargets<'a, T, D>>,
        mut values: ArrayViewMut<'_, T, D>,
    ) -> Result<()> {
        let targets = targets.into();
        let curve = self.checked_curve(&predictions, &targets)?;
        same_shape("values", predictions.shape(), values.shape())?;
        let rows = Rows::of(predictions.shape());
        let mut entries = predictions.iter().zip(&targets.values).zip(&mut values);
        for row in 0..rows.count {
            let weight = targets.weights.of(row);
            for ((&p, &t), value) in entries.by_ref().take(rows.len) {
                let loss =
                    if weight > 0.0 { weight * curve.value(p.to_f64() - t.to_f64()) } else { 0.0 };
                *value = T::from_f64(loss);
            }
        }
        Ok(())
    }

    fn checked_curve<T: Real, D: Dimension>(
        self,
        predictions: &ArrayView<'_, T, D>,
        targets: &NumberTargets<'_, T, D>,
    ) -> Result<Curve> {
        let curve = self.curve()?;
        same_shape("targets", predictions.shape(), targets.values.shape())?;
        targets.weights.check(Rows::of(predictions.shape()).count)?;
        Ok(curve)
    }

    fn divisor(self, reduction: Reduction, rows: Rows, weights: RowWeights<'_>) -> Result<f64> {
        reduction.divisor(self.name(), weights.total(rows.count) * rows.len as f64)
    }

    /// Refuses a δ that is not positive and a β that is negative.
    ///
    /// # Errors
    ///
    /// A δ or β out of its range, or not finite.
    pub fn check(self) -> Result<()> {
        self.curve().map(|_| ())
    }

    fn curve(self) -> Result<Curve> {
        let line = Curve { half_width: 0.0, curvature: 0.0, slope: 1.0 };
        match self {
            RegressionLoss::Mse => Ok(Curve { half_width: f64::INFINITY, curvature: 2.0, ..line }),
            RegressionLoss::L1 => Ok(line),
            RegressionLoss::Huber { delta } if delta > 0.0 && delta.is_finite() => {
                Ok(Curve { half_width: delta, curvature: 1.0, slope: delta })
            }
            RegressionLoss::Huber { delta } => Err(Error::argument(
                Field::HuberDelta.called("huber: delta"),
                "a positive number",
                delta,
            )),
            RegressionLoss::SmoothL1 { beta: 0.0 } => Ok(line),
            RegressionLoss::SmoothL1 { beta } if beta > 0.0 && beta.is_finite() => {
                Ok(Curve { half_width: beta, curvature: 1.0 / beta, slope: 1.0 })
            }
            RegressionLoss::SmoothL1 { beta } => Err(Error::argument(
                Field::SmoothL1Beta.called("smooth-l1: beta"),
                "a number of 0 or more",
                beta,
            )),
        }
    }

    fn name(self) -> &'static str {
        match self {
            RegressionLoss::Mse => "mse",
            RegressionLoss::L1 => "l1",
            RegressionLoss::Huber { .. } => "huber",
            RegressionLoss::SmoothL1 { .. } => "smooth-l1",
        }
    }
}

/// How an array falls into rows.
#[derive(Clone, Copy)]
struct Rows {
    count: usize,
    /// The numbers of a row.
    len: usize,
}

impl Rows {
    fn of(shape: &[usize]) -> Rows {
        match shape {
            [] => Rows { count: 1, len: 1 },
            [count] => Rows { count: *count, len: 1 },
            [leading @ .., len] => Rows { count: leading.iter().product(), len: *len },
        }
    }
}

/// The parabola with its lines: k, c and s.
#[derive(Clone, Copy)]
struct Curve {
    half_width: f64,
    curvature: f64,
    slope: f64,
}

impl Curve {
    #[inline]
    fn value(self, difference: f64) -> f64 {
        let size = difference.abs();
        if size <= self.half_width {
            0.5 * self.curvature * size * size
        } else {
            self.slope * (size - 0.5 * self.half_width)
        }
    }

    #[inline]
    fn derivative(self, difference: f64) -> f64 {
        if difference.abs() <= self.half_width {
            self.curvature * difference
        } else if difference > 0.0 {
            self.slope
        } else if difference < 0.0 {
            -self.slope
        } else {
            // Only NaN is left, and it has to be seen.
            difference
        }
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "exact results are tested for being exact")]
mod tests;
