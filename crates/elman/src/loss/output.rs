//! What a network says of a number: the number itself, a distribution, or quantiles.

use ndarray::{Array2, ArrayView1, ArrayView2, ArrayViewMut2};
use serde::{Deserialize, Serialize};

use super::likelihood::{Distribution, Link, NegativeLogLikelihood};
use super::weights::NumberTargets;
use super::{QuantileLoss, Reduction, RegressionLoss, same_shape};
use crate::error::{Error, Result};
use crate::real::{Float, Real};

/// What a network says of each number that it is to predict.
///
/// ```
/// use elman::loss::Output;
///
/// assert_eq!(Output::Gaussian.width(), 2);
/// let deciles = Output::Quantiles(vec![0.1, 0.5, 0.9]);
/// assert_eq!(serde_json::to_string(&deciles).unwrap(), r#"{"quantiles":[0.1,0.5,0.9]}"#);
/// assert!(Output::Quantiles(vec![0.9, 0.1]).check().is_err());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Output {
    /// The number.
    #[default]
    Point,
    /// Mean and variance of a normal distribution.
    Gaussian,
    /// Location, scale and degrees of freedom of a t distribution: few of them make outliers likely.
    StudentT,
    /// Mean and dispersion of counts.
    NegativeBinomial,
    /// The quantiles of these levels, in ascending order.
    Quantiles(Vec<f64>),
}

impl Output {
    /// P: how many outputs of the network there are for each number.
    #[must_use]
    pub fn width(&self) -> usize {
        match self {
            Output::Point => 1,
            Output::Quantiles(levels) => levels.len(),
            _ => self.distribution().map_or(1, |own| own.parameters().len()),
        }
    }

    /// The one of the P outputs of a number that is its point: of quantiles the one nearest to the
    /// median, of a distribution its mean or location.
    pub(crate) fn point_index(&self) -> usize {
        let Output::Quantiles(levels) = self else { return 0 };
        let distance = |level: &f64| Float::abs(level - 0.5);
        let all = levels.iter().enumerate();
        let nearest = all.min_by(|(_, a), (_, b)| distance(a).total_cmp(&distance(b)));
        nearest.map_or(0, |(index, _)| index)
    }

    /// `point`, say.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Output::Point => "point",
            Output::Gaussian => "gaussian",
            Output::StudentT => "student-t",
            Output::NegativeBinomial => "negative-binomial",
            Output::Quantiles(_) => "quantiles",
        }
    }

    /// Refuses levels that are not between 0 and 1, or not in ascending order.
    ///
    /// # Errors
    ///
    /// No level, or the first one that is out of its range or order.
    pub fn check(&self) -> Result<()> {
        match self {
            Output::Quantiles(levels) => pinball(levels).check(),
            _ => Ok(()),
        }
    }

    /// Whether it is one that has a quantile for each level.
    pub(crate) fn is_distribution(&self) -> bool {
        self.distribution().is_some()
    }

    fn distribution(&self) -> Option<Distribution> {
        match self {
            Output::Point | Output::Quantiles(_) => None,
            Output::Gaussian => Some(Distribution::default()),
            Output::StudentT => Some(Distribution::StudentT),
            Output::NegativeBinomial => Some(Distribution::NegativeBinomial),
        }
    }
}

fn pinball(levels: &[f64]) -> QuantileLoss {
    QuantileLoss { levels: levels.to_vec(), reduction: Reduction::Mean }
}

/// The loss of K numbers of which a network says P each: outputs `[N, P·K]` in which column
/// `p·K + k` is the p-th of number k, and standardised targets `[N, K]`.
///
/// The loss is [`point`](Self::point), the negative log likelihood, or the mean pinball loss.
///
/// Counts are not standardised but divided by a unit, so that the network's outputs stay near 1:
/// the mean of number k is `units[k]·ln(1 + e^x)` of its output x.
#[derive(Clone, Debug)]
pub(crate) struct NumberLoss {
    pub(crate) output: Output,
    /// The loss of numbers themselves.
    pub(crate) point: RegressionLoss,
    /// What a standardised 1 is `[K]`.
    pub(crate) units: Vec<f64>,
}

