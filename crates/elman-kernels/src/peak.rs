//! How fast this processor could multiply at best: what the speed of a product is held against.
//!
//! A loop of fused multiply-adds that never leaves the registers. It reads no memory, so nothing
//! but the multipliers can hold it up; no product can be faster.

use std::hint::black_box;

use crate::dispatch::{VectorKernel, dispatch_vectors};
use crate::level::Level;
use crate::vector::Vector;

/// Chains at AVX2 and without vector registers. Each multiply-add waits for the one before it in its
/// chain, four or five cycles, and two can start in every cycle: ten chains keep a processor busy,
/// and twelve leave room for the two factors in 16 registers.
const FEW_CHAINS: usize = 12;

/// Chains at AVX-512, which has 32 registers.
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
    dispatch_vectors(Level::current(), Chains { repeats })
}

struct Chains {
    repeats: u32,
}

impl VectorKernel<f32> for Chains {
    type Output = u64;

    #[inline(always)]
    fn run<V: Vector<Element = f32>>(self) -> u64 {
        if const { matches!(V::LEVEL, Level::Avx512) } {
            run::<V, MANY_CHAINS>(self.repeats)
        } else {
            run::<V, FEW_CHAINS>(self.repeats)
        }
    }
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
