//! Inverted dropout: each value is dropped with probability p or scaled by `1 / (1 - p)`.
//!
//! # Source
//!
//! N. Srivastava and others, "Dropout: a simple way to prevent neural networks from overfitting",
//! JMLR 15 (2014); scaled while training, as PyTorch does, so that inference does nothing.

use crate::error::{Error, Result};
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

/// That `probability` is one.
pub(crate) fn check(probability: f64) -> Result<()> {
    if (0.0..1.0).contains(&probability) {
        return Ok(());
    }
    Err(Error::argument("dropout", "a probability from 0 up to but not including 1", probability))
}

/// Fills `factors` with 0 (probability p) and `1 / (1 - p)`.
pub(crate) fn fill<T: Real>(probability: f64, seed: u64, factors: &mut [T]) {
    let mut rng = Rng::new(seed);
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
        fill(0.3, 5, &mut factors);
        let dropped = factors.iter().filter(|factor| **factor == 0.0).count();
        // Binomial: 6,000 expected, standard deviation 65.
        assert!((5_740..6_260).contains(&dropped), "{dropped}");
        assert!(factors.iter().all(|f| *f == 0.0 || (f - 1.0 / 0.7).abs() < 1e-15));
        assert!(check(1.0).is_err() && check(-0.1).is_err() && check(f64::NAN).is_err());
    }
}
