//! What a table of short sequences knows of a text: the floor that a language model has to beat.

use std::collections::HashMap;

use serde::Serialize;

use super::corpus::Passage;
use super::unit::TokenUnit;
use crate::error::{Error, Result};
use crate::real::Float;

/// Tokens that are read at once.
const CHUNK: u64 = 1 << 16;

/// The tokens of a text that are counted at most: its last ones. A table of all sequences of a larger text would
/// take gigabytes.
const MOST_TOKENS: u64 = 1 << 24;

/// The longest sequence that is counted.
const MOST_ORDER: usize = 8;

/// The number of a sequence in the table; 0 is the empty one.
type Node = u32;

/// How often each sequence of up to `order` tokens occurs in a text, and what follows it.
///
/// The probability of a token is interpolated from those after shorter and shorter contexts, down to an equal share
/// for every token of the vocabulary, by Witten and Bell's rule (*The Zero-Frequency Problem*, 1991, method C):
/// `p(w | h) = (c(hw) + t(h)·p(w | h')) / (c(h) + t(h))`, with `c` the occurrences, `t(h)` the number of different
/// tokens after `h`, and `h'` the context without its oldest token.
///
/// ```
/// use elman::text::{Corpus, CorpusOptions, NGrams, VocabularyOptions};
///
/// # fn main() -> elman::Result<()> {
/// let text = Corpus::from_text("abababab", CorpusOptions::Fresh(VocabularyOptions::default()))?;
/// // After the first token each is certain but for what has never been seen.
/// let floor = NGrams::of(&text.whole(), 2)?.floor(&text.whole())?;
/// assert!(floor.perplexity < 1.5);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct NGrams {
    order: usize,
    vocabulary: usize,
    followers: HashMap<(Node, u32), Node>,
    sequences: Vec<Counts>,
}

/// A sequence of the table.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    /// How often it occurs.
    occurrences: u64,
    /// How often a token follows it.
    followed: u64,
    /// How many different ones do.
    kinds: u64,
}

/// What a text costs by the n-grams of another.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct NgramFloor {
    /// The longest sequences that are counted: the n.
    pub order: usize,
    /// The mean of -ln p over all tokens but the first.
    pub nats: f64,
    /// `e^nats`
    pub perplexity: f64,
}

/// The last sequences that end at a place of the text, from the empty one to the longest.
struct Tail {
    nodes: Vec<Node>,
}

impl NGrams {
    /// The longest sequences that pay for a text: 3 words, 5 characters or bytes.
    #[must_use]
    pub fn usual_order(unit: TokenUnit) -> usize {
        match unit {
            TokenUnit::Words => 3,
            TokenUnit::Characters | TokenUnit::Bytes => 5,
        }
    }

    /// Counts the sequences of up to `order` tokens, of a text of more than 16,777,216 tokens those of its end.
    ///
    /// # Errors
    ///
    /// An order that is not 1 to 8; a text that cannot be read.
    pub fn of(passage: &Passage<'_>, order: usize) -> Result<Self> {
        if !(1..=MOST_ORDER).contains(&order) {
            return Err(Error::argument("order", format!("1 to {MOST_ORDER}"), order));
        }
        let vocabulary = passage.corpus.tokenizer().len();
        let (followers, sequences) = (HashMap::new(), vec![Counts::default()]);
        let mut table = NGrams { order, vocabulary, followers, sequences };
        let mut tail = Tail { nodes: vec![0] };
        let start = passage.range.start.max(passage.range.end.saturating_sub(MOST_TOKENS));
        each(passage, start, |id| table.count(&mut tail, id))?;
        Ok(table)
    }

    /// What a text costs, each token after those before it.
    ///
    /// # Errors
    ///
    /// Fewer than two tokens; another vocabulary; a text that cannot be read.
    pub fn floor(&self, passage: &Passage<'_>) -> Result<NgramFloor> {
        if passage.len() < 2 {
            let found = passage.len();
            return Err(Error::argument("text", "at least two tokens to be predicted", found));
        }
        let found = passage.corpus.tokenizer().len();
        if found != self.vocabulary {
            let expected = format!("a vocabulary of {}", self.vocabulary);
            return Err(Error::argument("text", expected, found));
        }
        let (mut tail, mut nats, mut first) = (Tail { nodes: vec![0] }, 0.0, true);
        each(passage, passage.range.start, |id| {
            if !std::mem::take(&mut first) {
                nats -= Float::ln(self.probability(&tail, id));
            }
            self.follow(&mut tail, id);
        })?;
        let nats = nats / (passage.len() - 1) as f64;
        Ok(NgramFloor { order: self.order, nats, perplexity: Float::exp(nats) })
    }

