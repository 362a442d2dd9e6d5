//! Losses, and their gradients with respect to what the network puts out.
//!
//! Means belong here and nowhere else in the crate: a layer returns the gradient of the scalar
//! that a loss defines, and [`Reduction`] says which scalar that is. Every loss has its value, its
//! value with the gradient written into an array of the caller's, and its unreduced values. None
//! of them allocates, and all of them run in one thread over fixed orders, so the bits depend on
//! the numbers alone. Sums are taken in `f64` for both number types, and values returned in it.
//!
//! An infinite or undefined logit or prediction is not refused: it makes the value infinite or
//! NaN, which training watches for. Faulty targets, weights and options are.

mod binary;
mod cross_entropy;
mod regression;
mod softmax;

use serde::{Deserialize, Serialize};

pub use binary::{BinaryCrossEntropy, BinaryTargets};
pub use cross_entropy::{ClassTargets, CrossEntropy};
pub use regression::RegressionLoss;
pub use softmax::softmax;

use crate::error::{Error, Result};

/// How the losses of the entries become one number.
///
/// ```
/// use elman::loss::{Reduction, RegressionLoss};
/// use ndarray::array;
///
/// # fn main() -> elman::Result<()> {
/// let (predictions, targets) = (array![1.0, 2.0], array![3.0, 1.0]);
/// let loss = |reduction| RegressionLoss::Mse.value(reduction, predictions.view(), targets.view());
/// assert_eq!(loss(Reduction::Sum)?, 5.0);
/// assert_eq!(loss(Reduction::Mean)?, 2.5);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reduction {
    /// The sum over the number of entries, or over their weights where a loss says so. A mean of
    /// nothing is an error.
    #[default]
    Mean,
    /// The sum.
    Sum,
}

impl Reduction {
    /// What a sum over entries of this total weight is divided by.
    fn divisor(self, loss: &str, total_weight: f64) -> Result<f64> {
        match self {
            Reduction::Sum => Ok(1.0),
            Reduction::Mean if total_weight > 0.0 => Ok(total_weight),
            Reduction::Mean => Err(Error::argument(
                format!("{loss}: mean"),
                "at least one entry of positive weight",
                "none",
            )),
        }
    }
}

/// Refuses an array that has not the shape of another.
fn same_shape(what: &str, expected: &[usize], found: &[usize]) -> Result<()> {
    if expected == found { Ok(()) } else { Err(Error::shape(what, expected, found)) }
}

/// Refuses weights that are negative, infinite or NaN, or not one for each of `count` things.
fn check_weights(what: &str, weights: Option<&[f64]>, count: usize) -> Result<()> {
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
mod testing {
    use ndarray::{Array2, ArrayView2};

    use crate::rng::Rng;

    /// An array of normal numbers.
    pub fn normal(rows: usize, columns: usize, seed: u64) -> Array2<f64> {
        let mut rng = Rng::new(seed);
        Array2::from_shape_simple_fn((rows, columns), || rng.normal())
    }

    /// Compares a gradient with central differences of `value` at `at`.
    ///
    /// A step of 1e-5 leaves an error of about 1e-10 from the third derivative and 1e-11 from
    /// rounding.
    pub fn assert_gradient(
        at: &Array2<f64>,
        gradient: &Array2<f64>,
        value: impl Fn(ArrayView2<'_, f64>) -> f64,
    ) {
        let step = 1e-5;
        for (index, found) in gradient.indexed_iter() {
            let shifted = |by: f64| {
                let mut moved = at.clone();
                moved[index] += by;
                value(moved.view())
            };
            let expected = (shifted(step) - shifted(-step)) / (2.0 * step);
            let error = (found - expected).abs();
            assert!(error < 1e-8 * (1.0 + expected.abs()), "{index:?}: {found} for {expected}");
        }
    }
}
