//! Losses, and their gradients with respect to what the network puts out.
//!
//! Means belong here and nowhere else in the crate: a layer returns the gradient of the scalar
//! that a loss defines, and [`Reduction`] says which scalar that is. Every loss has its value, its
//! value with the gradient written into an array of the caller's, and its unreduced values. All of
//! them run in one thread over fixed orders, so the bits depend on the numbers alone, and all but
//! [`Ctc`] run without allocating. Sums are taken in `f64` for both number types, and values
//! returned in it.
//!
//! | targets | loss | predictions |
//! |---|---|---|
//! | classes | [`CrossEntropy`] | logits `[N, C]` |
//! | yes or no, K times | [`BinaryCrossEntropy`] | logits `[N, K]` |
//! | numbers | [`RegressionLoss`] | numbers, any shape |
//! | numbers, a range wanted | [`QuantileLoss`] | Q quantiles of K numbers `[N, Q·K]` |
//! | numbers or counts, a distribution wanted | [`NegativeLogLikelihood`] | P parameters of K distributions `[N, P·K]` |
//! | labels without their steps | [`Ctc`] | logits `[B, T, C]` |
//!
//! N is the number of answers: one for each sequence, or one for each step. [`RowWeights`] tells
//! what each of them counts, and which of them are padding.
//!
//! An infinite or undefined logit or prediction is not refused: it makes the value infinite or
//! NaN, which training looks out for. Faulty targets, weights and options are refused.

mod binary;
mod cross_entropy;
mod ctc;
mod likelihood;
mod output;
mod quantile;
mod regression;
mod softmax;
mod special;
mod weights;

use serde::{Deserialize, Serialize};

pub use binary::{BinaryCrossEntropy, BinaryTargets};
pub use cross_entropy::{Classes, CrossEntropy, TargetClasses};
pub use ctc::{Ctc, CtcTargets, ImpossibleTargets};
pub use likelihood::{Distribution, Link, NegativeLogLikelihood, NormalizingConstant};
pub(crate) use output::NumberLoss;
pub use output::Output;
pub use quantile::QuantileLoss;
pub use regression::RegressionLoss;
pub use softmax::softmax;
pub use weights::{NumberTargets, RowWeights, StepWeights};

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
    /// The sum divided by the number of entries, or by their weights where a loss says so. A mean
    /// of nothing is an error.
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

/// Refuses an array whose shape differs from what is expected.
fn same_shape(what: &str, expected: &[usize], found: &[usize]) -> Result<()> {
    if expected == found { Ok(()) } else { Err(Error::shape(what, expected, found)) }
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
