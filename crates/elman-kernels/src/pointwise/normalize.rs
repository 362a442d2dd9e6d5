//! Layer normalisation of one row, forward and back.
//!
//! ```text
//! μ = mean a      s = 1/√(mean (a-μ)² + ε)      x = (a-μ)·s      y = γ⊙x + β
//! dγ += dy⊙x      dβ += dy      da = s·(dy⊙γ - mean(dy⊙γ) - x⊙mean(dy⊙γ⊙x))
//! ```
//!
//! A sum over the row is sixteen interleaved sums, which are then added in order: the same ones at every
//! level, so that levels agree bit for bit.
//!
//! # Source
//!
//! J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer normalization", arXiv:1607.06450.

use crate::compiled::Compiled;
use crate::dispatch::Kernel;
use crate::float::Float;
use crate::level::Level;
use crate::loops::run;

/// `values = (values - μ)·s`; returns s.
pub fn normalize<T: Compiled>(level: Level, values: &mut [T], epsilon: T) -> T {
    let mut inverse_deviation = T::ZERO;
    run(level, Normalize { values, epsilon, inverse_deviation: &mut inverse_deviation });
    inverse_deviation
}

/// `out += γ⊙x + β`
///
/// # Panics
///
/// Slices of different length.
pub fn add_scaled<T: Compiled>(level: Level, out: &mut [T], x: &[T], scale: ScaleShift<'_, T>) {
    let lengths = [x.len(), scale.gain.len(), scale.shift.len()];
    assert!(lengths.iter().all(|len| *len == out.len()), "slices of one length");
    run(level, AddScaled { out, x, scale });
}

/// γ and β.
#[derive(Clone, Copy, Debug)]
pub struct ScaleShift<'a, T> {
    /// γ
    pub gain: &'a [T],
    /// β
    pub shift: &'a [T],
}

/// The operands of one row back through a normalisation.
#[derive(Debug)]
pub struct NormalizeBackward<'a, T> {
    /// dy
    pub grad: &'a [T],
    /// γ
    pub gain: &'a [T],
    /// s
    pub inverse_deviation: T,
    /// x; becomes da.
    pub normalized: &'a mut [T],
    /// Becomes `dy⊙x`, the part of dγ.
    pub grad_gain: &'a mut [T],
}

/// One row back through a normalisation.
///
/// # Panics
///
/// Slices of different length.
pub fn normalize_backward<T: Compiled>(level: Level, row: NormalizeBackward<'_, T>) {
    let lengths = [row.gain.len(), row.normalized.len(), row.grad_gain.len()];
    assert!(lengths.iter().all(|len| *len == row.grad.len()), "slices of one length");
    run(level, row);
}

pub(crate) struct Normalize<'a, T> {
    values: &'a mut [T],
    epsilon: T,
    /// s
    inverse_deviation: &'a mut T,
}

impl<T: Float> Kernel for Normalize<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Normalize { values, epsilon, inverse_deviation } = self;
        let mean = mean(values, values, |sum, value, _| sum + value);
        for value in values.iter_mut() {
            *value -= mean;
        }
        let variance = self::mean(values, values, |sum, value, same| value.mul_add(same, sum));
        let inverse = T::ONE / (variance + epsilon).sqrt();
        for value in values.iter_mut() {
            *value *= inverse;
        }
        *inverse_deviation = inverse;
    }
}

pub(crate) struct AddScaled<'a, T> {
    out: &'a mut [T],
    x: &'a [T],
    scale: ScaleShift<'a, T>,
}

impl<T: Float> Kernel for AddScaled<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let ScaleShift { gain, shift } = self.scale;
        let scales = gain.iter().zip(shift);
        for ((out, x), (gain, shift)) in self.out.iter_mut().zip(self.x).zip(scales) {
            *out += gain.mul_add(*x, *shift);
        }
    }
}

impl<T: Float> Kernel for NormalizeBackward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let NormalizeBackward { grad, gain, inverse_deviation, normalized, grad_gain } = self;
        for (target, (grad, x)) in grad_gain.iter_mut().zip(grad.iter().zip(&*normalized)) {
            *target = *grad * *x;
        }
        let of_grad = mean(grad, gain, |sum, grad, gain| grad.mul_add(gain, sum));
        let of_product = mean(grad_gain, gain, |sum, product, gain| product.mul_add(gain, sum));
        for (x, (grad, gain)) in normalized.iter_mut().zip(grad.iter().zip(gain)) {
            let centred = grad.mul_add(*gain, -of_grad);
            *x = inverse_deviation * (-*x).mul_add(of_product, centred);
        }
    }
}

