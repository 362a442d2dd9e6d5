//! What a network says of one number: a distribution, its quantiles, and samples of it.
//!
//! Quantiles are found by bisection of the distribution function, so that those of a pool of several
//! networks, a mixture, are found in the same way.

use crate::loss::Output;
use crate::real::Float;

/// The distribution of one number.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Spread {
    Gaussian { mean: f64, deviation: f64 },
    StudentT { location: f64, scale: f64, degrees: f64 },
    NegativeBinomial { mean: f64, dispersion: f64 },
    Quantiles { levels: Vec<f64>, values: Vec<f64> },
}

/// What several networks say together: each with the same probability; of quantiles their means.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pool {
    members: Vec<Spread>,
}

/// How often an interval is halved: a number has 53 bits.
const HALVINGS: usize = 80;

impl Spread {
    /// That of parameters or quantiles in the units of the number; `None` for the number itself.
    pub(crate) fn of(output: &Output, said: &[f64]) -> Option<Self> {
        Some(match (output, said) {
            (Output::Gaussian, &[mean, variance]) => {
                Spread::Gaussian { mean, deviation: Float::sqrt(variance) }
            }
            (Output::StudentT, &[location, scale, degrees]) => {
                Spread::StudentT { location, scale, degrees }
            }
            (Output::NegativeBinomial, &[mean, dispersion]) => {
                Spread::NegativeBinomial { mean, dispersion }
            }
            (Output::Quantiles(levels), values) => {
                Spread::Quantiles { levels: levels.clone(), values: values.to_vec() }
            }
            _ => return None,
        })
    }

    /// The same of `shift + unit·y`; counts are not shifted.
    pub(crate) fn scaled(self, shift: f64, unit: f64) -> Self {
        match self {
            Spread::Gaussian { mean, deviation } => {
                Spread::Gaussian { mean: shift + unit * mean, deviation: unit * deviation }
            }
            Spread::StudentT { location, scale, degrees } => {
                Spread::StudentT { location: shift + unit * location, scale: unit * scale, degrees }
            }
            Spread::Quantiles { levels, values } => {
                let values = values.iter().map(|value| shift + unit * value).collect();
                Spread::Quantiles { levels, values }
            }
            Spread::NegativeBinomial { mean, dispersion } => {
                Spread::NegativeBinomial { mean: unit * mean, dispersion }
            }
        }
    }

    /// The mean; of quantiles that nearest to the median.
    fn point(&self) -> f64 {
        match self {
            Spread::Gaussian { mean, .. } | Spread::NegativeBinomial { mean, .. } => *mean,
            Spread::StudentT { location, .. } => *location,
            Spread::Quantiles { levels, values } => {
                let distance = |level: &f64| Float::abs(level - 0.5);
                let pairs = levels.iter().zip(values);
                let nearest = pairs.min_by(|(a, _), (b, _)| distance(a).total_cmp(&distance(b)));
                nearest.map_or(f64::NAN, |(_, value)| *value)
            }
        }
    }

    /// The probability of at most `y`.
    fn below(&self, y: f64) -> f64 {
        match self {
            Spread::Gaussian { mean, deviation } => normal_below((y - mean) / deviation),
            Spread::StudentT { location, scale, degrees } => {
                let t = (y - location) / scale;
                let tail = 0.5 * beta_share(0.5 * degrees, 0.5, degrees / (degrees + t * t));
                if t > 0.0 { 1.0 - tail } else { tail }
            }
            Spread::NegativeBinomial { mean, dispersion } if y >= 0.0 => {
                let shape = 1.0 / dispersion;
                beta_share(shape, y.floor() + 1.0, shape / (shape + mean))
            }
            Spread::NegativeBinomial { .. } => 0.0,
            // They are pooled by themselves, never by their distribution.
            Spread::Quantiles { .. } => f64::NAN,
        }
    }

    /// The logarithm of the density, or of the probability of a count; `None` for quantiles.
    fn log_density(&self, y: f64) -> Option<f64> {
        let ln_gamma = libm::lgamma;
        Some(match self {
            Spread::Gaussian { mean, deviation } => {
                let z = (y - mean) / deviation;
                -0.5 * z * z - Float::ln(*deviation) - 0.5 * Float::ln(std::f64::consts::TAU)
            }
            Spread::StudentT { location, scale, degrees } => {
                let z = (y - location) / scale;
                let tail = 0.5 * (degrees + 1.0) * Float::ln_1p(z * z / degrees);
                ln_gamma(0.5 * (degrees + 1.0))
                    - ln_gamma(0.5 * degrees)
                    - 0.5 * Float::ln(std::f64::consts::PI * degrees)
                    - Float::ln(*scale)
                    - tail
            }
            Spread::NegativeBinomial { mean, dispersion } => {
                let (shape, odds) = (1.0 / dispersion, dispersion * mean);
                ln_gamma(y + shape) - ln_gamma(shape) - ln_gamma(y + 1.0) + y * Float::ln(odds)
                    - (y + shape) * Float::ln_1p(odds)
            }
            Spread::Quantiles { .. } => return None,
        })
    }

