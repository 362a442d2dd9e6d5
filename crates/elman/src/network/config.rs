//! What a network is made of.

use serde::{Deserialize, Serialize};

use crate::cell::{CellKind, SimpleOptions};
use crate::dropout;
use crate::error::{Error, Result};
use crate::network::Pooling;
use crate::stack::Directions;

/// More than anything that is trained on a processor; sizes beyond are slips, or attacks.
const MAX_WEIGHTS: usize = 1 << 28;

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
            cell: CellKind::Simple(SimpleOptions::DEFAULT),
            hidden_size: 64,
            layers: 1,
            directions: Directions::Forward,
            pooling: Pooling::LastStep,
            dropout: 0.0,
            output_size,
        }
    }

    /// That every size is at least 1, dropout a probability, and the network no larger than
    /// a quarter of a billion weights.
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
        if self.least_weights().is_none_or(|least| least > MAX_WEIGHTS) {
            let expected = format!("a network of at most {MAX_WEIGHTS} weights");
            let found = format!(
                "input_size {}, hidden_size {}, layers {}, output_size {}",
                self.input_size, self.hidden_size, self.layers, self.output_size
            );
            return Err(Error::argument("network", expected, found));
        }
        dropout::check(self.dropout)
    }

    /// The number of weights that a network of these sizes has at the least, whatever its cell:
    /// the input weights of the first layer, the recurrent ones of all, and those of the head. All
    /// weights of a simple cell are no more than four times as many. `None` if the number
    /// overflows.
    pub(crate) fn least_weights(&self) -> Option<usize> {
        let recurrent = self.hidden_size.checked_mul(self.layers)?;
        let rows = self.input_size.checked_add(recurrent)?.checked_add(self.output_size)?;
        rows.checked_mul(self.hidden_size)?.checked_mul(self.directions.each().len())
    }
}
