//! Sums of outer products: the gradient of weights and biases.
//!
//! `grad[m, n] += Σ_k left[k, m] · right[k, n]` and `grad[n] += Σ_k right[k, n]`, with one chain of
//! fused multiply-adds for each element, `k` running through all pairs in their order. Threads share
//! the columns, so every chain stays whole and no split changes a bit.
//!
//! ```text
//! for each block of 128 pairs
//!   for each group of up to 4 panels of columns (16 of f32 each)
//!     copy the group's right values into panels, adding them to the sums on the way    32 KiB, L1
//!     for each 5 left columns (6 beside fewer panels)
//!       accumulators = grad; accumulators += left[k] · panels[k] for each k; grad = accumulators
//! ```
//!
//! The left values are read where they are: a cache line of them serves several tiles. Over more values
//! than the caches hold, AVX-512 has a loop that fetches them ahead, with the same chains (`outer/far`).

mod far;
mod split;
mod tile;

use crate::dispatch::{VectorKernel, dispatch_vectors};
use crate::float::Float;
use crate::level::Level;
use crate::vector::{Lane, Vector, registers_per_panel};

use split::PartOfSum;
pub use split::{Part, split};

/// Rows that start `stride` values after each other.
#[derive(Clone, Copy, Debug)]
pub struct Strided<'a, T> {
    /// The first row and what follows it.
    pub values: &'a [T],
    /// The distance between two rows.
    pub stride: usize,
}

/// Pairs of rows to be multiplied and summed: row `k` of each left factor with row `k` of `right`.
#[derive(Clone, Copy, Debug)]
pub struct Pairs<'a, T> {
    /// The left factors.
    pub left: [Strided<'a, T>; 2],
    /// The right factor.
    pub right: Strided<'a, T>,
    /// How many pairs.
    pub count: usize,
}

/// Where the sums over some pairs go: rows of one array, `stride` values after each other.
#[derive(Clone, Copy, Debug)]
pub struct OuterSum<'a, T> {
    /// The pairs, summed in this order.
    pub pairs: &'a [Pairs<'a, T>],
    /// For each left factor its columns and the start of their first row in the gradient; `None`
    /// for a factor that takes no part.
    pub left: [Option<Left>; 2],
    /// The start of the row for the sums of the right factor alone.
    pub sums: Option<usize>,
    /// The columns of the right factor that take part are those from this one on.
    pub first: usize,
    /// How many columns of the right factor take part: the length of a row of the gradient.
    pub columns: usize,
    /// The distance between two rows of the gradient.
    pub stride: usize,
}

/// The rows of the gradient that belong to a left factor.
#[derive(Clone, Copy, Debug)]
pub struct Left {
    /// How many: the columns of the left factor.
    pub rows: usize,
    /// Where the first one starts.
    pub at: usize,
}

/// Pairs per block: a right panel of this depth (8 KiB) stays in L1 while all tiles of left columns
/// pass by, and loading and storing the accumulators is 2 % of the work.
const BLOCK: usize = 128;

pub(crate) fn run<T: Float + Lane>(level: Level, part: Part<'_, T>) {
    assert!(level.is_supported(), "this processor cannot run level {}", level.name());
    for sum in part.sums() {
        dispatch_vectors(level, sum);
    }
}

impl<T: Float + Lane> VectorKernel<T> for PartOfSum<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<Element = T>>(mut self) {
        if const { matches!(V::LEVEL, Level::Avx512) && !T::IS_COMPACT } {
            far::run::<V, 1>(&mut self);
        }
        if const { registers_per_panel::<V>() == 1 } {
            tile::run::<V, 1>(&mut self);
        } else {
            tile::run::<V, 2>(&mut self);
        }
    }
}

#[cfg(test)]
mod tests;
