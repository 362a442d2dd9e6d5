//! Functions whose derivative is taken at their argument.
//!
//! [`Function`] reads its derivative off its value, so that a cell keeps the value alone. Not every
//! function can: `a·σ(a)` takes the same value twice. A cell with such a function keeps the
//! pre-activation, and asks for `φ(a)` and `φ'(a)` here. Slices come through functions that are chosen
//! at run time, one after the other; a loop of its own is for what most cells use.
//!
//! # Source
//!
//! The names, and what α and β are, follow ONNX's RNN, LSTM and GRU. GELU is the form with tanh of
//! D. Hendrycks and K. Gimpel, arXiv:1606.08415.

use crate::dispatch::{Kernel, dispatch};
use crate::float::Float;
use crate::level::Level;
use crate::pointwise::function::Function;
use crate::vector::Lane;

/// A function with a derivative that is taken at its argument.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Curve {
    /// One whose derivative can be read off its value as well.
    Value(Function),
    /// `a / (1 + |a|)`
    Softsign,
    /// `ln(1 + e^a)`
    Softplus,
    /// `a σ(a)`
    Silu,
    /// `a (1 + tanh(√(2/π) (a + 0.044715 a³))) / 2`
    Gelu,
    /// `a` above 0, else `αa`; the derivative at 0 is α.
    LeakyRelu {
        /// α
        alpha: f64,
    },
    /// `a` above α, else 0
    ThresholdedRelu {
        /// α
        alpha: f64,
    },
    /// `a` above 0, else `α(e^a - 1)`; the derivative at 0 is α.
    Elu {
        /// α
        alpha: f64,
    },
    /// `αa + β`
    Affine {
        /// α
        alpha: f64,
        /// β
        beta: f64,
    },
    /// `α tanh(βa)`
    ScaledTanh {
        /// α
        alpha: f64,
        /// β
        beta: f64,
    },
    /// `αa + β` between 0 and 1, its derivative 0 at both ends
    ScaledHardSigmoid {
        /// α
        alpha: f64,
        /// β
        beta: f64,
    },
}

/// A function of pre-activations that may be bounded first: `φ(min(max(a, -clip), clip))`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClippedCurve {
    /// φ
    pub curve: Curve,
    /// The bound; the gradient passes where `|a|` is no larger.
    pub clip: Option<f64>,
}

/// `values = φ(values)`
pub(crate) fn curve_forward<T: Float + Lane>(
    level: Level,
    function: ClippedCurve,
    values: &mut [T],
) {
    if let Some(clip) = function.clip {
        let clip = T::from_f64(clip);
        map(level, values, |a| bounded(a, clip));
    }
    let number = T::from_f64;
    match function.curve {
        Curve::Value(function) => super::activation_forward(level, function, values),
        Curve::Softsign => map(level, values, |a| a / (T::ONE + a.abs())),
        Curve::Softplus => map(level, values, |a| a.relu() + (-a.abs()).exp().ln_1p()),
        Curve::Silu => map(level, values, |a| a * a.sigmoid()),
        Curve::Gelu => map(level, values, |a| number(0.5) * a * (T::ONE + gelu_argument(a).tanh())),
        Curve::LeakyRelu { alpha } => {
            let alpha = number(alpha);
            map(level, values, |a| if a <= T::ZERO { alpha * a } else { a });
        }
        Curve::ThresholdedRelu { alpha } => {
            let alpha = number(alpha);
            map(level, values, |a| if a <= alpha { T::ZERO } else { a });
        }
        Curve::Elu { alpha } => {
            let alpha = number(alpha);
            map(level, values, |a| if a <= T::ZERO { alpha * exp_minus_1(a) } else { a });
        }
        Curve::Affine { alpha, beta } => {
            let (alpha, beta) = (number(alpha), number(beta));
            map(level, values, |a| alpha.mul_add(a, beta));
        }
        Curve::ScaledTanh { alpha, beta } => {
            let (alpha, beta) = (number(alpha), number(beta));
            map(level, values, |a| alpha * (beta * a).tanh());
        }
        Curve::ScaledHardSigmoid { alpha, beta } => {
            let (alpha, beta) = (number(alpha), number(beta));
            map(level, values, |a| unit(alpha.mul_add(a, beta)));
        }
    }
}

