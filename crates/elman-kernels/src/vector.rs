//! A few floats side by side: the one abstraction over instruction sets.
//!
//! A kernel is written once over [`Vector`] and compiled once per level. Lanes never mix, so the
//! number of lanes cannot change a result.

mod lanes;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::ops::{Add, Div, Mul, Neg, Sub};

pub(crate) use lanes::Lanes;

use crate::float::Float;
use crate::level::Level;

/// Arithmetic on some numbers side by side, one rounding per lane and operation: what formulas are
/// written over.
pub(crate) trait Arithmetic:
    Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// The element type.
    type Element: Float + Lane;
    /// One truth value per lane.
    type Mask: Copy;

    /// The same value in every lane.
    fn splat(value: Self::Element) -> Self;
    /// `self * factor + term`, one rounding per lane.
    fn mul_add(self, factor: Self, term: Self) -> Self;
    /// The absolute value.
    fn abs(self) -> Self;
    /// `lowest` in lanes that are below it; a NaN stays.
    fn clamp_below(self, lowest: Self) -> Self;
    /// `highest` in lanes that are above it; a NaN stays.
    fn clamp_above(self, highest: Self) -> Self;
    /// `self < other`; false where one is NaN.
    fn less(self, other: Self) -> Self::Mask;
    /// `self <= other`; false where one is NaN.
    fn at_most(self, other: Self) -> Self::Mask;
    /// `yes` where the mask is true, else `no`.
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self;
    /// The hyperbolic tangent, see [`Float::tanh`].
    fn tanh(self) -> Self;
    /// `1 / (1 + e^-self)`, see [`Float::sigmoid`].
    fn sigmoid(self) -> Self;
    /// Hands the lanes to `function` as slices, with the level whose instructions these are, and takes
    /// over what it makes of them. For what is not worth instructions of its own in every loop.
    fn map_slices(self, function: impl Fn(Level, &mut [Self::Element]) + Copy) -> Self;
    /// As [`map_slices`](Self::map_slices), with the lanes of another beside them.
    fn zip_slices(
        self,
        other: Self,
        function: impl Fn(Level, &mut [Self::Element], &[Self::Element]) + Copy,
    ) -> Self;
}

/// What the elementary functions of f32 need of its bits.
pub(crate) trait Bits: Arithmetic<Element = f32> {
    /// The bits of `self`, with the sign bit set where `other` has it.
    fn with_sign_of(self, other: Self) -> Self;
    /// The bits, moved up by those of a mantissa: the low bits become the exponent.
    fn low_bits_to_exponent(self) -> Self;
}

/// `LANES` elements that are computed side by side.
///
/// Implementations over vector registers must only be used inside a function compiled for that
/// instruction set; kernels keep to it by reaching them through [`crate::level::Level`] alone.
pub(crate) trait Vector: Arithmetic {
    /// The level whose instructions these are.
    const LEVEL: Level;
    /// How many elements.
    const LANES: usize;
    /// Accumulators that fit in the registers beside panels and a broadcast.
    const ACCUMULATORS: usize;
    /// The most panels of a tile of several rows.
    const MOST_PANELS: usize = if <Self::Element as Lane>::IS_COMPACT { 2 } else { 4 };
    /// Whether [`load_some`](Self::load_some) and [`store_some`](Self::store_some) are instructions, and
    /// not a detour through memory.
    const MASKS: bool;

    /// The first `LANES` elements of `values`.
    fn load(values: &[Self::Element]) -> Self;
    /// Writes the lanes to the first `LANES` elements of `target`.
    fn store(self, target: &mut [Self::Element]);

    /// As many values as there are, at most all lanes of `N` vectors; the other lanes are zero.
    #[inline(always)]
    fn load_some<const N: usize>(values: &[Self::Element]) -> [Self; N] {
        let Line(line) = &mut Line([Self::Element::ZERO; LINE]);
        line[..values.len()].copy_from_slice(values);
        let mut vectors = [Self::splat(Self::Element::ZERO); N];
        for (v, vector) in vectors.iter_mut().enumerate() {
            *vector = Self::load(&line[v * Self::LANES..]);
        }
        vectors
    }

    /// Writes as many lanes of `N` vectors as `target` has room for.
    #[inline(always)]
    fn store_some<const N: usize>(vectors: [Self; N], target: &mut [Self::Element]) {
        let Line(line) = &mut Line([Self::Element::ZERO; LINE]);
        for (v, vector) in vectors.into_iter().enumerate() {
            vector.store(&mut line[v * Self::LANES..]);
        }
        target.copy_from_slice(&line[..target.len()]);
    }

    /// Lets the cache line of the first value come into the processor's own cache. Does nothing where that
    /// cannot be said.
    #[inline(always)]
    fn prefetch(_line: &[Self::Element]) {}
}

/// The values of a row of a panel, as weights are packed: 64 bytes.
#[must_use]
pub(crate) const fn panel_width<T: Float>() -> usize {
    64 / size_of::<T>()
}

/// Registers that hold a row of a panel.
pub(crate) const fn registers_per_panel<V: Vector>() -> usize {
    panel_width::<V::Element>() / V::LANES
}

/// The most values of a panel: 64 bytes of `f32`.
const LINE: usize = 16;

/// From the start of a cache line on.
#[repr(align(64))]
struct Line<T>([T; LINE]);

/// The vector types of an element type, one for each level. Private to this crate: whoever could name
/// them could run an instruction that the processor lacks, from safe code.
pub(crate) trait Lane: Sized {
    /// Whether kernels have few shapes and call their functions. The compiler spends most of its time on
    /// the shapes of tiles and on functions in line; f64, with which results are checked more often
    /// than networks are trained, gives up a little speed for it.
    const IS_COMPACT: bool;
    /// Lanes for any processor.
    type Portable: Vector<Element = Self>;
    /// Lanes of AVX2.
    #[cfg(target_arch = "x86_64")]
    type Avx2: Vector<Element = Self>;
    /// Lanes of AVX-512.
    #[cfg(target_arch = "x86_64")]
    type Avx512: Vector<Element = Self>;
}

impl Lane for f32 {
    const IS_COMPACT: bool = false;
    type Portable = Lanes<f32, 8>;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = x86::Avx2F32;
    #[cfg(target_arch = "x86_64")]
    type Avx512 = x86::Avx512F32;
}

impl Lane for f64 {
    const IS_COMPACT: bool = true;
    type Portable = Lanes<f64, 4>;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = x86::Avx2F64;
    #[cfg(target_arch = "x86_64")]
    type Avx512 = x86::Avx512F64;
}
