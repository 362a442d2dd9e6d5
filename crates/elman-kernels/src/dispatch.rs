//! The one place where an instruction level becomes compiled code.
//!
//! A loop is written once, as ordinary safe Rust in [`Kernel::run`], and [`dispatch`] compiles it
//! once more for each level inside a `#[target_feature]` function. Three rules keep that sound, fast
//! and equal bit for bit:
//!
//! 1. `run`, and every function it calls in its loop, is `#[inline(always)]`: only code that ends
//!    up *inside* the `#[target_feature]` function is compiled for the level.
//! 2. A rounding is written out. `T::mul_add` is one rounding at every level, `a * b + c` is two;
//!    the compiler never turns one into the other.
//! 3. Nothing is reassociated: lanes may run over output elements, never along a sum.
//!
//! NaN is the exception that Rust makes: its sign and payload are not part of the promise.

use crate::level::Level;
use crate::vector::{Lane, Vector};

/// A loop that is compiled once for each instruction level.
///
/// ```
/// use elman_kernels::{Float, Kernel, Level, dispatch};
///
/// /// `y ← a·x + y`
/// struct AddScaled<'a, T> {
///     a: T,
///     x: &'a [T],
///     y: &'a mut [T],
/// }
///
/// impl<T: Float> Kernel for AddScaled<'_, T> {
///     type Output = ();
///
///     #[inline(always)]
///     fn run(self) {
///         for (y, &x) in self.y.iter_mut().zip(self.x) {
///             *y = self.a.mul_add(x, *y);
///         }
///     }
/// }
///
/// let mut y = [1.0f32, 2.0];
/// dispatch(Level::current(), AddScaled { a: 2.0, x: &[10.0, 20.0], y: &mut y });
/// assert_eq!(y, [21.0, 42.0]);
/// ```
pub trait Kernel {
    /// What the loop hands back; `()` for one that writes into slices.
    type Output;

    /// Runs the loop. Mark the implementation `#[inline(always)]`, or it stays portable code at
    /// every level.
    fn run(self) -> Self::Output;
}

/// Runs `kernel` with the instructions of `level`.
///
/// A level that this processor cannot run falls back to [`Level::Portable`], which gives the same
/// bits; whoever wants to know asks [`Level::is_supported`].
#[inline]
pub fn dispatch<K: Kernel>(level: Level, kernel: K) -> K::Output {
    dispatch_vectors::<f32, _>(level, WithoutVectors(kernel))
}

/// A kernel that leaves the choice of vectors to the compiler.
struct WithoutVectors<K>(K);

impl<K: Kernel> VectorKernel<f32> for WithoutVectors<K> {
    type Output = K::Output;

    #[inline(always)]
    fn run<V: Vector<Element = f32>>(self) -> K::Output {
        self.0.run()
    }
}

/// As [`Kernel`], written over the vectors of a level.
pub(crate) trait VectorKernel<T> {
    /// What the loop hands back.
    type Output;

    /// Runs the loop. Mark the implementation `#[inline(always)]`.
    fn run<V: Vector<Element = T>>(self) -> Self::Output;
}

/// Runs `kernel` with the vectors of `level`, and those of [`Level::Portable`] where this processor
/// cannot run it.
#[inline]
pub(crate) fn dispatch_vectors<T: Lane, K: VectorKernel<T>>(level: Level, kernel: K) -> K::Output {
    match level {
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 if level.is_supported() => {
            // SAFETY: `run_avx2` needs AVX2 and FMA, and `is_supported` has just found both.
            unsafe { run_avx2(kernel) }
        }
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 if level.is_supported() => {
            // SAFETY: `run_avx512` needs what `is_supported` has just found.
            unsafe { run_avx512(kernel) }
        }
        Level::Portable | Level::Avx2 | Level::Avx512 => kernel.run::<T::Portable>(),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_avx2<T: Lane, K: VectorKernel<T>>(kernel: K) -> K::Output {
    kernel.run::<T::Avx2>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]
fn run_avx512<T: Lane, K: VectorKernel<T>>(kernel: K) -> K::Output {
    kernel.run::<T::Avx512>()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sum of squares of its terms, rounded once per term.
    struct SquareSum<'a>(&'a [f32]);

    impl Kernel for SquareSum<'_> {
        type Output = f32;

        #[inline(always)]
        fn run(self) -> f32 {
            self.0.iter().fold(0.0, |sum, &x| x.mul_add(x, sum))
        }
    }

    #[test]
    fn every_level_gives_the_same_bits() {
        let terms: Vec<f32> = (1u8..=200).map(|k| 1.0 / f32::from(k)).collect();
        let exact: f64 = terms.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
        let portable = dispatch(Level::Portable, SquareSum(&terms));
        assert!((f64::from(portable) - exact).abs() < 1e-5 * exact);
        for level in Level::supported() {
            assert_eq!(dispatch(level, SquareSum(&terms)).to_bits(), portable.to_bits());
        }
    }
}
