//! The register-blocked product with packed weights.
//!
//! One output element is one chain of fused multiply-adds: the starting value, then the terms in
//! the order given, each from its first row to its last. The blocks below only decide which
//! elements are computed side by side, so every block size and every level gives the same bits.
//!
//! ```text
//! for each group of panels (16 columns of f32 each)        the panels stay in cache
//!   for each block of up to 6 rows
//!     accumulators = start                                 12 registers of 16
//!     for each term, for each k                            one load per panel register,
//!       accumulators += row[k] · panel[k]                  one broadcast per row
//! ```

mod far;
mod inner;
mod prefetch;
mod row;
mod tile;

use std::ops::Range;

use crate::dispatch::{VectorKernel, dispatch_vectors};
use crate::float::Float;
use crate::level::Level;
use crate::pack::{PackedMatrix, panel_width};
use crate::parallel::list_of;
use crate::vector::{Lane, Vector, registers_per_panel};

pub(crate) use inner::{LeftColumns, LeftRows, multiply};
pub(crate) use prefetch::{Prefetch, multiply_and_prefetch};
pub(crate) use tile::{MAX_ROWS, load_panels, load_rows, rows_per_tile, store_tile};

/// The rows of the left factor of one term, each of the same length.
#[derive(Clone, Copy, Debug)]
pub enum Rows<'a, T> {
    /// Row `r` starts at `r * stride`.
    Strided {
        /// The values.
        values: &'a [T],
        /// The distance between two rows, at least their length.
        stride: usize,
    },
    /// Any slices.
    Slices(&'a [&'a [T]]),
    /// Any slices that somebody may write at other times, from `first` on.
    Mutable {
        /// The slices.
        rows: &'a [&'a mut [T]],
        /// Where a row starts in its slice.
        first: usize,
    },
}

impl<'a, T> Rows<'a, T> {
    #[inline(always)]
    fn row(&self, index: usize, len: usize) -> &'a [T] {
        match self {
            Rows::Strided { values, stride } => &values[index * stride..][..len],
            Rows::Slices(rows) => &rows[index][..len],
            Rows::Mutable { rows, first } => &rows[index][*first..][..len],
        }
    }
}

/// One term of a sum of products: `rows · weights`.
#[derive(Clone, Copy, Debug)]
pub struct Term<'a, T> {
    /// The left factor, one row for each output row.
    pub rows: Rows<'a, T>,
    /// The right factor.
    pub weights: &'a PackedMatrix<T>,
}

/// The rows that a product writes.
#[derive(Debug)]
pub enum Out<'a, 'b, T> {
    /// Row `r` starts at `r * stride`.
    Strided {
        /// The first row and what follows it.
        values: &'a mut [T],
        /// The distance between two rows, at least their length.
        stride: usize,
    },
    /// Row `r` is the slice `r` from `first` on.
    Slices {
        /// The rows.
        rows: &'a mut [&'b mut [T]],
        /// Where the output starts in each.
        first: usize,
    },
}

impl<T> Out<'_, '_, T> {
    fn rows(&self, columns: usize) -> usize {
        match self {
            Out::Strided { values: [], .. } => 0,
            Out::Strided { values, stride } => {
                assert!(*stride >= columns, "out: rows that overlap");
                (values.len() + stride - columns) / stride
            }
            Out::Slices { rows, .. } => rows.len(),
        }
    }

    /// `len` values of each of the rows `first..first + R`, from `column` on.
    #[inline(always)]
    fn pieces<const R: usize>(&mut self, first: usize, column: usize, len: usize) -> [&mut [T]; R] {
        match self {
            Out::Strided { values, stride } => {
                let mut rows = values[first * *stride..].chunks_mut(*stride);
                list_of(|_| match rows.next() {
                    Some(row) => &mut row[column..][..len],
                    None => &mut [],
                })
            }
            Out::Slices { rows, first: start } => {
                let mut rows = rows[first..].iter_mut();
                list_of(|_| match rows.next() {
                    Some(row) => &mut row[*start + column..][..len],
                    None => &mut [],
                })
            }
        }
    }
}

/// The value every output element starts from.
#[derive(Clone, Copy, Debug)]
pub enum Start<'a, T> {
    /// Zero.
    Zero,
    /// The same row for all: one value for each column.
    Bias(&'a [T]),
    /// What the output holds already.
    Output,
}

/// `out[r, :] = start + Σ_terms rows[r] · weights` for the rows of `out` and the columns asked for.
/// Other values of `out` are not touched.
///
/// # Panics
///
/// Sizes that do not fit each other, no term, terms that differ in columns or level, a stride
/// shorter than a row, or columns that begin or end inside of a panel.
pub(crate) fn product<T: Float + Lane>(
    start: Start<'_, T>,
    terms: &[Term<'_, T>],
    mut out: Out<'_, '_, T>,
    wanted: &[Range<usize>],
) {
    let Some(first) = terms.first() else { panic!("a product needs a term") };
    let (level, columns) = (first.weights.level(), first.weights.columns());
    for term in terms {
        assert_eq!(term.weights.columns(), columns, "terms of one product differ in columns");
        assert_eq!(term.weights.level(), level, "terms of one product differ in level");
    }
    if let Start::Bias(bias) = start {
        assert_eq!(bias.len(), columns, "bias: one value for each column");
    }
    let rows = out.rows(columns);
    if columns == 0 || rows == 0 {
        return;
    }
    let (job, out) = (Job { start: &start, terms, columns, rows }, &mut out);
    let width = panel_width::<T>();
    for range in wanted {
        let whole = range.end.is_multiple_of(width) || range.end == columns;
        assert!(range.start.is_multiple_of(width) && whole, "columns: whole panels");
        assert!(range.end <= columns, "columns: beyond the last");
    }
    if level == Level::Avx512 && row::is_worth_it(&job, wanted) {
        return row::product(&job, wanted, out);
    }
    for range in wanted {
        let mut panels = range.start / width..range.end.div_ceil(width);
        if const { !T::IS_COMPACT } && level == Level::Avx512 && far::is_worth_it(&job, &panels) {
            panels = far::product(&job, panels, out);
        }
        dispatch_vectors(level, Tiles { job: &job, panels, out });
    }
}

struct Job<'a, T> {
    // A copy would wait until what the caller has just written in two pieces is in the cache.
    start: &'a Start<'a, T>,
    terms: &'a [Term<'a, T>],
    columns: usize,
    rows: usize,
}

/// Some panels of a product, in tiles.
struct Tiles<'j, 'o, 'a, 'b, T> {
    job: &'j Job<'j, T>,
    panels: Range<usize>,
    out: &'o mut Out<'a, 'b, T>,
}

impl<T: Float + Lane> VectorKernel<T> for Tiles<'_, '_, '_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<Element = T>>(self) {
        if const { registers_per_panel::<V>() == 1 } {
            tile::run::<V, 1>(self.job, self.panels, self.out);
        } else {
            tile::run::<V, 2>(self.job, self.panels, self.out);
        }
    }
}

#[cfg(test)]
mod tests;
