//! Quantile regression: the pinball loss.

use ndarray::{ArrayView2, ArrayViewMut2};
use serde::{Deserialize, Serialize};

use super::weights::{CountedRow, NumberTargets};
use super::{Reduction, same_shape};
use crate::error::{Error, Result};
use crate::real::Real;

/// The pinball loss of Q predicted quantiles for each of K numbers.
///
/// The predictions `[N, Q·K]` are grouped by quantile: column `q·K + k` is quantile q of number k.
/// With `e = target − prediction` and the level τ of the quantile,
///
/// ```text
/// l(e) = max(τ e, (τ − 1) e)       ∂l/∂prediction = −τ for e > 0,  1 − τ for e < 0,  0 for e = 0
/// ```
///
/// whose mean is least where the share τ of the targets lies below the prediction. The mean divides
/// by the number of predictions, each counted with the weight of its row. Nothing keeps predicted
/// quantiles of different levels from crossing.
///
/// # Source
///
/// Koenker and Bassett, *Regression Quantiles*, 1978; without the factor 2 that some forecasting
/// libraries put in, so that the level ½ gives half the absolute error.
///
/// ```
/// use elman::loss::{QuantileLoss, Reduction};
/// use ndarray::{Array2, array};
///
/// # fn main() -> elman::Result<()> {
/// let loss = QuantileLoss { levels: vec![0.1, 0.9], reduction: Reduction::Sum };
/// let mut grad = Array2::zeros((1, 2));
/// // The target 3 is one above the first prediction and two below the second.
/// let (predictions, targets) = (array![[2.0, 5.0]], array![[3.0]]);
/// let value = loss.gradient(predictions.view(), targets.view(), grad.view_mut())?;
/// assert!((value - (0.1 * 1.0 + 0.1 * 2.0)).abs() < 1e-15);
/// assert_eq!(grad, array![[-0.1, 1.0 - 0.9]]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuantileLoss {
    /// τ of each quantile, between 0 and 1, in ascending order.
    pub levels: Vec<f64>,
    /// Mean or sum.
    #[serde(default)]
    pub reduction: Reduction,
}

