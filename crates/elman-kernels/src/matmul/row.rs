//! The product of one row, where panels stand together in groups of four.
//!
//! A row alone has one chain of fused multiply-adds for each register of a panel. To hide their latency
//! a tile takes up to two groups from wherever they stand, and a group that is not whole beside
//! them: the columns of one worker's units are some panels from every part of the row.

use std::ops::Range;

use super::tile::{load_panels, store_tile};
use super::{Job, Out, Start, Term};
use crate::float::Float;
use crate::level::Level;
use crate::pack::{panel_width, panels_per_group};
use crate::vector::Vector;

/// The panels of a whole group.
const GROUP: usize = panels_per_group(Level::Avx512);

/// The most groups of a tile of a wide row: eight chains are in flight in two units whose latency is 4
/// cycles, and what is left of a third group beside them.
pub(super) const WIDE: usize = 2;

/// As [`WIDE`], where that makes one tile of the whole row.
pub(super) const WHOLE: usize = 3;

/// Whether all columns of a row are one tile of [`WHOLE`] groups, and more than one of [`WIDE`].
pub(super) fn is_one_tile<T: Float>(job: &Job<'_, T>) -> bool {
    let panels = job.columns.div_ceil(panel_width::<T>());
    ((WIDE + 1) * GROUP..(WHOLE + 1) * GROUP).contains(&panels)
}

/// Whether this is one row, and every range of columns begins with a group.
pub(super) fn is_worth_it<T: Float>(job: &Job<'_, T>, wanted: &[Range<usize>]) -> bool {
    let group = GROUP * panel_width::<T>();
    job.rows == 1 && wanted.iter().all(|range| range.start.is_multiple_of(group))
}

/// Computes the wanted columns.
#[inline(always)]
pub(super) fn run<V: Vector, const NV: usize, const MAX_GROUPS: usize>(
    job: &Job<'_, V::Element>,
    wanted: &[Range<usize>],
    out: &mut Out<'_, '_, V::Element>,
) {
    let [row] = out.pieces::<1>(0, 0, job.columns);
    let width = panel_width::<V::Element>();
    let mut tile = Tile::<MAX_GROUPS> { groups: [0; MAX_GROUPS], count: 0, rest: 0 };
    for range in wanted {
        let (mut panel, end) = (range.start / width, range.end.div_ceil(width));
        while panel + GROUP <= end {
            if tile.count == MAX_GROUPS {
                tile.run::<V, NV>(0, job, row);
            }
            tile.groups[tile.count] = panel;
            tile.count += 1;
            panel += GROUP;
        }
        if panel < end {
            tile.rest = panel;
            tile.run::<V, NV>(end - panel, job, row);
        }
    }
    tile.run::<V, NV>(0, job, row);
}

/// Panels that are computed side by side: whole groups, and the first ones of another.
struct Tile<const MAX_GROUPS: usize> {
    groups: [usize; MAX_GROUPS],
    count: usize,
    rest: usize,
}

impl<const MAX_GROUPS: usize> Tile<MAX_GROUPS> {
    /// Computes the tile, with so many panels of the rest, and empties it.
    #[inline(always)]
    fn run<V: Vector, const NV: usize>(
        &mut self,
        rest: usize,
        job: &Job<'_, V::Element>,
        row: &mut [V::Element],
    ) {
        match (self.count, rest) {
            (0, 0) => {}
            (0, 1) => self.columns::<V, NV, 0, 1>(job, row),
            (0, 2) => self.columns::<V, NV, 0, 2>(job, row),
            (0, _) => self.columns::<V, NV, 0, 3>(job, row),
            (1, 0) => self.columns::<V, NV, 1, 0>(job, row),
            (1, 1) => self.columns::<V, NV, 1, 1>(job, row),
            (1, 2) => self.columns::<V, NV, 1, 2>(job, row),
            (1, _) => self.columns::<V, NV, 1, 3>(job, row),
            (2, 0) => self.columns::<V, NV, 2, 0>(job, row),
            (2, 1) => self.columns::<V, NV, 2, 1>(job, row),
            (2, 2) => self.columns::<V, NV, 2, 2>(job, row),
            (2, _) => self.columns::<V, NV, 2, 3>(job, row),
            (_, 0) => self.columns::<V, NV, MAX_GROUPS, 0>(job, row),
            (_, 1) => self.columns::<V, NV, MAX_GROUPS, 1>(job, row),
            (_, 2) => self.columns::<V, NV, MAX_GROUPS, 2>(job, row),
            (_, _) => self.columns::<V, NV, MAX_GROUPS, 3>(job, row),
        }
        self.count = 0;
    }

