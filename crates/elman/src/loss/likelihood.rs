//! Negative log likelihood: the predictions are the parameters of a distribution.

mod density;
mod distribution;

use ndarray::{ArrayView1, ArrayView2, ArrayViewMut2};
use serde::{Deserialize, Serialize};

pub use self::distribution::{Distribution, Link, NormalizingConstant};

use self::density::{Density, MOST_PARAMETERS};
use self::distribution::Domain;
use super::weights::{CountedRow, NumberTargets};
use super::{Reduction, same_shape};
use crate::error::{Error, Result};
use crate::real::{Float, Real};

/// The negative log likelihood of targets under distributions that the network predicts.
///
/// For K numbers and a distribution of P parameters, the predictions `[N, P·K]` are grouped by
/// parameter: column `p·K + k` belongs to parameter p of number k. [`Link`] says how a prediction
/// becomes a parameter. Parameters that have to be positive count as [`epsilon`](Self::epsilon)
/// where they are below it; the gradient is then that at ε, so that they can find their way back.
///
/// The mean divides by the number of targets, each counted with the weight of its row.
///
/// # Source
///
/// Nix and Weigend, *Estimating the mean and variance of the target probability distribution*,
/// 1994, in the form of PyTorch's `gaussian_nll_loss`; Lange, Little and Taylor, *Robust statistical
/// modeling using the t distribution*, 1989; the negative binomial in the form of Salinas et al.,
/// *DeepAR*, 2020.
///
/// ```
/// use elman::loss::{NegativeLogLikelihood, Link, NormalizingConstant, Distribution};
/// use ndarray::{Array2, array};
///
/// # fn main() -> elman::Result<()> {
/// let distribution = Distribution::Gaussian { constant: NormalizingConstant::Omitted };
/// let loss = NegativeLogLikelihood { distribution, link: Link::Identity, ..Default::default() };
/// let mut grad = Array2::zeros((1, 2));
/// // Mean 1 and variance 4 for the target 3: (ln 4 + 2² / 4) / 2.
/// let (predictions, targets) = (array![[1.0, 4.0]], array![[3.0]]);
/// let value = loss.gradient(predictions.view(), targets.view(), grad.view_mut())?;
/// assert!((value - (std::f64::consts::LN_2 + 0.5)).abs() < 1e-15);
/// assert_eq!(grad, array![[-0.5, 0.0]]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NegativeLogLikelihood {
    /// The distribution.
    pub distribution: Distribution,
    /// How predictions become parameters.
    pub link: Link,
    /// ε: the least value of a positive parameter; positive.
    pub epsilon: f64,
    /// Mean or sum.
    pub reduction: Reduction,
}

impl Default for NegativeLogLikelihood {
    fn default() -> Self {
        NegativeLogLikelihood {
            distribution: Distribution::default(),
            link: Link::Softplus,
            epsilon: 1e-6,
            reduction: Reduction::Mean,
        }
    }
}

/// A parameter with its derivative with respect to the prediction.
#[derive(Clone, Copy, Default)]
struct Parameter {
    value: f64,
    slope: f64,
}

