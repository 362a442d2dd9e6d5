//! What a network is made of.

use serde::{Deserialize, Serialize};

use crate::activation::ActivationKind;
use crate::cell::ResetPlacement;
use crate::dropout;
use crate::error::{Error, Result};
use crate::network::Pooling;
use crate::stack::Directions;

/// The recurrent cell of a network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum CellKind {
    /// The simple (Elman) cell.
    Simple {
        /// φ.
        activation: ActivationKind,
    },
    /// The LSTM cell.
    Lstm,
    /// The GRU cell.
    Gru {
        /// Where its reset gate acts.
        reset: ResetPlacement,
    },
    /// A user's own cell, brought by [`Network::with_cell`](crate::Network::with_cell). Such a
    /// network cannot be saved: a file does not hold code.
    Custom {
        /// A name for messages.
        name: String,
    },
}

/// The sizes and parts of a network.
///
/// ```
/// use elman::{Network, NetworkConfig};
///
/// # fn main() -> elman::Result<()> {
/// let network = Network::<f32>::new(NetworkConfig { hidden_size: 8, ..NetworkConfig::new(3, 2) })?;
/// assert_eq!(network.parameters().values().len(), 3 * 8 + 8 * 8 + 8 + 8 * 2 + 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfig {
    /// I, the channels of an input.
    pub input_size: usize,
    /// The cell of every layer.
    pub cell: CellKind,
    /// H, the units of one direction of one layer.
    pub hidden_size: usize,
    /// The number of layers, at least 1.
    pub layers: usize,
    /// The directions of every layer.
    pub directions: Directions,
    /// What the head reads.
    pub pooling: Pooling,
    /// The probability with which training drops what the head reads.
    pub dropout: f64,
    /// O, the outputs of the head.
    pub output_size: usize,
}

impl NetworkConfig {
    /// One forward layer of 64 tanh units, the head on the last step, no dropout.
    #[must_use]
    pub fn new(input_size: usize, output_size: usize) -> Self {
        NetworkConfig {
            input_size,
            cell: CellKind::Simple { activation: ActivationKind::Tanh },
            hidden_size: 64,
            layers: 1,
            directions: Directions::Forward,
            pooling: Pooling::LastStep,
            dropout: 0.0,
            output_size,
        }
    }

    /// That every size is at least 1 and dropout a probability.
    ///
    /// # Errors
    ///
    /// Names the one that is not.
    pub fn check(&self) -> Result<()> {
        let sizes = [
            ("input_size", self.input_size),
            ("hidden_size", self.hidden_size),
            ("layers", self.layers),
            ("output_size", self.output_size),
        ];
        if let Some((name, size)) = sizes.into_iter().find(|(_, size)| *size == 0) {
            return Err(Error::argument(name, "at least 1", size));
        }
        dropout::check(self.dropout)
    }
}