impl QuantileLoss {
    /// The loss of predictions `[N, Q·K]` of targets `[N, K]`.
    ///
    /// # Errors
    ///
    /// Not Q predictions for each target; weights that do not fit; levels out of their range or
    /// order; a mean of nothing.
    pub fn value<'a, T: Real>(
        &self,
        predictions: ArrayView2<'_, T>,
        targets: impl Into<NumberTargets<'a, T>>,
    ) -> Result<f64> {
        let targets = targets.into();
        let divisor = self.divisor(predictions, &targets)?;
        let mut sum = 0.0;
        self.each(predictions, &targets, |_, pinball| sum += pinball.value);
        Ok(sum / divisor)
    }

    /// The loss, and its gradient written into `grad_predictions` `[N, Q·K]`.
    ///
    /// # Errors
    ///
    /// Those of [`value`](Self::value), and a gradient of another shape. The gradient is then
    /// unchanged.
    pub fn gradient<'a, T: Real>(
        &self,
        predictions: ArrayView2<'_, T>,
        targets: impl Into<NumberTargets<'a, T>>,
        mut grad_predictions: ArrayViewMut2<'_, T>,
    ) -> Result<f64> {
        let targets = targets.into();
        same_shape("grad_predictions", predictions.shape(), grad_predictions.shape())?;
        let divisor = self.divisor(predictions, &targets)?;
        grad_predictions.fill(T::ZERO);
        let mut sum = 0.0;
        self.each(predictions, &targets, |place, pinball| {
            sum += pinball.value;
            grad_predictions[place] = T::from_f64(pinball.slope / divisor);
        });
        Ok(sum / divisor)
    }

    /// The loss of each prediction times its row's weight, into `values` `[N, Q·K]`.
    ///
    /// # Errors
    ///
    /// Those of [`value`](Self::value) but the last, and values of another shape.
    pub fn per_element<'a, T: Real>(
        &self,
        predictions: ArrayView2<'_, T>,
        targets: impl Into<NumberTargets<'a, T>>,
        mut values: ArrayViewMut2<'_, T>,
    ) -> Result<()> {
        let targets = targets.into();
        same_shape("values", predictions.shape(), values.shape())?;
        self.check_operands(predictions, &targets)?;
        values.fill(T::ZERO);
        self.each(predictions, &targets, |place, pinball| {
            values[place] = T::from_f64(pinball.value);
        });
        Ok(())
    }

    /// Refuses levels that are not between 0 and 1, or not in ascending order.
    ///
    /// # Errors
    ///
    /// No level, or the first one that is out of its range or order.
    pub fn check(&self) -> Result<()> {
        if self.levels.is_empty() {
            return Err(Error::argument("levels", "at least one quantile", "none"));
        }
        let mut least = 0.0;
        for (index, &level) in self.levels.iter().enumerate() {
            if !(level > least && level < 1.0) {
                let expected = format!("a number above {least} and below 1");
                return Err(Error::argument(format!("levels[{index}]"), expected, level));
            }
            least = level;
        }
        Ok(())
    }

    /// Calls `finish` with each prediction that counts.
    fn each<T: Real>(
        &self,
        predictions: ArrayView2<'_, T>,
        targets: &NumberTargets<'_, T>,
        mut finish: impl FnMut([usize; 2], Pinball),
    ) {
        let numbers = targets.values.ncols();
        for CountedRow { row, weight } in targets.weights.counted(predictions.nrows()) {
            for (quantile, &level) in self.levels.iter().enumerate() {
                for number in 0..numbers {
                    let place = [row, quantile * numbers + number];
                    let target = targets.values[[row, number]].to_f64();
                    let error = target - predictions[place].to_f64();
                    finish(place, Pinball::of(level, error, weight));
                }
            }
        }
    }

    fn divisor<T: Real>(
        &self,
        predictions: ArrayView2<'_, T>,
        targets: &NumberTargets<'_, T>,
    ) -> Result<f64> {
        self.check_operands(predictions, targets)?;
        let (rows, columns) = predictions.dim();
        self.reduction.divisor("quantile loss", targets.weights.total(rows) * columns as f64)
    }

    fn check_operands<T: Real>(
        &self,
        predictions: ArrayView2<'_, T>,
        targets: &NumberTargets<'_, T>,
    ) -> Result<()> {
        self.check()?;
        let (rows, numbers) = targets.values.dim();
        same_shape("predictions", &[rows, numbers * self.levels.len()], predictions.shape())?;
        targets.weights.check(rows)
    }
}

/// The weighted loss of one prediction, and its derivative.
struct Pinball {
    value: f64,
    slope: f64,
}

impl Pinball {
    fn of(level: f64, error: f64, weight: f64) -> Pinball {
        let slope = if error > 0.0 {
            -level
        } else if error < 0.0 {
            1.0 - level
        } else {
            // 0, or NaN, which has to be seen.
            error
        };
        // l = −slope · e, and at e = ±0 and NaN that is 0 and NaN.
        Pinball { value: weight * -slope * error, slope: weight * slope }
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "exact results are tested for being exact")]
mod tests {
    use ndarray::{Array2, array};

    use super::super::testing::{assert_gradient, normal};
    use super::super::{RegressionLoss, RowWeights};
    use super::*;

    fn loss(levels: &[f64]) -> QuantileLoss {
        QuantileLoss { levels: levels.to_vec(), reduction: Reduction::Mean }
    }

