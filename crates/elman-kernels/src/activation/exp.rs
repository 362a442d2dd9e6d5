//! `e^x` in f32, and the range reduction that [`sigmoid_f32`](super::sigmoid::sigmoid_f32) shares.
//!
//! With `n = round(x / ln 2)` and `r = x - n·ln 2`, `|r| <= ln 2 / 2`: `e^x = 2^n·e^r`.

use std::f32::consts::LOG2_E;

use crate::vector::{Bits, Lanes};

/// `1.5·2^23`: a sum with it is rounded to an integer, which its low mantissa bits then hold.
pub(super) const TO_INTEGER: f32 = 12_582_912.0;

/// The bits of an f32 below its exponent.
pub(crate) const MANTISSA_BITS: u32 = 23;

/// The bias of an f32's exponent: `1.0` has the exponent field 127.
pub(super) const EXPONENT_BIAS: f32 = 127.0;

/// `355/512`: `ln 2` with so few bits that `n·LN2_HIGH` and `x - n·LN2_HIGH` are exact for
/// `|n| <= 256` (Cody and Waite, Software Manual for the Elementary Functions, 1980, chapter 6).
const LN2_HIGH: f32 = 0.693_359_4;

/// `ln 2 - LN2_HIGH`.
const LN2_LOW: f32 = -0.000_212_194_44;

/// `x = n·ln 2 + r`.
pub(super) struct Reduced<V> {
    /// `TO_INTEGER + offset + n`, whose low bits are `offset + n` as an integer.
    pub(super) biased: V,
    /// `|r| <= ln 2 / 2`, less one rounding in `biased`.
    pub(super) r: V,
}

/// Splits `x`, `|x| < 170`, into a power of 2 and a rest; `offset` is added to the power.
#[inline(always)]
pub(super) fn reduce<V: Bits>(x: V, offset: f32) -> Reduced<V> {
    let offset = V::splat(TO_INTEGER + offset);
    let biased = x.mul_add(V::splat(LOG2_E), offset);
    let n = biased - offset;
    let r = n.mul_add(V::splat(-LN2_LOW), n.mul_add(V::splat(-LN2_HIGH), x));
    Reduced { biased, r }
}

/// `e^r - 1` for `|r| <= ln 2 / 2`, monotone.
///
/// Minimax coefficients of degree 6 for `e^r` with the first two fixed at 1, relative error
/// 0.053·2^-24, from `tools/activation_constants.py`. The sum `r + r²·q` is rounded on its own: Horner's
/// `1 + r·(1 + r·q)` would be one operation less, but the rounding error of its bracket, times `r`,
/// is larger than the step from one `r` to the next, and `e^x` would go down here and there.
#[inline(always)]
pub(super) fn exp_minus_1<V: Bits>(r: V) -> V {
    let q = r.mul_add(V::splat(0.001_382_147), V::splat(0.008_368_663));
    let q = r.mul_add(q, V::splat(0.041_668_255));
    let q = r.mul_add(q, V::splat(0.166_665_21));
    let q = r.mul_add(q, V::splat(0.499_999_94));
    (r * r).mul_add(q, r)
}

/// `2^k` for `k` in `-126..=127`, some float for any other `k`.
#[inline(always)]
fn power_of_two(k: i32) -> f32 {
    let one = 1.0f32.to_bits();
    f32::from_bits((k.cast_unsigned() << MANTISSA_BITS).wrapping_add(one))
}

/// `e^x`: infinite from 88.72284 on, subnormal below -87.33655, 0 below -103.97208.
#[inline(always)]
pub(crate) fn exp_f32(x: f32) -> f32 {
    // Past these the result is 0 or infinite; a NaN fails both comparisons and stays.
    let x = if x < -104.5 { -104.5 } else { x };
    let x = if x > 89.0 { 89.0 } else { x };
    let Reduced { biased, r } = reduce(Lanes::one(x), 0.0);
    let (biased, grown) = (biased.get(), 1.0 + exp_minus_1(r).get());
    // 2^n in two halves: n runs from -151 to 128, beyond the exponents of one f32. The first product
    // is exact, so the result is rounded once, in the subnormals too. After a NaN the halves are
    // arbitrary numbers or NaN, and NaN times either is NaN.
    let n = biased.to_bits().cast_signed().wrapping_sub(TO_INTEGER.to_bits().cast_signed());
    let half = n >> 1;
    grown * power_of_two(half) * power_of_two(n.wrapping_sub(half))
}
