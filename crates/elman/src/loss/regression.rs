//! Losses of the difference between prediction and target.

use ndarray::{ArrayView, ArrayViewMut, Dimension, Zip};
use serde::{Deserialize, Serialize};

use super::{Reduction, same_shape};
use crate::error::{Error, Result};
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
/// The mean divides by the number of entries. The gradient of `|d|` at 0 is 0.
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
    /// Shapes that differ; a δ or β out of its range; a mean of no entry.
    pub fn value<T: Real, D: Dimension>(
        self,
        reduction: Reduction,
        predictions: ArrayView<'_, T, D>,
        targets: ArrayView<'_, T, D>,
    ) -> Result<f64> {
        let curve = self.curve()?;
        same_shape("targets", predictions.shape(), targets.shape())?;
        let divisor = reduction.divisor(self.name(), predictions.len() as f64)?;
        let mut sum = 0.0;
        Zip::from(&predictions)
            .and(&targets)
            .for_each(|&p, &t| sum += curve.value(p.to_f64() - t.to_f64()));
        Ok(sum / divisor)
    }

    /// The loss, and its gradient with respect to the predictions written into `grad_predictions`.
    ///
    /// # Errors
    ///
    /// Those of [`value`](Self::value), and a gradient of another shape. The gradient is then
    /// unchanged.
    pub fn gradient<T: Real, D: Dimension>(
        self,
        reduction: Reduction,
        predictions: ArrayView<'_, T, D>,
        targets: ArrayView<'_, T, D>,
        grad_predictions: ArrayViewMut<'_, T, D>,
    ) -> Result<f64> {
        let curve = self.curve()?;
        same_shape("targets", predictions.shape(), targets.shape())?;
        same_shape("grad_predictions", predictions.shape(), grad_predictions.shape())?;
        let divisor = reduction.divisor(self.name(), predictions.len() as f64)?;
        let (scale, mut sum) = (1.0 / divisor, 0.0);
        Zip::from(grad_predictions).and(&predictions).and(&targets).for_each(|grad, &p, &t| {
            let difference = p.to_f64() - t.to_f64();
            sum += curve.value(difference);
            *grad = T::from_f64(scale * curve.derivative(difference));
        });
        Ok(sum / divisor)
    }

    /// The loss of each entry, into `values`.
    ///
    /// # Errors
    ///
    /// Shapes that differ; a δ or β out of its range.
    pub fn per_element<T: Real, D: Dimension>(
        self,
        predictions: ArrayView<'_, T, D>,
        targets: ArrayView<'_, T, D>,
        values: ArrayViewMut<'_, T, D>,
    ) -> Result<()> {
        let curve = self.curve()?;
        same_shape("targets", predictions.shape(), targets.shape())?;
        same_shape("values", predictions.shape(), values.shape())?;
        Zip::from(values).and(&predictions).and(&targets).for_each(|value, &p, &t| {
            *value = T::from_f64(curve.value(p.to_f64() - t.to_f64()));
        });
        Ok(())
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
            RegressionLoss::Huber { delta } => {
                Err(Error::argument("huber: delta", "a positive number", delta))
            }
            RegressionLoss::SmoothL1 { beta: 0.0 } => Ok(line),
            RegressionLoss::SmoothL1 { beta } if beta > 0.0 && beta.is_finite() => {
                Ok(Curve { half_width: beta, curvature: 1.0 / beta, slope: 1.0 })
            }
            RegressionLoss::SmoothL1 { beta } => {
                Err(Error::argument("smooth-l1: beta", "a number of 0 or more", beta))
            }
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
mod tests {
    use ndarray::{Array, Array1, Array2, array};
    use proptest::prelude::*;

    use super::super::testing::{assert_gradient, normal};
    use super::*;

    const LOSSES: [RegressionLoss; 4] = [
        RegressionLoss::Mse,
        RegressionLoss::L1,
        RegressionLoss::Huber { delta: 0.6 },
        RegressionLoss::SmoothL1 { beta: 0.7 },
    ];

    fn sum(loss: RegressionLoss, p: &Array1<f64>, t: &Array1<f64>) -> f64 {
        loss.value(Reduction::Sum, p.view(), t.view()).unwrap()
    }

    #[test]
    fn gradients_are_central_differences() {
        let (predictions, targets) = (normal(4, 6, 1), normal(4, 6, 2));
        for loss in LOSSES {
            for reduction in [Reduction::Mean, Reduction::Sum] {
                let mut grad = Array2::zeros((4, 6));
                let (p, t) = (predictions.view(), targets.view());
                let value = loss.gradient(reduction, p, t, grad.view_mut()).unwrap();
                assert_eq!(value.to_bits(), loss.value(reduction, p, t).unwrap().to_bits());
                assert_gradient(&predictions, &grad, |p| loss.value(reduction, p, t).unwrap());
            }
        }
    }

    #[test]
    fn values_are_the_textbook_ones() {
        // d = 0.5 and −3.
        let (p, t) = (array![1.5, -1.0], array![1.0, 2.0]);
        let cases = [
            (RegressionLoss::Mse, [0.25, 9.0]),
            (RegressionLoss::L1, [0.5, 3.0]),
            (RegressionLoss::Huber { delta: 2.0 }, [0.125, 2.0 * (3.0 - 1.0)]),
            (RegressionLoss::SmoothL1 { beta: 2.0 }, [0.0625, 2.0]),
            (RegressionLoss::SmoothL1 { beta: 0.0 }, [0.5, 3.0]),
        ];
        for (loss, expected) in cases {
            let mut values = array![0.0, 0.0];
            loss.per_element(p.view(), t.view(), values.view_mut()).unwrap();
            assert_eq!(values.to_vec(), expected, "{loss:?}");
            assert_eq!(sum(loss, &p, &t), expected.iter().sum::<f64>());
            let mean = loss.value(Reduction::Mean, p.view(), t.view()).unwrap();
            assert_eq!(mean, expected.iter().sum::<f64>() / 2.0);
        }
    }

    #[test]
    fn equal_entries_have_no_gradient() {
        for loss in LOSSES.into_iter().chain([RegressionLoss::SmoothL1 { beta: 0.0 }]) {
            let (p, mut grad) = (array![2.0f32], array![9.0f32]);
            let value = loss.gradient(Reduction::Sum, p.view(), p.view(), grad.view_mut());
            assert_eq!((value.unwrap(), grad[0]), (0.0, 0.0), "{loss:?}");
        }
    }

    #[test]
    fn nan_and_infinity_are_seen_in_value_and_gradient() {
        for loss in LOSSES {
            let mut grad = array![0.0];
            let (nan, infinite, target) = (array![f64::NAN], array![f64::INFINITY], array![0.0]);
            let value = loss.gradient(Reduction::Sum, nan.view(), target.view(), grad.view_mut());
            assert!(value.unwrap().is_nan() && grad[0].is_nan(), "{loss:?}");
            assert_eq!(sum(loss, &infinite, &target), f64::INFINITY, "{loss:?}");
        }
    }

    #[test]
    fn huge_f32_differences_do_not_overflow_the_sum() {
        let (p, t) = (array![3e38f32], array![-3e38f32]);
        let value = RegressionLoss::Mse.value(Reduction::Sum, p.view(), t.view()).unwrap();
        let difference = 2.0 * f64::from(3e38f32);
        assert_eq!(value, difference * difference);
    }

    #[test]
    fn views_in_any_layout_are_taken() {
        let (predictions, targets) = (normal(3, 5, 3), normal(3, 5, 4));
        let mut grad = Array2::zeros((3, 5));
        let mut transposed = Array2::zeros((5, 3));
        let loss = RegressionLoss::Huber { delta: 0.5 };
        let (p, t) = (predictions.view(), targets.view());
        loss.gradient(Reduction::Mean, p, t, grad.view_mut()).unwrap();
        let standard = targets.t().as_standard_layout().into_owned();
        loss.gradient(Reduction::Mean, p.t(), standard.view(), transposed.view_mut()).unwrap();
        assert_eq!(grad.t(), transposed);
    }

    #[test]
    fn bad_arguments_are_refused() {
        let (p, t, mut grad) = (array![1.0, 2.0], array![1.0], array![7.0, 7.0]);
        let empty = Array::<f64, _>::zeros(0);
        for loss in LOSSES {
            let short = loss.gradient(Reduction::Sum, p.view(), t.view(), grad.view_mut());
            assert!(matches!(short, Err(Error::Shape { .. })));
            let short = loss.gradient(Reduction::Sum, t.view(), t.view(), grad.view_mut());
            assert!(matches!(short, Err(Error::Shape { .. })));
            assert!(loss.value(Reduction::Mean, empty.view(), empty.view()).is_err());
            assert_eq!(loss.value(Reduction::Sum, empty.view(), empty.view()).unwrap(), 0.0);
        }
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let loss = RegressionLoss::Huber { delta: bad };
            assert!(
                loss.check().is_err() && loss.value(Reduction::Sum, p.view(), p.view()).is_err()
            );
            assert_eq!(RegressionLoss::SmoothL1 { beta: bad }.check().is_ok(), bad == 0.0);
        }
        assert_eq!(grad, array![7.0, 7.0]);
    }

    #[test]
    fn names_are_those_of_a_settings_file() {
        let json = r#"["mse","l1",{"huber":{"delta":0.6}},{"smooth-l1":{"beta":0.7}}]"#;
        assert_eq!(serde_json::to_string(&LOSSES).unwrap(), json);
        assert_eq!(serde_json::from_str::<Vec<RegressionLoss>>(json).unwrap(), LOSSES);
    }

    proptest! {
        #[test]
        fn huber_is_delta_times_smooth_l1(d in -5.0..5.0f64, delta in 0.01..4.0f64) {
            let (p, t) = (array![d], array![0.0]);
            let huber = sum(RegressionLoss::Huber { delta }, &p, &t);
            let smooth = sum(RegressionLoss::SmoothL1 { beta: delta }, &p, &t);
            prop_assert!((huber - delta * smooth).abs() <= 1e-14 * huber.abs());
        }

        #[test]
        fn huber_lies_between_the_line_and_the_parabola(d in -5.0..5.0f64, delta in 0.01..4.0f64) {
            let (p, t) = (array![d], array![0.0]);
            let huber = sum(RegressionLoss::Huber { delta }, &p, &t);
            prop_assert!(huber <= 0.5 * d * d * (1.0 + 1e-14));
            prop_assert!(huber <= delta * d.abs() * (1.0 + 1e-14));
        }
    }
}
