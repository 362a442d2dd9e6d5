//! Masks: what is dropped in training, as a function of where it stands.
//!
//! Whether a unit is dropped depends on the run's seed, what the mask is for, the update, the layer,
//! the sequence (its index in the data, not in the batch), the step and the unit, and on nothing else.
//! So a mask is the same in any batch, in any order of the data, cut into any chunks, on any number
//! of threads; the backward pass asks for it again instead of keeping it; and a training that is
//! resumed at some update goes on with that update's masks.
//!
//! ```
//! use elman::rng::{Mask, MaskPlace, MaskSite, MaskSource, Purpose};
//!
//! # fn main() -> elman::Result<()> {
//! let source = MaskSource { seed: 7, update: 120 };
//! let site = MaskSite { purpose: Purpose::LayerInput, layer: 0 };
//! let mask = Mask::<f32>::dropout(source.masks(site), 0.5)?;
//! let mut factors = [9.0; 6];
//! mask.fill(MaskPlace { sequence: 31, step: 4, unit: 0 }, &mut factors);
//! assert!(factors.iter().all(|factor| [0.0, 2.0].contains(factor)));
//! // Some of the units alone have the same factors.
//! let mut some = [9.0; 2];
//! mask.fill(MaskPlace { sequence: 31, step: 4, unit: 3 }, &mut some);
//! assert_eq!(some, factors[3..5]);
//! # Ok(())
//! # }
//! ```

use elman_kernels::Level;
use elman_kernels::mask::{GROUP, MaskRow, fill_mask, multiply_mask};
use elman_kernels::philox::{LANES, Philox, words};

use crate::error::{Error, Result};
use crate::real::Real;

/// What a mask is for. Masks for different purposes have nothing to do with each other.
///
/// The numbers enter the generator, so a change to one changes every training that uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Purpose {
    /// Dropout on the input of a layer.
    LayerInput = 1,
    /// Dropout on what an embedding gives.
    Embedding = 2,
    /// Dropout on the input of a dense layer of the head.
    Head = 3,
    /// Dropout on `h_{t-1}` (Gal and Ghahramani 2016).
    RecurrentState = 4,
    /// Dropout on the candidate's update (Semeniuta et al. 2016).
    CandidateUpdate = 5,
    /// Zoneout of the hidden state (Krueger et al. 2017).
    HiddenZoneout = 6,
    /// Zoneout of the cell state.
    CellZoneout = 7,
    /// Tokens that become the unknown token.
    Tokens = 8,
}

/// The masks of one update of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaskSource {
    /// The seed of the run.
    pub seed: u64,
    /// The number of the update, from 0 on over the whole run.
    pub update: u64,
}

/// Which masks of an update: those for a purpose in a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaskSite {
    /// What they are for.
    pub purpose: Purpose,
    /// A number for the layer, below 2²⁴. Where both directions of a layer have masks of their own,
    /// `2·layer` and `2·layer + 1`.
    pub layer: usize,
}

impl MaskSource {
    /// The masks for a purpose in a layer.
    #[must_use]
    pub fn masks(self, site: MaskSite) -> Masks {
        let [update, update_high] = words(self.update);
        let [layer, _] = words(site.layer as u64);
        let counter = [update, update_high, layer << 8 | site.purpose as u32, 0];
        let [low, high, ..] = Philox::from_seed(self.seed).block(counter);
        Masks { philox: Philox::new([low, high]) }
    }
}

/// The masks of one update, purpose and layer: a random word for each sequence, step and unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Masks {
    philox: Philox,
}

/// Where in the data a mask is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaskPlace {
    /// The index of the sequence in the data, below 2⁴⁸.
    pub sequence: usize,
    /// The step in the whole sequence, below 2⁴⁸; 0 for a mask that the whole sequence shares.
    pub step: usize,
    /// The first unit that is asked for, below 2³².
    pub unit: usize,
}

impl MaskPlace {
    /// Unit 0 of the mask that a whole sequence shares: variational dropout.
    #[must_use]
    pub fn of_sequence(sequence: usize) -> Self {
        MaskPlace { sequence, step: 0, unit: 0 }
    }

    /// Unit 0 of a step's mask.
    #[must_use]
    pub fn of_step(sequence: usize, step: usize) -> Self {
        MaskPlace { sequence, step, unit: 0 }
    }

    /// The counter of the first unit: 32 bits for groups of units, 48 each for the step and the sequence.
    fn counter(self) -> [u32; 4] {
        let ([step, step_high], [sequence, sequence_high]) =
            (words(self.step as u64), words(self.sequence as u64));
        [0, step, sequence, step_high << 16 | (sequence_high & 0xffff)]
    }
}

/// A mask: each unit has one of two factors.
///
/// A unit's chance is a multiple of 2⁻³²; the probability is rounded down to one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mask<T> {
    masks: Masks,
    /// Words below it are hits.
    threshold: u32,
    hit: T,
    miss: T,
}