    /// Ends between which all quantiles stand that a number of 53 bits can ask for.
    fn ends(&self) -> (f64, f64) {
        match self {
            Spread::Gaussian { mean, deviation } => {
                (mean - 40.0 * deviation, mean + 40.0 * deviation)
            }
            // Two degrees of freedom, the fewest, have 1e-16 beyond 1e8.
            Spread::StudentT { location, scale, .. } => {
                (location - 1e9 * scale, location + 1e9 * scale)
            }
            Spread::NegativeBinomial { mean, dispersion } => {
                let deviation = Float::sqrt(mean + dispersion * mean * mean);
                (0.0, mean + 100.0 * (1.0 + dispersion) * (1.0 + deviation))
            }
            Spread::Quantiles { values, .. } => (values[0], values[values.len() - 1]),
        }
    }
}

impl Pool {
    /// # Panics
    ///
    /// Without a member.
    pub(crate) fn new(members: Vec<Spread>) -> Self {
        assert!(!members.is_empty(), "a pool of at least one");
        let Spread::Quantiles { levels, values } = &members[0] else { return Pool { members } };
        let mut means = vec![0.0; values.len()];
        for member in &members {
            if let Spread::Quantiles { values, .. } = member {
                means.iter_mut().zip(values).for_each(|(mean, value)| *mean += value);
            }
        }
        means.iter_mut().for_each(|mean| *mean /= members.len() as f64);
        Pool { members: vec![Spread::Quantiles { levels: levels.clone(), values: means }] }
    }

    /// The mean, or the quantile nearest to the median.
    pub(crate) fn point(&self) -> f64 {
        self.mean(Spread::point)
    }

    fn mean(&self, of: impl Fn(&Spread) -> f64) -> f64 {
        self.members.iter().map(of).sum::<f64>() / self.members.len() as f64
    }

    /// The levels that can be asked for: all, or those between the first and the last quantile.
    pub(crate) fn levels(output: &Output) -> (f64, f64) {
        match output {
            Output::Quantiles(levels) => (levels[0], levels[levels.len() - 1]),
            _ => (0.0, 1.0),
        }
    }

    /// The smallest number at most which the value is with this probability.
    pub(crate) fn quantile(&self, level: f64) -> f64 {
        if let [Spread::Quantiles { levels, values }] = self.members.as_slice() {
            return of_quantiles(level, levels, values);
        }
        let is_count = matches!(self.members[0], Spread::NegativeBinomial { .. });
        let ends = self.members.iter().map(Spread::ends);
        let all = ends.fold((f64::MAX, f64::MIN), |all, own| (all.0.min(own.0), all.1.max(own.1)));
        let (mut lo, mut hi) = all;
        if is_count && self.mean(|own| own.below(0.0)) >= level {
            return 0.0;
        }
        for _ in 0..HALVINGS {
            let middle = if is_count { (0.5 * (lo + hi)).floor() } else { 0.5 * (lo + hi) };
            if middle <= lo || middle >= hi {
                break;
            }
            if self.mean(|own| own.below(middle)) < level { lo = middle } else { hi = middle }
        }
        if is_count { hi.ceil() } else { hi }
    }

    /// The logarithm of the density, or of the probability of a count; `None` for quantiles.
    pub(crate) fn log_density(&self, y: f64) -> Option<f64> {
        let logs: Option<Vec<f64>> = self.members.iter().map(|own| own.log_density(y)).collect();
        let logs = logs?;
        let most = logs.iter().copied().fold(f64::MIN, f64::max);
        let sum: f64 = logs.iter().map(|log| Float::exp(log - most)).sum();
        Some(most + Float::ln(sum / logs.len() as f64))
    }
}

/// The quantile of a level among others: on the line between its neighbours, and beyond the outer
/// ones as the tail of the normal distribution that has the two last.
fn of_quantiles(level: f64, levels: &[f64], values: &[f64]) -> f64 {
    let count = levels.len();
    if count < 2 {
        return values[0];
    }
    let after = levels.partition_point(|own| *own < level);
    if after > 0 && after < count {
        let share = (level - levels[after - 1]) / (levels[after] - levels[after - 1]);
        return values[after - 1] + share * (values[after] - values[after - 1]);
    }
    let (end, inner) = if after == 0 { (0, 1) } else { (count - 1, count - 2) };
    let [own, at, other] = [level, levels[end], levels[inner]].map(normal_quantile);
    values[end] + (values[end] - values[inner]) * (own - at) / (at - other)
}

