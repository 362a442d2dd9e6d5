//! `1 / (1 + e^-x)` in f32 and f64.

use super::exp::{EXPONENT_BIAS, Reduced, exp_minus_1, reduce};
use crate::vector::Bits;

/// `1 / (1 + e^-x)` as `c / (c + c·e^-x)` with `c = 2^-24`.
///
/// The factor keeps the denominator finite down to `x = -104`, where the result has left even the
/// subnormals, so one formula serves both sides. Every step is monotone: a rounded sum and a rounded
/// quotient never turn an order round.
#[inline(always)]
pub(crate) fn sigmoid_f32<V: Bits>(x: V) -> V {
    const LOG2_C: f32 = -24.0;
    let c = V::splat(1.0 / 16_777_216.0);
    // Below, the result is 0; from 17.4 on it is 1.
    let x = x.clamp_below(V::splat(-104.0)).clamp_above(V::splat(32.0));
    let Reduced { biased, r } = reduce(-x, EXPONENT_BIAS + LOG2_C);
    let scale = biased.low_bits_to_exponent(); // c·2^n
    // c + scale·e^r with one rounding of the sum: e^r itself is never rounded. From n = 24 on the sum
    // of the powers of 2 loses c, which the result still shows; Dekker's Fast2Sum finds what was lost.
    let sum = scale + c;
    let lost = c - (sum - scale);
    let denominator = sum + scale.mul_add(exp_minus_1(r), lost);
    c / denominator
}

/// `1 / (1 + e^-x)`; for negative `x` as `e^x / (1 + e^x)`, which neither overflows nor loses digits.
#[inline]
pub(crate) fn sigmoid_f64(x: f64) -> f64 {
    let small = libm::exp(-x.abs());
    let numerator = if x < 0.0 { small } else { 1.0 };
    numerator / (1.0 + small)
}
