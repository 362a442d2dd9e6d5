//! Text as tokens: what a language model reads, and how it writes.
//!
//! A [`Tokenizer`] cuts text into bytes, characters or words and numbers them. A [`Corpus`] is one or
//! several files as one sequence of tokens, read page by page, so that it may be larger than the
//! memory. [`Sampling`] chooses the next token from the outputs of a network, and a [`Writer`] puts the
//! three together: it reads a prompt and writes on, one step of the network a token. [`Likelihood`] is
//! what a network thinks of a text, and [`NGrams`] what a table of short sequences would.
//!
//! A text's loss is always that of the whole text with the state carried from its first token to its
//! last. It has no lanes and no chunks in it, so neither changes a bit.

mod corpus;
mod likelihood;
mod ngrams;
mod sample;
mod tokenizer;
mod unit;
mod writer;

pub use corpus::{Corpus, CorpusOptions, Passage};
pub use likelihood::{ClassLoss, Likelihood, TokenClass, log_probabilities, score_lines};
pub use ngrams::{NGrams, NgramFloor};
pub use sample::{Sampler, Sampling, greedy, min_p, scale, softmax, top_k, top_p};
pub use tokenizer::{Tokenizer, WordShape};
pub use unit::{Normalization, TokenUnit, VocabularyOptions};
pub use writer::{Characters, StopText, Writer};
