//! Gradient clipping: a limit for the norm of a whole gradient or for each of its entries.

use elman_kernels::Level;
use elman_kernels::pointwise::{Summand, interleaved_sum, scale_in_f64};
use serde::{Deserialize, Serialize};

use crate::error::{ArgumentName, Error, Field, Result};
use crate::real::{Float, Real};

/// What is done about large gradients.
///
/// The gradient is one flat slice, `grad.values_mut()` of all the parameters together, so the norm
/// is that of the whole. It is taken in `f64`, scaled where squares would leave its range, in an
/// order that depends on the length alone.
///
/// # Source
///
/// Pascanu, Mikolov and Bengio, *On the difficulty of training recurrent neural networks*, 2013, as
/// PyTorch's `clip_grad_norm_` and `clip_grad_value_` compute it.
///
/// ```
/// use elman::clip::{Clip, Norm};
///
/// # fn main() -> elman::Result<()> {
/// let mut gradient = [3.0f64, -4.0];
/// let norm = Clip::Norm { limit: 1.0, kind: Norm::L2 }.apply(&mut gradient)?;
/// assert_eq!(norm, 5.0);
/// assert!((gradient[0] - 0.6).abs() < 1e-6 && (gradient[1] + 0.8).abs() < 1e-6);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Clip {
    /// Nothing.
    #[default]
    None,
    /// The gradient times `min(1, limit / (norm + 1e-6))`.
    Norm {
        /// The largest norm that is left alone; positive.
        limit: f64,
        /// Which norm.
        #[serde(default)]
        kind: Norm,
    },
    /// Each entry cut off at `±limit`.
    Value {
        /// The largest absolute value; positive.
        limit: f64,
    },
}

/// The size of a gradient `g`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Norm {
    /// `Σ |g|`.
    L1,
    /// `√Σ g²`.
    #[default]
    L2,
    /// `(Σ |g|ᵖ)^(1/p)`, p positive.
    P(f64),
    /// `max |g|`.
    Infinity,
}

/// Keeps the clipping factor finite for a gradient of 0, as PyTorch does.
const NORM_EPSILON: f64 = 1e-6;

impl Clip {
    /// Clips a gradient, and returns its norm as it was before: the norm that is clipped by, or
    /// the L2 norm.
    ///
    /// A norm that is not finite is returned for the caller to stop at. Clipping by norm then
    /// leaves the gradient as it is, where PyTorch spreads the NaN over it; clipping by value
    /// takes infinite entries to the limit and leaves NaN.
    ///
    /// # Errors
    ///
    /// Settings out of their range.
    pub fn apply<T: Real>(self, gradient: &mut [T]) -> Result<f64> {
        self.check()?;
        match self {
            Clip::None => Norm::L2.of(gradient),
            Clip::Norm { limit, kind } => {
                let norm = kind.of(gradient)?;
                let factor = limit / (norm + NORM_EPSILON);
                if norm.is_finite() && factor < 1.0 {
                    // In f64: next to a huge norm the factor may be too small for f32.
                    scale_in_f64(Level::current(), gradient, factor);
                }
                Ok(norm)
            }
            Clip::Value { limit } => {
                let norm = Norm::L2.of(gradient)?;
                let limit = T::from_f64(limit);
                for g in gradient {
                    // Comparisons, because `min` and `max` would replace NaN.
                    if *g > limit {
                        *g = limit;
                    } else if *g < -limit {
                        *g = -limit;
                    }
                }
                Ok(norm)
            }
        }
    }

    /// Refuses settings out of their range.
    ///
    /// # Errors
    ///
    /// A limit that is not positive and finite; a p that is not.
    pub fn check(self) -> Result<()> {
        match self {
            Clip::None => Ok(()),
            Clip::Value { limit } => positive(Field::ClipValue.called("clip: limit"), limit),
            Clip::Norm { limit, kind } => {
                kind.check()?;
                positive(Field::ClipNorm.called("clip: limit"), limit)
            }
        }
    }
}

