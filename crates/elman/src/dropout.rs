//! Inverted dropout: each value is dropped with probability p or scaled by `1 / (1 - p)`.
//!
//! # Source
//!
//! N. Srivastava and others, "Dropout: a simple way to prevent neural networks from overfitting",
//! JMLR 15 (2014); scaled while training, as PyTorch does, so that inference does nothing.

use elman_kernels::Level;
use elman_kernels::pointwise::{multiply, resize, write_product};
use serde::{Deserialize, Serialize};

use crate::error::{ArgumentName, Error, Result};
use crate::real::Real;
use crate::rng::{self, MaskPlace, MaskSite, MaskSource, Purpose};

/// Whether a forward run is one of training, in which values are dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DropoutMode<'a> {
    /// Nothing is dropped: inference.
    #[default]
    Off,
    /// Values are dropped, as these draws say.
    On(Draws<'a>),
}

/// What the random numbers of a training run are a function of, beside the layer, step and unit that
/// each is for.
///
/// ```
/// use elman::dropout::{Draws, DropoutMode};
/// use elman::rng::MaskSource;
///
/// // The 120th update of a run whose seed is 7, on three sequences of the data.
/// let source = MaskSource { seed: 7, update: 119 };
/// let draws = Draws { source, sequences: &[31, 4, 12], first_step: 0 };
/// assert_ne!(DropoutMode::On(draws), DropoutMode::of_seed(7));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draws<'a> {
    /// The seed and the update.
    pub source: MaskSource,
    /// The index in the data of each sequence of the batch, `[B]`; where it is too short, the row of
    /// the batch stands for it.
    pub sequences: &'a [usize],
    /// The step of the whole sequences with which the batch starts, where they come in chunks.
    pub first_step: usize,
}

impl DropoutMode<'_> {
    /// The first update of this seed, the sequences counted in the batch.
    #[must_use]
    pub fn of_seed(seed: u64) -> Self {
        let source = MaskSource { seed, update: 0 };
        DropoutMode::On(Draws { source, sequences: &[], first_step: 0 })
    }
}

impl Draws<'_> {
    /// The index in the data of a row of the batch.
    pub(crate) fn sequence(&self, row: usize) -> usize {
        self.sequences.get(row).copied().unwrap_or(row)
    }
}

/// For how many steps a mask of dropout holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MaskSpan {
    /// For one: each step has its own.
    #[default]
    Step,
    /// For all steps of a sequence: variational dropout (Gal and Ghahramani, arXiv:1512.05287).
    Sequence,
}

/// Where in a network values are dropped. Each place has random numbers of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The input of a dense layer of the head, counted from the first.
    Head(usize),
    /// The input of a recurrent layer.
    Layer(usize),
    /// The rows that a token channel looked up.
    Embedding(usize),
}

impl Place {
    fn site(self) -> MaskSite {
        match self {
            Place::Head(layer) => MaskSite { purpose: Purpose::Head, layer },
            Place::Layer(layer) => MaskSite { purpose: Purpose::LayerInput, layer },
            Place::Embedding(layer) => MaskSite { purpose: Purpose::Embedding, layer },
        }
    }
}

/// Values that are dropped at one place of a network.
#[derive(Clone, Copy)]
pub(crate) struct Droppable<'a, T> {
    pub values: &'a [T], // [B, S, width]
    /// B.
    pub batch_size: usize,
    pub place: Place,
    pub probability: f64,
    pub span: MaskSpan,
    /// S.
    pub steps: usize,
}

/// That `probability` is one.
pub(crate) fn check(name: impl Into<ArgumentName>, probability: f64) -> Result<()> {
    if (0.0..1.0).contains(&probability) {
        return Ok(());
    }
    Err(Error::argument(name, "a probability from 0 up to but not including 1", probability))
}

/// Dropout at one place, and the factors that a run drew for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mask<T> {
    /// 0 or `1 / (1 - p)` for each value; empty where nothing was dropped.
    factors: Vec<T>,
    dropped: Vec<T>,
}

