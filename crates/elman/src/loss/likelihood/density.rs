//! The negative logarithm of each density, with its derivatives by the parameters.

use super::{Distribution, NormalizingConstant};
use crate::loss::special::{digamma_rise, ln_gamma_rise};
use crate::real::Float;

/// The parameters of the distribution that has the most.
pub const MOST_PARAMETERS: usize = 3;

/// `½ ln 2π`.
const HALF_LN_TAU: f64 = 0.918_938_533_204_672_8;

/// One target's negative log likelihood.
pub struct Density {
    pub loss: f64,
    /// Its derivatives by the parameters, in their order; 0 beyond them.
    pub slopes: [f64; MOST_PARAMETERS],
}

impl Density {
    /// The negative log likelihood of `target`.
    pub fn of(distribution: Distribution, parameters: [f64; MOST_PARAMETERS], target: f64) -> Self {
        let [first, second, third] = parameters;
        match distribution {
            Distribution::Gaussian { constant } => {
                let Density { loss, slopes } = gaussian(target - first, second);
                let constant = match constant {
                    NormalizingConstant::Included => HALF_LN_TAU,
                    NormalizingConstant::Omitted => 0.0,
                };
                Density { loss: loss + constant, slopes }
            }
            Distribution::StudentT => student_t(target - first, second, third),
            Distribution::NegativeBinomial => negative_binomial(target, first, second),
        }
    }
}

/// `½ (ln v + d²/v)` for the difference `d = y − μ` and the variance v.
fn gaussian(difference: f64, variance: f64) -> Density {
    let square = difference * difference / variance;
    Density {
        loss: 0.5 * (Float::ln(variance) + square),
        slopes: [-difference / variance, 0.5 * (1.0 - square) / variance, 0.0],
    }
}

/// The t distribution at the difference `d = y − μ`, of scale σ and ν degrees of freedom.
fn student_t(difference: f64, scale: f64, degrees: f64) -> Density {
    let z = difference / scale;
    let ratio = z * z / degrees;
    let tail = Float::ln_1p(ratio);
    // (ν + 1) / (ν + z²)
    let pull = (degrees + 1.0) / (degrees * (1.0 + ratio));
    let half = 0.5 * degrees;
    let loss = 0.5 * (Float::ln(degrees) + LN_PI) - ln_gamma_rise(half, 0.5)
        + Float::ln(scale)
        + 0.5 * (degrees + 1.0) * tail;
    let by_degrees = 0.5 * (1.0 / degrees - digamma_rise(half, 0.5) + tail - pull * ratio);
    Density { loss, slopes: [-pull * z / scale, (1.0 - pull * z * z) / scale, by_degrees] }
}

/// `ln π`.
const LN_PI: f64 = 1.144_729_885_849_400_2;

/// The negative binomial distribution of mean μ and dispersion α at the count y.
fn negative_binomial(count: f64, mean: f64, dispersion: f64) -> Density {
    // The number of failures of the usual form.
    let shape = 1.0 / dispersion;
    let spread = Float::ln_1p(dispersion * mean);
    let rise = ln_gamma_rise(shape, count);
    let loss = ln_gamma_rise(1.0, count) - rise - count * Float::ln(dispersion * mean)
        + (count + shape) * spread;
    // d/dα of −lnΓ(y + 1/α) + lnΓ(1/α) − y ln α + (y + 1/α) ln(1 + αμ)
    let by_dispersion = shape * shape * (digamma_rise(shape, count) - spread) - count * shape
        + (count + shape) * mean / (1.0 + dispersion * mean);
    let by_mean = (mean - count) / (mean * (1.0 + dispersion * mean));
    Density { loss, slopes: [by_mean, by_dispersion, 0.0] }
}
