//! Sums over more pairs than the caches of a processor hold.
//!
//! ```text
//! for each block of 256 pairs
//!   copy the left values into bands: 16 columns of f32 each, a cache line for every pair
//!   for each group of 4 panels of columns
//!     copy the group's right values into panels, adding them to the sums on the way
//!     for each 4 or 5 left columns
//!       accumulators = grad
//!       for each k: accumulators += band[k] · panels[k], and prefetch this tile's share of what comes:
//!         the right values of the next group, the left ones of the next block, the next tile's grad
//!       grad = accumulators
//! ```
//!
//! Without the bands, left rows a power of two apart would fight for the same places of the nearest cache.

mod ahead;
mod block;
mod columns;

use std::ops::Range;

use super::split::PartOfSum;
use crate::float::Float;
use crate::matmul::{LeftRows, load_panels, multiply_and_prefetch, store_tile};
use crate::pack::panel_width;
use crate::vector::Vector;
use ahead::{Ahead, Shares};
use block::{Block, Cut, Packed};
use columns::Columns;

/// The panels of a group.
const PANELS: usize = 4;

/// The most rows of a tile: 6 would need more registers than there are.
const MAX_ROWS: usize = 5;

/// Left columns from which on no tile has fewer than 4.
const MIN_LEFT: usize = 12;

/// Groups from which on the copy of the left values costs less than it saves.
const MIN_GROUPS: usize = 4;

/// Bytes of the factors that caches still hold when a thread comes to its sums.
const NEAR: usize = 4 << 20;

/// Pairs per block. The panels (64 KiB) come from the second cache, as asked for; what is asked for has
/// more time than with the 128 pairs that the nearest cache would hold.
const PAIRS: usize = 256;

/// Computes whole groups of panels if the values are far, and leaves the other columns in `part`.
#[inline(always)]
pub(super) fn run<V: Vector, const NV: usize>(part: &mut PartOfSum<'_, V::Element>) {
    let width = panel_width::<V::Element>();
    let columns = Columns::of(part.sum.left, width);
    let pairs = part.sum.pairs.iter().map(|pairs| pairs.count).sum::<usize>();
    let groups = part.columns.len() / (PANELS * width);
    let bytes = pairs * (columns.count() + part.columns.len()) * size_of::<V::Element>();
    if groups < MIN_GROUPS || columns.count() < MIN_LEFT || bytes < NEAR {
        return;
    }
    let depth = pairs.min(PAIRS);
    let mut packed = Packed::new(columns, depth);
    let mut cut = Cut::new(part.sum.pairs, depth, part.sum.first);
    let (mut block, mut next) = (Block::new(depth), Block::new(depth));
    cut.fill(&mut block);
    while !block.right.is_empty() {
        cut.fill(&mut next);
        packed.pack_left::<V, NV>(&block, columns);
        for group in 0..groups {
            let first = |group| part.columns.start + group * PANELS * width;
            let share = |group| next.right.len() * group / groups;
            let ahead = Ahead {
                right: if group + 1 < groups { &block } else { &next },
                first: first((group + 1) % groups),
                left: &next,
                pairs: share(group)..share(group + 1),
            };
            let first = first(group);
            packed.pack_right::<V, NV>(&block, first, part);
            let tiles = Tiles { columns, first, depth: block.right.len() };
            tiles.run::<V, NV>(&packed, &ahead, part);
        }
        std::mem::swap(&mut block, &mut next);
    }
    part.columns.start += groups * PANELS * width;
}

/// All left columns × a group of panels.
#[derive(Clone, Copy)]
struct Tiles {
    columns: Columns,
    /// The first column of the group.
    first: usize,
    /// How many pairs.
    depth: usize,
}

impl Tiles {
    #[inline(always)]
    fn run<V: Vector, const NV: usize>(
        self,
        packed: &Packed<V::Element>,
        ahead: &Ahead<'_, '_, V::Element>,
        part: &mut PartOfSum<'_, V::Element>,
    ) {
        let (columns, first) = (self.columns, self.first);
        let tiles = columns.count().div_ceil(MAX_ROWS);
        let lines = columns.bands() * ahead.pairs.len();
        for tile in 0..tiles {
            let share = |count, tile| share(count, tiles, tile);
            let rows = share(columns.count(), tile);
            let shares = Shares {
                ahead,
                columns,
                pairs: share(ahead.right.right.len(), tile),
                lines: share(lines, tile),
                rows: share(columns.count(), tile + 1),
                first,
                part,
            };
            match rows.len() {
                MAX_ROWS => self.tile::<V, NV, MAX_ROWS>(packed, rows.start, shares),
                _ => self.tile::<V, NV, { MAX_ROWS - 1 }>(packed, rows.start, shares),
            }
        }
    }

    /// `R` left columns from column `row` on.
    #[inline(always)]
    fn tile<V: Vector, const NV: usize, const R: usize>(
        self,
        packed: &Packed<V::Element>,
        row: usize,
        mut shares: Shares<'_, '_, '_, V::Element>,
    ) {
        if const { R * PANELS * NV > V::ACCUMULATORS } {
            unreachable!("tiles keep to the registers");
        }
        let (width, stride) = (NV * V::LANES, shares.part.sum.stride);
        let mut acc = [[[V::splat(V::Element::ZERO); NV]; PANELS]; R];
        let mut rows: [&[V::Element]; R] = [&[]; R];
        for r in 0..R {
            rows[r] = packed.left(self.columns.place(row + r));
            let at = self.columns.at(row + r, stride);
            acc[r] = load_panels(shares.part.grad::<1>(at, self.first, PANELS * width)[0]);
        }
        let left = LeftRows { rows, step: width };
        acc = multiply_and_prefetch(acc, left, packed.right(self.depth), &mut shares);
        for (r, acc) in acc.into_iter().enumerate() {
            let at = self.columns.at(row + r, stride);
            store_tile([acc], &mut shares.part.grad::<1>(at, self.first, PANELS * width));
        }
    }
}

/// The part of `count` things that belongs to a tile; nothing after the last one.
#[inline(always)]
fn share(count: usize, tiles: usize, tile: usize) -> Range<usize> {
    let at = |tile: usize| count * tile.min(tiles) / tiles;
    at(tile)..at(tile + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tile_has_four_or_five_columns_and_no_column_is_left() {
        for count in MIN_LEFT..3000 {
            let tiles = count.div_ceil(MAX_ROWS);
            let shares = (0..tiles).map(|tile| share(count, tiles, tile));
            assert!(shares.clone().all(|rows| (MAX_ROWS - 1..=MAX_ROWS).contains(&rows.len())));
            assert_eq!(shares.map(|rows| rows.len()).sum::<usize>(), count);
            assert!(share(count, tiles, tiles).is_empty(), "nothing after the last tile");
        }
    }
}
