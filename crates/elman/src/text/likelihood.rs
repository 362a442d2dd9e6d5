//! What a network thinks of a text: the probability of each token after those before it.

use std::fmt::Write as _;

use serde::Serialize;

use super::corpus::Passage;
use super::ngrams::NgramFloor;
use super::sample::greedy;
use super::tokenizer::Tokenizer;
use super::unit::TokenUnit;
use crate::error::{Error, Result};
use crate::network::{Network, NetworkState};
use crate::real::{Float, Real};
use crate::sequence::{SequenceBatch, TokenBatch};

/// Steps that are computed at once.
const CHUNK: u64 = 2048;

/// Lines that are scored at once.
const LINES: usize = 64;

/// What the tokens of a text cost, all but the first, each after all tokens before it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Likelihood {
    /// What a token is.
    pub unit: TokenUnit,
    /// The tokens that were predicted.
    pub tokens: u64,
    /// The mean of -ln p over them.
    pub nats: f64,
    /// `nats / ln 2`: bits per character, where tokens are characters.
    pub bits: f64,
    /// `e^nats`: among how many equally likely tokens the network is in doubt.
    pub perplexity: f64,
    /// The part of the tokens that were the likeliest.
    pub accuracy: f64,
    /// The mean of -ln p if the p of each token were its share of this very text, whatever stands before
    /// it.
    pub floor_nats: f64,
    /// The same as `nats` by the n-grams of the training text, where they were counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ngrams: Option<NgramFloor>,
    /// The same as `nats` by the kind of the token; only of kinds that occur.
    pub classes: Vec<ClassLoss>,
}

/// The tokens of one kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassLoss {
    /// The kind.
    pub class: TokenClass,
    /// How many there are.
    pub tokens: u64,
    /// The mean of -ln p over them.
    pub nats: f64,
}

/// The kind of a token, by its first character behind a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenClass {
    /// A small letter, or one of a script without capitals.
    SmallLetter,
    /// A capital.
    CapitalLetter,
    /// A digit.
    Digit,
    /// A line break.
    LineBreak,
    /// A space or a tab.
    Space,
    /// Another ASCII character.
    Punctuation,
    /// Another character, or a byte that is none.
    Other,
    /// A word that the vocabulary does not have.
    UnknownWord,
}

impl TokenClass {
    /// All of them.
    pub const ALL: [TokenClass; 8] = [
        TokenClass::SmallLetter,
        TokenClass::CapitalLetter,
        TokenClass::Digit,
        TokenClass::LineBreak,
        TokenClass::Space,
        TokenClass::Punctuation,
        TokenClass::Other,
        TokenClass::UnknownWord,
    ];

    /// What it is called: `small letters`, `unknown words`, …
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            TokenClass::SmallLetter => "small letters",
            TokenClass::CapitalLetter => "capitals",
            TokenClass::Digit => "digits",
            TokenClass::LineBreak => "line breaks",
            TokenClass::Space => "spaces",
            TokenClass::Punctuation => "punctuation",
            TokenClass::Other => "others",
            TokenClass::UnknownWord => "unknown words",
        }
    }

    /// The kind of a token.
    #[must_use]
    pub fn of(tokenizer: &Tokenizer, id: u32) -> Self {
        if tokenizer.is_unknown(id) {
            return TokenClass::UnknownWord;
        }
        if tokenizer.unit() == TokenUnit::Bytes && id >= 128 {
            return TokenClass::Other;
        }
        let token = tokenizer.token(id);
        let word = token.strip_prefix(' ').filter(|word| !word.is_empty()).unwrap_or(&token);
        match word.chars().next() {
            Some('\n') => TokenClass::LineBreak,
            Some(c) if c.is_whitespace() => TokenClass::Space,
            Some(c) if c.is_numeric() => TokenClass::Digit,
            Some(c) if c.is_uppercase() => TokenClass::CapitalLetter,
            Some(c) if c.is_alphabetic() => TokenClass::SmallLetter,
            Some(c) if c.is_ascii() => TokenClass::Punctuation,
            _ => TokenClass::Other,
        }
    }
}

/// ln p of a token, from the logits of all.
fn log_probability<T: Real>(logits: &[T], id: u32) -> f64 {
    let largest = logits.iter().fold(f64::NEG_INFINITY, |most, logit| most.max(logit.to_f64()));
    let sum: f64 = logits.iter().map(|logit| Float::exp(logit.to_f64() - largest)).sum();
    let target = logits.get(id as usize).map_or(f64::NEG_INFINITY, |logit| logit.to_f64());
    target - largest - Float::ln(sum)
}

fn tokens<T: Real>(sequences: &[&[u32]]) -> Result<SequenceBatch<T>> {
    SequenceBatch::from_tokens(vec![TokenBatch::from_sequences(sequences)])
}

