//! The registers of AVX2 and AVX-512.

use core::arch::x86_64 as x86;
use core::arch::x86_64::{_CMP_LE_OQ, _CMP_LT_OQ};
use std::ops::{Add, Div, Mul, Neg, Sub};

use super::{Arithmetic, Bits, Vector};
use crate::activation::{MANTISSA_BITS, sigmoid_f32, sigmoid_of_each, tanh_f32, tanh_of_each};
use crate::level::Level;

/// One operator of a register type.
macro_rules! operator {
    ($name:ident, $trait:ident, $method:ident, $instruction:ident) => {
        impl $trait for $name {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                // SAFETY: used only inside functions compiled for this instruction set.
                $name(unsafe { x86::$instruction(self.0, other.0) })
            }
        }
    };
}

/// One register type of an x86-64 instruction set as a [`Vector`].
macro_rules! register {
    (
        $(#[$doc:meta])*
        $name:ident: $lanes:literal of $element:ident in $register:ident, $mask:ty,
        $level:ident with $accumulators:literal accumulators;
        $add:ident $sub:ident $mul:ident $div:ident $mul_add:ident $xor:ident $and_not:ident;
        $splat:ident $load:ident $store:ident $compare:ident $max:ident $min:ident;
        select($wanted:ident, $yes:ident, $no:ident) = $select:expr;
        $tanh:ident $sigmoid:ident;
        $($load_masked:ident $store_masked:ident)?
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub(crate) struct $name(x86::$register);

        operator!($name, Add, add, $add);
        operator!($name, Sub, sub, $sub);
        operator!($name, Mul, mul, $mul);
        operator!($name, Div, div, $div);

        impl Neg for $name {
            type Output = Self;
            #[inline(always)]
            fn neg(self) -> Self {
                let sign = Self::splat(-0.0);
                // SAFETY: used only inside functions compiled for this instruction set.
                $name(unsafe { x86::$xor(self.0, sign.0) })
            }
        }

        impl Arithmetic for $name {
            type Element = $element;
            type Mask = $mask;

            #[inline(always)]
            fn splat(value: $element) -> Self {
                // SAFETY: used only inside functions compiled for this instruction set.
                $name(unsafe { x86::$splat(value) })
            }
            #[inline(always)]
            fn mul_add(self, factor: Self, term: Self) -> Self {
                // SAFETY: used only inside functions compiled for this instruction set.
                $name(unsafe { x86::$mul_add(self.0, factor.0, term.0) })
            }
            #[inline(always)]
            fn abs(self) -> Self {
                let sign = Self::splat(-0.0);
                // SAFETY: used only inside functions compiled for this instruction set.
                $name(unsafe { x86::$and_not(sign.0, self.0) })
            }
            // Of a NaN and a number, the instructions take the second.
            #[inline(always)]
            fn clamp_below(self, lowest: Self) -> Self {
                // SAFETY: used only inside functions compiled for this instruction set.
                $name(unsafe { x86::$max(lowest.0, self.0) })
            }
            #[inline(always)]
            fn clamp_above(self, highest: Self) -> Self {
                // SAFETY: used only inside functions compiled for this instruction set.
                $name(unsafe { x86::$min(highest.0, self.0) })
            }
            #[inline(always)]
            fn less(self, other: Self) -> $mask {
                // SAFETY: used only inside functions compiled for this instruction set.
                unsafe { x86::$compare::<_CMP_LT_OQ>(self.0, other.0) }
            }
            #[inline(always)]
            fn at_most(self, other: Self) -> $mask {
                // SAFETY: used only inside functions compiled for this instruction set.
                unsafe { x86::$compare::<_CMP_LE_OQ>(self.0, other.0) }
            }
            #[inline(always)]
            fn select($wanted: $mask, $yes: Self, $no: Self) -> Self {
                // SAFETY: used only inside functions compiled for this instruction set.
                $name(unsafe { $select })
            }
            #[inline(always)]
            fn tanh(self) -> Self {
                $tanh(self)
            }
            #[inline(always)]
            fn sigmoid(self) -> Self {
                $sigmoid(self)
            }
            #[inline(always)]
            fn map_slices(self, function: impl Fn(Level, &mut [$element]) + Copy) -> Self {
                let mut lanes = [0.0; $lanes];
                self.store(&mut lanes);
                function(Level::$level, &mut lanes);
                Self::load(&lanes)
            }
            #[inline(always)]
            fn zip_slices(
                self,
                other: Self,
                function: impl Fn(Level, &mut [$element], &[$element]) + Copy,
            ) -> Self {
                let (mut lanes, mut others) = ([0.0; $lanes], [0.0; $lanes]);
                self.store(&mut lanes);
                other.store(&mut others);
                function(Level::$level, &mut lanes, &others);
                Self::load(&lanes)
            }
        }

        impl Vector for $name {
            const LEVEL: Level = Level::$level;
            const LANES: usize = $lanes;
            const ACCUMULATORS: usize = $accumulators;
            const MASKS: bool = matches!(Level::$level, Level::Avx512);

            #[inline(always)]
            fn load(values: &[$element]) -> Self {
                let values = &values[..$lanes];
                // SAFETY: the slice holds LANES elements; the load needs no alignment.
                $name(unsafe { x86::$load(values.as_ptr()) })
            }
            #[inline(always)]
            fn store(self, target: &mut [$element]) {
                let target = &mut target[..$lanes];
                // SAFETY: the slice holds LANES elements; the store needs no alignment.
                unsafe { x86::$store(target.as_mut_ptr(), self.0) }
            }
            $(
            #[inline(always)]
            fn load_some<const N: usize>(values: &[$element]) -> [Self; N] {
                let mut vectors = [Self::splat(0.0); N];
                for v in 0..N {
                    let Some(values) = values.get(v * $lanes..) else { break };
                    if values.is_empty() {
                        break;
                    }
                    let mask = <$mask>::MAX >> ($lanes - values.len().min($lanes));
                    // SAFETY: lanes beyond the values are masked, and memory of those is not touched.
                    vectors[v] = $name(unsafe { x86::$load_masked(mask, values.as_ptr()) });
                }
                vectors
            }
            #[inline(always)]
            fn store_some<const N: usize>(vectors: [Self; N], target: &mut [$element]) {
                for v in 0..N {
                    let Some(target) = target.get_mut(v * $lanes..) else { break };
                    if target.is_empty() {
                        break;
                    }
                    let mask = <$mask>::MAX >> ($lanes - target.len().min($lanes));
                    // SAFETY: lanes beyond the target are masked, and memory of those is not touched.
                    unsafe { x86::$store_masked(target.as_mut_ptr(), mask, vectors[v].0) }
                }
            }
            )?
            #[inline(always)]
            fn prefetch(line: &[$element]) {
                // SAFETY: a hint, without effect on values, wherever it points.
                unsafe { x86::_mm_prefetch::<{ x86::_MM_HINT_T1 }>(line.as_ptr().cast()) }
            }
        }
    };
}

register! {
    /// Eight `f32` in an AVX2 register.
    Avx2F32: 8 of f32 in __m256, x86::__m256, Avx2 with 12 accumulators;
    _mm256_add_ps _mm256_sub_ps _mm256_mul_ps _mm256_div_ps _mm256_fmadd_ps _mm256_xor_ps _mm256_andnot_ps;
    _mm256_set1_ps _mm256_loadu_ps _mm256_storeu_ps _mm256_cmp_ps _mm256_max_ps _mm256_min_ps;
    select(mask, yes, no) = x86::_mm256_blendv_ps(no.0, yes.0, mask);
    tanh_f32 sigmoid_f32;
}

register! {
    /// Four `f64` in an AVX2 register.
    Avx2F64: 4 of f64 in __m256d, x86::__m256d, Avx2 with 12 accumulators;
    _mm256_add_pd _mm256_sub_pd _mm256_mul_pd _mm256_div_pd _mm256_fmadd_pd _mm256_xor_pd _mm256_andnot_pd;
    _mm256_set1_pd _mm256_loadu_pd _mm256_storeu_pd _mm256_cmp_pd _mm256_max_pd _mm256_min_pd;
    select(mask, yes, no) = x86::_mm256_blendv_pd(no.0, yes.0, mask);
    tanh_f64 sigmoid_f64;
}

register! {
    /// Sixteen `f32` in an AVX-512 register.
    Avx512F32: 16 of f32 in __m512, x86::__mmask16, Avx512 with 24 accumulators;
    _mm512_add_ps _mm512_sub_ps _mm512_mul_ps _mm512_div_ps _mm512_fmadd_ps _mm512_xor_ps _mm512_andnot_ps;
    _mm512_set1_ps _mm512_loadu_ps _mm512_storeu_ps _mm512_cmp_ps_mask _mm512_max_ps _mm512_min_ps;
    select(mask, yes, no) = x86::_mm512_mask_blend_ps(mask, no.0, yes.0);
    tanh_f32 sigmoid_f32;
    _mm512_maskz_loadu_ps _mm512_mask_storeu_ps
}

register! {
    /// Eight `f64` in an AVX-512 register.
    Avx512F64: 8 of f64 in __m512d, x86::__mmask8, Avx512 with 24 accumulators;
    _mm512_add_pd _mm512_sub_pd _mm512_mul_pd _mm512_div_pd _mm512_fmadd_pd _mm512_xor_pd _mm512_andnot_pd;
    _mm512_set1_pd _mm512_loadu_pd _mm512_storeu_pd _mm512_cmp_pd_mask _mm512_max_pd _mm512_min_pd;
    select(mask, yes, no) = x86::_mm512_mask_blend_pd(mask, no.0, yes.0);
    tanh_f64 sigmoid_f64;
    _mm512_maskz_loadu_pd _mm512_mask_storeu_pd
}

impl Bits for Avx2F32 {
    #[inline(always)]
    fn with_sign_of(self, other: Self) -> Self {
        let sign = Self::splat(-0.0);
        // SAFETY: used only inside functions compiled for this instruction set.
        Avx2F32(unsafe { x86::_mm256_or_ps(self.0, x86::_mm256_and_ps(other.0, sign.0)) })
    }
    #[inline(always)]
    fn low_bits_to_exponent(self) -> Self {
        const SHIFT: i32 = MANTISSA_BITS.cast_signed();
        // SAFETY: used only inside functions compiled for this instruction set.
        let bits = unsafe { x86::_mm256_slli_epi32::<SHIFT>(x86::_mm256_castps_si256(self.0)) };
        // SAFETY: as above.
        Avx2F32(unsafe { x86::_mm256_castsi256_ps(bits) })
    }
}

impl Bits for Avx512F32 {
    #[inline(always)]
    fn with_sign_of(self, other: Self) -> Self {
        let sign = Self::splat(-0.0);
        // SAFETY: used only inside functions compiled for this instruction set.
        Avx512F32(unsafe { x86::_mm512_or_ps(self.0, x86::_mm512_and_ps(other.0, sign.0)) })
    }
    #[inline(always)]
    fn low_bits_to_exponent(self) -> Self {
        // SAFETY: used only inside functions compiled for this instruction set.
        let bits =
            unsafe { x86::_mm512_slli_epi32::<MANTISSA_BITS>(x86::_mm512_castps_si512(self.0)) };
        // SAFETY: as above.
        Avx512F32(unsafe { x86::_mm512_castsi512_ps(bits) })
    }
}

#[inline(always)]
fn tanh_f64<V: Vector<Element = f64>>(values: V) -> V {
    values.map_slices(|_, lanes| tanh_of_each(lanes))
}

#[inline(always)]
fn sigmoid_f64<V: Vector<Element = f64>>(values: V) -> V {
    values.map_slices(|_, lanes| sigmoid_of_each(lanes))
}
