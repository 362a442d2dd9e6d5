//! How good forecasts are: of points, of intervals, of quantiles and of samples.
//!
//! Formulas are utilsforecast's unless said otherwise; `actual` and `forecast` are of one length
//! and finite. Where a metric has no value for the data, it is an error that says why.

use crate::error::{Error, Result};
use crate::real::Float;

/// The sum of a function of pairs over their number.
fn mean(pairs: &[(f64, f64)], of: impl Fn(f64, f64) -> f64) -> f64 {
    pairs.iter().map(|&(actual, forecast)| of(actual, forecast)).sum::<f64>() / pairs.len() as f64
}

fn pairs(actual: &[f64], forecast: &[f64]) -> Result<Vec<(f64, f64)>> {
    if actual.len() != forecast.len() {
        return Err(Error::shape("forecast", &[actual.len()], &[forecast.len()]));
    }
    if actual.is_empty() {
        return Err(Error::argument("actual", "at least one value", "none"));
    }
    Ok(actual.iter().copied().zip(forecast.iter().copied()).collect())
}

/// Mean absolute error, in the unit of the series.
///
/// ```
/// use elman::forecast::metric;
///
/// # fn main() -> elman::Result<()> {
/// let (actual, forecast) = ([2.0, 4.0], [1.0, 6.0]);
/// assert_eq!(metric::mae(&actual, &forecast)?, 1.5);
/// assert_eq!(metric::mse(&actual, &forecast)?, 2.5);
/// assert_eq!(metric::mape(&actual, &forecast)?, 0.5);
/// assert_eq!(metric::wape(&actual, &forecast)?, 0.5);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// No value, or another number of forecasts.
pub fn mae(actual: &[f64], forecast: &[f64]) -> Result<f64> {
    Ok(mean(&pairs(actual, forecast)?, |y, f| Float::abs(y - f)))
}

/// Mean squared error.
///
/// # Errors
///
/// Those of [`mae`].
pub fn mse(actual: &[f64], forecast: &[f64]) -> Result<f64> {
    Ok(mean(&pairs(actual, forecast)?, |y, f| (y - f) * (y - f)))
}

/// The root of the mean squared error.
///
/// # Errors
///
/// Those of [`mae`].
pub fn rmse(actual: &[f64], forecast: &[f64]) -> Result<f64> {
    mse(actual, forecast).map(Float::sqrt)
}

/// The mean of `|y - f| / |y|`: 1 is 100 %. Zeros are left out.
///
/// # Errors
///
/// Those of [`mae`]; zeros alone.
pub fn mape(actual: &[f64], forecast: &[f64]) -> Result<f64> {
    let mut pairs = pairs(actual, forecast)?;
    pairs.retain(|(y, _)| *y != 0.0);
    if pairs.is_empty() {
        return Err(Error::argument("actual", "a value that is not 0", "zeros alone"));
    }
    Ok(mean(&pairs, |y, f| Float::abs(y - f) / Float::abs(y)))
}

/// The mean of `200·|y - f| / (|y| + |f|)`, from 0 to 200, as M4 and darts have it; 0 where both
/// are 0.
///
/// # Errors
///
/// Those of [`mae`].
pub fn smape(actual: &[f64], forecast: &[f64]) -> Result<f64> {
    let of = |y: f64, f: f64| match Float::abs(y) + Float::abs(f) {
        0.0 => 0.0,
        size => 200.0 * Float::abs(y - f) / size,
    };
    Ok(mean(&pairs(actual, forecast)?, of))
}

/// `Σ|y - f| / Σ|y|`: 1 is 100 %.
///
/// # Errors
///
/// Those of [`mae`]; zeros alone.
pub fn wape(actual: &[f64], forecast: &[f64]) -> Result<f64> {
    let pairs = pairs(actual, forecast)?;
    match mean(&pairs, |y, _| Float::abs(y)) {
        0.0 => Err(Error::argument("actual", "a value that is not 0", "zeros alone")),
        size => Ok(mean(&pairs, |y, f| Float::abs(y - f)) / size),
    }
}

/// The mean of a function of the seasonal differences of the training part, without missing ones.
fn scale(training: &[f64], season: usize, of: impl Fn(f64) -> f64) -> Result<f64> {
    let later = training.get(season..).unwrap_or(&[]);
    let differences = later.iter().zip(training).map(|(new, old)| new - old);
    let sizes: Vec<f64> = differences.filter(|d| !d.is_nan()).map(of).collect();
    if season == 0 || sizes.is_empty() {
        let expected = format!("more values than a season of at least 1 ({season})");
        return Err(Error::argument("training", expected, training.len()));
    }
    match sizes.iter().sum::<f64>() / sizes.len() as f64 {
        0.0 => Err(Error::argument("training", "seasons that differ", "the same season again")),
        scale => Ok(scale),
    }
}

/// [`mae`] over that of the seasonal naive forecast within the training part up to the cut-off.
///
/// # Errors
///
/// Those of [`mae`]; a training part no longer than a season, or without any seasonal difference.
///
/// # Source
///
/// Hyndman & Koehler (2006), "Another look at measures of forecast accuracy".
pub fn mase(actual: &[f64], forecast: &[f64], training: &[f64], season: usize) -> Result<f64> {
    Ok(mae(actual, forecast)? / scale(training, season, Float::abs)?)
}