    /// Counts a token after each of the sequences before it.
    fn count(&mut self, tail: &mut Tail, id: u32) {
        let mut next = vec![0];
        for &context in tail.nodes.iter().take(self.order) {
            let fresh = Node::try_from(self.sequences.len()).unwrap_or(Node::MAX);
            let node = *self.followers.entry((context, id)).or_insert(fresh);
            if node == fresh {
                self.sequences.push(Counts::default());
                self.sequences[context as usize].kinds += 1;
            }
            self.sequences[context as usize].followed += 1;
            self.sequences[node as usize].occurrences += 1;
            next.push(node);
        }
        tail.nodes = next;
    }

    /// Goes on by a token, as far as the table knows.
    fn follow(&self, tail: &mut Tail, id: u32) {
        let known =
            tail.nodes.iter().take(self.order).map_while(|&context| self.after(context, id));
        tail.nodes = std::iter::once(0).chain(known).collect();
    }

    fn after(&self, context: Node, id: u32) -> Option<Node> {
        self.followers.get(&(context, id)).copied()
    }

    fn probability(&self, tail: &Tail, id: u32) -> f64 {
        let mut probability = 1.0 / self.vocabulary as f64;
        for &context in tail.nodes.iter().take(self.order) {
            let Counts { followed, kinds, .. } = self.sequences[context as usize];
            if followed == 0 {
                break;
            }
            let seen = self.after(context, id);
            let seen = seen.map_or(0, |node| self.sequences[node as usize].occurrences);
            probability = (seen as f64 + kinds as f64 * probability) / (followed + kinds) as f64;
        }
        probability
    }
}

/// Hands over the tokens of a passage, from `start` on.
fn each(passage: &Passage<'_>, mut start: u64, mut tell: impl FnMut(u32)) -> Result<()> {
    let mut ids = Vec::new();
    while start < passage.range.end {
        let end = passage.range.end.min(start + CHUNK);
        ids.clear();
        passage.corpus.read(start..end, &mut ids)?;
        ids.iter().for_each(|id| tell(*id));
        start = end;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Corpus, CorpusOptions, VocabularyOptions};

    /// By hand: after "a" of "abac" stand b and c once each, so that the next b has
    /// (1 + 2 · p(b)) / 4, with p(b) = (1 + 3 · 1/3) / (4 + 3).
    #[test]
    fn probabilities_are_those_of_the_rule() {
        let text = |text: &str| {
            Corpus::from_text(text, CorpusOptions::Fresh(VocabularyOptions::default())).unwrap()
        };
        let corpus = text("abac");
        let vocabulary = corpus.tokenizer().len() as f64;
        let table = NGrams::of(&corpus.whole(), 2).unwrap();
        let known = CorpusOptions::Known(corpus.tokenizer());
        let ab = Corpus::from_text("ab", known).unwrap();
        let single = (1.0 + 3.0 / vocabulary) / 7.0;
        let expected = -Float::ln((1.0 + 2.0 * single) / 4.0);
        let floor = table.floor(&ab.whole()).unwrap();
        assert!((floor.nats - expected).abs() < 1e-14, "{} {expected}", floor.nats);
    }

    #[test]
    fn orders_and_vocabularies_that_do_not_fit_are_refused() {
        let text = |text: &str| {
            Corpus::from_text(text, CorpusOptions::Fresh(VocabularyOptions::default())).unwrap()
        };
        let corpus = text("abac");
        for order in [0, 9] {
            let error = NGrams::of(&corpus.whole(), order).unwrap_err().to_string();
            assert_eq!(error, format!("order: expected 1 to 8, got {order}"));
        }
        let table = NGrams::of(&corpus.whole(), 3).unwrap();
        assert!(table.floor(&text("abacde").whole()).is_err());
        assert!(table.floor(&text("a").whole()).is_err());
    }
}
