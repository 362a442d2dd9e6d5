//! One layer as a description: what it computes, and how it is joined to its neighbours.

use serde::{Deserialize, Serialize};

use crate::cell::{CellKind, GruOptions, LstmOptions, SimpleOptions};
use crate::dropout::{self, MaskSpan};
use crate::error::{Error, Field, Result};
use crate::layer::{Direction, RecurrentRegularization};

/// The directions in which a layer reads time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Directions {
    /// Forward only.
    Forward,
    /// Reverse only.
    Reverse,
    /// Forward and reverse; [`Merge`] makes one output of the two.
    Both,
}

impl Directions {
    /// The single directions, in the order of their outputs.
    #[must_use]
    pub fn each(self) -> &'static [Direction] {
        match self {
            Directions::Forward => &[Direction::Forward],
            Directions::Reverse => &[Direction::Reverse],
            Directions::Both => &[Direction::Forward, Direction::Reverse],
        }
    }
}

/// How the outputs `f_t` and `r_t` `[H]` of the two directions of a layer become one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Merge {
    /// `[f_t r_t]`, of 2H values.
    #[default]
    Concatenate,
    /// `f_t + r_t`
    Sum,
    /// `(f_t + r_t) / 2`
    Mean,
    /// `f_t ⊙ r_t`
    Product,
}

impl Merge {
    /// Every way.
    pub const ALL: [Merge; 4] = [Merge::Concatenate, Merge::Sum, Merge::Mean, Merge::Product];

    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Merge::Concatenate => "concatenate",
            Merge::Sum => "sum",
            Merge::Mean => "mean",
            Merge::Product => "product",
        }
    }
}

/// Whether a layer's input is added to its output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Residual {
    /// It is not.
    #[default]
    None,
    /// `x_t` is added to the merged output of step t, before dropout acts on it. Both must have the
    /// same width.
    Identity,
}

/// One layer of a network.
///
/// ```text
/// x_t → dropout → cell, in each direction → merge → (+ x_t) → output of step t
/// ```
///
/// ```
/// use elman::{Directions, LayerConfig, Merge};
///
/// let layer = LayerConfig { directions: Directions::Both, merge: Merge::Sum, ..LayerConfig::gru(64) };
/// assert_eq!(layer.hidden_size, 64);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LayerConfig {
    /// The cell, with its options.
    pub cell: CellKind,
    /// H, the units of each direction.
    pub hidden_size: usize,
    /// The direction or directions.
    pub directions: Directions,
    /// How the outputs of both directions become one.
    pub merge: Merge,
    /// The probability with which training drops a value of the layer's input.
    pub dropout: f64,
    /// For how many steps a mask of that dropout holds.
    pub dropout_span: MaskSpan,
    /// What training does to the recurrence.
    pub regularization: RecurrentRegularization,
    /// Whether the layer's input is added to its output.
    pub residual: Residual,
}

/// 64 tanh units, forward, without dropout.
impl Default for LayerConfig {
    fn default() -> Self {
        LayerConfig::simple(64)
    }
}

impl LayerConfig {
    /// A forward layer of a cell.
    #[must_use]
    pub fn new(cell: CellKind, hidden_size: usize) -> Self {
        LayerConfig {
            cell,
            hidden_size,
            directions: Directions::Forward,
            merge: Merge::Concatenate,
            dropout: 0.0,
            dropout_span: MaskSpan::Step,
            regularization: RecurrentRegularization::default(),
            residual: Residual::None,
        }
    }

    /// A forward layer of simple (Elman) tanh units.
    #[must_use]
    pub fn simple(hidden_size: usize) -> Self {
        Self::new(CellKind::Simple(SimpleOptions::DEFAULT), hidden_size)
    }

    /// A forward layer of LSTM units.
    #[must_use]
    pub fn lstm(hidden_size: usize) -> Self {
        Self::new(CellKind::Lstm(LstmOptions::DEFAULT), hidden_size)
    }

    /// A forward layer of GRU units.
    #[must_use]
    pub fn gru(hidden_size: usize) -> Self {
        Self::new(CellKind::Gru(GruOptions::DEFAULT), hidden_size)
    }

    /// What is wrong with the layer at `index`, whatever stands around it.
    pub(crate) fn check(&self, index: usize) -> Result<()> {
        let name = |field: &str| format!("layers[{index}].{field}");
        if self.hidden_size == 0 {
            let name = Field::HiddenSize.called(name("hidden_size"));
            return Err(Error::argument(name, "at least 1", 0));
        }
        if self.merge != Merge::Concatenate && self.directions != Directions::Both {
            let name = Field::Merge.called(name("merge"));
            let expected = "concatenate, as the layer has one direction";
            return Err(Error::argument(name, expected, self.merge.name()));
        }
        self.regularization.check()?;
        dropout::check(Field::LayerDropout.called(name("dropout")), self.dropout)
    }

    /// Whether the outputs of the directions side by side are those of the layer.
    pub(crate) fn is_plain(&self) -> bool {
        self.merge == Merge::Concatenate && self.residual == Residual::None
    }

    /// The width of the merged output of the layer at `index`, for an input of `input_size` values
    /// and outputs of `side` values in each direction.
    pub(crate) fn width(&self, index: usize, input_size: usize, side: usize) -> Result<usize> {
        let width = match self.merge {
            Merge::Concatenate => side.saturating_mul(self.directions.each().len()),
            Merge::Sum | Merge::Mean | Merge::Product => side,
        };
        if self.residual == Residual::Identity && input_size != width {
            let name = Field::Residual.called(format!("layers[{index}].residual"));
            let expected = format!("an input as wide as the output, {width}");
            return Err(Error::argument(name, expected, format!("{input_size} values")));
        }
        Ok(width)
    }
}
