//! What a network is made of: the description that is checked once, saved with the model and shown.

mod check;
mod parts;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::stack::LayerConfig;

pub use check::MAX_LAYERS;
pub(super) use check::measure;
pub use parts::{
    DenseConfig, HeadConfig, InitialState, Initialization, InputsConfig, OutputGroup,
    OutputWeights, Outputs, Pooling, Readout, TokenDropout, TokenInput,
};

/// A network as one would draw it on a board.
///
/// ```text
/// numeric channels, embedded tokens → layers → readout → head → outputs
/// ```
///
/// The [builder](crate::Network::builder) writes it step by step; the same as a struct:
///
/// ```
/// use elman::network::{InputsConfig, NetworkConfig, NetworkOptions, Pooling, Readout};
/// use elman::{Directions, LayerConfig, Network};
///
/// # fn main() -> elman::Result<()> {
/// let layer = LayerConfig { directions: Directions::Both, ..LayerConfig::gru(64) };
/// let config = NetworkConfig {
///     inputs: InputsConfig::from(12),
///     body: NetworkOptions {
///         layers: vec![layer],
///         readout: Readout::Pooled(vec![Pooling::Mean]),
///         ..NetworkOptions::default()
///     },
///     outputs: 9.into(),
/// };
/// assert_eq!(config, Network::builder(12).gru(64).bidirectional().mean().dense(9));
/// let network = Network::<f32>::new(config)?;
/// assert_eq!(network.parameters().get("head.weights")?.shape(), [128, 9]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfig {
    /// What goes in at each step.
    pub inputs: InputsConfig,
    /// What is computed of it.
    pub body: NetworkOptions,
    /// What comes out.
    pub outputs: Outputs,
}

/// The part of a network that its data do not decide.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkOptions {
    /// The recurrent layers, from the bottom to the top.
    pub layers: Vec<LayerConfig>,
    /// What the head reads of the outputs of the top layer.
    pub readout: Readout,
    /// The dense layers below the outputs.
    pub head: HeadConfig,
    /// Where the layers start, if the caller does not say.
    pub initial_state: InitialState,
    /// How parameters start.
    pub initialization: Initialization,
}

/// One forward layer of 64 tanh units whose last output the head reads, without dropout.
impl Default for NetworkOptions {
    fn default() -> Self {
        NetworkOptions {
            layers: vec![LayerConfig::default()],
            readout: Readout::default(),
            head: HeadConfig::default(),
            initial_state: InitialState::default(),
            initialization: Initialization::default(),
        }
    }
}

impl NetworkOptions {
    /// The network for training on data with these inputs and outputs: a number of channels and of
    /// outputs, or their descriptions.
    ///
    /// The forget gates of LSTM layers start with a bias of 1 where the options do not say otherwise.
    /// (R. Jozefowicz, W. Zaremba and I. Sutskever, "An empirical exploration of recurrent network
    /// architectures", ICML 2015.)
    #[must_use]
    pub fn config(
        &self,
        inputs: impl Into<InputsConfig>,
        outputs: impl Into<Outputs>,
    ) -> NetworkConfig {
        let mut body = self.clone();
        if body.initialization.forget_bias.is_none() && body.has_forget_gates() {
            body.initialization.forget_bias = Some(1.0);
        }
        NetworkConfig { inputs: inputs.into(), body, outputs: outputs.into() }
    }

    /// Refuses options that no data could go with.
    ///
    /// # Errors
    ///
    /// The first option that is out of range, or that has no effect beside the others, by name.
    pub fn check(&self) -> Result<()> {
        check::options(self)
    }
}

impl NetworkConfig {
    /// One forward layer of 64 tanh units, the head on the last step, no dropout.
    #[must_use]
    pub fn new(input_size: usize, output_size: usize) -> Self {
        NetworkConfig {
            inputs: input_size.into(),
            body: NetworkOptions::default(),
            outputs: output_size.into(),
        }
    }

    /// The number of numeric channels.
    #[must_use]
    pub fn input_size(&self) -> usize {
        self.inputs.numeric
    }

    /// O, the number of outputs of all groups.
    #[must_use]
    pub fn output_size(&self) -> usize {
        self.outputs.size()
    }

    /// Refuses what cannot be built: sizes of 0 or beyond any machine, probabilities that are none,
    /// parts that do not fit each other, options without effect.
    ///
    /// # Errors
    ///
    /// Names the part that is at fault.
    pub fn check(&self) -> Result<()> {
        check::network(self)
    }

    /// The number of parameters, or `None` if it overflows. Layers of a custom cell count as nothing:
    /// only their maker knows.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check), but for the number of parameters.
    pub(crate) fn parameter_count(&self) -> Result<Option<usize>> {
        check::count(self)
    }
}