/// The mean of what `term` adds to a sum for each pair of two rows; 0 of no pair.
#[inline(always)]
fn mean<T: Float>(left: &[T], right: &[T], term: impl Fn(T, T, T) -> T) -> T {
    const SUMS: usize = 16;
    let mut sums = [T::ZERO; SUMS];
    let (lefts, left_rest) = left.as_chunks::<SUMS>();
    let (rights, right_rest) = right.as_chunks::<SUMS>();
    for (left, right) in lefts.iter().zip(rights) {
        for at in 0..SUMS {
            sums[at] = term(sums[at], left[at], right[at]);
        }
    }
    for (sum, (left, right)) in sums.iter_mut().zip(left_rest.iter().zip(right_rest)) {
        *sum = term(*sum, *left, *right);
    }
    let sum = sums.into_iter().fold(T::ZERO, |sum, part| sum + part);
    sum / T::from_f64(left.len().max(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers<T: Float>(count: usize, seed: f64) -> Vec<T> {
        let number = |at: usize| 2.0 * libm::sin(1.7 * (at as f64 + 1.0) * seed) + 0.5;
        (0..count).map(|at| T::from_f64(number(at))).collect()
    }

    #[test]
    fn a_normalised_row_has_mean_0_and_variance_1() {
        let values: Vec<f64> = numbers(37, 1.3);
        let mut normalised = values.clone();
        let inverse = normalize(Level::current(), &mut normalised, 0.0);
        let mean = |of: &dyn Fn(f64) -> f64, values: &[f64]| {
            values.iter().map(|value| of(*value)).sum::<f64>() / 37.0
        };
        assert!(mean(&|x| x, &normalised).abs() < 1e-15);
        assert!((mean(&|x| x * x, &normalised) - 1.0).abs() < 1e-14);
        let centre = mean(&|x| x, &values);
        let variance = mean(&|x| (x - centre) * (x - centre), &values);
        assert!((inverse * inverse * variance - 1.0).abs() < 1e-14);
    }

    #[test]
    fn epsilon_is_below_the_root() {
        let mut values = [3.0f64; 5];
        let inverse = normalize(Level::current(), &mut values, 0.0625);
        assert!((inverse - 4.0).abs() < 1e-15);
        assert!(values.iter().all(|value| value.abs() < 1e-300));
    }

    /// Forward and back over one row.
    fn run<T: Compiled>(level: Level, size: usize) -> Vec<T> {
        let [mut x, gain, shift, grad] = [0.7, 1.1, 1.9, 2.3].map(|seed| numbers::<T>(size, seed));
        let (mut out, mut grad_gain) = (numbers::<T>(size, 3.1), vec![T::ZERO; size]);
        let inverse_deviation = normalize(level, &mut x, T::from_f64(1e-5));
        add_scaled(level, &mut out, &x, ScaleShift { gain: &gain, shift: &shift });
        let row = NormalizeBackward {
            grad: &grad,
            gain: &gain,
            inverse_deviation,
            normalized: &mut x,
            grad_gain: &mut grad_gain,
        };
        normalize_backward(level, row);
        [out, x, grad_gain].concat()
    }

    #[test]
    fn every_level_gives_the_same_bits() {
        for size in [0, 1, 15, 16, 37, 64] {
            for level in Level::ALL {
                assert_eq!(run::<f32>(level, size), run::<f32>(Level::Portable, size), "{level:?}");
                assert_eq!(run::<f64>(level, size), run::<f64>(Level::Portable, size), "{level:?}");
            }
        }
    }

    #[test]
    fn backward_agrees_with_central_differences() {
        const SIZE: usize = 19;
        let [a, gain, shift, grad] = [0.7, 1.1, 1.9, 2.3].map(|seed| numbers::<f64>(SIZE, seed));
        let loss = |a: &[f64]| {
            let (mut x, mut out) = (a.to_vec(), vec![0.0; SIZE]);
            normalize(Level::current(), &mut x, 1e-2);
            add_scaled(Level::current(), &mut out, &x, ScaleShift { gain: &gain, shift: &shift });
            out.iter().zip(&grad).map(|(out, grad)| out * grad).sum::<f64>()
        };
        let mut normalized = a.clone();
        let inverse_deviation = normalize(Level::current(), &mut normalized, 1e-2);
        let mut grad_gain = vec![0.0; SIZE];
        let row = NormalizeBackward {
            grad: &grad,
            gain: &gain,
            inverse_deviation,
            normalized: &mut normalized,
            grad_gain: &mut grad_gain,
        };
        normalize_backward(Level::current(), row);
        for at in 0..SIZE {
            let moved = |by: f64| {
                let mut a = a.clone();
                a[at] += by;
                loss(&a)
            };
            let difference = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            assert!((difference - normalized[at]).abs() < 1e-8, "{at}");
        }
    }
}
