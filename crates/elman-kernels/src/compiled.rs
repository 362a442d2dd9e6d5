//! The heavy kernels for `f32` and `f64`, compiled here once and not again in every crate that calls
//! them.

use crate::float::Float;
use crate::level::Level;
use crate::matmul::{self, Start, Term};
use crate::outer::{self, GradientPart, RowPairs};

/// A number type with compiled kernels: `f32` or `f64`.
pub trait Compiled: Float {
    /// `out[r, :] = start + Σ_terms rows[r] · weights` for the rows of `out`, contiguous rows of as
    /// many values as the weights have columns; see [`matmul`] for the order of the sums.
    ///
    /// # Panics
    ///
    /// Sizes that do not fit each other, no term, or terms that differ in columns or level.
    fn product(start: Start<'_, Self>, terms: &[Term<'_, Self>], out: &mut [Self]);

    /// As [`product`](Self::product), with output rows that start `stride` values after each other:
    /// columns of wider rows. Values between the rows are not touched.
    ///
    /// # Panics
    ///
    /// As [`product`](Self::product); a stride shorter than a row.
    fn product_strided(start: Start<'_, Self>, terms: &[Term<'_, Self>], out: (&mut [Self], usize));

    /// Adds the outer products of all pairs to a part of the gradient. Parts may be computed in any
    /// order or side by side; the bits are the same.
    ///
    /// # Panics
    ///
    /// Rows that are too short, a part whose rows overlap, or a level that this
    /// processor cannot run.
    fn add_outer_products(level: Level, pairs: &[RowPairs<'_, Self>], part: GradientPart<'_, Self>);
}

macro_rules! compile {
    ($($element:ty),*) => {$(
        impl Compiled for $element {
            fn product(start: Start<'_, Self>, terms: &[Term<'_, Self>], out: &mut [Self]) {
                matmul::product(start, terms, out);
            }

            fn product_strided(
                start: Start<'_, Self>,
                terms: &[Term<'_, Self>],
                out: (&mut [Self], usize),
            ) {
                matmul::product_strided(start, terms, out);
            }

            fn add_outer_products(
                level: Level,
                pairs: &[RowPairs<'_, Self>],
                part: GradientPart<'_, Self>,
            ) {
                outer::add_outer_products(level, pairs, part);
            }
        }
    )*};
}

compile!(f32, f64);