impl NumberLoss {
    /// The mean loss of outputs `[N, P·K]`.
    pub(crate) fn value<'a, T: Real>(
        &self,
        outputs: ArrayView2<'_, T>,
        targets: impl Into<NumberTargets<'a, T>>,
    ) -> Result<f64> {
        match &self.output {
            Output::Point => self.point.value(Reduction::Mean, outputs, targets),
            Output::Quantiles(levels) => pinball(levels).value(outputs, targets),
            Output::NegativeBinomial => {
                let mut grad = Array2::from_elem(outputs.raw_dim(), T::ZERO);
                self.of_counts(outputs, &targets.into(), grad.view_mut())
            }
            Output::Gaussian | Output::StudentT => self.likelihood().value(outputs, targets),
        }
    }

    /// The mean loss, and its gradient written into `grad` `[N, P·K]`.
    pub(crate) fn gradient<'a, T: Real>(
        &self,
        outputs: ArrayView2<'_, T>,
        targets: impl Into<NumberTargets<'a, T>>,
        grad: ArrayViewMut2<'_, T>,
    ) -> Result<f64> {
        match &self.output {
            Output::Point => self.point.gradient(Reduction::Mean, outputs, targets, grad),
            Output::Quantiles(levels) => pinball(levels).gradient(outputs, targets, grad),
            Output::NegativeBinomial => self.of_counts(outputs, &targets.into(), grad),
            Output::Gaussian | Output::StudentT => {
                self.likelihood().gradient(outputs, targets, grad)
            }
        }
    }

    /// The number that a row of outputs `[P·K]` says, standardised `[K]`: itself, the mean, or the
    /// quantile nearest to the median.
    pub(crate) fn points<T: Real>(&self, row: ArrayView1<'_, T>) -> Vec<f64> {
        let numbers = row.len() / self.output.width();
        (0..numbers).map(|number| self.point_of(&self.said(row, number))).collect()
    }

    /// What a row of outputs says of one number: its parameters or quantiles `[P]`, standardised, the
    /// quantiles in order.
    pub(crate) fn said<T: Real>(&self, row: ArrayView1<'_, T>, number: usize) -> Vec<f64> {
        let numbers = row.len() / self.output.width();
        let own = (0..self.output.width()).map(|p| row[p * numbers + number].to_f64());
        let mut own: Vec<f64> = own.collect();
        match &self.output {
            Output::Point => {}
            // Rearranged, they are no worse (Chernozhukov, Fernández-Val & Galichon, 2010).
            Output::Quantiles(_) => own.sort_by(f64::total_cmp),
            _ => {
                let mut said = Array2::zeros((1, own.len()));
                let outputs = ArrayView2::from_shape((1, own.len()), &own);
                // A row of P numbers is what it takes.
                if let Ok(outputs) = outputs {
                    let _ = self.likelihood().parameters(outputs, said.view_mut());
                }
                own = said.into_raw_vec_and_offset().0;
            }
        }
        own
    }

    fn point_of(&self, said: &[f64]) -> f64 {
        said[self.output.point_index()]
    }

    fn likelihood(&self) -> NegativeLogLikelihood {
        let distribution = self.output.distribution().unwrap_or_default();
        NegativeLogLikelihood { distribution, ..NegativeLogLikelihood::default() }
    }

    /// The likelihood of counts, whose mean is in their own unit.
    fn of_counts<T: Real>(
        &self,
        outputs: ArrayView2<'_, T>,
        targets: &NumberTargets<'_, T>,
        mut grad: ArrayViewMut2<'_, T>,
    ) -> Result<f64> {
        same_shape("grad_predictions", outputs.shape(), grad.shape())?;
        let numbers = targets.values.ncols();
        if numbers != self.units.len() || outputs.ncols() != 2 * numbers {
            return Err(Error::shape("outputs", &[2 * self.units.len()], &[outputs.ncols()]));
        }
        let unit = |column: usize| if column < numbers { self.units[column] } else { 1.0 };
        let mut parameters = Array2::from_elem(outputs.raw_dim(), T::ZERO);
        self.likelihood().parameters(outputs, parameters.view_mut())?;
        for ((_, column), value) in parameters.indexed_iter_mut() {
            *value = T::from_f64(value.to_f64() * unit(column));
        }
        let count = |((_, column), value): ((usize, usize), &T)| {
            T::from_f64((value.to_f64() * self.units[column]).round())
        };
        let counts: Vec<T> = targets.values.indexed_iter().map(count).collect();
        let shape = targets.values.raw_dim();
        let counts = ArrayView2::from_shape(shape, &counts)
            .map_err(|_| Error::shape("targets", &[counts.len()], &[0]))?;
        let loss = NegativeLogLikelihood { link: Link::Identity, ..self.likelihood() };
        let counts = NumberTargets { values: counts, weights: targets.weights };
        let value = loss.gradient(parameters.view(), counts, grad.view_mut())?;
        for ((row, column), grad) in grad.indexed_iter_mut() {
            let slope = Float::sigmoid(outputs[[row, column]].to_f64()) * unit(column);
            *grad = T::from_f64(grad.to_f64() * slope);
        }
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::super::testing::{assert_gradient, normal};
    use super::*;

    fn loss(output: Output) -> NumberLoss {
        NumberLoss { output, point: RegressionLoss::Mse, units: vec![40.0, 3.0] }
    }

    #[test]
    fn gradients_are_central_differences() {
        let quantiles = Output::Quantiles(vec![0.2, 0.5, 0.7]);
        let all = [Output::Point, Output::Gaussian, Output::StudentT, quantiles];
        for output in all {
            let loss = loss(output);
            let outputs = normal(3, 2 * loss.output.width(), 1);
            let targets = normal(3, 2, 2);
            let mut grad = Array2::zeros(outputs.raw_dim());
            loss.gradient(outputs.view(), targets.view(), grad.view_mut()).unwrap();
            assert_gradient(&outputs, &grad, |o| loss.value(o, targets.view()).unwrap());
        }
        let loss = loss(Output::NegativeBinomial);
        let (outputs, targets) = (normal(3, 4, 1), array![[1.0, 2.0], [0.25, 0.0], [3.0, 1.0]]);
        let mut grad = Array2::zeros(outputs.raw_dim());
        loss.gradient(outputs.view(), targets.view(), grad.view_mut()).unwrap();
        assert_gradient(&outputs, &grad, |o| loss.value(o, targets.view()).unwrap());
    }

    #[test]
    fn what_is_said_is_in_order() {
        let quantiles = loss(Output::Quantiles(vec![0.1, 0.5, 0.9]));
        // q0 of both numbers, q1 of both, q2 of both.
        let row = array![3.0, 7.0, 1.0, 8.0, 2.0, 9.0];
        assert_eq!(quantiles.said(row.view(), 0), [1.0, 2.0, 3.0]);
        assert_eq!(quantiles.points(row.view()), [2.0, 8.0]);
        let gaussian = loss(Output::Gaussian);
        let row = array![3.0, 7.0, 0.0, 0.0];
        assert_eq!(gaussian.points(row.view()), [3.0, 7.0]);
        assert_eq!(gaussian.said(row.view(), 1), [7.0, std::f64::consts::LN_2]);
    }
}
