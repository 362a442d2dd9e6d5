//! Lanes in an ordinary array, for any processor.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::{Arithmetic, Bits, Lane, Vector};
use crate::activation::{MANTISSA_BITS, sigmoid_of_each, tanh_of_each};
use crate::float::Float;
use crate::level::Level;

/// Whether each fused multiply-add is a call, as on x86-64 below AVX2: code that repeats it for many lanes
/// gains nothing.
const FUSED_BY_CALLS: bool = cfg!(all(target_arch = "x86_64", not(target_feature = "fma")));

/// `a * b + c` of each lane.
#[inline(never)]
fn mul_add_each<T: Float, const N: usize>(a: &[T; N], b: &[T; N], mut c: [T; N]) -> [T; N] {
    for lane in 0..N {
        c[lane] = a[lane].mul_add(b[lane], c[lane]);
    }
    c
}

/// `N` numbers in an ordinary array.
#[derive(Clone, Copy)]
pub(crate) struct Lanes<T, const N: usize>([T; N]);

impl<T: Copy> Lanes<T, 1> {
    /// One number.
    #[inline(always)]
    pub(crate) fn one(value: T) -> Self {
        Lanes([value])
    }

    /// The number.
    #[inline(always)]
    pub(crate) fn get(self) -> T {
        self.0[0]
    }
}

impl<T: Float, const N: usize> Lanes<T, N> {
    #[inline(always)]
    fn with(self, other: Self, operation: impl Fn(T, T) -> T) -> Self {
        let mut lanes = self.0;
        for lane in 0..N {
            lanes[lane] = operation(lanes[lane], other.0[lane]);
        }
        Lanes(lanes)
    }
}

impl<T: Float, const N: usize> Add for Lanes<T, N> {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.with(other, |a, b| a + b)
    }
}

impl<T: Float, const N: usize> Sub for Lanes<T, N> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.with(other, |a, b| a - b)
    }
}

impl<T: Float, const N: usize> Mul for Lanes<T, N> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.with(other, |a, b| a * b)
    }
}

impl<T: Float, const N: usize> Div for Lanes<T, N> {
    type Output = Self;
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        self.with(other, |a, b| a / b)
    }
}

impl<T: Float, const N: usize> Neg for Lanes<T, N> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Lanes(self.0.map(|lane| -lane))
    }
}

impl<T: Float + Lane, const N: usize> Arithmetic for Lanes<T, N> {
    type Element = T;
    type Mask = [bool; N];

    #[inline(always)]
    fn splat(value: T) -> Self {
        Lanes([value; N])
    }
    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        if const { N > 1 && FUSED_BY_CALLS } {
            return Lanes(mul_add_each(&self.0, &factor.0, term.0));
        }
        let mut lanes = term.0;
        for lane in 0..N {
            lanes[lane] = self.0[lane].mul_add(factor.0[lane], lanes[lane]);
        }
        Lanes(lanes)
    }
    #[inline(always)]
    fn abs(self) -> Self {
        Lanes(self.0.map(T::abs))
    }
    #[inline(always)]
    fn clamp_below(self, lowest: Self) -> Self {
        self.with(lowest, |value, lowest| if value < lowest { lowest } else { value })
    }
    #[inline(always)]
    fn clamp_above(self, highest: Self) -> Self {
        self.with(highest, |value, highest| if value > highest { highest } else { value })
    }
    #[inline(always)]
    fn less(self, other: Self) -> [bool; N] {
        std::array::from_fn(|lane| self.0[lane] < other.0[lane])
    }
    #[inline(always)]
    fn at_most(self, other: Self) -> [bool; N] {
        std::array::from_fn(|lane| self.0[lane] <= other.0[lane])
    }
    #[inline(always)]
    fn select(mask: [bool; N], yes: Self, no: Self) -> Self {
        Lanes(std::array::from_fn(|lane| if mask[lane] { yes.0[lane] } else { no.0[lane] }))
    }
    #[inline(always)]
    fn tanh(self) -> Self {
        if const { N > 1 && FUSED_BY_CALLS } {
            return self.map_slices(|_, lanes| tanh_of_each(lanes));
        }
        Lanes(self.0.map(T::tanh))
    }
    #[inline(always)]
    fn sigmoid(self) -> Self {
        if const { N > 1 && FUSED_BY_CALLS } {
            return self.map_slices(|_, lanes| sigmoid_of_each(lanes));
        }
        Lanes(self.0.map(T::sigmoid))
    }
    #[inline(always)]
    fn map_slices(mut self, function: impl Fn(Level, &mut [T]) + Copy) -> Self {
        function(Level::Portable, &mut self.0);
        self
    }
    #[inline(always)]
    fn zip_slices(mut self, other: Self, function: impl Fn(Level, &mut [T], &[T]) + Copy) -> Self {
        function(Level::Portable, &mut self.0, &other.0);
        self
    }
}

impl<const N: usize> Bits for Lanes<f32, N> {
    #[inline(always)]
    fn with_sign_of(self, other: Self) -> Self {
        let sign = (-0.0f32).to_bits();
        self.with(other, |a, b| f32::from_bits(a.to_bits() | (b.to_bits() & sign)))
    }
    #[inline(always)]
    fn low_bits_to_exponent(self) -> Self {
        Lanes(self.0.map(|lane| f32::from_bits(lane.to_bits() << MANTISSA_BITS)))
    }
}

impl<T: Float + Lane, const N: usize> Vector for Lanes<T, N> {
    const LEVEL: Level = Level::Portable;
    const LANES: usize = N;
    // Where each fused multiply-add is a call, a block of more than one row of one panel is only more code.
    const ACCUMULATORS: usize = if FUSED_BY_CALLS { 2 } else { 12 };
    const MASKS: bool = false;

    #[inline(always)]
    fn load(values: &[T]) -> Self {
        let mut lanes = [T::ZERO; N];
        lanes.copy_from_slice(&values[..N]);
        Lanes(lanes)
    }
    #[inline(always)]
    fn store(self, target: &mut [T]) {
        target[..N].copy_from_slice(&self.0);
    }
}
