//! How far numbers are off.

use super::check_lengths;
use crate::error::Result;
use crate::real::{Float, Real};

/// The root of the mean squared error.
///
/// # Errors
///
/// Slices of different length, or empty.
///
/// ```
/// assert_eq!(elman::metric::rmse(&[1.0, 2.0], &[1.0, 4.0]).unwrap(), 2f64.sqrt());
/// ```
pub fn rmse<T: Real>(actual: &[T], predicted: &[T]) -> Result<f64> {
    let squares = mean_error(actual, predicted, square)?;
    Ok(Float::sqrt(squares))
}

/// The mean absolute error.
///
/// # Errors
///
/// Slices of different length, or empty.
///
/// ```
/// assert_eq!(elman::metric::mae(&[1.0, 2.0], &[1.0, 4.0]).unwrap(), 1.0);
/// ```
pub fn mae<T: Real>(actual: &[T], predicted: &[T]) -> Result<f64> {
    mean_error(actual, predicted, f64::abs)
}

/// The coefficient of determination, `1 − Σ(y − ŷ)² / Σ(y − ȳ)²`: 1 for exact predictions, 0 for
/// the mean of the actual values, negative for worse. `None` if the actual values are all equal.
///
/// # Errors
///
/// Slices of different length, or empty.
///
/// ```
/// use elman::metric::r_squared;
///
/// assert_eq!(r_squared(&[1.0, 2.0, 3.0], &[2.0, 2.0, 2.0]).unwrap(), Some(0.0));
/// assert_eq!(r_squared(&[2.0, 2.0], &[1.0, 3.0]).unwrap(), None);
/// ```
pub fn r_squared<T: Real>(actual: &[T], predicted: &[T]) -> Result<Option<f64>> {
    let unexplained = mean_error(actual, predicted, square)?;
    if actual.iter().all(|value| *value == actual[0]) {
        return Ok(None);
    }
    let center = mean(actual)?;
    let spread = actual.iter().map(|value| square(value.to_f64() - center)).sum::<f64>();
    Ok(Some(1.0 - unexplained / (spread / actual.len() as f64)))
}

/// The arithmetic mean.
///
/// # Errors
///
/// No value.
///
/// ```
/// assert_eq!(elman::metric::mean(&[1.0f32, 2.0, 6.0]).unwrap(), 3.0);
/// ```
pub fn mean<T: Real>(values: &[T]) -> Result<f64> {
    check_lengths("values", values.len(), values.len())?;
    Ok(values.iter().map(|value| value.to_f64()).sum::<f64>() / values.len() as f64)
}

/// The root of the mean squared error on `actual` of always guessing the mean of `training`.
///
/// # Errors
///
/// Either of them empty.
///
/// ```
/// assert_eq!(elman::metric::mean_floor(&[1.0, 3.0], &[5.0, -1.0]).unwrap(), 3.0);
/// ```
pub fn mean_floor<T: Real>(training: &[T], actual: &[T]) -> Result<f64> {
    let guess = mean(training)?;
    check_lengths("actual values", actual.len(), actual.len())?;
    let squares = actual.iter().map(|value| square(value.to_f64() - guess)).sum::<f64>();
    Ok(Float::sqrt(squares / actual.len() as f64))
}

/// The mean of a function of the differences.
fn mean_error<T: Real>(actual: &[T], predicted: &[T], size: impl Fn(f64) -> f64) -> Result<f64> {
    check_lengths("predicted values", actual.len(), predicted.len())?;
    let pairs = actual.iter().zip(predicted);
    let sum =
        pairs.map(|(actual, predicted)| size(predicted.to_f64() - actual.to_f64())).sum::<f64>();
    Ok(sum / actual.len() as f64)
}

pub(super) fn square(difference: f64) -> f64 {
    difference * difference
}
