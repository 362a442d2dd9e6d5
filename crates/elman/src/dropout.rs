//! Inverted dropout: each value is dropped with probability p or scaled by `1 / (1 - p)`.
//!
//! # Source
//!
//! N. Srivastava and others, "Dropout: a simple way to prevent neural networks from overfitting",
//! JMLR 15 (2014); scaled while training, as PyTorch does, so that inference does nothing.

use crate::error::{ArgumentName, Error, Result};
use crate::real::Real;
use crate::rng::Rng;

/// Whether a forward run drops values, and with which seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropoutMode {
    /// Nothing is dropped: inference.
    Off,
    /// Values are dropped; the same seed drops the same ones on any number of threads.
    On {
        /// The seed of this run: a new one for each training step.
        seed: u64,
    },
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
    /// The stream of the seed that the numbers of this place come from.
    fn stream(self) -> u64 {
        let (index, kind) = match self {
            Place::Head(index) => (index, 0),
            Place::Layer(index) => (index, 1),
            Place::Embedding(index) => (index, 2),
        };
        (index as u64) << 2 | kind
    }
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
    pub fn apply<'a>(
        &'a mut self,
        probability: f64,
        mode: DropoutMode,
        place: Place,
        values: &'a [T],
    ) -> &'a [T] {
        match mode {
            DropoutMode::On { seed } if probability > 0.0 => {
                self.factors.resize(values.len(), T::ZERO);
                fill(probability, &mut Rng::stream(seed, place.stream()), &mut self.factors);
                self.dropped.clear();
                self.dropped.extend(values.iter().zip(&self.factors).map(|(v, f)| *v * *f));
                &self.dropped
            }
            DropoutMode::On { .. } | DropoutMode::Off => {
                self.factors.clear();
                self.dropped.clear();
                values
            }
        }
    }

    /// What [`apply`](Self::apply) gave for `values`.
    pub fn applied<'a>(&'a self, values: &'a [T]) -> &'a [T] {
        if self.factors.is_empty() { values } else { &self.dropped }
    }

    /// Turns the gradient of the values that were read into that of the values before.
    pub fn backward(&self, grad: &mut [T]) {
        for (grad, factor) in grad.iter_mut().zip(&self.factors) {
            *grad *= *factor;
        }
    }
}

/// Fills `factors` with 0 (probability p) and `1 / (1 - p)`.
fn fill<T: Real>(probability: f64, rng: &mut Rng, factors: &mut [T]) {
    let kept = T::from_f64(1.0 / (1.0 - probability));
    for factor in factors {
        *factor = if rng.uniform() < probability { T::ZERO } else { kept };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_the_wanted_share_and_keeps_the_mean() {
        let mut factors = vec![0.0f64; 20_000];
        fill(0.3, &mut Rng::new(5), &mut factors);
        let dropped = factors.iter().filter(|factor| **factor == 0.0).count();
        // Binomial: 6,000 expected, standard deviation 65.
        assert!((5_740..6_260).contains(&dropped), "{dropped}");
        assert!(factors.iter().all(|f| *f == 0.0 || (f - 1.0 / 0.7).abs() < 1e-15));
        let refused = |probability| check("dropout", probability).is_err();
        assert!(refused(1.0) && refused(-0.1) && refused(f64::NAN) && !refused(0.0));
    }

    #[test]
    fn each_place_has_numbers_of_its_own_and_inference_drops_nothing() {
        let values = [1.0f32; 64];
        let mut all: Vec<Vec<f32>> = Vec::new();
        for place in [Place::Head(0), Place::Head(1), Place::Layer(0), Place::Embedding(0)] {
            let mut mask = Mask::default();
            let dropped = mask.apply(0.5, DropoutMode::On { seed: 3 }, place, &values).to_vec();
            assert!(!all.contains(&dropped), "{place:?}");
            assert_eq!(mask.applied(&values), dropped);
            let mut grad = values;
            mask.backward(&mut grad);
            assert_eq!(grad, *dropped);
            all.push(dropped);
            assert_eq!(mask.apply(0.5, DropoutMode::Off, place, &values), values);
            assert_eq!(mask.applied(&values), values);
        }
    }
}
