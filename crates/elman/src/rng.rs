//! Seeded random numbers: one seed gives the same numbers on every machine.
//!
//! A [`Rng`] hands out bits, uniform and normal numbers, indices and permutations. It never reads
//! the clock or the operating system, and it is not for secrets. Purposes that must not disturb
//! each other (initial weights, the order of the mini-batches) take a [stream](Rng::stream) each:
//! drawing more of one leaves the others as they were.
//!
//! What is random inside a training step needs more: a [`Mask`] is a function of the place it is
//! for, made by the counter-based [`Philox`].

pub mod mask;

use rand_core::{Rng as _, SeedableRng};
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

pub use elman_kernels::philox::Philox;
pub use mask::{Mask, MaskPlace, MaskSite, MaskSource, Masks, Purpose};

use crate::real::Float;

/// A seeded generator of random numbers.
///
/// PCG XSL RR 128/64 (O'Neill, *PCG: A Family of Simple Fast Space-Efficient Statistically Good
/// Algorithms for Random Number Generation*, 2014), its state spread from the seed by SplitMix64
/// (Steele, Lea and Flood, *Fast Splittable Pseudorandom Number Generators*, 2014).
///
/// ```
/// use elman::rng::Rng;
///
/// let mut rng = Rng::new(7);
/// let mut order = [0, 1, 2, 3, 4];
/// rng.shuffle(&mut order);
/// assert!(order.contains(&4));
/// assert_eq!(Rng::new(7).next_u64(), Rng::new(7).next_u64());
/// assert_ne!(Rng::stream(7, 1).next_u64(), Rng::stream(7, 2).next_u64());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rng {
    pcg: Pcg64,
}

impl Rng {
    /// The generator of a seed: its stream 0.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Rng::stream(seed, 0)
    }

    /// One of the independent streams of a seed.
    ///
    /// Two PCG generators that differ only in the increment are correlated, so the stream number
    /// goes into the state as well.
    #[must_use]
    pub fn stream(seed: u64, stream: u64) -> Self {
        let (seed, stream) = (split_mix(seed), split_mix(!stream));
        // Each word depends on both numbers, in a different way.
        let (mut state, mut increment) = (seed ^ stream.rotate_left(32), seed.wrapping_add(stream));
        let mut bytes = [0u8; 32];
        for (word, target) in bytes.chunks_exact_mut(8).enumerate() {
            let source = if word < 2 { &mut state } else { &mut increment };
            *source = source.wrapping_add(GOLDEN_GAMMA);
            target.copy_from_slice(&mix(*source).to_le_bytes());
        }
        Rng { pcg: Pcg64::from_seed(bytes) }
    }

    /// 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.pcg.next_u64()
    }

    /// A multiple of 2⁻⁵³, uniform in `[0, 1)`.
    pub fn uniform(&mut self) -> f64 {
        const STEP: f64 = 1.0 / (1u64 << 53) as f64;
        (self.next_u64() >> 11) as f64 * STEP
    }

    /// An index, each of `0..n` equally likely; 0 if `n` is 0.
    ///
    /// Source: Lemire, *Fast Random Integer Generation in an Interval*, 2019.
    #[allow(clippy::cast_possible_truncation, reason = "the high word is below n, a usize")]
    pub fn below(&mut self, n: usize) -> usize {
        let n = n as u64;
        let mut product = u128::from(self.next_u64()) * u128::from(n);
        if (product as u64) < n {
            // 2⁶⁴ mod n low words belong to indices that have one chance too many.
            let surplus = n.wrapping_neg() % n;
            while (product as u64) < surplus {
                product = u128::from(self.next_u64()) * u128::from(n);
            }
        }
        (product >> 64) as usize
    }

    /// A number from the normal distribution of mean 0 and variance 1.
    ///
    /// Source: Marsaglia and Bray's polar method (*A Convenient Method for Generating Normal
    /// Variables*, 1964), over this crate's own logarithm. It makes numbers in pairs; the second
    /// is dropped, so that the generator has no state but its bits.
    pub fn normal(&mut self) -> f64 {
        loop {
            let (x, y) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                return x * Float::sqrt(-2.0 * Float::ln(square) / square);
            }
        }
    }

    /// Puts the items into an order of which every one is equally likely.
    ///
    /// Source: Fisher and Yates, in Durstenfeld's form (*Algorithm 235*, 1964).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// The increment of SplitMix64: 2⁶⁴ over the golden ratio, made odd.
const GOLDEN_GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// The first output of SplitMix64 with this seed.
fn split_mix(seed: u64) -> u64 {
    mix(seed.wrapping_add(GOLDEN_GAMMA))
}

