//! The spectral radius and the largest singular value of a real matrix, by repeated squaring.
//!
//! ```text
//! ρ(A) = lim ‖Aⁿ‖^(1/n)        n = 2, 4, 8, …, 2^40        (Gelfand's formula)
//! σ(A)² = ρ(AᵀA)
//! ```
//!
//! Each square is divided by its norm, whose logarithm is kept. After 40 squarings the factor by which
//! `‖Aⁿ‖` may differ from `ρⁿ` has no effect in `f64`, complex pairs and Jordan blocks included, and
//! there is no iteration that could fail to converge.

use ndarray::{Array2, ArrayView2};

use crate::error::{Error, Result};
use crate::real::Float;

/// 2⁴⁰ is beyond what a condition of 1e300 could spoil in the tenth digit.
const SQUARINGS: i32 = 40;

/// The largest absolute value of an eigenvalue of a square matrix.
///
/// ```
/// use elman::see::spectral_radius;
/// use ndarray::array;
///
/// # fn main() -> elman::Result<()> {
/// // A rotation by a right angle that doubles: eigenvalues ±2i.
/// let radius = spectral_radius(array![[0.0, -2.0], [2.0, 0.0]].view())?;
/// assert!((radius - 2.0).abs() < 1e-9);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// A matrix that is not square, or holds a number that is not finite.
///
/// # Source
///
/// I. M. Gelfand, "Normierte Ringe", Matematicheskii Sbornik 9 (1941).
pub fn spectral_radius(matrix: ArrayView2<'_, f64>) -> Result<f64> {
    let (rows, columns) = matrix.dim();
    if rows != columns {
        return Err(Error::shape("matrix", &[rows, rows], &[rows, columns]));
    }
    check_finite(matrix)?;
    let Some((mut power, mut log_radius)) = normalized(&matrix.to_owned()) else { return Ok(0.0) };
    for squaring in 1..=SQUARINGS {
        let square = power.dot(&power);
        let Some((next, log_norm)) = normalized(&square) else { return Ok(0.0) };
        log_radius += log_norm / 2f64.powi(squaring);
        power = next;
    }
    Ok(Float::exp(log_radius))
}

/// The largest singular value of a matrix: the most by which it stretches a vector.
///
/// ```
/// use elman::see::largest_singular_value;
/// use ndarray::array;
///
/// # fn main() -> elman::Result<()> {
/// let largest = largest_singular_value(array![[3.0, 0.0, 0.0], [0.0, -4.0, 0.0]].view())?;
/// assert!((largest - 4.0).abs() < 1e-9);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// A matrix that holds a number that is not finite.
pub fn largest_singular_value(matrix: ArrayView2<'_, f64>) -> Result<f64> {
    check_finite(matrix)?;
    let Some((scaled, log_norm)) = normalized(&matrix.to_owned()) else { return Ok(0.0) };
    let gram = match scaled.nrows() < scaled.ncols() {
        true => scaled.dot(&scaled.t()),
        false => scaled.t().dot(&scaled),
    };
    Ok(spectral_radius(gram.view())?.sqrt() * Float::exp(log_norm))
}

/// The matrix divided by its Frobenius norm, and the logarithm of the norm; `None` for zeros.
fn normalized(matrix: &Array2<f64>) -> Option<(Array2<f64>, f64)> {
    // Squares of numbers relative to the largest neither overflow nor vanish.
    let largest = matrix.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
    if largest == 0.0 {
        return None;
    }
    let scaled = matrix / largest;
    let norm = scaled.iter().map(|value| value * value).sum::<f64>().sqrt();
    Some((scaled / norm, Float::ln(largest) + Float::ln(norm)))
}

pub(super) fn check_finite(matrix: ArrayView2<'_, f64>) -> Result<()> {
    match matrix.indexed_iter().find(|(_, value)| !value.is_finite()) {
        None => Ok(()),
        Some(((row, column), value)) => {
            let name = format!("matrix[{row}, {column}]");
            Err(Error::argument(name, "a finite number", value))
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn radii_are_those_of_known_eigenvalues() {
        // The second has the double eigenvalue 0.5 in one Jordan block; the third is nilpotent; the
        // companion matrix has the roots of x³ - 6x² + 11x - 6, which are 1, 2 and 3.
        let cases = [
            (array![[0.3, 0.0], [0.0, -0.7]], 0.7),
            (array![[0.5, 1e6], [0.0, 0.5]], 0.5),
            (array![[0.0, 5.0], [0.0, 0.0]], 0.0),
            (array![[0.6, -0.8], [0.8, 0.6]], 1.0),
            (array![[6.0, -11.0, 6.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], 3.0),
            (array![[1e200, 0.0], [0.0, 1e-200]], 1e200),
        ];
        for (matrix, expected) in cases {
            let radius = spectral_radius(matrix.view()).unwrap();
            assert!((radius - expected).abs() <= 1e-9 * expected, "{matrix}: {radius}");
        }
    }

    #[test]
    fn singular_values_are_those_of_known_products() {
        // [[1, 1], [0, 1]] stretches by the golden ratio.
        let golden = f64::midpoint(1.0, 5f64.sqrt());
        let largest = largest_singular_value(array![[1.0, 1.0], [0.0, 1.0]].view()).unwrap();
        assert!((largest - golden).abs() < 1e-9, "{largest}");
        let row = largest_singular_value(array![[3e-180, 4e-180]].view()).unwrap();
        assert!((row / 5e-180 - 1.0).abs() < 1e-9, "{row}");
        assert!(largest_singular_value(array![[0.0]].view()).unwrap().abs() < f64::MIN_POSITIVE);
    }

    #[test]
    fn what_has_no_radius_is_refused() {
        let error = spectral_radius(array![[1.0, 2.0]].view()).unwrap_err();
        assert_eq!(error.to_string(), "matrix: expected shape [1, 1], got [1, 2]");
        let error = spectral_radius(array![[f64::NAN]].view()).unwrap_err();
        assert_eq!(error.to_string(), "matrix[0, 0]: expected a finite number, got NaN");
    }
}
