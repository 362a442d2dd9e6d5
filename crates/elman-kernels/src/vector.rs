//! A few floats side by side: the one abstraction over instruction sets.
//!
//! A kernel is written once over [`Vector`] and compiled once per level. Lanes never mix, so the
//! number of lanes cannot change a result.

use crate::float::Float;
use crate::level::Level;

/// `LANES` elements that are computed side by side.
///
/// Implementations over vector registers must only be used inside a function compiled for that
/// instruction set; `matmul` keeps to it by reaching them through [`crate::level::Level`] alone.
pub(crate) trait Vector: Copy {
    /// The element type.
    type Element: Float;
    /// The level whose instructions these are.
    const LEVEL: Level;
    /// How many elements.
    const LANES: usize;
    /// Accumulators that fit in the registers beside panels and a broadcast.
    const ACCUMULATORS: usize;

    /// The same value in every lane.
    fn splat(value: Self::Element) -> Self;
    /// The first `LANES` elements of `values`.
    fn load(values: &[Self::Element]) -> Self;
    /// Writes the lanes to the first `LANES` elements of `target`.
    fn store(self, target: &mut [Self::Element]);
    /// `self * factor + term`, one rounding per lane.
    fn mul_add(self, factor: Self, term: Self) -> Self;

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
    /// Asks for the cache line of the first value to come into the processor's own cache. Does nothing
    /// where that cannot be said.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn ask(_line: &[Self::Element]) {}
}

/// The most values of a panel: 64 bytes of `f32`.
const LINE: usize = 16;

/// From the start of a cache line on.
#[repr(align(64))]
struct Line<T>([T; LINE]);

/// Lanes in an ordinary array, for any processor.
#[derive(Clone, Copy)]
pub(crate) struct Lanes<T, const N: usize>([T; N]);

impl<T: Float, const N: usize> Vector for Lanes<T, N> {
    type Element = T;
    const LEVEL: Level = Level::Portable;
    const LANES: usize = N;
    // Without fused multiply-adds in hardware (x86-64 below AVX2) each one is a call, and a larger
    // block is only more code.
    const ACCUMULATORS: usize = if cfg!(target_arch = "x86_64") { 4 } else { 12 };

    #[inline(always)]
    fn splat(value: T) -> Self {
        Lanes([value; N])
    }
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
    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        let mut lanes = term.0;
        for (lane, (a, b)) in lanes.iter_mut().zip(self.0.into_iter().zip(factor.0)) {
            *lane = a.mul_add(b, *lane);
        }
        Lanes(lanes)
    }
}

/// One register type of an x86-64 instruction set as a [`Vector`].
#[cfg(target_arch = "x86_64")]
macro_rules! register {
    ($name:ident, $doc:literal, $level:ident, $register:ident, $element:ty, $lanes:literal, $accumulators:literal,
     $splat:ident, $load:ident, $store:ident, $mul_add:ident
     $(, $mask:ty, $load_masked:ident, $store_masked:ident)?) => {
        #[doc = $doc]
        #[derive(Clone, Copy)]
        pub(crate) struct $name(core::arch::x86_64::$register);

        impl Vector for $name {
            type Element = $element;
            const LEVEL: Level = Level::$level;
            const LANES: usize = $lanes;
            const ACCUMULATORS: usize = $accumulators;

            #[inline(always)]
            fn splat(value: $element) -> Self {
                // SAFETY: used only inside functions compiled for this instruction set.
                $name(unsafe { core::arch::x86_64::$splat(value) })
            }
            #[inline(always)]
            fn load(values: &[$element]) -> Self {
                let values = &values[..$lanes];
                // SAFETY: the slice holds LANES elements; the load needs no alignment.
                $name(unsafe { core::arch::x86_64::$load(values.as_ptr()) })
            }
            #[inline(always)]
            fn store(self, target: &mut [$element]) {
                let target = &mut target[..$lanes];
                // SAFETY: the slice holds LANES elements; the store needs no alignment.
                unsafe { core::arch::x86_64::$store(target.as_mut_ptr(), self.0) }
            }
            #[inline(always)]
            fn mul_add(self, factor: Self, term: Self) -> Self {
                // SAFETY: used only inside functions compiled for this instruction set.
                $name(unsafe { core::arch::x86_64::$mul_add(self.0, factor.0, term.0) })
            }
            $(
            #[inline(always)]
            fn load_some<const N: usize>(values: &[$element]) -> [Self; N] {
                let mut vectors = [Self::splat(0.0); N];
                for (vector, values) in vectors.iter_mut().zip(values.chunks($lanes)) {
                    let mask = <$mask>::MAX >> ($lanes - values.len());
                    // SAFETY: lanes beyond the values are masked, and memory of those is not touched.
                    *vector = $name(unsafe { core::arch::x86_64::$load_masked(mask, values.as_ptr()) });
                }
                vectors
            }
            #[inline(always)]
            fn store_some<const N: usize>(vectors: [Self; N], target: &mut [$element]) {
                for (vector, target) in vectors.iter().zip(target.chunks_mut($lanes)) {
                    let mask = <$mask>::MAX >> ($lanes - target.len());
                    // SAFETY: lanes beyond the target are masked, and memory of those is not touched.
                    unsafe { core::arch::x86_64::$store_masked(target.as_mut_ptr(), mask, vector.0) }
                }
            }
            )?
            #[inline(always)]
            fn ask(line: &[$element]) {
                use core::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
                // SAFETY: a hint, without effect on values, wherever it points.
                unsafe { _mm_prefetch::<_MM_HINT_T1>(line.as_ptr().cast()) }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
register!(
    Avx2F32,
    "Eight `f32` in an AVX2 register.",
    Avx2,
    __m256,
    f32,
    8,
    12,
    _mm256_set1_ps,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_fmadd_ps
);
#[cfg(target_arch = "x86_64")]
register!(
    Avx2F64,
    "Four `f64` in an AVX2 register.",
    Avx2,
    __m256d,
    f64,
    4,
    12,
    _mm256_set1_pd,
    _mm256_loadu_pd,
    _mm256_storeu_pd,
    _mm256_fmadd_pd
);
#[cfg(target_arch = "x86_64")]
register!(
    Avx512F32,
    "Sixteen `f32` in an AVX-512 register.",
    Avx512,
    __m512,
    f32,
    16,
    24,
    _mm512_set1_ps,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_fmadd_ps,
    u16,
    _mm512_maskz_loadu_ps,
    _mm512_mask_storeu_ps
);
#[cfg(target_arch = "x86_64")]
register!(
    Avx512F64,
    "Eight `f64` in an AVX-512 register.",
    Avx512,
    __m512d,
    f64,
    8,
    24,
    _mm512_set1_pd,
    _mm512_loadu_pd,
    _mm512_storeu_pd,
    _mm512_fmadd_pd,
    u8,
    _mm512_maskz_loadu_pd,
    _mm512_mask_storeu_pd
);

/// The vector types of an element type, one for each level. Private to this crate: whoever could name
/// them could run an instruction that the processor lacks, from safe code.
pub(crate) trait Lane: Sized {
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
    type Portable = Lanes<f32, 8>;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = Avx2F32;
    #[cfg(target_arch = "x86_64")]
    type Avx512 = Avx512F32;
}

impl Lane for f64 {
    type Portable = Lanes<f64, 4>;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = Avx2F64;
    #[cfg(target_arch = "x86_64")]
    type Avx512 = Avx512F64;
}
