//! From values to places: linear and logarithmic axes with round ticks.

/// A range of values along an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    low: f64,
    high: f64,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Linear,
    Logarithmic,
}

impl Axis {
    /// Over finite values, a little beyond them; what is not finite is not looked at.
    #[must_use]
    pub fn over(values: impl IntoIterator<Item = f64>) -> Self {
        let (low, high) = bounds(values).unwrap_or((0.0, 1.0));
        let room = match high - low {
            width if width > 0.0 => 0.04 * width,
            _ => (0.1 * low.abs()).max(0.5),
        };
        Axis { low: low - room, high: high + room, kind: Kind::Linear }
    }

    /// From 0 to the largest value.
    #[must_use]
    pub fn from_zero(values: impl IntoIterator<Item = f64>) -> Self {
        let high = bounds(values).map_or(1.0, |(_, high)| high);
        Axis { low: 0.0, high: if high > 0.0 { 1.05 * high } else { 1.0 }, kind: Kind::Linear }
    }

    /// Between these two.
    #[must_use]
    pub fn between(low: f64, high: f64) -> Self {
        let high = if high > low { high } else { low + 1.0 };
        Axis { low, high, kind: Kind::Linear }
    }

    /// Over positive values, by their logarithm: whole powers of ten, at least `least`.
    #[must_use]
    pub fn logarithmic(values: impl IntoIterator<Item = f64>, least: f64) -> Self {
        let positive = values.into_iter().filter(|value| *value >= least);
        let (low, high) = bounds(positive).unwrap_or((least, 1.0));
        let (low, mut high) = (low.log10().floor(), high.log10().ceil());
        if high <= low {
            high = low + 1.0;
        }
        Axis { low, high, kind: Kind::Logarithmic }
    }

    /// Where a value stands: 0 at the lower end, 1 at the upper, bounded to these.
    #[must_use]
    pub fn share(&self, value: f64) -> f64 {
        let value = match self.kind {
            Kind::Linear => value,
            Kind::Logarithmic if value > 0.0 => value.log10(),
            Kind::Logarithmic => self.low,
        };
        let share = (value - self.low) / (self.high - self.low);
        if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) }
    }

    /// Round values, about so many.
    #[must_use]
    pub fn ticks(&self, count: usize) -> Vec<f64> {
        if self.kind == Kind::Logarithmic {
            return self.powers(count);
        }
        let raw = (self.high - self.low) / count.max(1) as f64;
        let power = 10f64.powf(raw.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|n| n * power).into_iter().find(|step| *step >= raw);
        let step = step.unwrap_or(raw);
        let first = (self.low / step).ceil();
        (0..50)
            .map(|index| (first + f64::from(index)) * step)
            // What is 0 but for rounding is 0.
            .map(|tick| if tick.abs() < 1e-9 * step { 0.0 } else { tick })
            .take_while(|tick| *tick <= self.high + 1e-9 * step)
            .collect()
    }

    fn powers(&self, count: usize) -> Vec<f64> {
        let step = ((self.high - self.low) / count.max(1) as f64).ceil().max(1.0);
        (0..50)
            .map(|index| self.high - f64::from(index) * step)
            .take_while(|power| *power >= self.low - 1e-9)
            .map(|power| 10f64.powf(power))
            .collect()
    }
}

fn bounds(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    values.into_iter().filter(|value| value.is_finite()).fold(None, |bounds, value| match bounds {
        None => Some((value, value)),
        Some((low, high)) => Some((low.min(value), high.max(value))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: &[f64], expected: &[f64]) -> bool {
        found.len() == expected.len()
            && found.iter().zip(expected).all(|(a, b)| (a - b).abs() <= 1e-12 * b.abs().max(1e-12))
    }

    #[test]
    fn ticks_are_round_and_within_the_axis() {
        assert!(near(&Axis::between(0.0, 1.0).ticks(5), &[0.0, 0.2, 0.4, 0.6, 0.8, 1.0]));
        assert!(near(&Axis::between(-3.0, 12.0).ticks(5), &[0.0, 5.0, 10.0]));
        assert!(near(&Axis::logarithmic([0.002, 1.0], 1e-9).ticks(5), &[1.0, 0.1, 0.01, 0.001]));
        for axis in [Axis::over([]), Axis::over([7.0]), Axis::over([f64::NAN, f64::INFINITY])] {
            assert!(!axis.ticks(5).is_empty(), "{axis:?}");
        }
    }

    #[test]
    fn places_are_bounded() {
        let axis = Axis::between(0.0, 10.0);
        let shares = [-5.0, 0.0, 2.5, 10.0, 99.0, f64::NAN].map(|value| axis.share(value));
        assert!(near(&shares, &[0.0, 0.0, 0.25, 1.0, 1.0, 0.0]));
        let log = Axis::logarithmic([0.01, 1.0], 1e-6);
        assert!(near(&[0.0, 0.1, 1.0].map(|value| log.share(value)), &[0.0, 0.5, 1.0]));
    }
}