/// SplitMix64's output function, a permutation of the 64-bit words.
fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn split_mix_is_the_published_one() {
        // First three outputs for seed 1234567, from Vigna's splitmix64.c (prng.di.unimi.it).
        let mut state = 1_234_567u64;
        let mut next = || {
            state = state.wrapping_add(GOLDEN_GAMMA);
            mix(state)
        };
        assert_eq!(next(), 6_457_827_717_110_365_317);
        assert_eq!(next(), 3_203_168_211_198_807_973);
        assert_eq!(next(), 9_817_491_932_198_370_423);
    }

    #[test]
    fn equal_seeds_agree_and_neighbours_do_not() {
        let draw = |seed, stream| {
            let mut rng = Rng::stream(seed, stream);
            [rng.next_u64(), rng.next_u64()]
        };
        assert_eq!(draw(3, 4), draw(3, 4));
        assert_eq!(
            draw(3, 0),
            [(); 2].map({
                let mut rng = Rng::new(3);
                move |()| rng.next_u64()
            })
        );
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..64 {
            for stream in 0..64 {
                assert!(seen.insert(draw(seed, stream)), "seed {seed}, stream {stream}");
            }
        }
    }

    #[test]
    fn streams_are_uncorrelated() {
        let n = 20_000;
        let (mut a, mut b) = (Rng::stream(1, 0), Rng::stream(1, 1));
        let sum: f64 = (0..n).map(|_| (a.uniform() - 0.5) * (b.uniform() - 0.5)).sum();
        // Each product has variance (1/12)², so the mean is within 5 deviations of 0.
        assert!((sum / f64::from(n)).abs() < 5.0 / 12.0 / f64::from(n).sqrt());
    }

    #[test]
    fn uniform_has_its_mean_variance_and_range() {
        let n = 100_000u32;
        let mut rng = Rng::new(11);
        let values: Vec<f64> = (0..n).map(|_| rng.uniform()).collect();
        assert!(values.iter().all(|x| (0.0..1.0).contains(x)));
        let mean = values.iter().sum::<f64>() / f64::from(n);
        let variance = values.iter().map(|x| (x - 0.5).powi(2)).sum::<f64>() / f64::from(n);
        // 5 standard errors: sqrt(1/12/n), and sqrt(1/180/n) for the square.
        assert!((mean - 0.5).abs() < 5.0 * (1.0 / 12.0 / f64::from(n)).sqrt(), "{mean}");
        assert!((variance - 1.0 / 12.0).abs() < 5.0 * (1.0 / 180.0 / f64::from(n)).sqrt());
    }

    #[test]
    fn normal_has_the_moments_of_the_bell_curve() {
        let n = 200_000u32;
        let mut rng = Rng::new(5);
        let values: Vec<f64> = (0..n).map(|_| rng.normal()).collect();
        let moment = |power| values.iter().map(|x| x.powi(power)).sum::<f64>() / f64::from(n);
        // E x^k = 0, 1, 0, 3 with variances 1, 2, 15, 96; 5 standard errors.
        for (power, expected, variance) in
            [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)]
        {
            let found: f64 = moment(power);
            let bound = 5.0 * f64::sqrt(variance / f64::from(n));
            assert!((found - expected).abs() < bound, "moment {power}: {found}");
        }
    }

    #[test]
    fn below_gives_every_index_its_share() {
        assert_eq!(Rng::new(1).below(0), 0);
        assert_eq!(Rng::new(1).below(1), 0);
        let (n, draws) = (7usize, 70_000u32);
        let mut rng = Rng::new(2);
        let mut counts = vec![0u32; n];
        for _ in 0..draws {
            counts[rng.below(n)] += 1;
        }
        // Pearson's statistic with 6 degrees of freedom exceeds 33.1 once in 10⁵ seeds.
        let expected = f64::from(draws) / 7.0;
        let statistic: f64 =
            counts.iter().map(|&c| (f64::from(c) - expected).powi(2) / expected).sum();
        assert!(statistic < 33.1, "{statistic} for {counts:?}");
    }

    #[test]
    fn below_rejects_the_surplus_of_a_huge_range() {
        // Two thirds of 2⁶⁴: without rejection every other index has two of the 64-bit words and
        // its neighbours have one, so that two draws out of three would have the same parity.
        let n = usize::MAX / 3 * 2;
        let mut rng = Rng::new(9);
        let even = (0..10_000).filter(|_| rng.below(n).is_multiple_of(2)).count();
        assert!((4_750..5_250).contains(&even), "{even}");
    }

    #[test]
    fn every_order_of_three_is_equally_likely() {
        let mut rng = Rng::new(21);
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..60_000 {
            let mut items = [0, 1, 2];
            rng.shuffle(&mut items);
            *counts.entry(items).or_insert(0u32) += 1;
        }
        assert_eq!(counts.len(), 6);
        // 10 000 each; 5 standard deviations are 456.
        assert!(counts.values().all(|&count| count.abs_diff(10_000) < 456), "{counts:?}");
    }
}
