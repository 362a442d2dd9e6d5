//! Activation functions over slices, the same bits at every level.
//!
//! The f32 functions are branch-free: fused multiply-adds, selects, bit operations and one division,
//! each of them exactly rounded. A loop over a slice therefore becomes vector code where the level
//! has it, and gives the same bits where it has not. The f64 functions are those of the `libm` crate,
//! one value at a time.
//!
//! [`Float::exp`], [`Float::tanh`], [`Float::sigmoid`] and [`Float::relu`] are the same functions for
//! one value, with the same bits.
//!
//! Errors are in ulp: the distance between neighbouring floats at the exact result.

mod exp;
mod sigmoid;
mod tanh;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub(crate) use exp::{MANTISSA_BITS, exp_f32};
pub(crate) use sigmoid::{sigmoid_f32, sigmoid_f64};
pub(crate) use tanh::tanh_f32;

use crate::{Float, Kernel, Level, dispatch};

/// Replaces every value by its hyperbolic tangent.
///
/// ```
/// use elman_kernels::{Level, activation};
///
/// let mut values = [-100.0f32, 0.0, 1e-5, f32::INFINITY];
/// activation::tanh(Level::current(), &mut values);
/// assert_eq!(values, [-1.0, 0.0, 1e-5, 1.0]);
/// ```
///
/// # Accuracy
///
/// f32: at most 1.547 ulp, odd, monotone, in [-1, 1]; held by the tests `tanh_on_a_sample` and, over
/// all floats, `exhaustive`. f64: as the `libm` crate.
pub fn tanh<T: Float>(level: Level, values: &mut [T]) {
    map(level, values, T::tanh);
}

/// Replaces every value by `σ(x) = 1 / (1 + e^-x)`.
///
/// ```
/// use elman_kernels::{Level, activation};
///
/// let mut values = [f64::NEG_INFINITY, -700.0, 0.0, 40.0];
/// activation::sigmoid(Level::current(), &mut values);
/// assert_eq!(values, [0.0, 9.85967654375977e-305, 0.5, 1.0]);
/// ```
///
/// # Accuracy
///
/// f32: at most 1.695 ulp, the subnormal results included, monotone, in [0, 1]; held by
/// `sigmoid_on_a_sample` and, over all floats, `exhaustive`. f64: 3e-16 of the result at both ends
/// (`sigmoid_in_f64_keeps_its_digits_on_both_sides`).
pub fn sigmoid<T: Float>(level: Level, values: &mut [T]) {
    map(level, values, T::sigmoid);
}

/// Replaces every value that is not above 0 by 0; NaN stays NaN.
///
/// ```
/// use elman_kernels::{Level, activation};
///
/// let mut values = [-2.0f32, 0.0, 3.0];
/// activation::relu(Level::current(), &mut values);
/// assert_eq!(values, [0.0, 0.0, 3.0]);
/// ```
pub fn relu<T: Float>(level: Level, values: &mut [T]) {
    map(level, values, T::relu);
}

/// Replaces every value by `e^x`.
///
/// ```
/// use elman_kernels::{Level, activation};
///
/// let mut values = [f32::NEG_INFINITY, 0.0, 1.0, 100.0];
/// activation::exp(Level::current(), &mut values);
/// assert_eq!(values, [0.0, 1.0, std::f32::consts::E, f32::INFINITY]);
/// ```
///
/// # Accuracy
///
/// f32: at most 1.012 ulp, the subnormal results included, monotone, never negative; held by
/// `exp_on_a_sample` and, over all floats, `exhaustive`. f64: as the `libm` crate.
pub fn exp<T: Float>(level: Level, values: &mut [T]) {
    map(level, values, T::exp);
}

/// `x ← tanh x`, one value after the other. A call where vectors have no instructions for it: in line, every
/// loop would repeat it for each of its lanes.
#[inline(never)]
pub(crate) fn tanh_of_each<T: Float>(values: &mut [T]) {
    for value in values {
        *value = value.tanh();
    }
}

/// As [`tanh_of_each`], `x ← σ(x)`.
#[inline(never)]
pub(crate) fn sigmoid_of_each<T: Float>(values: &mut [T]) {
    for value in values {
        *value = value.sigmoid();
    }
}

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
