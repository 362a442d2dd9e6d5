//! `gaussian_nll_loss`: PyTorch takes mean and variance apart, the library side by side.

use elman::Real;
use elman::loss::{Distribution, Link, NegativeLogLikelihood, NormalizingConstant};
use ndarray::{Array2, Axis};

use super::{REDUCTIONS, agreed};
use crate::conformance::arrays::joined;
use crate::conformance::case::{Case, Stop};
use crate::conformance::computed::Computed;

/// Computes one case.
pub fn run<T: Real>(case: &Case) -> Result<Computed, Stop> {
    let constant = match case.flag("full")? {
        true => NormalizingConstant::Included,
        false => NormalizingConstant::Omitted,
    };
    let loss = NegativeLogLikelihood {
        distribution: Distribution::Gaussian { constant },
        link: Link::Identity,
        epsilon: case.number("eps")?,
        ..NegativeLogLikelihood::default()
    };
    case.refuse_unread_options()?;
    let (mean, variance): (Array2<T>, Array2<T>) = (case.array("input")?, case.array("var")?);
    let targets: Array2<T> = case.array("target")?;
    let full = variance.broadcast(mean.dim());
    let full =
        full.ok_or_else(|| Stop::failed("var: expected the shape of input, or one column"))?;
    let predictions = joined(Axis(1), &[mean.view(), full])?;
    let mut computed = Computed::default();
    for (reduction, name) in REDUCTIONS {
        let loss = NegativeLogLikelihood { reduction, ..loss };
        let mut grad = Array2::from_elem(predictions.dim(), T::ZERO);
        let value = loss.value(predictions.view(), targets.view())?;
        let beside = loss.gradient(predictions.view(), targets.view(), grad.view_mut())?;
        computed.put_number(format!("value.{name}"), agreed(value, beside)?);
        let (by_mean, by_variance) = grad.view().split_at(Axis(1), mean.ncols());
        computed.put(format!("grad.{name}.input"), &by_mean);
        let by_variance = match variance.ncols() == mean.ncols() {
            true => by_variance.to_owned(),
            // A variance that a row shares gathers what its entries pass back.
            false => {
                let sums = by_variance.map_axis(Axis(1), |row| row.iter().copied().sum::<T>());
                sums.insert_axis(Axis(1))
            }
        };
        computed.put(format!("grad.{name}.var"), &by_variance);
    }
    let mut values = Array2::from_elem(targets.dim(), T::ZERO);
    loss.per_element(predictions.view(), targets.view(), values.view_mut())?;
    computed.put("value.none", &values);
    Ok(computed)
}
