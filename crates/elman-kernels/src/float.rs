//! The two number types of the kernels, `f32` and `f64`, and the scalar functions that give the
//! same bits on every machine.

use std::fmt::{Debug, Display};
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use crate::activation::{exp_f32, sigmoid_f32, sigmoid_f64, tanh_f32};
use crate::vector::Lanes;

mod sealed {
    /// Kernels are compiled for these two types and count on there being no third.
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// `f32` or `f64`.
///
/// The functions here are not those of `std`, whose last bits depend on the platform's C library. All
/// but the longest are inlined always: see rule 1 of the module `dispatch`.
pub trait Float:
    sealed::Sealed
    + Copy
    + Default
    + Debug
    + Display
    + PartialEq
    + PartialOrd
    + Send
    + Sync
    + Sum
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
    + 'static
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// `"f32"` or `"f64"`.
    const NAME: &'static str;
    /// Words of 32 bits that hold the value's bits: 1 or 2.
    const WORDS: usize;

    /// The nearest value to `value`.
    fn from_f64(value: f64) -> Self;
    /// The value, exactly.
    fn to_f64(self) -> f64;
    /// The bits, lower word first.
    fn to_words(self) -> [u32; 2];
    /// The value of these bits.
    fn from_words(words: [u32; 2]) -> Self;
    /// `self * factor + term` with one rounding.
    #[must_use]
    fn mul_add(self, factor: Self, term: Self) -> Self;
    /// The absolute value.
    #[must_use]
    fn abs(self) -> Self;
    /// The square root, correctly rounded.
    #[must_use]
    fn sqrt(self) -> Self;
    /// `e^self`.
    #[must_use]
    fn exp(self) -> Self;
    /// The natural logarithm.
    #[must_use]
    fn ln(self) -> Self;
    /// `ln(1 + self)`, exact near 0.
    #[must_use]
    fn ln_1p(self) -> Self;
    /// The hyperbolic tangent.
    #[must_use]
    fn tanh(self) -> Self;
    /// `1 / (1 + e^-self)`.
    #[must_use]
    fn sigmoid(self) -> Self;
    /// The value where it is above 0, else 0; NaN stays NaN.
    #[must_use]
    fn relu(self) -> Self;
    /// Neither infinite nor NaN.
    fn is_finite(self) -> bool;
    /// The larger one; the other one if one is NaN.
    #[must_use]
    fn max(self, other: Self) -> Self;
    /// The smaller one; the other one if one is NaN.
    #[must_use]
    fn min(self, other: Self) -> Self;
}

impl Float for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const NAME: &'static str = "f32";
    const WORDS: usize = 1;

    #[inline(always)]
    fn to_words(self) -> [u32; 2] {
        [self.to_bits(), 0]
    }
    #[inline(always)]
    fn from_words([word, _]: [u32; 2]) -> Self {
        Self::from_bits(word)
    }

    #[inline(always)]
    #[allow(clippy::cast_possible_truncation, reason = "rounding to the nearest f32 is the job")]
    fn from_f64(value: f64) -> Self {
        value as f32
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        f32::mul_add(self, factor, term)
    }
    #[inline(always)]
    fn abs(self) -> Self {
        f32::abs(self)
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        f32::sqrt(self)
    }
    #[inline(always)]
    fn exp(self) -> Self {
        exp_f32(self)
    }
    #[inline(always)]
    fn ln(self) -> Self {
        Self::from_f64(libm::log(f64::from(self)))
    }
    #[inline(always)]
    fn ln_1p(self) -> Self {
        Self::from_f64(libm::log1p(f64::from(self)))
    }
    #[inline(always)]
    fn tanh(self) -> Self {
        tanh_f32(Lanes::one(self)).get()
    }
    #[inline(always)]
    fn sigmoid(self) -> Self {
        sigmoid_f32(Lanes::one(self)).get()
    }
    #[inline(always)]
    fn relu(self) -> Self {
        // The comparison this way round lets NaN through and makes -0 a 0.
        if self <= 0.0 { 0.0 } else { self }
    }
    #[inline(always)]
    fn is_finite(self) -> bool {
        f32::is_finite(self)
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        f32::max(self, other)
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        f32::min(self, other)
    }
}

impl Float for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const NAME: &'static str = "f64";
    const WORDS: usize = 2;

    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "each half has 32 bits")]
    fn to_words(self) -> [u32; 2] {
        let bits = self.to_bits();
        [(bits & u64::from(u32::MAX)) as u32, (bits >> 32) as u32]
    }
    #[inline(always)]
    fn from_words([low, high]: [u32; 2]) -> Self {
        Self::from_bits(u64::from(high) << 32 | u64::from(low))
    }

    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        f64::mul_add(self, factor, term)
    }
    #[inline(always)]
    fn abs(self) -> Self {
        f64::abs(self)
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        f64::sqrt(self)
    }
    #[inline]
    fn exp(self) -> Self {
        libm::exp(self)
    }
    #[inline]
    fn ln(self) -> Self {
        libm::log(self)
    }
    #[inline]
    fn ln_1p(self) -> Self {
        libm::log1p(self)
    }
    #[inline]
    fn tanh(self) -> Self {
        libm::tanh(self)
    }
    #[inline(always)]
    fn sigmoid(self) -> Self {
        sigmoid_f64(self)
    }
    #[inline(always)]
    fn relu(self) -> Self {
        // The comparison this way round lets NaN through and makes -0 a 0.
        if self <= 0.0 { 0.0 } else { self }
    }
    #[inline(always)]
    fn is_finite(self) -> bool {
        f64::is_finite(self)
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        f64::max(self, other)
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        f64::min(self, other)
    }
}
