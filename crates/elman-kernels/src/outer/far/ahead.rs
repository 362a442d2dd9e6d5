//! What the tiles of a group prefetch, each a share of it.

use std::ops::Range;

use super::PANELS;
use super::block::Block;
use super::columns::Columns;
use crate::float::Float;
use crate::matmul::Prefetch;
use crate::outer::split::PartOfSum;
use crate::pack::panel_width;
use crate::vector::Vector;

/// What comes after a group.
pub(super) struct Ahead<'s, 'a, T> {
    /// The block of the next group.
    pub right: &'s Block<'a, T>,
    /// The first column of the next group.
    pub first: usize,
    /// The next block, and the pairs of it whose left values are fetched meanwhile.
    pub left: &'s Block<'a, T>,
    pub pairs: Range<usize>,
}

/// What one tile prefetches.
pub(super) struct Shares<'s, 'a, 'p, T> {
    pub ahead: &'s Ahead<'s, 'a, T>,
    pub columns: Columns,
    /// Pairs of the next group.
    pub pairs: Range<usize>,
    /// Lines of the left values of the next block, counted through pair after pair.
    pub lines: Range<usize>,
    /// The left columns of the next tile, and the first column of its panels.
    pub rows: Range<usize>,
    pub first: usize,
    pub part: &'s mut PartOfSum<'p, T>,
}

impl<T: Float> Prefetch<T> for Shares<'_, '_, '_, T> {
    #[inline(always)]
    fn prefetch<V: Vector<Element = T>>(&mut self, chunk: usize) {
        if let Some(pair) = nth(&self.pairs, chunk) {
            let row = self.ahead.right.right[pair].get(self.ahead.first..);
            prefetch_group::<V>(row.unwrap_or(&[]));
        }
        if let Some(column) = nth(&self.rows, chunk) {
            let at = self.columns.at(column, self.part.sum.stride);
            let [row] = self.part.grad::<1>(at, self.first, PANELS * panel_width::<T>());
            prefetch_group::<V>(row);
        }
        if let Some(line) = nth(&self.lines, chunk) {
            let (pair, band) = (line / self.columns.bands(), line % self.columns.bands());
            let side = usize::from(band >= self.columns.first_band(1));
            let row = self.ahead.left.left[side][self.ahead.pairs.start + pair];
            let column = (band - self.columns.first_band(side)) * panel_width::<T>();
            V::prefetch(row.get(column..).unwrap_or(&[]));
        }
    }
}

/// Element `index` of a range.
#[inline(always)]
fn nth(range: &Range<usize>, index: usize) -> Option<usize> {
    let element = range.start + index;
    (element < range.end).then_some(element)
}

/// Fetches the lines of a row of panels.
#[inline(always)]
fn prefetch_group<V: Vector>(row: &[V::Element]) {
    let width = panel_width::<V::Element>();
    for p in 0..PANELS {
        if let Some(line) = row.get(p * width..(p + 1) * width) {
            V::prefetch(line);
        }
    }
}