/// Hands the log probability of each token but the first to `tell`, with the token and whether it was
/// the likeliest. The state is carried from the first token to the last.
///
/// # Errors
///
/// Fewer than two tokens; a text that cannot be read; a network that does not read and answer tokens.
pub fn log_probabilities<T: Real>(
    network: &Network<T>,
    passage: &Passage<'_>,
    mut tell: impl FnMut(u32, f64, bool),
) -> Result<()> {
    if passage.len() < 2 {
        let found = passage.len();
        return Err(Error::argument("text", "at least two tokens to be predicted", found));
    }
    let (mut state, mut ids): (Option<NetworkState<T>>, Vec<u32>) = (None, Vec::new());
    let last = passage.range.end - 1;
    let mut start = passage.range.start;
    while start < last {
        let end = last.min(start + CHUNK);
        ids.clear();
        passage.corpus.read(start..end + 1, &mut ids)?;
        let steps = ids.len() - 1;
        let run = network.forward(&tokens(&[&ids[..steps]])?, state.as_ref())?;
        for (logits, &id) in run.outputs.rows().into_iter().zip(&ids[1..]) {
            let logits = logits.to_slice().unwrap_or_default();
            tell(id, log_probability(logits, id), greedy(logits) == id as usize);
        }
        state = Some(run.final_state);
        start = end;
    }
    Ok(())
}

#[derive(Clone, Copy, Default)]
struct Sum {
    tokens: u64,
    nats: f64,
}

impl Sum {
    fn mean(self) -> f64 {
        self.nats / self.tokens as f64
    }
}

impl Likelihood {
    /// That of a text, the state carried through all of it.
    ///
    /// # Errors
    ///
    /// Those of [`log_probabilities`].
    pub fn of<T: Real>(network: &Network<T>, passage: &Passage<'_>) -> Result<Self> {
        let tokenizer = passage.corpus.tokenizer();
        let ids = 0..u32::try_from(tokenizer.len()).unwrap_or(u32::MAX);
        let classes: Vec<usize> = ids.map(|id| TokenClass::of(tokenizer, id) as usize).collect();
        let (mut sums, mut correct) = ([Sum::default(); TokenClass::ALL.len()], 0u64);
        let (mut all, mut counts) = (Sum::default(), vec![0u64; classes.len()]);
        log_probabilities(network, passage, |id, log_probability, likeliest| {
            for sum in [&mut sums[classes[id as usize]], &mut all] {
                sum.tokens += 1;
                sum.nats -= log_probability;
            }
            correct += u64::from(likeliest);
            counts[id as usize] += 1;
        })?;
        let of_class = |(class, sum): (TokenClass, Sum)| {
            let there = sum.tokens > 0;
            there.then(|| ClassLoss { class, tokens: sum.tokens, nats: sum.mean() })
        };
        let nats = all.mean();
        Ok(Likelihood {
            unit: tokenizer.unit(),
            tokens: all.tokens,
            nats,
            bits: nats / std::f64::consts::LN_2,
            perplexity: Float::exp(nats),
            accuracy: correct as f64 / all.tokens as f64,
            floor_nats: entropy(&counts),
            ngrams: None,
            classes: TokenClass::ALL.into_iter().zip(sums).filter_map(of_class).collect(),
        })
    }
}

/// The entropy of shares, in nats.
fn entropy(counts: &[u64]) -> f64 {
    let all: u64 = counts.iter().sum();
    let shares = counts.iter().filter(|count| **count > 0).map(|count| *count as f64 / all as f64);
    -shares.map(|share| share * Float::ln(share)).sum::<f64>()
}

/// ln p of every token of some lines, each line by itself: as the first of a text, after a line break.
///
/// # Errors
///
/// A vocabulary without a line break; a network that does not read and answer tokens.
pub fn score_lines<T: Real>(
    network: &Network<T>,
    tokenizer: &Tokenizer,
    lines: &[Vec<u32>],
) -> Result<Vec<Vec<f64>>> {
    let Some(line_break) = tokenizer.line_break() else {
        let mut found = String::new();
        let _ = write!(found, "a vocabulary of {} tokens without one", tokenizer.len());
        return Err(Error::argument("lines", "a model that knows the line break", found));
    };
    let mut order: Vec<usize> = (0..lines.len()).filter(|&line| !lines[line].is_empty()).collect();
    order.sort_by_key(|&line| lines[line].len());
    let mut scores: Vec<Vec<f64>> = vec![Vec::new(); lines.len()];
    for group in order.chunks(LINES) {
        let inputs: Vec<Vec<u32>> = group
            .iter()
            .map(|&line| {
                let before = &lines[line][..lines[line].len() - 1];
                std::iter::once(line_break).chain(before.iter().copied()).collect()
            })
            .collect();
        let slices: Vec<&[u32]> = inputs.iter().map(Vec::as_slice).collect();
        let run = network.forward(&tokens(&slices)?, None)?;
        for (outputs, &line) in run.outputs.outer_iter().zip(group) {
            let each = outputs.rows().into_iter().zip(&lines[line]);
            let score = each
                .map(|(logits, &id)| log_probability(logits.to_slice().unwrap_or_default(), id));
            scores[line] = score.collect();
        }
    }
    Ok(scores)
}
