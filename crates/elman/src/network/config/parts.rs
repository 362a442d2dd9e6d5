//! The parts of a network's description, but for the layers.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::activation::ActivationKind;
use crate::cell::{CellKind, ForgetGate};
use crate::error::{Error, Result, nearest};
use crate::init::Initializer;
use crate::network::NetworkOptions;

/// What a network reads at each step: numbers, and tokens that it embeds, side by side in this order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InputsConfig {
    /// I, the numeric channels.
    pub numeric: usize,
    /// The token channels.
    pub tokens: Vec<TokenInput>,
}

impl InputsConfig {
    /// The values of a step after embedding: what the first layer reads.
    #[must_use]
    pub fn width(&self) -> usize {
        let embedded = self.tokens.iter().map(|channel| channel.embedding_size);
        embedded.fold(self.numeric, usize::saturating_add)
    }
}

/// So many numeric channels.
impl From<usize> for InputsConfig {
    fn from(numeric: usize) -> Self {
        InputsConfig { numeric, tokens: Vec::new() }
    }
}

/// Token channels alone.
impl From<Vec<TokenInput>> for InputsConfig {
    fn from(tokens: Vec<TokenInput>) -> Self {
        InputsConfig { numeric: 0, tokens }
    }
}

/// A channel of tokens, with the [`Embedding`](crate::Embedding) that reads it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenInput {
    /// V: ids are below it.
    pub vocabulary_size: usize,
    /// E, the numbers that stand for a token.
    pub embedding_size: usize,
    /// An id that stands for no token: its numbers start as zeros and are not trained.
    #[serde(default)]
    pub padding_id: Option<u32>,
    /// The probability with which training drops a number of an embedded token.
    #[serde(default)]
    pub dropout: f64,
    /// Whether training makes some tokens unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_dropout: Option<TokenDropout>,
}

/// Tokens that become the unknown token in training, each step of each sequence by itself, so that a
/// network learns what to make of tokens that it has never seen.
///
/// Which ones is a function of (seed, update, channel, sequence, step): it does not depend on the batch,
/// on its order, on chunks or on threads.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenDropout {
    /// The probability with which a token becomes unknown.
    pub probability: f64,
    /// The id that stands for unknown tokens.
    pub unknown_id: u32,
}

impl TokenInput {
    /// A channel without a padding id and without dropout.
    #[must_use]
    pub fn new(vocabulary_size: usize, embedding_size: usize) -> Self {
        TokenInput {
            vocabulary_size,
            embedding_size,
            padding_id: None,
            dropout: 0.0,
            token_dropout: None,
        }
    }
}

/// What the head reads of a sequence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Readout {
    /// These, one after the other in one row: one answer for the sequence.
    Pooled(Vec<Pooling>),
    /// Every output by itself: an answer at each step.
    EveryStep,
}

/// The last step.
impl Default for Readout {
    fn default() -> Self {
        Readout::Pooled(vec![Pooling::LastStep])
    }
}

impl From<Pooling> for Readout {
    fn from(pooling: Pooling) -> Self {
        Readout::Pooled(vec![pooling])
    }
}

/// One row of numbers from the outputs `y_t` `[D]` of the valid steps of a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pooling {
    /// The last output that each direction computed: at the last step forward, at the first in
    /// reverse. Of a sequence without steps it is the output in the initial state.
    LastStep,
    /// The output of the first step; zero without steps.
    FirstStep,
    /// The mean of the outputs; zero without steps.
    Mean,
    /// The largest value of each output; zero without steps. Of equal values the first gets the
    /// gradient.
    Max,
    /// A mean with learned weights, `Σ_t α_t·y_t` with `α = softmax_t(v·tanh(y_t·A))`; zero without
    /// steps. Parameters: `readout.attention.weights` A `[D, size]`, `readout.attention.vector` v
    /// `[size]`.
    ///
    /// # Source
    ///
    /// D. Bahdanau, K. Cho and Y. Bengio, "Neural machine translation by jointly learning to align and
    /// translate", ICLR 2015, without a query; Z. Yang and others, "Hierarchical attention networks for
    /// document classification", NAACL 2016, without the bias.
    Attention {
        /// The width of the hidden layer that scores a step.
        size: usize,
    },
}

impl Pooling {
    /// What it is called: `last`, `attention`, …
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Pooling::LastStep => "last",
            Pooling::FirstStep => "first",
            Pooling::Mean => "mean",
            Pooling::Max => "max",
            Pooling::Attention { .. } => "attention",
        }
    }
}

/// The dense layers between the readout and the outputs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HeadConfig {
    /// The probability with which training drops a value that the head reads.
    pub dropout: f64,
    /// Hidden layers, from the bottom to the top.
    pub hidden: Vec<DenseConfig>,
    /// Where the weights of the outputs come from.
    #[serde(skip_serializing_if = "OutputWeights::are_own")]
    pub output_weights: OutputWeights,
}

