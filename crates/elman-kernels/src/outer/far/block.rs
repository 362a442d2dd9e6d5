//! The pairs of a block, and copies of their values where tiles read them.

use super::PANELS;
use super::columns::{Columns, LeftColumn};
use crate::aligned::Aligned;
use crate::float::Float;
use crate::matmul::{load_panels, store_tile};
use crate::outer::Pairs;
use crate::outer::split::PartOfSum;
use crate::pack::{Panels, panel_width};
use crate::vector::Vector;

/// The rows of the pairs of a block: of the left factors, and of the right one from the first column of
/// the sum on.
pub(super) struct Block<'a, T> {
    pub left: [Vec<&'a [T]>; 2],
    pub right: Vec<&'a [T]>,
}

/// Pairs that are cut into blocks.
pub(super) struct Cut<'a, T> {
    pairs: &'a [Pairs<'a, T>],
    /// How many of the first pairs are in blocks already.
    taken: usize,
    depth: usize,
    first: usize,
}

impl<'a, T: Float> Block<'a, T> {
    /// Room for `depth` pairs.
    pub fn new(depth: usize) -> Self {
        let list = || Vec::with_capacity(depth);
        Block { left: [list(), list()], right: list() }
    }
}

impl<'a, T: Float> Cut<'a, T> {
    /// To be cut into blocks of `depth` pairs; the sum starts at column `first` of the right factor.
    pub fn new(pairs: &'a [Pairs<'a, T>], depth: usize, first: usize) -> Self {
        Cut { pairs, taken: 0, depth, first }
    }

    /// The next block; an empty one when all pairs are taken.
    pub fn fill(&mut self, block: &mut Block<'a, T>) {
        block.left.iter_mut().for_each(Vec::clear);
        block.right.clear();
        while let Some((pairs, rest)) = self.pairs.split_first() {
            if self.taken == pairs.count {
                (self.pairs, self.taken) = (rest, 0);
                continue;
            }
            if block.right.len() == self.depth {
                return;
            }
            for (rows, left) in block.left.iter_mut().zip(&pairs.left) {
                // A factor that takes no part has no values.
                let start = self.taken.saturating_mul(left.stride);
                rows.push(left.values.get(start..).unwrap_or(&[]));
            }
            let start = self.taken.saturating_mul(pairs.right.stride).saturating_add(self.first);
            block.right.push(&pairs.right.values[start..]);
            self.taken += 1;
        }
    }
}

/// The values of a block where the tiles read them.
pub(super) struct Packed<T> {
    /// Bands of left columns, as wide as a panel, each with a row for every pair.
    left: Aligned<T>,
    /// The distance between two bands: a row more than the pairs, as bands a power of two apart would
    /// fight for the same places of the cache.
    band: usize,
    /// The panels of a group, their rows side by side.
    right: Aligned<T>,
}

impl<T: Float> Packed<T> {
    pub fn new(columns: Columns, depth: usize) -> Self {
        let width = panel_width::<T>();
        let band = (depth + 1) * width;
        Packed {
            left: Aligned::zeros(columns.bands() * band),
            band,
            right: Aligned::zeros(depth * PANELS * width),
        }
    }

    /// Copies the left values of a block.
    #[inline(always)]
    pub fn pack_left<V: Vector<Element = T>, const NV: usize>(
        &mut self,
        block: &Block<'_, T>,
        columns: Columns,
    ) {
        let width = NV * V::LANES;
        for (side, rows) in block.left.iter().enumerate() {
            let count = columns.of_factor(side);
            let bands = &mut self.left[columns.first_band(side) * self.band..];
            if count == 0 {
                continue;
            }
            for (k, row) in rows.iter().enumerate() {
                for (band, at) in (0..count).step_by(width).enumerate() {
                    let values = &row[at..count.min(at + width)];
                    copy_row::<V, NV, 1>(values, &mut bands[band * self.band + k * width..]);
                }
            }
        }
    }

    /// Copies the right values of the group of panels that starts with column `first`, adding them to the
    /// sums on the way.
    #[inline(always)]
    pub fn pack_right<V: Vector<Element = T>, const NV: usize>(
        &mut self,
        block: &Block<'_, T>,
        first: usize,
        part: &mut PartOfSum<'_, T>,
    ) {
        let width = PANELS * NV * V::LANES;
        let Some(at) = part.sum.sums else {
            for (k, row) in block.right.iter().enumerate() {
                let target = &mut self.right[k * width..][..width];
                copy_row::<V, NV, PANELS>(&row[first..][..width], target);
            }
            return;
        };
        let one = V::splat(T::ONE);
        let mut sums: [[V; NV]; PANELS] = load_panels(part.grad::<1>(at, first, width)[0]);
        for (k, row) in block.right.iter().enumerate() {
            let target = &mut self.right[k * width..][..width];
            let values = copy_row::<V, NV, PANELS>(&row[first..][..width], target);
            for p in 0..PANELS {
                for v in 0..NV {
                    // One rounding, as in an addition.
                    sums[p][v] = one.mul_add(values[p][v], sums[p][v]);
                }
            }
        }
        store_tile([sums], &mut part.grad::<1>(at, first, width));
    }

    /// One left column of all pairs, in steps of a panel's width.
    #[inline(always)]
    pub fn left(&self, column: LeftColumn) -> &[T] {
        &self.left[column.band * self.band + column.offset..]
    }

    /// The panels of the group that was copied last.
    #[inline(always)]
    pub fn right(&self, depth: usize) -> Panels<'_, T> {
        let width = panel_width::<T>();
        Panels { values: &self.right, stride: PANELS * width, apart: width, depth }
    }
}

/// Copies a row of panels, the last of which may end early, and returns it.
#[inline(always)]
fn copy_row<V: Vector, const NV: usize, const P: usize>(
    row: &[V::Element],
    target: &mut [V::Element],
) -> [[V; NV]; P] {
    let values: [[V; NV]; P] = load_panels(row);
    let target = &mut target[..P * NV * V::LANES];
    for p in 0..P {
        for v in 0..NV {
            values[p][v].store(&mut target[(p * NV + v) * V::LANES..]);
        }
    }
    values
}
