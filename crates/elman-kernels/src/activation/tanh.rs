//! `tanh x` in f32.
//!
//! A rational approximation takes 60 % of the time of what is here, but on the way it leaves [-1, 1],
//! is off by 5 ulp and goes down where it should go up. Two formulas with one select between them have
//! none of that: they meet where `tanh x = 1/2`, because from there on `1 - t` has `t <= 1/2`, and the
//! errors of `t` shrink in it.

use std::f32::consts::{LN_2, LOG2_E};

use super::exp::{EXPONENT_BIAS, TO_INTEGER};
use crate::vector::Bits;

/// Where the formulas meet: the next number with four digits above `atanh 1/2`.
pub(super) const MEETING_POINT: f32 = 0.5494;

/// From 9.0109 on `tanh x` rounds to 1; beyond 10 the exponent arithmetic need not go.
pub(super) const CLAMP: f32 = 10.0;

/// `tanh x`.
#[inline(always)]
pub(crate) fn tanh_f32<V: Bits>(x: V) -> V {
    let a = x.abs();
    // A NaN fails the comparison, and `large` hands it on.
    V::select(a.less(V::splat(MEETING_POINT)), small(a), large(a)).with_sign_of(x)
}

/// `tanh a = a + a³·p(a²)` for `0 <= a < 0.55`.
///
/// Minimax coefficients for the relative error, 0.62·2^-24, from `tools/activation_constants.py`.
#[inline(always)]
fn small<V: Bits>(a: V) -> V {
    let s = a * a;
    let p = s.mul_add(V::splat(0.016_437_879), V::splat(-0.052_672_01));
    let p = s.mul_add(p, V::splat(0.133_207_29));
    let p = s.mul_add(p, V::splat(-0.333_329_47));
    (a * s).mul_add(p, a)
}

/// `tanh a = 1 - 2 / (1 + e^(2a))` for `a >= 0.54`.
///
/// `e^(2a) = 2^n·e^(2r)` with `n = round(2a / ln 2)` and `r = a - n·ln 2 / 2`. One f32 is enough for
/// `ln 2 / 2`: its error of 1e-9, n times, matters only where `2^n` has made the quotient small.
///
/// The polynomial `(e^(2r) - 1) / r`, `|r| <= ln 2 / 4`, has the error that the roundings leave room
/// for within 1.5 ulp: fitted under that weight by `tools/activation_constants.py`.
#[inline(always)]
fn large<V: Bits>(a: V) -> V {
    let one = V::splat(1.0);
    let offset = V::splat(TO_INTEGER + EXPONENT_BIAS);
    let a = a.clamp_above(V::splat(CLAMP));
    let biased = a.mul_add(V::splat(2.0 * LOG2_E), offset);
    let r = (biased - offset).mul_add(V::splat(-0.5 * LN_2), a);
    let q = r.mul_add(V::splat(0.262_210_37), V::splat(0.670_162_7));
    let q = r.mul_add(q, V::splat(1.333_528_5));
    let q = r.mul_add(q, V::splat(1.999_970_6));
    let q = r.mul_add(q, V::splat(1.999_998_6));
    let scale = biased.low_bits_to_exponent(); // 2^n
    // 1 + 2^n·e^(2r) with one rounding of the sum: e^(2r) itself is never rounded.
    let denominator = (scale * r).mul_add(q, scale + one);
    one - V::splat(2.0) / denominator
}
