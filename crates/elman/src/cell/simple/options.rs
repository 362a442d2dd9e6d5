//! The options of the simple cell.

use serde::{Deserialize, Serialize};

use crate::activation::ActivationKind;
use crate::cell::normalized::Normalization;

/// What a unit of a simple cell sees of the state before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recurrence {
    /// All units, through a matrix U `[H, H]`.
    #[default]
    Full,
    /// Itself alone, through a weight of its own, U `[H]`: the IndRNN.
    Independent,
}

/// The options of a simple cell.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SimpleOptions {
    /// φ.
    pub activation: ActivationKind,
    /// What a unit sees of the state before.
    pub recurrence: Recurrence,
    /// The bound of the pre-activations, `±clip`; none by default.
    pub clip: Option<f64>,
    /// Whether the products are normalised; with full recurrence and no clip.
    pub normalization: Normalization,
}

impl SimpleOptions {
    /// tanh, as in PyTorch.
    pub const DEFAULT: SimpleOptions = SimpleOptions {
        activation: ActivationKind::Tanh,
        recurrence: Recurrence::Full,
        clip: None,
        normalization: Normalization::None,
    };
}

impl Default for SimpleOptions {
    fn default() -> Self {
        Self::DEFAULT
    }
}