impl NegativeLogLikelihood {
    /// The loss of predictions `[N, P·K]` of targets `[N, K]`.
    ///
    /// # Errors
    ///
    /// Not P predictions for each target; weights that do not fit; an ε that is not positive; a
    /// target that is no count where counts are distributed; a mean of nothing.
    pub fn value<'a, T: Real>(
        &self,
        predictions: ArrayView2<'_, T>,
        targets: impl Into<NumberTargets<'a, T>>,
    ) -> Result<f64> {
        let targets = targets.into();
        let divisor = self.divisor(predictions, &targets)?;
        let mut sum = 0.0;
        self.each(predictions, &targets, |entry| sum += entry.weight * entry.density.loss);
        Ok(sum / divisor)
    }

    /// The loss, and its gradient written into `grad_predictions` `[N, P·K]`.
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
        let numbers = targets.values.ncols();
        let mut sum = 0.0;
        self.each(predictions, &targets, |entry| {
            sum += entry.weight * entry.density.loss;
            let scale = entry.weight / divisor;
            for (p, slope) in entry.slopes.iter().enumerate() {
                let place = [entry.row, p * numbers + entry.number];
                grad_predictions[place] = T::from_f64(scale * slope);
            }
        });
        Ok(sum / divisor)
    }

    /// The loss of each target times its row's weight, into `values` `[N, K]`.
    ///
    /// # Errors
    ///
    /// Those of [`value`](Self::value) but the last, and values of another shape than the targets.
    pub fn per_element<'a, T: Real>(
        &self,
        predictions: ArrayView2<'_, T>,
        targets: impl Into<NumberTargets<'a, T>>,
        mut values: ArrayViewMut2<'_, T>,
    ) -> Result<()> {
        let targets = targets.into();
        same_shape("values", targets.values.shape(), values.shape())?;
        self.check_operands(predictions, &targets)?;
        values.fill(T::ZERO);
        self.each(predictions, &targets, |entry| {
            values[[entry.row, entry.number]] = T::from_f64(entry.weight * entry.density.loss);
        });
        Ok(())
    }

    /// The parameters `[N, P·K]` that predictions `[N, P·K]` stand for.
    ///
    /// ```
    /// use elman::loss::NegativeLogLikelihood;
    /// use ndarray::{Array2, array};
    ///
    /// # fn main() -> elman::Result<()> {
    /// let mut parameters = Array2::zeros((1, 2));
    /// let gaussian = NegativeLogLikelihood::default();
    /// gaussian.parameters(array![[3.0, 0.0]].view(), parameters.view_mut())?;
    /// assert_eq!(parameters, array![[3.0, std::f64::consts::LN_2]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Columns that are no multiple of P; parameters of another shape; an ε that is not positive.
    pub fn parameters<T: Real>(
        &self,
        predictions: ArrayView2<'_, T>,
        mut parameters: ArrayViewMut2<'_, T>,
    ) -> Result<()> {
        self.check()?;
        same_shape("parameters", predictions.shape(), parameters.shape())?;
        let (domains, columns) = (self.distribution.domains(), predictions.ncols());
        if !columns.is_multiple_of(domains.len()) {
            let expected = format!("a multiple of {} columns", domains.len());
            return Err(Error::argument("predictions", expected, columns));
        }
        let numbers = columns / domains.len();
        for ((row, column), parameter) in parameters.indexed_iter_mut() {
            let x = predictions[[row, column]].to_f64();
            *parameter = T::from_f64(self.parameter(domains[column / numbers], x).value);
        }
        Ok(())
    }

    /// Refuses an ε that is not positive.
    ///
    /// # Errors
    ///
    /// An ε that is not a positive number.
    pub fn check(&self) -> Result<()> {
        if self.epsilon > 0.0 && self.epsilon.is_finite() {
            return Ok(());
        }
        let name = format!("{}: epsilon", self.distribution.name());
        Err(Error::argument(name, "a positive number", self.epsilon))
    }

    /// Calls `finish` with each target that counts.
    fn each<T: Real>(
        &self,
        predictions: ArrayView2<'_, T>,
        targets: &NumberTargets<'_, T>,
        mut finish: impl FnMut(Entry),
    ) {
        for CountedRow { row, weight } in targets.weights.counted(predictions.nrows()) {
            let (predictions, targets) = (predictions.row(row), targets.values.row(row));
            for (number, target) in targets.iter().enumerate() {
                let parameters = self.parameters_of(predictions, number, targets.len());
                let density = Density::of(
                    self.distribution,
                    parameters.map(|parameter| parameter.value),
                    target.to_f64(),
                );
                let mut slopes = parameters.map(|parameter| parameter.slope);
                for (slope, partial) in slopes.iter_mut().zip(density.slopes) {
                    *slope *= partial;
                }
                let slopes = Slopes { values: slopes, count: self.distribution.domains().len() };
                finish(Entry { row, number, weight, density, slopes });
            }
        }
    }

    fn parameters_of<T: Real>(
        &self,
        predictions: ArrayView1<'_, T>,
        number: usize,
        numbers: usize,
    ) -> [Parameter; MOST_PARAMETERS] {
        let mut parameters = [Parameter::default(); MOST_PARAMETERS];
        for (p, &domain) in self.distribution.domains().iter().enumerate() {
            parameters[p] = self.parameter(domain, predictions[p * numbers + number].to_f64());
        }
        parameters
    }

    fn parameter(&self, domain: Domain, x: f64) -> Parameter {
        // Not `max`, which would forget a NaN.
        let floored = |value: f64| if value < self.epsilon { self.epsilon } else { value };
        let softplus = || x.max(0.0) + Float::ln_1p(Float::exp(-x.abs()));
        match (domain, self.link) {
            (Domain::Real, _) => Parameter { value: x, slope: 1.0 },
            (_, Link::Identity) => Parameter { value: floored(x), slope: 1.0 },
            (Domain::Positive, Link::Softplus) => {
                Parameter { value: floored(softplus()), slope: Float::sigmoid(x) }
            }
            (Domain::DegreesOfFreedom, Link::Softplus) => {
                Parameter { value: 2.0 + softplus(), slope: Float::sigmoid(x) }
            }
        }
    }

    fn divisor<T: Real>(
        &self,
        predictions: ArrayView2<'_, T>,
        targets: &NumberTargets<'_, T>,
    ) -> Result<f64> {
        self.check_operands(predictions, targets)?;
        let (rows, numbers) = targets.values.dim();
        let total = targets.weights.total(rows) * numbers as f64;
        self.reduction.divisor(self.distribution.name(), total)
    }

    fn check_operands<T: Real>(
        &self,
        predictions: ArrayView2<'_, T>,
        targets: &NumberTargets<'_, T>,
    ) -> Result<()> {
        self.check()?;
        let (rows, numbers) = targets.values.dim();
        let columns = numbers * self.distribution.domains().len();
        same_shape("predictions", &[rows, columns], predictions.shape())?;
        targets.weights.check(rows)?;
        if self.distribution != Distribution::NegativeBinomial {
            return Ok(());
        }
        for CountedRow { row, .. } in targets.weights.counted(rows) {
            for (column, &y) in targets.values.row(row).iter().enumerate() {
                let y = y.to_f64();
                if !(y >= 0.0 && y.is_finite() && y.fract() == 0.0) {
                    let name = format!("targets[{row}, {column}]");
                    return Err(Error::argument(name, "a count: 0, 1, 2, …", y));
                }
            }
        }
        Ok(())
    }
}

/// One target with its loss.
struct Entry {
    row: usize,
    number: usize,
    weight: f64,
    density: Density,
    slopes: Slopes,
}

/// The derivatives of a loss with respect to the predictions.
struct Slopes {
    values: [f64; MOST_PARAMETERS],
    count: usize,
}

impl Slopes {
    fn iter(&self) -> impl Iterator<Item = &f64> {
        self.values[..self.count].iter()
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "exact results are tested for being exact")]
mod tests;
