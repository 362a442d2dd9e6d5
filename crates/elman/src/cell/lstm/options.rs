//! The options of the LSTM.

use elman_kernels::pointwise::LstmFunctions;
use serde::{Deserialize, Serialize};

use crate::activation::{ActivationKind, check_clip};
use crate::cell::normalized::Normalization;
use crate::error::{Error, Field, Result};

/// The functions of an LSTM cell. The default, σ, tanh and tanh, is the fastest.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LstmActivations {
    /// Of the gates i, f and o.
    pub gate: ActivationKind,
    /// Of the candidate g: φ.
    pub candidate: ActivationKind,
    /// Of the cell state where it becomes the hidden state: ψ.
    pub output: ActivationKind,
}

impl LstmActivations {
    /// σ, tanh and tanh.
    pub const DEFAULT: LstmActivations = LstmActivations {
        gate: ActivationKind::Sigmoid,
        candidate: ActivationKind::Tanh,
        output: ActivationKind::Tanh,
    };
}

impl Default for LstmActivations {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The options of an LSTM cell.
///
/// ```
/// use elman::cell::{LstmOptions, Peepholes};
/// use elman::{Cell, CellSizes, LstmCell};
///
/// # fn main() -> elman::Result<()> {
/// let sizes = CellSizes { input_size: 3, hidden_size: 8 };
/// let options = LstmOptions {
///     peepholes: Peepholes::Present,
///     projection_size: Some(5),
///     ..LstmOptions::default()
/// };
/// let cell = LstmCell::<f32>::with_options(sizes, options)?;
/// assert_eq!((cell.output_size(), cell.state_size()), (5, 5 + 8)); // h [B, 5], c [B, 8]
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LstmOptions {
    /// The functions of the gates, the candidate and the output.
    pub activations: LstmActivations,
    /// Whether the gates see the cell state.
    pub peepholes: Peepholes,
    /// Where the forget gate comes from.
    pub forget_gate: ForgetGate,
    /// P, the length of h where it is a projection of the units; none by default.
    pub projection_size: Option<usize>,
    /// The bound of the pre-activations, `±clip`; none by default.
    pub clip: Option<f64>,
    /// The bound of the cell state, `±cell_clip`; none by default.
    pub cell_clip: Option<f64>,
    /// Whether the products, and the cell state on its way out, are normalised; beside no option but the
    /// activations.
    pub normalization: Normalization,
}

/// Whether the gates of an LSTM see the cell state, each unit its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Peepholes {
    /// They do not.
    #[default]
    Absent,
    /// i and f see the cell state before the step, o the one after it, through a weight for each unit.
    Present,
}

/// Where the forget gate of an LSTM comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForgetGate {
    /// From weights of its own.
    #[default]
    Own,
    /// It is what the input gate leaves: `f = 1 - i`.
    Coupled,
}

impl LstmOptions {
    /// The usual functions.
    pub const DEFAULT: LstmOptions = LstmOptions {
        activations: LstmActivations::DEFAULT,
        peepholes: Peepholes::Absent,
        forget_gate: ForgetGate::Own,
        projection_size: None,
        clip: None,
        cell_clip: None,
        normalization: Normalization::None,
    };

    /// That every option can be had with `hidden_size` units.
    pub(super) fn check(&self, hidden_size: usize) -> Result<()> {
        let LstmActivations { gate, candidate, output } = self.activations;
        [gate, candidate, output].into_iter().try_for_each(ActivationKind::check)?;
        check_clip(Field::PreActivationClip.called("clip"), self.clip)?;
        check_clip(Field::CellClip, self.cell_clip)?;
        match self.projection_size {
            Some(size) if size == 0 || size >= hidden_size => {
                let expected = format!("at least 1 and less than hidden_size, {hidden_size}");
                Err(Error::argument(Field::ProjectionSize, expected, size))
            }
            _ => Ok(()),
        }
    }

    /// The functions, if there is nothing else, and their derivatives can be read off their values.
    pub(super) fn plain(&self) -> Option<LstmFunctions> {
        let LstmActivations { gate, candidate, output } = self.activations;
        let others = LstmOptions { activations: self.activations, ..Self::DEFAULT };
        if *self != others {
            return None;
        }
        Some(LstmFunctions {
            gate: gate.of_value()?,
            candidate: candidate.of_value()?,
            output: output.of_value()?,
        })
    }
}

impl Default for LstmOptions {
    fn default() -> Self {
        Self::DEFAULT
    }
}