    #[test]
    fn gradients_are_central_differences() {
        let (predictions, values) = (normal(4, 6, 1), normal(4, 2, 2));
        for weights in [RowWeights::Equal, RowWeights::Rows(&[0.5, 0.0, 2.0, 1.0])] {
            for reduction in [Reduction::Mean, Reduction::Sum] {
                let loss = QuantileLoss { reduction, ..loss(&[0.1, 0.5, 0.8]) };
                let targets = NumberTargets { values: values.view(), weights };
                let mut grad = Array2::from_elem((4, 6), f64::NAN);
                let value = loss.gradient(predictions.view(), targets, grad.view_mut()).unwrap();
                let again = loss.value(predictions.view(), targets).unwrap();
                assert_eq!(value.to_bits(), again.to_bits());
                assert_gradient(&predictions, &grad, |p| loss.value(p, targets).unwrap());
                let mut values = Array2::from_elem((4, 6), f64::NAN);
                loss.per_element(predictions.view(), targets, values.view_mut()).unwrap();
                let total = match reduction {
                    Reduction::Sum => 1.0,
                    Reduction::Mean => weights.total(4) * 6.0,
                };
                assert!((values.sum() / total - value).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn the_level_one_half_is_half_the_absolute_error() {
        let (predictions, targets) = (normal(5, 3, 1), normal(5, 3, 2));
        let found = loss(&[0.5]).value(predictions.view(), targets.view()).unwrap();
        let l1 = RegressionLoss::L1.value(Reduction::Mean, predictions.view(), targets.view());
        assert!((found - 0.5 * l1.unwrap()).abs() < 1e-15);
    }

    #[test]
    fn the_empirical_quantile_has_the_least_loss() {
        // Of 1 to 9, the quantile of level 0.3 is any number from 2.7 on below 3: the 3rd number.
        let targets = Array2::from_shape_fn((9, 1), |(row, _)| (row + 1) as f64);
        let at = |x: f64| {
            loss(&[0.3]).value(Array2::from_elem((9, 1), x).view(), targets.view()).unwrap()
        };
        let best = (0..100).map(|k| f64::from(k) / 10.0).min_by(|a, b| at(*a).total_cmp(&at(*b)));
        assert_eq!(best, Some(3.0));
    }

    #[test]
    fn columns_are_grouped_by_quantile() {
        // Two numbers with two quantiles each: q0 of both, then q1 of both.
        let predictions = array![[0.0, 10.0, 1.0, 20.0]];
        let mut values = Array2::zeros((1, 4));
        let targets = array![[1.0, 20.0]];
        loss(&[0.25, 0.75])
            .per_element(predictions.view(), targets.view(), values.view_mut())
            .unwrap();
        assert_eq!(values, array![[0.25, 2.5, 0.0, 0.0]]);
    }

    #[test]
    fn nan_is_seen() {
        let mut grad = Array2::zeros((1, 1));
        let (nan, target) = (array![[f64::NAN]], array![[1.0]]);
        let value = loss(&[0.5]).gradient(nan.view(), target.view(), grad.view_mut()).unwrap();
        assert!(value.is_nan() && grad[[0, 0]].is_nan());
    }

    #[test]
    fn bad_arguments_are_refused() {
        let (predictions, targets) = (normal(2, 2, 1), normal(2, 1, 2));
        let cases: [(&[f64], &str); 6] = [
            (&[], "levels: expected at least one quantile, got none"),
            (&[0.0, 0.5], "levels[0]: expected a number above 0 and below 1, got 0"),
            (&[0.5, 1.0], "levels[1]: expected a number above 0.5 and below 1, got 1"),
            (&[0.5, 0.1], "levels[1]"),
            (&[0.5, f64::NAN], "levels[1]"),
            (&[0.5], "predictions: expected shape [2, 1], got [2, 2]"),
        ];
        for (levels, word) in cases {
            let mut grad = array![[7.0, 7.0], [7.0, 7.0]];
            let result = loss(levels).gradient(predictions.view(), targets.view(), grad.view_mut());
            let message = result.unwrap_err().to_string();
            assert!(message.contains(word), "{message}");
            assert!(grad.iter().all(|g| *g == 7.0));
        }
        let none = Array2::<f64>::zeros((0, 1));
        assert!(loss(&[0.5]).value(none.view(), none.view()).is_err());
    }

    #[test]
    fn settings_survive_a_settings_file() {
        let loss = loss(&[0.1, 0.5]);
        let text = serde_json::to_string(&loss).unwrap();
        assert_eq!(serde_json::from_str::<QuantileLoss>(&text).unwrap(), loss);
        assert!(serde_json::from_str::<QuantileLoss>(r#"{"levels": [0.5], "tau": 1}"#).is_err());
    }
}