/// The root of [`mse`] over that of the seasonal naive forecast within the training part.
///
/// # Errors
///
/// Those of [`mase`].
pub fn rmsse(actual: &[f64], forecast: &[f64], training: &[f64], season: usize) -> Result<f64> {
    Ok(Float::sqrt(mse(actual, forecast)? / scale(training, season, |d| d * d)?))
}

/// The pinball loss of one quantile: the mean of `max(q·e, (q-1)·e)` for `e = y - f`, without a 2.
///
/// # Errors
///
/// Those of [`mae`]; a quantile that is not between 0 and 1.
pub fn quantile_loss(actual: &[f64], forecast: &[f64], quantile: f64) -> Result<f64> {
    if !(quantile > 0.0 && quantile < 1.0) {
        return Err(Error::argument("quantile", "above 0 and below 1", quantile));
    }
    let of = |y: f64, f: f64| Float::max(quantile * (y - f), (quantile - 1.0) * (y - f));
    Ok(mean(&pairs(actual, forecast)?, of))
}

/// An approximation of the CRPS: twice the mean over quantiles of their pinball losses.
///
/// # Errors
///
/// Those of [`quantile_loss`]; no quantile.
pub fn crps_of_quantiles(actual: &[f64], quantiles: &[(f64, &[f64])]) -> Result<f64> {
    if quantiles.is_empty() {
        return Err(Error::argument("quantiles", "at least one", "none"));
    }
    let losses = quantiles.iter().map(|(q, forecast)| quantile_loss(actual, forecast, *q));
    Ok(2.0 * losses.sum::<Result<f64>>()? / quantiles.len() as f64)
}

/// The continuous ranked probability score of samples of one value:
/// `mean|x_i - y| - mean|x_i - x_j| / 2` over all pairs, as darts has it.
///
/// # Errors
///
/// No sample.
///
/// # Source
///
/// Gneiting & Raftery (2007), "Strictly proper scoring rules, prediction, and estimation".
pub fn crps_of_samples(actual: f64, samples: &[f64]) -> Result<f64> {
    if samples.is_empty() {
        return Err(Error::argument("samples", "at least one", "none"));
    }
    let count = samples.len() as f64;
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let distance = sorted.iter().map(|x| Float::abs(x - actual)).sum::<f64>() / count;
    // Of the sorted samples, the i-th is the larger of i pairs and the smaller of n - 1 - i.
    let spread = sorted.iter().enumerate().map(|(i, x)| (2.0 * i as f64 + 1.0 - count) * x);
    Ok(distance - spread.sum::<f64>() / (count * count))
}

/// An interval for each value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Intervals<'a> {
    /// The lower ends.
    pub lo: &'a [f64],
    /// The upper ends.
    pub hi: &'a [f64],
}

/// The share of values within their closed intervals.
///
/// # Errors
///
/// No value, or another number of intervals.
pub fn coverage(actual: &[f64], intervals: Intervals<'_>) -> Result<f64> {
    let (lo, hi) = (pairs(actual, intervals.lo)?, pairs(actual, intervals.hi)?);
    let inside = lo.iter().zip(&hi).filter(|((y, lo), (_, hi))| lo <= y && y <= hi).count();
    Ok(inside as f64 / actual.len() as f64)
}

/// The Winkler score of intervals that are to hold a share `level` (0.9, say): the mean of their
/// width plus `2/α` times how far the value lies outside, with `α = 1 - level`.
///
/// # Errors
///
/// Those of [`coverage`]; a level that is not between 0 and 1.
pub fn winkler(actual: &[f64], intervals: Intervals<'_>, level: f64) -> Result<f64> {
    if !(level > 0.0 && level < 1.0) {
        return Err(Error::argument("level", "above 0 and below 1", level));
    }
    let (lo, hi) = (pairs(actual, intervals.lo)?, pairs(actual, intervals.hi)?);
    let score = |((y, lo), (_, hi)): (&(f64, f64), &(f64, f64))| {
        let miss = Float::max(lo - y, 0.0) + Float::max(y - hi, 0.0);
        hi - lo + 2.0 / (1.0 - level) * miss
    };
    Ok(lo.iter().zip(&hi).map(score).sum::<f64>() / actual.len() as f64)
}

/// Whether two forecasts differ by more than chance.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct DieboldMariano {
    /// Below 0 where the first forecast is better.
    pub statistic: f64,
    /// The probability of a statistic as large, either way, if none is better; by Student's
    /// distribution with one degree of freedom less than there are errors.
    pub p_value: f64,
    /// The number of errors.
    pub count: usize,
}

