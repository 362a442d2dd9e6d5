//! Which token comes next: temperature, then top-k, then top-p, then min-p, then a draw.
//!
//! Each rule is a function over logits: it scales them, or drops tokens by making their logits -∞. All
//! of it is computed in `f64`, in the order of the ids, so that a seed gives the same text everywhere.
//!
//! ```
//! use elman::text::{softmax, top_k};
//!
//! let mut logits = [0.0, 2.0, 1.0, 1.0];
//! top_k(&mut logits, 2); // the second largest is there twice: both stay
//! assert_eq!(logits, [f64::NEG_INFINITY, 2.0, 1.0, 1.0]);
//! let mut probabilities = [0.0; 4];
//! softmax(&logits, &mut probabilities);
//! assert!((probabilities[1] - 0.576_116_884_8).abs() < 1e-9); // e / (e + 2)
//! ```
//!
//! # Source
//!
//! The order and the rules are those of `generation/utils.py` and `logits_process.py` of transformers
//! 5.24. Top-p: A. Holtzman et al., "The curious case of neural text degeneration", ICLR 2020. Min-p:
//! M. Nguyen et al., "Turning up the heat: min-p sampling", arXiv:2407.01082.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::real::{Float, Real};
use crate::rng::Philox;

/// How the next token is chosen.
///
/// ```
/// use elman::text::Sampling;
///
/// let sampling = Sampling { top_p: Some(1.5), ..Sampling::default() };
/// let message = sampling.check().unwrap_err().to_string();
/// assert_eq!(message, "top_p: expected above 0 and at most 1, got 1.5");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sampling {
    /// What logits are divided by: below 1 the likely become likelier. 0 takes the likeliest token, the
    /// one with the lowest id of equals.
    pub temperature: f64,
    /// Only so many of the likeliest tokens; those that tie with the last of them stay.
    pub top_k: Option<usize>,
    /// Only the smallest set of the likeliest tokens that has this probability.
    pub top_p: Option<f64>,
    /// Only tokens with at least this share of the probability of the likeliest.
    pub min_p: Option<f64>,
    /// The seed of the draws.
    pub seed: u64,
}

/// Draws from the probabilities as they are, with seed 1.
impl Default for Sampling {
    fn default() -> Self {
        Sampling { temperature: 1.0, top_k: None, top_p: None, min_p: None, seed: 1 }
    }
}

impl Sampling {
    /// Refuses what is out of range, and rules without effect beside a temperature of 0.
    ///
    /// # Errors
    ///
    /// Names the setting.
    pub fn check(&self) -> Result<()> {
        if !(self.temperature >= 0.0 && self.temperature.is_finite()) {
            let expected = "a finite number, at least 0";
            return Err(Error::argument("temperature", expected, self.temperature));
        }
        if self.top_k == Some(0) {
            return Err(Error::argument("top_k", "at least 1", 0));
        }
        for (name, share) in [("top_p", self.top_p), ("min_p", self.min_p)] {
            if let Some(share) = share.filter(|share| !(*share > 0.0 && *share <= 1.0)) {
                return Err(Error::argument(name, "above 0 and at most 1", share));
            }
        }
        let rules =
            [("top_k", self.top_k.map(|k| k as f64)), ("top_p", self.top_p), ("min_p", self.min_p)];
        match rules.into_iter().find_map(|(name, value)| Some((name, value?))) {
            Some((name, value)) if self.temperature <= 0.0 => {
                let expected = "a temperature above 0 beside it, as 0 takes the likeliest token";
                Err(Error::argument(name, expected, value))
            }
            _ => Ok(()),
        }
    }
}

/// The likeliest token: of equals the one with the lowest id.
#[must_use]
pub fn greedy<T: PartialOrd + Copy>(logits: &[T]) -> usize {
    let mut best = 0;
    for (id, logit) in logits.iter().enumerate() {
        if *logit > logits[best] {
            best = id;
        }
    }
    best
}

/// Divides the logits by a temperature above 0.
pub fn scale(logits: &mut [f64], temperature: f64) {
    logits.iter_mut().for_each(|logit| *logit /= temperature);
}

/// Drops what is below the k-th largest logit. Those that equal it stay.
pub fn top_k(logits: &mut [f64], k: usize) {
    let mut ordered = logits.to_vec();
    cut_below(logits, &mut ordered, k);
}

fn cut_below(logits: &mut [f64], ordered: &mut [f64], k: usize) {
    if k == 0 || k >= logits.len() {
        return;
    }
    let (_, &mut kth, _) = ordered.select_nth_unstable_by(k - 1, |a, b| b.total_cmp(a));
    logits.iter_mut().filter(|logit| **logit < kth).for_each(|logit| *logit = f64::NEG_INFINITY);
}

