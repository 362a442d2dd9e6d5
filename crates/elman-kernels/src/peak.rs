//! How fast this processor could multiply at best: what the speed of a product is held against.
//!
//! A loop of fused multiply-adds that never leaves the registers. It reads no memory, so nothing
//! but the multipliers can hold it up; no product can be faster.

use std::hint::black_box;

use crate::level::Level;
use crate::vector::{Lane, Vector};

/// Chains at AVX2 and without vector registers. Each multiply-add waits for the one before it in its
/// chain, four or five cycles, and two can start in every cycle: ten chains keep a processor busy,
/// and twelve leave room for the two factors in 16 registers.
const FEW_CHAINS: usize = 12;

/// Chains at AVX-512, which has 32 registers.
#[cfg(target_arch = "x86_64")]
const MANY_CHAINS: usize = 24;

/// Repeats one fused multiply-add of f32 in every chain, with the instructions of the level in
/// force, and returns how many floating-point operations that was: two for each multiply-add.
///
/// ```
/// let begin = std::time::Instant::now();
/// let operations = elman_kernels::peak::fused_multiply_adds(1000);
/// assert!(operations > 0 && begin.elapsed().as_nanos() > 0);
/// ```
#[must_use]
pub fn fused_multiply_adds(repeats: u32) -> u64 {
    match Level::current() {
        Level::Portable => run::<<f32 as Lane>::Portable, FEW_CHAINS>(repeats),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the level in force is one that this processor supports.
        Level::Avx2 => unsafe { run_avx2(repeats) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the level in force is one that this processor supports.
        Level::Avx512 => unsafe { run_avx512(repeats) },
        #[cfg(not(target_arch = "x86_64"))]
        Level::Avx2 | Level::Avx512 => unreachable!("in force only where it is supported"),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_avx2(repeats: u32) -> u64 {
    run::<<f32 as Lane>::Avx2, FEW_CHAINS>(repeats)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]
fn run_avx512(repeats: u32) -> u64 {
    run::<<f32 as Lane>::Avx512, MANY_CHAINS>(repeats)
}

#[inline(always)]
fn run<V: Vector<Element = f32>, const CHAINS: usize>(repeats: u32) -> u64 {
    // Values that the compiler does not know, and a start for each chain: equal chains would be
    // computed once. x ← 0.5 x + 0.5 stays near 1, away from the slow subnormal numbers.
    let (factor, term) = (V::splat(black_box(0.5)), V::splat(black_box(0.5)));
    let mut chains = [V::splat(1.0); CHAINS];
    let mut start = 1.0;
    for chain in &mut chains {
        *chain = V::splat(black_box(start));
        start += 0.25;
    }
    for _ in 0..repeats {
        for chain in &mut chains {
            *chain = chain.mul_add(factor, term);
        }
    }
    let mut lanes = [0.0f32; 16];
    for chain in chains {
        chain.store(&mut lanes);
        black_box(&lanes);
    }
    2 * u64::from(repeats) * (CHAINS * V::LANES) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_two_for_every_lane_of_every_chain() {
        let lanes: u64 = match Level::current() {
            Level::Portable | Level::Avx2 => 12 * 8,
            Level::Avx512 => 24 * 16,
        };
        assert_eq!(fused_multiply_adds(3), 2 * 3 * lanes);
    }
}
