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
pub fn greedy(logits: &[f64]) -> usize {
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
mod tests {
    use super::*;

    const GONE: f64 = f64::NEG_INFINITY;

    fn ln(values: &[f64]) -> Vec<f64> {
        values.iter().map(|value| Float::ln(*value)).collect()
    }

    fn kept(rule: impl Fn(&mut [f64]), logits: &[f64]) -> Vec<usize> {
        let mut logits = logits.to_vec();
        rule(&mut logits);
        (0..logits.len()).filter(|&id| logits[id] > GONE).collect()
    }

    #[test]
    fn top_k_keeps_ties_and_everything_where_k_is_large() {
        let logits = [1.0, 3.0, 2.0, 2.0, 0.0];
        assert_eq!(kept(|l| top_k(l, 1), &logits), [1]);
        assert_eq!(kept(|l| top_k(l, 2), &logits), [1, 2, 3]);
        assert_eq!(kept(|l| top_k(l, 3), &logits), [1, 2, 3]);
        assert_eq!(kept(|l| top_k(l, 4), &logits), [0, 1, 2, 3]);
        assert_eq!(kept(|l| top_k(l, 9), &logits), [0, 1, 2, 3, 4]);
        assert_eq!(kept(|l| top_k(l, 2), &[GONE, 1.0, GONE, GONE]).len(), 1);
    }

    #[test]
    fn top_p_keeps_the_smallest_set_with_the_probability() {
        // Probabilities that are sums of powers of two, so that sums are exact.
        let logits = ln(&[0.125, 0.5, 0.0625, 0.25, 0.0625]);
        for (p, expected) in [
            (0.1, vec![1]),
            (0.45, vec![1]),
            (0.6, vec![1, 3]),
            (0.8, vec![0, 1, 3]),
            (0.9, vec![0, 1, 2, 3]), // of the two equals the higher id goes
            (0.97, vec![0, 1, 2, 3, 4]),
            (1.0, vec![0, 1, 2, 3, 4]),
        ] {
            assert_eq!(kept(|l| top_p(l, p), &logits), expected, "p = {p}");
        }
        assert_eq!(kept(|l| top_p(l, 0.3), &[0.0; 4]), [0, 1]);
    }

    #[test]
    fn min_p_is_a_share_of_the_likeliest() {
        let logits = ln(&[0.6, 0.25, 0.1, 0.05]);
        assert_eq!(kept(|l| min_p(l, 0.1), &logits), [0, 1, 2]);
        assert_eq!(kept(|l| min_p(l, 0.4), &logits), [0, 1]);
        assert_eq!(kept(|l| min_p(l, 1.0), &logits), [0]);
    }

    #[test]
    fn temperature_scales_and_softmax_adds_up() {
        let mut logits = [1.0, -2.0];
        scale(&mut logits, 0.5);
        assert_eq!(logits.map(f64::to_bits), [2.0f64, -4.0].map(f64::to_bits));
        let mut probabilities = [0.0; 3];
        softmax(&[1000.0, 999.0, GONE], &mut probabilities);
        // 1/(1 + 1/e)
        assert!((probabilities[0] - 0.731_058_578_630_005).abs() < 1e-15);
        assert_eq!(probabilities[2].to_bits(), 0);
    }

    #[test]
    fn greedy_takes_the_first_of_equals() {
        assert_eq!(greedy(&[1.0, 4.0, 4.0]), 1);
        assert_eq!(greedy(&[GONE, GONE]), 0);
    }

    /// Draws have the probabilities that the rules leave, renormalised.
    #[test]
    fn draws_have_the_probabilities_that_are_left() {
        let probabilities: [f64; 4] = [0.5, 0.3, 0.15, 0.05];
        let logits = ln(&probabilities);
        // After top-p 0.9 the last is gone: 0.5, 0.3, 0.15 over 0.95.
        for (top_p, expected) in [
            (None, probabilities.to_vec()),
            (Some(0.9), vec![0.5 / 0.95, 0.3 / 0.95, 0.15 / 0.95, 0.0]),
        ] {
            let mut sampler = Sampler::new(Sampling { top_p, ..Sampling::default() }).unwrap();
            let (draws, mut counts) = (40_000, [0u32; 4]);
            (0..draws).for_each(|index| counts[sampler.choose(&logits, index)] += 1);
            let mut chi_square = 0.0;
            for (count, p) in counts.iter().zip(&expected) {
                let mean = draws as f64 * p;
                match mean > 0.0 {
                    true => chi_square += (f64::from(*count) - mean).powi(2) / mean,
                    false => assert_eq!(*count, 0),
                }
            }
            // Three degrees of freedom: beyond 16.27 once in a thousand.
            assert!(chi_square < 16.27, "{chi_square}: {counts:?}");
        }
    }

    #[test]
    fn the_order_of_the_rules_is_seen() {
        // By hand: at temperature 2, √p: 0.6, 0.3, 0.1 become 0.465, 0.329, 0.190 over 0.984.
        let logits = ln(&[0.36, 0.18, 0.06, 0.4]);
        let ids = |sampling: Sampling| {
            let mut sampler = Sampler::new(sampling).unwrap();
            let mut seen: Vec<usize> = (0..200).map(|i| sampler.choose(&logits, i)).collect();
            seen.sort_unstable();
            seen.dedup();
            seen
        };
        let sampling = Sampling { top_k: Some(2), top_p: Some(0.5), ..Sampling::default() };
        // Two are left, 0.36 and 0.4, of which the larger has 0.526: more than top-p asks for. Without
        // top-k before it, top-p would keep both.
        assert_eq!(ids(sampling), [3]);
        assert_eq!(ids(Sampling { top_k: None, ..sampling }), [0, 3]);
        // min-p 0.5 after temperature 0.5: squares 0.1296, 0.0324, 0.0036, 0.16.
        let sampling = Sampling { min_p: Some(0.4), ..Sampling::default() };
        assert_eq!(ids(sampling), [0, 1, 3]);
        assert_eq!(ids(Sampling { temperature: 0.5, ..sampling }), [0, 3]);
    }

    #[test]
    fn a_seed_gives_the_same_draws_and_another_others() {
        let draws = |seed| {
            let mut sampler = Sampler::new(Sampling { seed, ..Sampling::default() }).unwrap();
            (0..50).map(|index| sampler.choose(&[0.0f32; 9], index)).collect::<Vec<_>>()
        };
        assert_eq!(draws(3), draws(3));
        assert_ne!(draws(3), draws(4));
    }

    #[test]
    fn settings_out_of_range_are_named() {
        let plain = Sampling::default();
        for (sampling, expected) in [
            (
                Sampling { temperature: -0.5, ..plain },
                "temperature: expected a finite number, at least 0, got -0.5",
            ),
            (
                Sampling { temperature: f64::NAN, ..plain },
                "temperature: expected a finite number, at least 0, got NaN",
            ),
            (Sampling { top_k: Some(0), ..plain }, "top_k: expected at least 1, got 0"),
            (
                Sampling { min_p: Some(0.0), ..plain },
                "min_p: expected above 0 and at most 1, got 0",
            ),
            (
                Sampling { temperature: 0.0, top_k: Some(3), ..plain },
                "top_k: expected a temperature above 0 beside it, as 0 takes the likeliest token, got 3",
            ),
        ] {
            assert_eq!(sampling.check().unwrap_err().to_string(), expected);
        }
    }
}