/// Where the weights of the outputs come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutputWeights {
    /// They are parameters of their own.
    #[default]
    Own,
    /// They are the embedding of the only token channel, transposed: an output for each token, from as many
    /// features as the embedding is wide (Press and Wolf, *Using the Output Embedding to Improve Language
    /// Models*, 2017). The bias stays the head's own, and the table starts as weights of outputs do.
    Embedding,
}

impl OutputWeights {
    fn are_own(&self) -> bool {
        *self == OutputWeights::Own
    }
}

/// A hidden layer of the head: `φ(x·W + b)`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DenseConfig {
    /// The number of its units.
    pub size: usize,
    /// φ.
    pub activation: ActivationKind,
    /// The probability with which training drops a unit's value.
    #[serde(default)]
    pub dropout: f64,
}

impl DenseConfig {
    /// A layer of this many units without dropout.
    #[must_use]
    pub fn new(size: usize, activation: ActivationKind) -> Self {
        DenseConfig { size, activation, dropout: 0.0 }
    }
}

/// The outputs of a network, in groups that have a name.
///
/// ```
/// use elman::network::{OutputGroup, Outputs};
///
/// # fn main() -> elman::Result<()> {
/// let outputs = Outputs(vec![OutputGroup::new("mean", 2), OutputGroup::new("deviation", 2)]);
/// assert_eq!((outputs.size(), outputs.range("deviation")?), (4, 2..4));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Outputs(
    /// The groups, in the order of their outputs.
    pub Vec<OutputGroup>,
);

/// Some outputs that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputGroup {
    /// What it is called.
    pub name: String,
    /// The number of its outputs.
    pub size: usize,
}

impl OutputGroup {
    /// A group.
    #[must_use]
    pub fn new(name: impl Into<String>, size: usize) -> Self {
        OutputGroup { name: name.into(), size }
    }
}

/// One group called `outputs`.
impl From<usize> for Outputs {
    fn from(size: usize) -> Self {
        Outputs(vec![OutputGroup::new("outputs", size)])
    }
}

impl From<Vec<OutputGroup>> for Outputs {
    fn from(groups: Vec<OutputGroup>) -> Self {
        Outputs(groups)
    }
}

impl Outputs {
    /// O, the outputs of all groups.
    #[must_use]
    pub fn size(&self) -> usize {
        self.0.iter().map(|group| group.size).fold(0, usize::saturating_add)
    }

    /// Where a group stands among the outputs.
    ///
    /// # Errors
    ///
    /// No group of that name.
    pub fn range(&self, name: &str) -> Result<Range<usize>> {
        let mut start = 0;
        for group in &self.0 {
            if group.name == name {
                return Ok(start..start + group.size);
            }
            start += group.size;
        }
        let names: Vec<&str> = self.0.iter().map(|group| group.name.as_str()).collect();
        let near = nearest(name, names.iter().copied());
        let near = near.map_or(String::new(), |near| format!(" (nearest: {near})"));
        let expected = format!("one of {}{near}", names.join(", "));
        Err(Error::argument("output group", expected, name))
    }
}

/// The state that a layer starts from where the caller of a run gives none. One that is given is
/// always taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InitialState {
    /// Zeros.
    #[default]
    Zeros,
    /// The caller must give one.
    Given,
    /// One that is trained, the same for every sequence. Parameters:
    /// `layers.0.forward.initial_state` `[S]` and so on, which start as zeros.
    Learned,
}

/// How parameters start.
///
/// These are the parameters of the recurrent layers. The head starts uniformly from `±1/√D`, D being
/// the inputs of each dense layer; so do the two parameters of attention. Embeddings start from the
/// standard normal distribution.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Initialization {
    /// The input weights, gate by gate.
    pub input_weights: Initializer,
    /// The recurrent weights, gate by gate.
    pub recurrent_weights: Initializer,
    /// The biases, and what else has one axis.
    pub bias: Initializer,
    /// What is added to the bias of the forget gate of each LSTM layer that has one of its own.
    pub forget_bias: Option<f64>,
}

impl Default for Initialization {
    fn default() -> Self {
        Initialization {
            input_weights: Initializer::RecurrentUniform,
            recurrent_weights: Initializer::RecurrentUniform,
            bias: Initializer::RecurrentUniform,
            forget_bias: None,
        }
    }
}

impl NetworkOptions {
    /// Whether a layer has gates that [`Initialization::forget_bias`] is about.
    pub(in crate::network) fn has_forget_gates(&self) -> bool {
        self.layers.iter().any(|layer| match &layer.cell {
            CellKind::Lstm(options) => options.forget_gate == ForgetGate::Own,
            _ => false,
        })
    }
}
