//! The option of a cell, and what does not go with it.

use std::fmt::{Debug, Display};

use elman_kernels::pointwise::Function;
use serde::{Deserialize, Serialize};

use crate::activation::ActivationKind;
use crate::error::{Error, Result};

/// Whether a cell normalises its products.
///
/// ```
/// use elman::cell::{LstmCell, LstmOptions, Normalization};
/// use elman::{Cell, CellSizes};
///
/// # fn main() -> elman::Result<()> {
/// let options = LstmOptions { normalization: Normalization::LAYER, ..LstmOptions::default() };
/// let sizes = CellSizes { input_size: 3, hidden_size: 8 };
/// let cell = LstmCell::<f32>::with_options(sizes, options)?;
/// let shapes = cell.parameter_shapes();
/// let names: Vec<&str> = shapes.iter().map(|shape| shape.name.as_str()).collect();
/// assert_eq!(names[3..5], ["input_gain", "input_shift"]);
/// assert_eq!(names[5..], ["recurrent_gain", "recurrent_shift", "cell_gain", "cell_shift"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Normalization {
    /// It does not.
    #[default]
    None,
    /// Layer normalisation, with a gain γ and a shift β for each product. The gains should start at 1.
    Layer {
        /// ε, added to the variance.
        epsilon: f64,
    },
}

impl Normalization {
    /// Layer normalisation with the usual ε, 1e-5.
    pub const LAYER: Normalization = Normalization::Layer { epsilon: 1e-5 };

    /// ε, if there is a normalisation.
    ///
    /// # Errors
    ///
    /// An ε that is not positive.
    pub(super) fn epsilon(self) -> Result<Option<f64>> {
        match self {
            Normalization::None => Ok(None),
            Normalization::Layer { epsilon } if epsilon.is_finite() && epsilon > 0.0 => {
                Ok(Some(epsilon))
            }
            Normalization::Layer { epsilon } => {
                Err(Error::argument("epsilon of the normalization", "a positive number", epsilon))
            }
        }
    }
}

/// Refuses an option that does not go with a normalisation, unless it is at its default.
pub(super) fn require_default<V: PartialEq + Debug>(
    name: &str,
    value: &V,
    default: &V,
) -> Result<()> {
    if value == default {
        return Ok(());
    }
    // Of one word each, so that this is what a file calls them.
    let [expected, found] = [default, value].map(|value| format!("{value:?}").to_lowercase());
    Err(Error::argument(name, format!("{expected} beside a normalization"), found))
}

/// Refuses a number that does not go with a normalisation.
pub(super) fn require_none<V: Display>(name: &str, value: Option<V>) -> Result<()> {
    match value {
        None => Ok(()),
        Some(value) => Err(Error::argument(name, "none beside a normalization", value)),
    }
}

/// An activation as the loops of a normalised cell know it.
pub(super) fn function(name: &str, kind: ActivationKind) -> Result<Function> {
    let expected = "tanh, relu, sigmoid, hard-sigmoid or identity beside a normalization";
    kind.of_value().ok_or_else(|| Error::argument(name, expected, kind))
}