impl<T: Real> Mask<T> {
    /// Dropout: the factor is 0 with this probability, and `1 / (1 − probability)` otherwise, so that
    /// the mean stays and inference does nothing.
    ///
    /// # Source
    ///
    /// Srivastava et al., *Dropout: A Simple Way to Prevent Neural Networks from Overfitting*, 2014.
    ///
    /// # Errors
    ///
    /// A probability that is not in `[0, 1)`.
    pub fn dropout(masks: Masks, probability: f64) -> Result<Self> {
        let threshold = threshold("dropout", probability)?;
        Ok(Mask { masks, threshold, hit: T::ZERO, miss: T::from_f64(1.0 / (1.0 - probability)) })
    }

    /// Zoneout: the factor is 1 with this probability, and 0 otherwise. A unit's new state is
    /// `m·old + (1 − m)·new`, and at inference m is the probability itself.
    ///
    /// # Source
    ///
    /// Krueger et al., *Zoneout: Regularizing RNNs by Randomly Preserving Hidden Activations*, 2017.
    ///
    /// ```
    /// use elman::rng::{Mask, MaskPlace, MaskSite, MaskSource, Purpose};
    ///
    /// # fn main() -> elman::Result<()> {
    /// let site = MaskSite { purpose: Purpose::HiddenZoneout, layer: 1 };
    /// let mask = Mask::<f64>::zoneout(MaskSource { seed: 1, update: 0 }.masks(site), 0.1)?;
    /// let mut keeps = [0.0; 100];
    /// mask.fill(MaskPlace::of_step(0, 0), &mut keeps);
    /// assert!(keeps.iter().all(|m| [0.0, 1.0].contains(m)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// A probability that is not in `[0, 1)`.
    pub fn zoneout(masks: Masks, probability: f64) -> Result<Self> {
        let threshold = threshold("zoneout", probability)?;
        Ok(Mask { masks, threshold, hit: T::ONE, miss: T::ZERO })
    }

    /// Writes the factors of the units from `place.unit` on into `factors`.
    pub fn fill(&self, place: MaskPlace, factors: &mut [T]) {
        fill_mask(Level::current(), self.row(place), place.unit, factors);
    }

    /// Multiplies the values of the units from `place.unit` on by their factors.
    ///
    /// ```
    /// use elman::rng::{Mask, MaskPlace, MaskSite, MaskSource, Purpose};
    ///
    /// # fn main() -> elman::Result<()> {
    /// let site = MaskSite { purpose: Purpose::Head, layer: 0 };
    /// let mask = Mask::dropout(MaskSource { seed: 3, update: 5 }.masks(site), 0.25)?;
    /// let (mut values, mut factors) = ([3.0; 40], [0.0; 40]);
    /// mask.multiply(MaskPlace::of_sequence(2), &mut values);
    /// mask.fill(MaskPlace::of_sequence(2), &mut factors);
    /// assert!(values.iter().zip(factors).all(|(value, factor)| *value == 3.0 * factor));
    /// # Ok(())
    /// # }
    /// ```
    pub fn multiply(&self, place: MaskPlace, values: &mut [T]) {
        multiply_mask(Level::current(), self.row(place), place.unit, values);
    }

    fn row(&self, place: MaskPlace) -> MaskRow<T> {
        let Mask { masks: Masks { philox }, threshold, hit, miss } = *self;
        MaskRow { philox, counter: place.counter(), threshold, hit, miss }
    }
}

impl Masks {
    /// Whether what stands at `place` is dropped, with this probability: a token, say.
    ///
    /// ```
    /// use elman::rng::{MaskPlace, MaskSite, MaskSource, Purpose};
    ///
    /// # fn main() -> elman::Result<()> {
    /// let site = MaskSite { purpose: Purpose::Tokens, layer: 0 };
    /// let masks = MaskSource { seed: 1, update: 0 }.masks(site);
    /// let dropped = (0..1000)
    ///     .map(|step| masks.drops(MaskPlace::of_step(0, step), 0.2))
    ///     .collect::<elman::Result<Vec<bool>>>()?;
    /// assert!((150..250).contains(&dropped.iter().filter(|dropped| **dropped).count()));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// A probability that is not in `[0, 1)`.
    pub fn drops(&self, place: MaskPlace, probability: f64) -> Result<bool> {
        Ok(self.word(place) < threshold("token dropout", probability)?)
    }

    /// The random word of one unit.
    fn word(&self, place: MaskPlace) -> u32 {
        let (group, within) = (place.unit / GROUP, place.unit % GROUP);
        let mut counter = place.counter();
        counter[0] = words((group * LANES + within % LANES) as u64)[0];
        self.philox.block(counter)[within / LANES]
    }
}

/// The word below which words are hits, for hits of this probability.
#[expect(clippy::cast_possible_truncation, reason = "rounding down, of a number below 2³²")]
fn threshold(what: &str, probability: f64) -> Result<u32> {
    if !(0.0..1.0).contains(&probability) {
        let expected = "a probability from 0 up to but not including 1";
        return Err(Error::argument(what, expected, probability));
    }
    Ok((probability * (1u64 << 32) as f64) as u32)
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "factors are one of two numbers")]
mod tests;
