//! The list of cells that a description can name.
//!
//! A new cell is a file of its own beside this one, and one line in the list below. Whatever needs the
//! concrete cell of a kind asks [`CellKind::visit`] for it; nobody else matches on the kinds to build one.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::cell::{
    Cell, CellSizes, GruCell, GruOptions, LstmCell, LstmOptions, MinGruCell, MinGruOptions,
    MinLstmCell, MinLstmOptions, SimpleCell, SimpleOptions,
};
use crate::error::{Error, Result};
use crate::real::Real;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:literal $kind:ident($options:ident) $cell:ident;)*) => {
        /// A recurrent cell by name, with its options: what a description of a network says.
        ///
        /// ```
        /// use elman::cell::{CellKind, GruOptions, ResetPlacement};
        ///
        /// let before = GruOptions { reset: ResetPlacement::Before, ..GruOptions::default() };
        /// assert_eq!(CellKind::Gru(before).to_string(), "gru");
        /// let names = CellKind::ALL.map(|kind| kind.to_string());
        /// assert_eq!(names, ["simple", "lstm", "gru", "min-gru", "min-lstm"]);
        /// ```
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case", deny_unknown_fields)]
        #[non_exhaustive]
        pub enum CellKind {
            $($(#[$doc])* #[serde(rename = $name)] $kind($options),)*
            /// A user's own cell, brought by [`Network::with_cell`](crate::Network::with_cell). Such a
            /// network cannot be saved: a file does not hold code.
            Custom {
                /// A name for messages.
                name: String,
            },
        }

        impl CellKind {
            /// Every kind of this crate, with the default options.
            pub const ALL: [CellKind; [$($name),*].len()] =
                [$(CellKind::$kind($options::DEFAULT)),*];

            /// What the kind is called: `lstm` say, or the name of a custom cell.
            #[must_use]
            pub fn name(&self) -> &str {
                match self {
                    $(CellKind::$kind(_) => $name,)*
                    CellKind::Custom { name } => name,
                }
            }

            /// Hands the cell of this kind to `visitor`, as a function that makes it from its sizes.
            ///
            /// # Errors
            ///
            /// A custom cell, of which only the name is known.
            pub fn visit<T: Real, V: CellVisitor<T>>(&self, visitor: V) -> Result<V::Output> {
                match self {
                    $(CellKind::$kind(options) => {
                        let make = |sizes: CellSizes| $cell::<T>::with_options(sizes, *options);
                        Ok(visitor.visit(make))
                    })*
                    CellKind::Custom { name } => {
                        let expected = "a cell that Elman knows, or Network::with_cell";
                        Err(Error::argument("cell", expected, format!("custom cell {name}")))
                    }
                }
            }
        }
    };
}

kinds! {
    /// The simple (Elman) cell.
    "simple" Simple(SimpleOptions) SimpleCell;
    /// The LSTM cell.
    "lstm" Lstm(LstmOptions) LstmCell;
    /// The GRU cell.
    "gru" Gru(GruOptions) GruCell;
    /// The minGRU cell.
    "min-gru" MinGru(MinGruOptions) MinGruCell;
    /// The minLSTM cell.
    "min-lstm" MinLstm(MinLstmOptions) MinLstmCell;
}

impl fmt::Display for CellKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What is done with a cell, whichever it is.
///
/// ```
/// use elman::cell::{Cell, CellKind, CellSizes, CellVisitor};
///
/// /// Counts the weights of a cell.
/// struct Count(CellSizes);
///
/// impl CellVisitor<f32> for Count {
///     type Output = elman::Result<usize>;
///
///     fn visit<C: Cell<f32> + Clone + 'static>(
///         self,
///         make: impl Fn(CellSizes) -> elman::Result<C>,
///     ) -> Self::Output {
///         Ok(make(self.0)?.parameter_shapes().iter().map(|shape| shape.len()).sum())
///     }
/// }
///
/// # fn main() -> elman::Result<()> {
/// let sizes = CellSizes { input_size: 3, hidden_size: 2 };
/// let counts = CellKind::ALL.map(|kind| kind.visit(Count(sizes)));
/// assert_eq!(counts.map(|count| count.and_then(|count| count).unwrap_or(0)), [12, 48, 38, 16, 24]);
/// # Ok(())
/// # }
/// ```
pub trait CellVisitor<T: Real> {
    /// What comes of it.
    type Output;

    /// Called with a function that makes the cell from its sizes.
    fn visit<C: Cell<T> + Clone + 'static>(
        self,
        make: impl Fn(CellSizes) -> Result<C>,
    ) -> Self::Output;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_serialised_under_its_name_and_read_back() {
        for kind in CellKind::ALL {
            let text = serde_json::to_string(&kind).unwrap();
            assert!(text.starts_with(&format!("{{\"{kind}\":")), "{text}");
            assert_eq!(serde_json::from_str::<CellKind>(&text).unwrap(), kind);
            let short = format!("{{\"{kind}\":{{}}}}");
            assert_eq!(serde_json::from_str::<CellKind>(&short).unwrap(), kind);
            let strange = format!("{{\"{kind}\":{{\"colour\":1}}}}");
            assert!(serde_json::from_str::<CellKind>(&strange).is_err());
        }
    }
}
