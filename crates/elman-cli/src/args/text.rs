//! What is said of text: to train on it, to write, to measure.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Talk;
use super::records::Every;
use super::value::{count, number, seed};

/// How text is learnt.
///
/// The doc of [`super::text_rules`] has what else text sets.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Text, with --task text")]
pub struct TextArgs {
    /// Make one character of a letter and its accent, where there is one (Unicode NFC)
    #[arg(long)]
    pub nfc: bool,
    /// The most words of the vocabulary, the commonest
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = count)]
    pub vocabulary_size: usize,
    /// How often a word must occur to be in the vocabulary; others are known by their shape alone
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = count)]
    pub least_count: usize,
    /// Take the embedding for the weights of the outputs too: fewer parameters, which pays with many words
    #[arg(long)]
    pub tied: bool,
    /// Numbers that stand for a token [default: 64; words: 128; --tied: what the outputs read]
    #[arg(long, value_name = "N", value_parser = count)]
    pub embedding_size: Option<usize>,
    /// Stretches of the text that are read side by side
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = count)]
    pub lanes: usize,
    /// The part at the end of the text to measure the trained model on, without --test
    #[arg(long, value_name = "FRACTION", value_parser = number)]
    pub test_fraction: Option<f64>,
    /// How often a sample is shown during training on a terminal: 60s, 1epoch or 500updates, say
    #[arg(long, value_name = "INTERVAL", default_value_t = Every::Seconds(60))]
    pub sample_every: Every,
}

/// `elman generate`.
#[derive(Clone, Debug, Args)]
#[command(allow_negative_numbers = true)]
pub struct GenerateArgs {
    /// The model, trained with --task text
    pub model: PathBuf,
    /// What the text begins with; - reads it from standard input [default: a text of its own]
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub prompt: Option<String>,
    /// How many tokens are written
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = count)]
    pub length: usize,
    /// End before this text
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub stop: Option<String>,
    /// Below 1 likely tokens become likelier; 0 always takes the likeliest
    #[arg(long, value_name = "T", default_value_t = 1.0, value_parser = number)]
    pub temperature: f64,
    /// Only the K likeliest tokens
    #[arg(long, value_name = "K", value_parser = count)]
    pub top_k: Option<usize>,
    /// Only the fewest tokens that have this probability together
    #[arg(long, value_name = "P", value_parser = number)]
    pub top_p: Option<f64>,
    /// Only tokens with this share of the probability of the likeliest
    #[arg(long, value_name = "P", value_parser = number)]
    pub min_p: Option<f64>,
    /// The seed of the draws
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = seed)]
    pub seed: u64,

    #[command(flatten)]
    pub talk: Talk,
}

/// What `elman score` has a row for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EachChoice {
    /// A row for each line, scored as a text of its own
    Line,
    /// A row for each token of each line
    Token,
    /// A row for each document, scored as one text
    Document,
}

/// `elman score`.
#[derive(Clone, Debug, Args)]
pub struct ScoreArgs {
    /// The model, trained with --task text or forecast
    pub model: PathBuf,
    /// The text, or the tables of series
    #[arg(required = true, num_args = 1..)]
    pub files: Vec<PathBuf>,
    /// Further models of text to score with
    #[arg(long, value_name = "MODEL", num_args = 1)]
    pub against: Vec<PathBuf>,
    /// What there is a row for [default: line]
    #[arg(long, value_enum)]
    pub each: Option<EachChoice>,
    /// The interval outside of which a row of a series is marked, in percent [default: 95]
    #[arg(long, value_name = "PERCENT", value_parser = number)]
    pub level: Option<f64>,
    /// Worker threads [default: one for each core]
    #[arg(long, value_name = "N", value_parser = count)]
    pub threads: Option<usize>,

    #[command(flatten)]
    pub talk: Talk,
}