/// The test of Diebold and Mariano on the squared errors of two forecasts `horizon` steps ahead, in
/// the order of time, with the correction of Harvey, Leybourne and Newbold for few errors.
///
/// `None` where the errors do not differ, or their variance is not above 0.
///
/// # Errors
///
/// Another number of errors; a horizon of 0 or beyond their number.
///
/// # Source
///
/// Harvey, Leybourne & Newbold (1997), "Testing the equality of prediction mean squared errors".
pub fn diebold_mariano(
    errors: &[f64],
    others: &[f64],
    horizon: usize,
) -> Result<Option<DieboldMariano>> {
    let pairs = pairs(errors, others)?;
    let count = pairs.len();
    if horizon == 0 || horizon >= count {
        let expected = format!("at least 1 and below {count}, the number of errors");
        return Err(Error::argument("horizon", expected, horizon));
    }
    let gains: Vec<f64> = pairs.iter().map(|(a, b)| a * a - b * b).collect();
    let size = count as f64;
    let average = gains.iter().sum::<f64>() / size;
    let covariance = |lag: usize| {
        let products = gains[lag..].iter().zip(&gains);
        products.map(|(new, old)| (new - average) * (old - average)).sum::<f64>() / size
    };
    let variance = covariance(0) + 2.0 * (1..horizon).map(covariance).sum::<f64>();
    if variance <= 0.0 {
        return Ok(None);
    }
    let steps = horizon as f64;
    let correction = (size + 1.0 - 2.0 * steps + steps * (steps - 1.0) / size) / size;
    let statistic = average / Float::sqrt(variance / size) * Float::sqrt(correction.max(0.0));
    let p_value = student_tails(Float::abs(statistic), count - 1);
    Ok(Some(DieboldMariano { statistic, p_value, count }))
}

/// The probability that a variable of Student's distribution lies beyond ±`t`.
///
/// Source: Abramowitz & Stegun 26.7.3 and 26.7.4.
fn student_tails(t: f64, freedom: usize) -> f64 {
    let angle = libm::atan2(t, Float::sqrt(freedom as f64));
    let (sine, cosine) = (libm::sin(angle), libm::cos(angle));
    let is_odd = freedom % 2 == 1;
    let (first, mut term) = if is_odd { (2, cosine) } else { (1, 1.0) };
    let mut sum = if freedom == 1 { 0.0 } else { term };
    for step in (first..freedom.saturating_sub(2)).step_by(2) {
        term *= cosine * cosine * step as f64 / (step + 1) as f64;
        sum += term;
    }
    let within = match is_odd {
        true => std::f64::consts::FRAC_2_PI * (angle + sine * sum),
        false => sine * sum,
    };
    (1.0 - within).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    /// Of a normal distribution with mean μ and deviation σ, at z = (y - μ)/σ:
    /// `σ (z (2Φ(z) - 1) + 2φ(z) - 1/√π)` (Gneiting & Raftery 2007, equation 21).
    #[test]
    fn crps_of_samples_is_that_of_the_normal_distribution() {
        let (mean, deviation, actual) = (3.0, 2.0, 4.5);
        let mut rng = Rng::new(5);
        let samples: Vec<f64> = (0..200_000).map(|_| mean + deviation * rng.normal()).collect();
        let z: f64 = (actual - mean) / deviation;
        let density = libm::exp(-z * z / 2.0) / std::f64::consts::TAU.sqrt();
        let below = 1.0 - libm::erfc(z / std::f64::consts::SQRT_2) / 2.0;
        let expected = deviation
            * (z * (2.0 * below - 1.0) + 2.0 * density - 1.0 / std::f64::consts::PI.sqrt());
        let found = crps_of_samples(actual, &samples).unwrap();
        // The standard error of the mean distance is below 0.004.
        assert!((found - expected).abs() < 0.012, "{found} {expected}");
    }

    /// Points that a table of Student's distribution has for 5 and 1 % on both sides.
    #[test]
    fn tails_are_those_of_the_tables() {
        let table = [(1, 12.706, 0.05), (2, 4.303, 0.05), (5, 4.032, 0.01), (30, 2.042, 0.05)];
        for (freedom, point, expected) in table {
            let found = student_tails(point, freedom);
            // The points are rounded to a thousandth.
            assert!((found - expected).abs() < 5e-5, "{freedom}: {found}");
        }
    }

    #[test]
    fn noise_is_called_noise() {
        let mut rng = Rng::new(8);
        let mut noise = |size: f64| (0..400).map(|_| size * rng.normal()).collect::<Vec<f64>>();
        let (one, same, worse) = (noise(1.0), noise(1.0), noise(1.5));
        let p = |a: &[f64], b: &[f64]| diebold_mariano(a, b, 1).unwrap().unwrap().p_value;
        assert!(p(&one, &same) > 0.05);
        assert!(p(&one, &worse) < 0.001);
        assert!(diebold_mariano(&one, &one, 1).unwrap().is_none());
    }

    #[test]
    fn what_has_no_value_is_refused() {
        assert!(mase(&[1.0], &[2.0], &[5.0, 5.0, 5.0], 1).is_err());
        assert!(mase(&[1.0], &[2.0], &[5.0, 6.0], 12).is_err());
        assert!(mape(&[0.0], &[2.0]).is_err());
        assert!(mae(&[0.0], &[]).is_err());
    }
}