/// Drops the unlikeliest tokens as long as those dropped have at most the probability `1 - p` together:
/// what stays is the smallest set that has more than p, or just p. At least one token stays; of equals
/// the one with the higher id goes first.
pub fn top_p(logits: &mut [f64], p: f64) {
    let mut work = Work::default();
    work.top_p(logits, p);
}

/// Drops tokens with less than `p` times the probability of the likeliest.
pub fn min_p(logits: &mut [f64], p: f64) {
    let largest = logits[greedy(logits)];
    // p·max on the scale of logits, without dividing by their common sum.
    let least = largest + Float::ln(p);
    logits.iter_mut().filter(|logit| **logit < least).for_each(|logit| *logit = f64::NEG_INFINITY);
}

/// The probabilities of logits, of which one is finite.
pub fn softmax(logits: &[f64], probabilities: &mut [f64]) {
    let largest = logits[greedy(logits)];
    let mut sum = 0.0;
    for (probability, logit) in probabilities.iter_mut().zip(logits) {
        *probability = Float::exp(*logit - largest);
        sum += *probability;
    }
    probabilities.iter_mut().for_each(|probability| *probability /= sum);
}

/// Memory that the rules use again.
#[derive(Clone, Debug, Default)]
struct Work {
    logits: Vec<f64>,
    numbers: Vec<f64>,
    order: Vec<usize>,
}

impl Work {
    fn top_p(&mut self, logits: &mut [f64], p: f64) {
        if p >= 1.0 {
            return;
        }
        let (probabilities, order) = (&mut self.numbers, &mut self.order);
        probabilities.resize(logits.len(), 0.0);
        softmax(logits, probabilities);
        order.clear();
        order.extend(0..logits.len());
        order.sort_unstable_by(|&a, &b| {
            probabilities[a].total_cmp(&probabilities[b]).then(b.cmp(&a))
        });
        let mut sum = 0.0;
        for &id in &order[..order.len() - 1] {
            sum += probabilities[id];
            if sum > 1.0 - p {
                break;
            }
            logits[id] = f64::NEG_INFINITY;
        }
    }
}

/// Chooses one token after the other.
///
/// A draw is a function of the seed and of the number of the token, and of nothing else.
///
/// ```
/// use elman::text::{Sampler, Sampling};
///
/// # fn main() -> elman::Result<()> {
/// let mut sampler = Sampler::new(Sampling { temperature: 0.0, ..Sampling::default() })?;
/// assert_eq!(sampler.choose(&[0.5f32, 3.0, 3.0], 0), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Sampler {
    sampling: Sampling,
    philox: Philox,
    work: Work,
}

/// What the counter of a draw ends with: other uses of a seed have another end.
const TEXT: u32 = 0x7465_7874;

impl Sampler {
    /// A sampler of these settings.
    ///
    /// # Errors
    ///
    /// A setting that is out of range.
    pub fn new(sampling: Sampling) -> Result<Self> {
        sampling.check()?;
        let philox = Philox::from_seed(sampling.seed);
        Ok(Sampler { sampling, philox, work: Work::default() })
    }

    /// The token that follows, as the `index`th one of a text, from the logits of all tokens.
    pub fn choose<T: Real>(&mut self, logits: &[T], index: u64) -> usize {
        let Sampling { temperature, top_k, top_p, min_p: least, .. } = self.sampling;
        let mut values = std::mem::take(&mut self.work.logits);
        values.clear();
        values.extend(logits.iter().map(|logit| logit.to_f64()));
        let chosen = if temperature <= 0.0 {
            greedy(&values)
        } else {
            scale(&mut values, temperature);
            if let Some(k) = top_k {
                self.work.numbers.clear();
                self.work.numbers.extend_from_slice(&values);
                cut_below(&mut values, &mut self.work.numbers, k);
            }
            if let Some(p) = top_p {
                self.work.top_p(&mut values, p);
            }
            if let Some(p) = least {
                min_p(&mut values, p);
            }
            self.draw(&values, index)
        };
        self.work.logits = values;
        chosen
    }

    /// A token with its probability.
    fn draw(&mut self, logits: &[f64], index: u64) -> usize {
        let probabilities = &mut self.work.numbers;
        probabilities.resize(logits.len(), 0.0);
        softmax(logits, probabilities);
        let mut rest = uniform(self.philox, index);
        let mut last = 0;
        for (id, probability) in probabilities.iter().enumerate().filter(|(_, p)| **p > 0.0) {
            if rest < *probability {
                return id;
            }
            rest -= probability;
            last = id;
        }
        // The probabilities add up to a little less than 1.
        last
    }
}

/// A multiple of 2⁻⁵³ in [0, 1).
#[expect(clippy::cast_possible_truncation, reason = "each word is one half of the number")]
fn uniform(philox: Philox, index: u64) -> f64 {
    let [low, high, ..] = philox.block([index as u32, (index >> 32) as u32, 0, TEXT]);
    let bits = u64::from(high) << 32 | u64::from(low);
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests;