    #[inline(always)]
    fn columns<V: Vector, const NV: usize, const G: usize, const P: usize>(
        &self,
        job: &Job<'_, V::Element>,
        row: &mut [V::Element],
    ) {
        if const { (G * GROUP + P) * NV > V::ACCUMULATORS } {
            unreachable!("a tile keeps to the registers");
        }
        let mut sums = self.start::<V, NV, G, P>(*job.start, row);
        for term in job.terms {
            sums = self.add(sums, term);
        }
        self.store(sums, row);
    }

    /// What the sums start from.
    #[inline(always)]
    fn start<V: Vector, const NV: usize, const G: usize, const P: usize>(
        &self,
        start: Start<'_, V::Element>,
        row: &[V::Element],
    ) -> Sums<V, NV, G, P> {
        let zero = [V::splat(V::Element::ZERO); NV];
        let mut sums = Sums { groups: [[zero; GROUP]; G], rest: [zero; P] };
        let values = match start {
            Start::Zero => return sums,
            Start::Bias(bias) => bias,
            Start::Output => row,
        };
        let width = panel_width::<V::Element>();
        for (sums, group) in sums.groups.iter_mut().zip(self.groups) {
            *sums = load_panels(&values[group * width..]);
        }
        if P > 0 {
            sums.rest = load_panels(&values[self.rest * width..]);
        }
        sums
    }

    /// `sums += row · weights`
    #[inline(always)]
    fn add<V: Vector, const NV: usize, const G: usize, const P: usize>(
        &self,
        mut sums: Sums<V, NV, G, P>,
        term: &Term<'_, V::Element>,
    ) -> Sums<V, NV, G, P> {
        let width = NV * V::LANES;
        let depth = term.weights.depth();
        let left = term.rows.row(0, depth);
        let mut groups: [&[V::Element]; G] = [&[]; G];
        for (values, group) in groups.iter_mut().zip(self.groups) {
            *values = &term.weights.panels(group, GROUP).values[..depth * GROUP * width];
        }
        let (mut rest, mut stride): (&[V::Element], usize) = (&[], 0);
        if P > 0 && depth > 0 {
            let panels = term.weights.panels(self.rest, P);
            stride = panels.stride;
            rest = &panels.values[..(depth - 1) * stride + P * width];
        }
        for (k, value) in left.iter().enumerate() {
            let value = V::splat(*value);
            for (sums, weights) in sums.groups.iter_mut().zip(groups) {
                for (p, sums) in sums.iter_mut().enumerate() {
                    let at = (k * GROUP + p) * width;
                    // SAFETY: k < depth and p < GROUP, so the panel's row ends in the group.
                    *sums =
                        multiply(value, unsafe { weights.get_unchecked(at..at + width) }, *sums);
                }
            }
            for (p, sums) in sums.rest.iter_mut().enumerate() {
                let at = k * stride + p * width;
                // SAFETY: k < depth and p < P, so the panel's row ends in the rest.
                *sums = multiply(value, unsafe { rest.get_unchecked(at..at + width) }, *sums);
            }
        }
        sums
    }

    /// Writes the sums.
    #[inline(always)]
    fn store<V: Vector, const NV: usize, const G: usize, const P: usize>(
        &self,
        sums: Sums<V, NV, G, P>,
        row: &mut [V::Element],
    ) {
        let width = panel_width::<V::Element>();
        for (sums, group) in sums.groups.into_iter().zip(self.groups) {
            store_tile([sums], &mut [&mut row[group * width..]]);
        }
        if P > 0 {
            store_tile([sums.rest], &mut [&mut row[self.rest * width..]]);
        }
    }
}

/// The accumulators of a tile.
struct Sums<V, const NV: usize, const G: usize, const P: usize> {
    groups: [[[V; NV]; GROUP]; G],
    rest: [[V; NV]; P],
}

#[inline(always)]
fn multiply<V: Vector, const NV: usize>(
    value: V,
    weights: &[V::Element],
    mut sums: [V; NV],
) -> [V; NV] {
    for v in 0..NV {
        sums[v] = value.mul_add(V::load(&weights[v * V::LANES..]), sums[v]);
    }
    sums
}
