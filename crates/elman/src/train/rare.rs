//! Rare tokens, which training makes unknown now and then, so that a network learns what to make of
//! tokens that it has never seen.
//!
//! The probability falls with the number of steps in which training has the token: `α / (α + n)` with
//! α = 0.25. Source: Kiperwasser and Goldberg (2016), "Simple and accurate dependency parsing using
//! bidirectional LSTM feature representations", section 4.

use crate::data::{Dataset, Vocabulary};
use crate::error::Result;
use crate::real::Real;
use crate::rng::{MaskPlace, MaskSite, MaskSource, Purpose};
use crate::sequence::SequenceBatch;

/// α.
const RARENESS: f64 = 0.25;
/// A token with less is never made unknown: it stands in hundreds of steps.
const LEAST_PROBABILITY: f64 = 0.001;

/// The probability with which each token becomes unknown.
pub(super) struct RareTokens {
    /// By channel and id.
    probabilities: Vec<Vec<f64>>,
    /// The ids of a batch, and where those of each row start `[B + 1]`.
    ids: Vec<u32>,
    starts: Vec<usize>,
}

/// A batch whose tokens are replaced.
pub(super) struct Draw<'a> {
    /// What is random in it.
    pub(super) number: u64,
    /// The sequence of each row.
    pub(super) rows: &'a [usize],
    /// The first step of the sequences that is in the batch.
    pub(super) first_step: usize,
}

impl RareTokens {
    /// `None` where no token is rare, or there are none.
    pub(super) fn of(data: &Dataset) -> Option<Self> {
        let channels = data.token_channels().iter();
        let probabilities: Vec<Vec<f64>> = channels
            .map(|channel| probabilities(channel.ids(), channel.vocabulary().len()))
            .collect();
        let is_any = probabilities.iter().flatten().any(|probability| *probability > 0.0);
        is_any.then(|| RareTokens { probabilities, ids: vec![], starts: vec![] })
    }

    /// Makes some tokens of a batch unknown: a function of the draw, the channel, the sequence and the
    /// step alone.
    pub(super) fn replace<T: Real>(
        &mut self,
        draw: &Draw<'_>,
        batch: &mut SequenceBatch<T>,
    ) -> Result<()> {
        let source = MaskSource { seed: draw.number, update: 0 };
        for (channel, probabilities) in self.probabilities.iter().enumerate() {
            let masks = source.masks(MaskSite { purpose: Purpose::Tokens, layer: channel });
            self.ids.clear();
            self.starts.clear();
            self.starts.push(0);
            for (ids, &sequence) in batch.tokens()[channel].sequences().zip(draw.rows) {
                for (step, &id) in ids.iter().enumerate() {
                    let probability = probabilities[id as usize];
                    let place = MaskPlace::of_step(sequence, draw.first_step + step);
                    let drops = probability > 0.0 && masks.drops(place, probability)?;
                    self.ids.push(if drops { Vocabulary::UNKNOWN } else { id });
                }
                self.starts.push(self.ids.len());
            }
            let ids = &self.ids;
            let rows = self.starts.windows(2).map(|pair| &ids[pair[0]..pair[1]]);
            batch.refill_tokens(channel, rows)?;
        }
        Ok(())
    }
}

fn probabilities(ids: &[u32], size: usize) -> Vec<f64> {
    let mut counts = vec![0usize; size];
    ids.iter().for_each(|&id| counts[id as usize] += 1);
    counts[Vocabulary::UNKNOWN as usize] = 0;
    let probability = |count: usize| match RARENESS / (RARENESS + count as f64) {
        _ if count == 0 => 0.0,
        probability if probability < LEAST_PROBABILITY => 0.0,
        probability => probability,
    };
    counts.into_iter().map(probability).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::data::{Targets, TokenChannel, Vocabulary};
    use crate::train::Sequences;

    fn data(words: &[&str], lengths: &[usize]) -> Dataset {
        let known = Arc::new(Vocabulary::of(words.iter().copied(), 1));
        let ids = words.iter().map(|word| known.id(word)).collect();
        let channel = TokenChannel::new("word", known, ids).unwrap();
        Dataset::from_tokens(lengths, vec![channel], Targets::None).unwrap()
    }

    #[test]
    fn the_rarer_a_token_the_more_often_it_is_unknown() {
        // `a` in 300 steps, `b` in 2, `c` in 1.
        let mut words = vec!["a"; 300];
        words.extend(["b", "b", "c"]);
        let data = data(&words, &[303]);
        let mut rare = RareTokens::of(&data).unwrap();
        let known = data.token_channels()[0].vocabulary();
        let of = |text: &str| rare.probabilities[0][known.id(text) as usize];
        assert_eq!((of("a"), of("b"), of("c")), (0.0, 0.25 / 2.25, 0.2));
        let sequences = Sequences::<f32>::new(&data, None).unwrap();
        let mut batch = SequenceBatch::default();
        let mut unknown = [0usize; 303];
        for number in 0..2000 {
            sequences.batch_into(&[0], &mut batch).unwrap();
            let draw = Draw { number, rows: &[0], first_step: 0 };
            rare.replace(&draw, &mut batch).unwrap();
            let ids = batch.tokens()[0].sequences().next().unwrap();
            unknown.iter_mut().zip(ids).for_each(|(count, id)| *count += usize::from(*id == 0));
        }
        assert!(unknown[..300].iter().all(|count| *count == 0));
        // 4 standard deviations of a binomial distribution.
        for (found, probability) in [(unknown[300], 1.0 / 9.0), (unknown[302], 0.2)] {
            let spread = 4.0 * f64::sqrt(2000.0 * probability * (1.0 - probability));
            assert!((found as f64 - 2000.0 * probability).abs() < spread, "{found} {probability}");
        }
    }

    #[test]
    fn what_becomes_unknown_does_not_depend_on_the_batch() {
        let data = data(&["a", "b", "c", "d", "e", "f", "g", "h", "i"], &[3, 2, 4]);
        let mut rare = RareTokens::of(&data).unwrap();
        let sequences = Sequences::<f32>::new(&data, None).unwrap();
        let mut batch = SequenceBatch::default();
        let mut seen = 0;
        for number in 0..50 {
            let mut ids = |rows: &[usize]| -> Vec<Vec<u32>> {
                sequences.batch_into(rows, &mut batch).unwrap();
                rare.replace(&Draw { number, rows, first_step: 0 }, &mut batch).unwrap();
                batch.tokens()[0].sequences().map(<[u32]>::to_vec).collect()
            };
            let together = ids(&[2, 0, 1]);
            assert_eq!(together, [ids(&[2]), ids(&[0]), ids(&[1])].concat());
            seen += together.concat().iter().filter(|id| **id == 0).count();
        }
        assert!(seen > 0);
    }
}
