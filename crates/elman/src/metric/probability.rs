//! How good probabilities of classes are.

use ndarray::ArrayView2;

use super::numbers::square;
use super::{check_classes, check_lengths, winner};
use crate::error::{Error, Result};
use crate::real::{Float, Real};

/// The mean of `−ln p` over the probabilities `[N, C]` given to the actual classes. Infinite if
/// one of them is 0.
///
/// # Errors
///
/// Not one class for each row, or no row; a class outside of the columns; a probability of an
/// actual class outside of `[0, 1]`.
///
/// ```
/// use ndarray::array;
///
/// let loss = elman::metric::log_loss(&[1], array![[0.75, 0.25]].view()).unwrap();
/// assert!((loss - 4f64.ln()).abs() < 1e-15);
/// ```
pub fn log_loss<T: Real>(actual: &[usize], probabilities: ArrayView2<'_, T>) -> Result<f64> {
    check_lengths("probabilities", actual.len(), probabilities.nrows())?;
    check_classes("actual classes", actual, probabilities.ncols())?;
    let mut sum = 0.0;
    for (row, &class) in actual.iter().enumerate() {
        let probability = probabilities[[row, class]];
        if !(probability >= T::ZERO && probability <= T::ONE) {
            let name = format!("probabilities[{row}, {class}]");
            return Err(Error::argument(name, "a probability in [0, 1]", probability));
        }
        sum -= Float::ln(probability.to_f64());
    }
    Ok(sum / actual.len() as f64)
}

/// The Brier score of several classes: the mean over the rows of `Σ_c (p_c − y_c)²`, where y is 1 for
/// the actual class and else 0. It lies between 0 and 2.
///
/// Source: Brier (1950), "Verification of forecasts expressed in terms of probability"; scikit-learn's
/// `brier_score_loss(scale_by_half=False)`.
///
/// # Errors
///
/// Not one class for each row, or no row; a class outside of the columns.
///
/// ```
/// use ndarray::array;
///
/// let score = elman::metric::brier(&[1], array![[0.25, 0.75]].view()).unwrap();
/// assert_eq!(score, 0.125);
/// ```
pub fn brier(actual: &[usize], probabilities: ArrayView2<'_, f64>) -> Result<f64> {
    check_lengths("probabilities", actual.len(), probabilities.nrows())?;
    check_classes("actual classes", actual, probabilities.ncols())?;
    let mut sum = 0.0;
    for (row, &class) in probabilities.rows().into_iter().zip(actual) {
        for (column, &probability) in row.iter().enumerate() {
            sum += square(probability - if column == class { 1.0 } else { 0.0 });
        }
    }
    Ok(sum / actual.len() as f64)
}

/// The expected calibration error: how far the probability of the predicted class is from the share
/// that is right, in ten bins of equal width, each weighted by its answers. Bins hold their upper
/// bound, and the first class of several equal ones is predicted.
///
/// Source: Guo et al. (2017), "On calibration of modern neural networks", equation 3.
///
/// # Errors
///
/// Not one class for each row, or no row; a class outside of the columns.
///
/// ```
/// use elman::metric::calibration_error;
/// use ndarray::array;
///
/// // Two answers with 0.8, of which one is right.
/// let error = calibration_error(&[0, 1], array![[0.8, 0.2], [0.8, 0.2]].view()).unwrap();
/// assert!((error - 0.3).abs() < 1e-15);
/// ```
pub fn calibration_error(actual: &[usize], probabilities: ArrayView2<'_, f64>) -> Result<f64> {
    const BINS: usize = 10;
    check_lengths("probabilities", actual.len(), probabilities.nrows())?;
    check_classes("actual classes", actual, probabilities.ncols())?;
    let mut differences = [0.0; BINS];
    for (row, &class) in probabilities.rows().into_iter().zip(actual) {
        let predicted = winner(row);
        let confidence = row[predicted];
        let bin = (1..BINS).filter(|bin| confidence > *bin as f64 / BINS as f64).count();
        differences[bin] += confidence - if predicted == class { 1.0 } else { 0.0 };
    }
    Ok(differences.iter().map(|difference| difference.abs()).sum::<f64>() / actual.len() as f64)
}
