//! Random masks over the units of a row: each unit has one of two factors.

use crate::compiled::Compiled;
use crate::dispatch::Kernel;
use crate::float::Float;
use crate::level::Level;
use crate::loops::run;
use crate::philox::{LANES, Philox, Words, words};

/// The units whose words are computed at once, [`LANES`] counters side by side: those of the first words of all
/// counters, then those of the second ones, and so on.
pub const GROUP: usize = 4 * LANES;

/// The mask of one row: a random word for each unit, and the factor that follows from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MaskRow<T> {
    /// Where the words come from.
    pub philox: Philox,
    /// The counter of the row; its first word counts the units.
    pub counter: [u32; 4],
    /// Words below it are hits.
    pub threshold: u32,
    /// The factor of a hit.
    pub hit: T,
    /// The factor of any other unit.
    pub miss: T,
}

/// Writes the factors of the units from `first` on.
///
/// ```
/// use elman_kernels::Level;
/// use elman_kernels::mask::{MaskRow, fill_mask};
/// use elman_kernels::philox::Philox;
///
/// let philox = Philox::from_seed(7);
/// let mask = MaskRow { philox, counter: [0, 1, 2, 3], threshold: 1 << 31, hit: 0.0, miss: 2.0 };
/// let (mut all, mut some) = ([9.0f32; 100], [9.0f32; 10]);
/// fill_mask(Level::current(), mask, 0, &mut all);
/// fill_mask(Level::current(), mask, 50, &mut some);
/// assert!(all.contains(&0.0) && all.contains(&2.0) && !all.contains(&9.0));
/// assert_eq!(some, all[50..60]);
/// ```
pub fn fill_mask<T: Compiled>(level: Level, mask: MaskRow<T>, first: usize, factors: &mut [T]) {
    run(level, FillMask { mask, first, factors });
}

/// Multiplies the values of the units from `first` on by their factors.
pub fn multiply_mask<T: Compiled>(level: Level, mask: MaskRow<T>, first: usize, values: &mut [T]) {
    run(level, MultiplyMask { mask, first, values });
}

impl<T: Float> MaskRow<T> {
    /// Calls `finish` with the factors of each group that meets the units from `first` on, and with the
    /// values of these units.
    #[inline(always)]
    fn each_group(&self, first: usize, mut values: &mut [T], finish: impl Fn(&mut [T], &[T])) {
        let (mut group, mut skip) = (first / GROUP, first % GROUP);
        while !values.is_empty() {
            let mut counter = self.counter;
            // The lanes of a group have counters of their own.
            counter[0] = counter[0].wrapping_add(words((group * LANES) as u64)[0]);
            let factors = self.factors(self.philox.blocks(counter));
            let count = values.len().min(GROUP - skip);
            let (now, later) = values.split_at_mut(count);
            finish(now, &factors[skip..skip + count]);
            (values, group, skip) = (later, group + 1, 0);
        }
    }

    #[inline(always)]
    fn factors(&self, words: Words) -> [T; GROUP] {
        let mut factors = [self.miss; GROUP];
        for (factor, word) in factors.iter_mut().zip(words.as_flattened()) {
            *factor = if *word < self.threshold { self.hit } else { self.miss };
        }
        factors
    }
}

pub(crate) struct FillMask<'a, T> {
    mask: MaskRow<T>,
    first: usize,
    factors: &'a mut [T],
}

impl<T: Float> Kernel for FillMask<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.mask.each_group(self.first, self.factors, |out, factors| out.copy_from_slice(factors));
    }
}

pub(crate) struct MultiplyMask<'a, T> {
    mask: MaskRow<T>,
    first: usize,
    values: &'a mut [T],
}

impl<T: Float> Kernel for MultiplyMask<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.mask.each_group(self.first, self.values, |values, factors| {
            for (value, factor) in values.iter_mut().zip(factors) {
                *value *= *factor;
            }
        });
    }
}
