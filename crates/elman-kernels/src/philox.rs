//! Philox4x32-10: random words that are a function of a key and a counter.

/// The multipliers of a round.
const MULTIPLIERS: [u32; 2] = [0xd251_1f53, 0xcd9e_8d57];

/// What is added to the key after a round: the golden ratio and √3 − 1, as fractions of 2³².
const WEYL: [u32; 2] = [0x9e37_79b9, 0xbb67_ae85];

const ROUNDS: usize = 10;

/// Counters whose blocks are computed side by side.
pub const LANES: usize = 8;

/// Four words for each of [`LANES`] counters: word w of counter j is `[w][j]`.
pub(crate) type Words = [[u32; LANES]; 4];

/// The counter-based generator Philox4x32-10: four random words for each counter of 128 bits.
///
/// There is no state that moves on. A number is looked up, in any order, as often as it is needed,
/// and two keys have nothing to do with each other.
///
/// # Source
///
/// Salmon, Moraes, Dror and Shaw, *Parallel Random Numbers: As Easy as 1, 2, 3*, 2011; the words are
/// those of the authors' library Random123, whose known answers are tested.
///
/// ```
/// use elman_kernels::philox::Philox;
///
/// let philox = Philox::new([1, 2]);
/// assert_eq!(philox.block([7, 0, 0, 0]), philox.block([7, 0, 0, 0]));
/// assert_ne!(philox.block([7, 0, 0, 0]), philox.block([8, 0, 0, 0]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Philox {
    key: [u32; 2],
}

impl Philox {
    /// The generator of a key.
    #[must_use]
    pub fn new(key: [u32; 2]) -> Self {
        Philox { key }
    }

    /// The generator whose key is a seed, lower word first.
    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        Philox { key: words(seed) }
    }

    /// The four words of a counter.
    #[must_use]
    #[inline(always)]
    pub fn block(self, counter: [u32; 4]) -> [u32; 4] {
        let (mut key, mut state) = (self.key, counter);
        for _ in 0..ROUNDS {
            let (first, second) = (product(0, state[0]), product(1, state[2]));
            let outer = [second.high ^ state[1] ^ key[0], first.high ^ state[3] ^ key[1]];
            state = [outer[0], second.low, outer[1], first.low];
            key = next(key);
        }
        state
    }

    /// The words of [`LANES`] counters that differ in the first word: `counter[0] + 0, 1, …`.
    ///
    /// Lanes outside, rounds inside: the compiler unrolls the rounds and makes vectors of the lanes.
    /// The other way round it unrolls the lanes and makes none.
    #[inline(always)]
    pub(crate) fn blocks(self, counter: [u32; 4]) -> Words {
        let [mut a, mut b, mut c, mut d] = [[0; LANES]; 4];
        for lane in 0..LANES {
            let mut counter = counter;
            counter[0] = counter[0].wrapping_add(words(lane as u64)[0]);
            [a[lane], b[lane], c[lane], d[lane]] = self.block(counter);
        }
        [a, b, c, d]
    }
}

/// A product of two words.
struct Product {
    high: u32,
    low: u32,
}

/// A multiplier times a word.
#[inline(always)]
fn product(multiplier: usize, word: u32) -> Product {
    let [low, high] = words(u64::from(MULTIPLIERS[multiplier]) * u64::from(word));
    Product { high, low }
}

#[inline(always)]
fn next(key: [u32; 2]) -> [u32; 2] {
    [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])]
}

/// The words of a number, lower word first.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "each word is one half of the number")]
pub fn words(number: u64) -> [u32; 2] {
    [number as u32, (number >> 32) as u32]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines `philox4x32 10` of Random123's file of known answers: counter, key, words.
    const KNOWN: [([u32; 4], [u32; 2], [u32; 4]); 3] = [
        ([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
        ([!0; 4], [!0; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
        (
            // The digits of π.
            [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
            [0xa409_3822, 0x299f_31d0],
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
        ),
    ];

    #[test]
    fn the_known_answers_are_given() {
        for (counter, key, expected) in KNOWN {
            assert_eq!(Philox::new(key).block(counter), expected);
            let words = Philox::new(key).blocks(counter);
            assert_eq!(words.map(|lanes| lanes[0]), expected);
        }
    }

    #[test]
    fn counters_side_by_side_are_counters_one_by_one() {
        let philox = Philox::from_seed(0x0123_4567_89ab_cdef);
        for start in [0, 5, u32::MAX - 3] {
            let words = philox.blocks([start, 1, 2, 3]);
            for lane in 0..LANES {
                let first = start.wrapping_add(u32::try_from(lane).unwrap());
                assert_eq!(words.map(|lanes| lanes[lane]), philox.block([first, 1, 2, 3]));
            }
        }
    }

    #[test]
    fn one_bit_of_counter_or_key_changes_half_the_bits() {
        let plain = Philox::from_seed(9).block([1, 2, 3, 4]);
        let distance = |words: [u32; 4]| -> u32 {
            words.iter().zip(plain).map(|(word, other)| (word ^ other).count_ones()).sum()
        };
        let mut total = 0;
        for bit in 0..128 {
            let mut counter = [1, 2, 3, 4];
            counter[bit / 32] ^= 1 << (bit % 32);
            total += distance(Philox::from_seed(9).block(counter));
        }
        for bit in 0..64 {
            total += distance(Philox::from_seed(9 ^ 1 << bit).block([1, 2, 3, 4]));
        }
        // 192 times 64 bits, with a deviation of √(192·32) = 78.
        assert!(total.abs_diff(192 * 64) < 5 * 78, "{total}");
    }
}