impl Norm {
    /// The norm of all entries together, in `f64`. NaN if an entry is NaN, infinite if one is
    /// infinite or the norm is beyond `f64`.
    ///
    /// # Errors
    ///
    /// A p that is not positive and finite.
    ///
    /// ```
    /// use elman::clip::Norm;
    ///
    /// # fn main() -> elman::Result<()> {
    /// assert_eq!(Norm::L1.of(&[3.0f32, -4.0])?, 7.0);
    /// assert_eq!(Norm::Infinity.of(&[3.0f32, -4.0])?, 4.0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn of<T: Real>(self, gradient: &[T]) -> Result<f64> {
        self.check()?;
        Ok(match self {
            Norm::L1 => sum(gradient, Summand::Absolute),
            Norm::L2 => {
                let square = sum(gradient, Summand::Square);
                // Beyond these, single squares may have left f64's range; f32's never do.
                if (1e-200..1e200).contains(&square) {
                    Float::sqrt(square)
                } else {
                    scaled(gradient, |unit| Float::sqrt(sum(gradient, Summand::SquareIn { unit })))
                }
            }
            Norm::P(p) => scaled(gradient, |unit| {
                libm::pow(sum(gradient, Summand::PowerIn { unit, exponent: p }), 1.0 / p)
            }),
            Norm::Infinity => largest(gradient),
        })
    }

    fn check(self) -> Result<()> {
        match self {
            Norm::P(p) => positive("clip: norm p", p),
            Norm::L1 | Norm::L2 | Norm::Infinity => Ok(()),
        }
    }
}

fn positive(name: impl Into<ArgumentName>, value: f64) -> Result<()> {
    if value > 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(Error::argument(name, "a positive number", value))
}

/// A norm that is given the largest entry as its unit, so that no power of an entry overflows, and
/// is multiplied by it afterwards.
fn scaled<T: Real>(gradient: &[T], norm: impl Fn(f64) -> f64) -> f64 {
    let largest = largest(gradient);
    if largest == 0.0 || !largest.is_finite() { largest } else { largest * norm(largest) }
}

/// The largest absolute value, NaN if there is one, 0 for nothing.
fn largest<T: Real>(gradient: &[T]) -> f64 {
    let larger = |a: T, b: T| if a >= b || !is_number(a) { a } else { b };
    gradient.iter().fold(T::ZERO, |largest, g| larger(largest, g.abs())).to_f64()
}

fn is_number<T: Real>(value: T) -> bool {
    value <= T::ZERO || value >= T::ZERO
}