impl<T: Real> Mask<T> {
    /// The values times their factors, or the values themselves where nothing is dropped.
    ///
    /// # Panics
    ///
    /// A probability that [`check`] refuses.
    pub fn apply<'a>(&'a mut self, mode: DropoutMode<'_>, of: Droppable<'a, T>) -> &'a [T] {
        let rows = of.batch_size * of.steps;
        let width = of.values.len().checked_div(rows).unwrap_or(0);
        let draws = match mode {
            DropoutMode::On(draws) if of.probability > 0.0 && width > 0 => draws,
            _ => {
                self.factors.clear();
                self.dropped.clear();
                return of.values;
            }
        };
        let masks = draws.source.masks(of.place.site());
        let mask = rng::Mask::dropout(masks, of.probability).expect("a checked probability");
        resize(&mut self.factors, of.values.len());
        for (row, factors) in self.factors.chunks_exact_mut(width).enumerate() {
            let (sequence, step) = (draws.sequence(row / of.steps), row % of.steps);
            let place = match of.span {
                MaskSpan::Step => MaskPlace::of_step(sequence, draws.first_step + step),
                MaskSpan::Sequence => MaskPlace::of_sequence(sequence),
            };
            mask.fill(place, factors);
        }
        resize(&mut self.dropped, of.values.len());
        write_product(Level::current(), &mut self.dropped, of.values, &self.factors);
        &self.dropped
    }

    /// What [`apply`](Self::apply) gave for `values`.
    pub fn applied<'a>(&'a self, values: &'a [T]) -> &'a [T] {
        if self.factors.is_empty() { values } else { &self.dropped }
    }

    /// Turns the gradient of the values that were read into that of the values before.
    pub fn backward(&self, grad: &mut [T]) {
        if !self.factors.is_empty() {
            multiply(Level::current(), grad, &self.factors);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(place: Place, values: &[f32]) -> Droppable<'_, f32> {
        let (span, probability) = (MaskSpan::Step, 0.5);
        Droppable { values, batch_size: 2, place, probability, span, steps: 4 }
    }

    #[test]
    fn drops_the_wanted_share_and_keeps_the_mean() {
        let values = vec![1.0f32; 20_000];
        let mut mask = Mask::default();
        let of = Droppable { probability: 0.3, ..of(Place::Head(0), &values) };
        let factors = mask.apply(DropoutMode::of_seed(5), of);
        let dropped = factors.iter().filter(|factor| **factor == 0.0).count();
        // Binomial: 6,000 expected, standard deviation 65.
        assert!((5_740..6_260).contains(&dropped), "{dropped}");
        assert!(factors.iter().all(|f| *f == 0.0 || (f - 1.0 / 0.7).abs() < 1e-6));
        let refused = |probability| check("dropout", probability).is_err();
        assert!(refused(1.0) && refused(-0.1) && refused(f64::NAN) && !refused(0.0));
    }

    #[test]
    fn each_place_has_numbers_of_its_own_and_inference_drops_nothing() {
        let values = [1.0f32; 64];
        let mut all: Vec<Vec<f32>> = Vec::new();
        for place in [Place::Head(0), Place::Head(1), Place::Layer(0), Place::Embedding(0)] {
            let mut mask = Mask::default();
            let dropped = mask.apply(DropoutMode::of_seed(3), of(place, &values)).to_vec();
            assert!(!all.contains(&dropped), "{place:?}");
            assert_eq!(mask.applied(&values), dropped);
            let mut grad = values;
            mask.backward(&mut grad);
            let bits =
                |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&grad), bits(&dropped));
            all.push(dropped);
            assert_eq!(mask.apply(DropoutMode::Off, of(place, &values)), values);
            assert_eq!(mask.applied(&values), values);
        }
    }

    #[test]
    fn a_mask_belongs_to_the_sequence_and_step_and_not_to_the_batch() {
        let values = [1.0f32; 64]; // 2 sequences of 4 steps of 8 values
        let source = MaskSource { seed: 9, update: 2 };
        let run = |sequences: &[usize], first_step, span| {
            let mode = DropoutMode::On(Draws { source, sequences, first_step });
            let of = Droppable { span, ..of(Place::Layer(0), &values) };
            Mask::default().apply(mode, of).to_vec()
        };
        let there = run(&[5, 8], 0, MaskSpan::Step);
        let back = run(&[8, 5], 0, MaskSpan::Step);
        assert_eq!((&there[..32], &there[32..]), (&back[32..], &back[..32]));
        let later = run(&[5, 8], 2, MaskSpan::Step);
        assert_eq!(there[16..32], later[..16], "chunks count on");
        assert_ne!(there[..8], there[8..16], "a mask for each step");
        let whole = run(&[5, 8], 0, MaskSpan::Sequence);
        assert!(whole[..32].chunks(8).all(|step| step == &whole[..8]));
        assert_ne!(whole[..8], whole[32..40]);
    }
}