/// `values`, which hold `φ(a)`, become `φ'(a)`.
///
/// # Panics
///
/// Slices of different length.
pub(crate) fn curve_slope<T: Float + Lane>(
    level: Level,
    function: ClippedCurve,
    arguments: &[T],
    values: &mut [T],
) {
    assert_eq!(arguments.len(), values.len(), "a value for each argument");
    let number = T::from_f64;
    let slopes = Pairs { arguments, values: &mut *values };
    match function.curve {
        Curve::Value(function) => slopes.of_value(level, function),
        Curve::Softsign => slopes.map(level, |a, _| {
            let below = T::ONE + a.abs();
            T::ONE / (below * below)
        }),
        Curve::Softplus => slopes.map(level, |a, _| a.sigmoid()),
        Curve::Silu => slopes.map(level, |a, y| {
            let s = a.sigmoid();
            (T::ONE - s).mul_add(y, s)
        }),
        Curve::Gelu => slopes.map(level, |a, _| {
            let (t, half) = (gelu_argument(a).tanh(), number(0.5));
            let inner = number(GELU_SCALE) * (number(3.0 * GELU_CUBE) * a).mul_add(a, T::ONE);
            (half * a * (-t).mul_add(t, T::ONE)).mul_add(inner, half * (T::ONE + t))
        }),
        Curve::LeakyRelu { alpha } => {
            let alpha = number(alpha);
            slopes.map(level, |a, _| if a <= T::ZERO { alpha } else { T::ONE });
        }
        Curve::ThresholdedRelu { alpha } => {
            let alpha = number(alpha);
            slopes.map(level, |a, _| if a <= alpha { T::ZERO } else { T::ONE });
        }
        Curve::Elu { alpha } => {
            let alpha = number(alpha);
            slopes.map(level, |a, _| if a <= T::ZERO { alpha * a.exp() } else { T::ONE });
        }
        Curve::Affine { alpha, .. } => values.fill(number(alpha)),
        Curve::ScaledTanh { alpha, beta } => {
            let (scale, beta) = (number(alpha) * number(beta), number(beta));
            slopes.map(level, |a, _| {
                let t = (beta * a).tanh();
                scale * (-t).mul_add(t, T::ONE)
            });
        }
        Curve::ScaledHardSigmoid { alpha, .. } => {
            let alpha = number(alpha);
            slopes.map(level, |_, y| if y > T::ZERO && y < T::ONE { alpha } else { T::ZERO });
        }
    }
    if let Some(clip) = function.clip {
        let clip = T::from_f64(clip);
        let slopes = Pairs { arguments, values };
        slopes.map(level, |a, slope| if a.abs() > clip { T::ZERO } else { slope });
    }
}

/// The value between `-bound` and `bound`; NaN stays.
#[inline(always)]
pub(crate) fn bounded<T: Float>(value: T, bound: T) -> T {
    let below = if value > bound { bound } else { value };
    if below < -bound { -bound } else { below }
}

/// The value between 0 and 1; NaN stays.
#[inline(always)]
fn unit<T: Float>(value: T) -> T {
    let below = if value > T::ONE { T::ONE } else { value };
    if below < T::ZERO { T::ZERO } else { below }
}

/// `√(2/π)`
const GELU_SCALE: f64 = 0.797_884_560_802_865_4;

/// What Hendrycks and Gimpel fitted to the normal distribution.
const GELU_CUBE: f64 = 0.044_715;

#[inline(always)]
fn gelu_argument<T: Float>(a: T) -> T {
    let cube = T::from_f64(GELU_CUBE) * a * a;
    T::from_f64(GELU_SCALE) * cube.mul_add(a, a)
}

/// `e^a - 1` up to 0, without the loss of digits near it: `2t / (1 - t)` with `t = tanh(a/2)`.
#[inline(always)]
fn exp_minus_1<T: Float>(a: T) -> T {
    let t = (T::from_f64(0.5) * a).tanh();
    (t + t) / (T::ONE - t)
}

/// `values = function(values)`
fn map<T: Float, F: Fn(T) -> T>(level: Level, values: &mut [T], function: F) {
    dispatch(level, Map { values, function });
}

struct Map<'a, T, F> {
    values: &'a mut [T],
    function: F,
}

impl<T: Float, F: Fn(T) -> T> Kernel for Map<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for value in self.values {
            *value = (self.function)(*value);
        }
    }
}

/// Arguments with their values.
struct Pairs<'a, T> {
    arguments: &'a [T],
    values: &'a mut [T],
}

impl<T: Float> Pairs<'_, T> {
    /// `values = function(arguments, values)`
    fn map<F: Fn(T, T) -> T>(self, level: Level, function: F) {
        dispatch(level, MapPairs { pairs: self, function });
    }

    /// The derivatives of a function that can be read off its values.
    fn of_value(self, level: Level, function: Function) {
        match function {
            Function::Tanh => self.map(level, |_, y| (-y).mul_add(y, T::ONE)),
            Function::Sigmoid => self.map(level, |_, y| y * (T::ONE - y)),
            Function::HardSigmoid => {
                let sixth = T::ONE / T::from_f64(6.0);
                self.map(level, |_, y| if y > T::ZERO && y < T::ONE { sixth } else { T::ZERO });
            }
            Function::Relu => self.map(level, |_, y| if y > T::ZERO { T::ONE } else { T::ZERO }),
            Function::Identity => self.values.fill(T::ONE),
        }
    }
}

struct MapPairs<'a, T, F> {
    pairs: Pairs<'a, T>,
    function: F,
}