fn sum<T: Real>(gradient: &[T], summand: Summand) -> f64 {
    interleaved_sum(Level::current(), gradient, summand)
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "exact results are tested for being exact")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NORMS: [Norm; 5] = [Norm::L1, Norm::L2, Norm::P(3.0), Norm::P(0.5), Norm::Infinity];

    fn by_norm(limit: f64, kind: Norm) -> Clip {
        Clip::Norm { limit, kind }
    }

    #[test]
    fn norms_are_the_textbook_ones() {
        // 1³ + 2³ + 2³ = 17; (1 + √2 + √2)² = 9 + 4√2.
        let values = [1.0, -2.0, 2.0];
        let root = f64::sqrt(2.0);
        let expected = [5.0, 3.0, libm::cbrt(17.0), 9.0 + 4.0 * root, 2.0];
        for (norm, expected) in NORMS.into_iter().zip(expected) {
            let found = norm.of(&values).unwrap();
            assert!((found - expected).abs() < 1e-14 * expected, "{norm:?}: {found}");
        }
    }

    #[test]
    fn every_entry_counts_at_every_length() {
        for len in 0..40 {
            let mut values = vec![1.0f32; len];
            assert_eq!(Norm::L1.of(&values).unwrap(), f64::from(u8::try_from(len).unwrap()));
            for at in 0..len {
                values[at] = -5.0;
                assert_eq!(Norm::Infinity.of(&values).unwrap(), 5.0);
                assert_eq!(Norm::L1.of(&values).unwrap() + 1.0, values.len() as f64 + 5.0);
                values[at] = 1.0;
            }
        }
    }

    #[test]
    fn clipping_scales_to_the_limit_and_keeps_the_direction() {
        for kind in NORMS {
            let mut gradient = [3.0, -4.0, 12.0];
            let norm = by_norm(0.5, kind).apply(&mut gradient).unwrap();
            let factor = 0.5 / (norm + 1e-6);
            assert_eq!(gradient, [3.0 * factor, -4.0 * factor, 12.0 * factor], "{kind:?}");
        }
    }

    #[test]
    fn small_gradients_keep_their_bits() {
        let gradient = [0.1f32, -0.2, 0.0];
        for clip in [by_norm(1.0, Norm::L2), Clip::Value { limit: 0.2 + 1e-7 }, Clip::None] {
            let mut clipped = gradient;
            let norm = clip.apply(&mut clipped).unwrap();
            assert_eq!(clipped, gradient, "{clip:?}");
            assert!((norm - f64::sqrt(0.05)).abs() < 1e-8);
        }
    }

    #[test]
    fn a_zero_gradient_stays_zero() {
        for kind in NORMS {
            let mut gradient = [0.0f32, -0.0];
            assert_eq!(by_norm(1e-9, kind).apply(&mut gradient).unwrap(), 0.0);
            assert_eq!(gradient, [0.0, 0.0]);
            assert_eq!(kind.of::<f64>(&[]).unwrap(), 0.0);
        }
    }

    #[test]
    fn huge_and_tiny_gradients_have_a_norm() {
        let mut huge = [3e38f32, -3e38, 3e38, 3e38];
        let norm = by_norm(1.0, Norm::L2).apply(&mut huge).unwrap();
        assert!((norm / (2.0 * f64::from(3e38f32)) - 1.0).abs() < 1e-15, "{norm}");
        assert!(huge.iter().all(|g| (g.abs() - 0.5).abs() < 1e-6), "{huge:?}");
        for (unit, kind) in [(1e300, Norm::L2), (1e-300, Norm::L2), (1e300, Norm::P(3.0))] {
            let expected = if kind == Norm::L2 { 5.0 } else { libm::cbrt(27.0 + 64.0) };
            let found = kind.of(&[3.0 * unit, -4.0 * unit]).unwrap();
            assert!((found / unit / expected - 1.0).abs() < 1e-14, "{kind:?}: {found}");
        }
    }

    #[test]
    fn a_norm_that_is_not_finite_is_seen() {
        for kind in NORMS {
            for (bad, position) in [(f32::NAN, 0), (f32::NAN, 2), (f32::INFINITY, 1)] {
                let mut gradient = [1.0f32, -7.0, f32::INFINITY];
                gradient[position] = bad;
                let before = gradient.map(f32::to_bits);
                let norm = by_norm(0.1, kind).apply(&mut gradient).unwrap();
                assert_eq!(norm.is_nan(), bad.is_nan(), "{kind:?}: {norm}");
                assert!(!norm.is_finite());
                assert_eq!(gradient.map(f32::to_bits), before);
            }
        }
    }

    #[test]
    fn values_are_cut_off() {
        let mut gradient = [0.4, -0.6, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, -0.5];
        let norm = Clip::Value { limit: 0.5 }.apply(&mut gradient).unwrap();
        assert!(norm.is_nan() && gradient[4].is_nan());
        gradient[4] = 0.0;
        assert_eq!(gradient, [0.4, -0.5, 0.5, -0.5, 0.0, -0.5]);
        let norm = Clip::Value { limit: 1.0 }.apply(&mut [3.0, -4.0]).unwrap();
        assert_eq!(norm, 5.0, "the norm before clipping");
    }

    #[test]
    fn settings_out_of_range_are_refused() {
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let clips =
                [by_norm(bad, Norm::L2), by_norm(1.0, Norm::P(bad)), Clip::Value { limit: bad }];
            for clip in clips {
                let mut gradient = [1.0, 2.0];
                assert!(clip.check().is_err() && clip.apply(&mut gradient).is_err(), "{clip:?}");
                assert_eq!(gradient, [1.0, 2.0]);
            }
            assert!(Norm::P(bad).of(&[1.0]).is_err());
        }
    }

    #[test]
    fn names_are_those_of_a_settings_file() {
        let clips = [
            Clip::None,
            by_norm(1.0, Norm::L2),
            by_norm(1.0, Norm::P(3.0)),
            Clip::Value { limit: 0.5 },
        ];
        let json = concat!(
            r#"["none",{"norm":{"limit":1.0,"kind":"l2"}},"#,
            r#"{"norm":{"limit":1.0,"kind":{"p":3.0}}},{"value":{"limit":0.5}}]"#
        );
        assert_eq!(serde_json::to_string(&clips).unwrap(), json);
        assert_eq!(serde_json::from_str::<Vec<Clip>>(json).unwrap(), clips);
        let short: Clip = serde_json::from_str(r#"{"norm":{"limit":1.0}}"#).unwrap();
        assert_eq!(short, clips[1]);
    }

    proptest! {
        #[test]
        fn clipping_never_increases_the_norm(
            gradient in prop::collection::vec(-1e6..1e6f64, 0..30),
            limit in 1e-3..1e3f64,
            kind in prop::sample::select(NORMS.to_vec()),
        ) {
            for clip in [by_norm(limit, kind), Clip::Value { limit }] {
                let (before, mut clipped) = (kind.of(&gradient).unwrap(), gradient.clone());
                clip.apply(&mut clipped).unwrap();
                let after = kind.of(&clipped).unwrap();
                prop_assert!(after <= before * (1.0 + 1e-14), "{clip:?}: {before} to {after}");
                if matches!(clip, Clip::Norm { .. }) {
                    prop_assert!(after <= limit * (1.0 + 1e-14), "{clip:?}: {after}");
                } else {
                    prop_assert!(clipped.iter().all(|g| g.abs() <= limit));
                }
            }
        }
    }
}