/// Where a normal variable is at most with this probability.
fn normal_quantile(level: f64) -> f64 {
    Pool::new(vec![Spread::Gaussian { mean: 0.0, deviation: 1.0 }]).quantile(level)
}

/// The probability that a normal variable is at most `z`.
pub(crate) fn normal_below(z: f64) -> f64 {
    0.5 * libm::erfc(-z / std::f64::consts::SQRT_2)
}

/// The regularised incomplete beta function `I_x(a, b)`.
///
/// # Accuracy
///
/// 1e-10 of 1.
///
/// # Source
///
/// The continued fraction of DLMF 8.17.22, by the method of Lentz.
fn beta_share(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return if x <= 0.0 { 0.0 } else { 1.0 };
    }
    // On the other side the fraction converges faster.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - beta_share(b, a, 1.0 - x);
    }
    let ln_beta = libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b);
    let front = Float::exp(a * Float::ln(x) + b * Float::ln_1p(-x) - ln_beta) / a;
    let away = |value: f64| if Float::abs(value) < 1e-300 { 1e-300 } else { value };
    let (mut c, mut d) = (1.0, 1.0 / away(1.0 - (a + b) * x / (a + 1.0)));
    let mut fraction = d;
    for m in 1..400 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let before = fraction;
        for term in [even, odd] {
            d = 1.0 / away(1.0 + term * d);
            c = away(1.0 + term / c);
            fraction *= c * d;
        }
        if Float::abs(fraction - before) < 1e-15 * Float::abs(fraction) {
            break;
        }
    }
    (front * fraction).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, expected: f64, scale: f64) {
        assert!((found - expected).abs() < scale, "{found} for {expected}");
    }

    /// The tables of the normal and of the t distribution, as every textbook has them.
    #[test]
    fn quantiles_are_those_of_the_tables() {
        let normal = Pool::new(vec![Spread::Gaussian { mean: 10.0, deviation: 2.0 }]);
        near(normal.quantile(0.975), 10.0 + 2.0 * 1.959_963_984_540_054, 1e-9);
        near(normal.quantile(0.1), 10.0 - 2.0 * 1.281_551_565_544_600_4, 1e-9);
        for (degrees, level, expected) in
            [(2.0, 0.975, 4.302_652_73), (5.0, 0.95, 2.015_048_37), (30.0, 0.9, 1.310_415_03)]
        {
            let t = Spread::StudentT { location: 0.0, scale: 1.0, degrees };
            near(Pool::new(vec![t]).quantile(level), expected, 1e-7);
        }
    }

    /// With the dispersion 1 a negative binomial variable is geometric: at most k with probability
    /// `1 - (μ/(1+μ))^(k+1)`.
    #[test]
    fn counts_are_geometric_where_they_should_be() {
        let spread = Spread::NegativeBinomial { mean: 4.0, dispersion: 1.0 };
        let pool = Pool::new(vec![spread.clone()]);
        let below = |k: i32| 1.0 - 0.8_f64.powi(k + 1);
        for k in [0, 1, 5, 40] {
            near(spread.below(f64::from(k)), below(k), 1e-10);
            let log = pool.log_density(f64::from(k)).unwrap();
            near(log, libm::log(0.2 * 0.8_f64.powi(k)), 1e-10);
        }
        for level in [0.1, 0.19, 0.21, 0.5, 0.99] {
            let expected = (0..).find(|k| below(*k) >= level).unwrap();
            near(pool.quantile(level), f64::from(expected), 1e-12);
        }
    }

    #[test]
    fn a_pool_is_a_mixture() {
        let one = |mean: f64| Spread::Gaussian { mean, deviation: 1.0 };
        let pool = Pool::new(vec![one(-30.0), one(30.0)]);
        near(pool.point(), 0.0, 1e-12);
        // Three quarters of both are a half of the upper one.
        near(pool.quantile(0.75), 30.0, 1e-9);
        let alone = Pool::new(vec![one(30.0)]).log_density(31.0).unwrap();
        near(pool.log_density(31.0).unwrap(), alone - std::f64::consts::LN_2, 1e-12);
        let quantiles = |shift: f64| Spread::Quantiles {
            levels: vec![0.1, 0.5, 0.9],
            values: vec![shift, shift + 1.0, shift + 4.0],
        };
        let pool = Pool::new(vec![quantiles(0.0), quantiles(2.0)]);
        near(pool.quantile(0.5), 2.0, 1e-12);
        near(pool.quantile(0.7), 3.5, 1e-12);
        // Beyond the outer ones: 3 for 1.2816 deviations.
        near(pool.quantile(0.975), 5.0 + 3.0 * (1.959_964 - 1.281_552) / 1.281_552, 1e-5);
        assert!(pool.log_density(1.0).is_none());
    }
}