impl<T: Float, F: Fn(T, T) -> T> Kernel for MapPairs<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (value, argument) in self.pairs.values.iter_mut().zip(self.pairs.arguments) {
            *value = (self.function)(*argument, *value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every curve, with parameters that are no one's defaults.
    fn every() -> Vec<ClippedCurve> {
        let (alpha, beta) = (0.3, 0.45);
        let curves = [
            Curve::Softsign,
            Curve::Softplus,
            Curve::Silu,
            Curve::Gelu,
            Curve::LeakyRelu { alpha },
            Curve::ThresholdedRelu { alpha },
            Curve::Elu { alpha },
            Curve::Affine { alpha, beta },
            Curve::ScaledTanh { alpha: 1.7159, beta: 2.0 / 3.0 },
            Curve::ScaledHardSigmoid { alpha, beta },
        ];
        let known = Function::ALL.map(Curve::Value);
        let all = curves.into_iter().chain(known);
        all.flat_map(|curve| [None, Some(1.1)].map(|clip| ClippedCurve { curve, clip })).collect()
    }

    fn grid<T: Float>() -> Vec<T> {
        (-400i32..=400).map(|k| T::from_f64(f64::from(k) * 0.05 + 0.0123)).collect()
    }

    fn value<T: Float + Lane>(level: Level, curve: ClippedCurve, at: &[T]) -> Vec<T> {
        let mut values = at.to_vec();
        curve_forward(level, curve, &mut values);
        values
    }

    #[test]
    fn values_are_those_of_the_definitions() {
        for curve in every() {
            let grid = grid::<f64>();
            for (&a, found) in grid.iter().zip(value(Level::Portable, curve, &grid)) {
                let a = curve.clip.map_or(a, |clip| a.clamp(-clip, clip));
                let tanh = |x: f64| 1.0 - 2.0 / (libm::exp(2.0 * x) + 1.0);
                let expected = match curve.curve {
                    Curve::Value(Function::Tanh) => tanh(a),
                    Curve::Value(Function::Sigmoid) => 1.0 / (1.0 + libm::exp(-a)),
                    Curve::Value(Function::HardSigmoid) => ((a + 3.0) / 6.0).clamp(0.0, 1.0),
                    Curve::Value(Function::Relu) => a.max(0.0),
                    Curve::Value(Function::Identity) => a,
                    Curve::Softsign => a / (1.0 + a.abs()),
                    Curve::Softplus => libm::log(1.0 + libm::exp(a)),
                    Curve::Silu => a / (1.0 + libm::exp(-a)),
                    Curve::Gelu => {
                        let inner = (2.0 / std::f64::consts::PI).sqrt();
                        0.5 * a * (1.0 + tanh(inner * (a + 0.044_715 * a * a * a)))
                    }
                    Curve::LeakyRelu { alpha } => a.max(0.0) + alpha * a.min(0.0),
                    Curve::ThresholdedRelu { alpha } => f64::from(u8::from(a > alpha)) * a,
                    Curve::Elu { alpha } => a.max(0.0) + alpha * libm::expm1(a.min(0.0)),
                    Curve::Affine { alpha, beta } => alpha * a + beta,
                    Curve::ScaledTanh { alpha, beta } => alpha * tanh(beta * a),
                    Curve::ScaledHardSigmoid { alpha, beta } => (alpha * a + beta).clamp(0.0, 1.0),
                };
                let error = (found - expected).abs();
                assert!(error <= 1e-14 * expected.abs().max(1.0), "{curve:?} at {a}: {found}");
            }
        }
    }

    #[test]
    fn slopes_agree_with_central_differences() {
        let step = 1e-6;
        for curve in every() {
            let grid = grid::<f64>();
            let moved = |by: f64| -> Vec<f64> { grid.iter().map(|a| a + by).collect() };
            let above = value(Level::Portable, curve, &moved(step));
            let below = value(Level::Portable, curve, &moved(-step));
            let mut slopes = value(Level::Portable, curve, &grid);
            curve_slope(Level::Portable, curve, &grid, &mut slopes);
            for (k, slope) in slopes.iter().enumerate() {
                let difference = (above[k] - below[k]) / (2.0 * step);
                assert!((slope - difference).abs() < 1e-8, "{curve:?} at {}: {slope}", grid[k]);
            }
        }
    }

    #[test]
    fn every_level_gives_the_same_bits() {
        fn check<T: Float + Lane>() {
            let grid = grid::<T>();
            for curve in every() {
                let run = |level| {
                    let values = value(level, curve, &grid);
                    let mut slopes = values.clone();
                    curve_slope(level, curve, &grid, &mut slopes);
                    let all = values.into_iter().chain(slopes);
                    all.map(T::to_words).collect::<Vec<_>>()
                };
                let portable = run(Level::Portable);
                for level in Level::ALL {
                    assert_eq!(run(level), portable, "{curve:?} at {}", level.name());
                }
            }
        }
        check::<f32>();
        check::<f64>();
    }

    #[test]
    fn nan_stays_nan_and_the_far_ends_stay_finite() {
        for curve in every() {
            let mut values = [f32::NAN, -1e30, 1e30];
            curve_forward(Level::current(), curve, &mut values);
            assert!(values[0].is_nan(), "{curve:?}");
            assert!(values[1..].iter().all(|value| value.is_finite()), "{curve:?}: {values:?}");
        }
    }
}
