//! The options of the GRU.

use elman_kernels::pointwise::GruFunctions;
use serde::{Deserialize, Serialize};

use crate::activation::ActivationKind;
use crate::cell::normalized::Normalization;

/// Where the reset gate of a GRU acts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResetPlacement {
    /// On the recurrent product of the candidate and its bias, `r⊙(h·U_n + b_hn)`.
    #[default]
    After,
    /// On the state before that product, `(r⊙h)·U_n`.
    Before,
}

/// The functions of a GRU cell. The default, σ and tanh, is the fastest.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GruActivations {
    /// Of the gates r and z.
    pub gate: ActivationKind,
    /// Of the candidate n: φ.
    pub candidate: ActivationKind,
}

impl GruActivations {
    /// σ and tanh.
    pub const DEFAULT: GruActivations =
        GruActivations { gate: ActivationKind::Sigmoid, candidate: ActivationKind::Tanh };
}

impl Default for GruActivations {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The options of a GRU cell.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GruOptions {
    /// Where the reset gate acts.
    pub reset: ResetPlacement,
    /// The functions of the gates and the candidate.
    pub activations: GruActivations,
    /// The bound of the pre-activations, `±clip`; none by default.
    pub clip: Option<f64>,
    /// Whether the products are normalised; with the reset after the product and no clip.
    pub normalization: Normalization,
}

impl GruOptions {
    /// The reset after the product, the usual functions, no bound.
    pub const DEFAULT: GruOptions = GruOptions {
        reset: ResetPlacement::After,
        activations: GruActivations::DEFAULT,
        clip: None,
        normalization: Normalization::None,
    };

    /// The functions, if there is no clip, and their derivatives can be read off their values.
    pub(super) fn plain(&self) -> Option<GruFunctions> {
        let GruActivations { gate, candidate } = self.activations;
        match self.clip {
            None => Some(GruFunctions { gate: gate.of_value()?, candidate: candidate.of_value()? }),
            Some(_) => None,
        }
    }
}

impl Default for GruOptions {
    fn default() -> Self {
        Self::DEFAULT
    }
}
