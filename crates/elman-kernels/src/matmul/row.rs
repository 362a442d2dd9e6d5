//! The product of one row, where panels stand together in groups of four.
//!
//! A row alone has one chain of fused multiply-adds for each register of a panel. To hide their latency
//! a tile takes up to two groups from wherever they stand, and a group that is not whole beside
//! them: the columns of one worker's units are some panels from every part of the row.

use std::ops::Range;

use super::tile::{load_panels, store_tile};
use super::{Job, Out, Start, Term};
use crate::dispatch::{VectorKernel, dispatch_vectors};
use crate::float::Float;
use crate::level::Level;
use crate::pack::{panel_width, panels_per_group};
use crate::vector::{Lane, Vector};

/// The panels of a whole group.
const GROUP: usize = panels_per_group(Level::Avx512);

/// The most groups of a tile: eight chains are in flight in two units whose latency is 4 cycles, and what
/// is left of a third group beside them.
const fn most_groups<T: Lane>() -> usize {
    if T::IS_COMPACT { 1 } else { 2 }
}

/// The groups of a row that is one tile, although it has more than [`most_groups`].
const WHOLE: usize = 3;

/// Whether all columns of a row are one tile of [`WHOLE`] groups.
fn is_one_tile<T: Float>(job: &Job<'_, T>, wanted: &[Range<usize>]) -> bool {
    let panels = job.columns.div_ceil(panel_width::<T>());
    panels / GROUP == WHOLE && matches!(wanted, [range] if range.len() == job.columns)
}

/// Whether this is one row, and every range of columns begins with a group.
pub(super) fn is_worth_it<T: Float>(job: &Job<'_, T>, wanted: &[Range<usize>]) -> bool {
    let group = GROUP * panel_width::<T>();
    job.rows == 1 && wanted.iter().all(|range| range.start.is_multiple_of(group))
}

/// Computes the wanted columns.
pub(super) fn product<T: Float + Lane>(
    job: &Job<'_, T>,
    wanted: &[Range<usize>],
    out: &mut Out<'_, '_, T>,
) {
    if const { !T::IS_COMPACT } && is_one_tile(job, wanted) {
        dispatch_vectors(Level::Avx512, OneTile { job, out });
    } else {
        dispatch_vectors(Level::Avx512, OneRow { job, wanted, out });
    }
}

/// The whole row in one tile.
struct OneTile<'j, 'o, 'a, 'b, T> {
    job: &'j Job<'j, T>,
    out: &'o mut Out<'a, 'b, T>,
}

impl<T: Float + Lane> VectorKernel<T> for OneTile<'_, '_, '_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<Element = T>>(self) {
        if const { !matches!(V::LEVEL, Level::Avx512) } {
            unreachable!("panels stand together at AVX-512 alone");
        }
        let [row] = self.out.pieces::<1>(0, 0, self.job.columns);
        let panels = self.job.columns.div_ceil(panel_width::<T>());
        let groups = [0, GROUP, 2 * GROUP];
        let tile = Tile::<WHOLE> { groups, count: WHOLE, rest: WHOLE * GROUP };
        match panels - WHOLE * GROUP {
            0 => tile.columns::<V, 1, WHOLE, 0>(self.job, row),
            1 => tile.columns::<V, 1, WHOLE, 1>(self.job, row),
            2 => tile.columns::<V, 1, WHOLE, 2>(self.job, row),
            _ => tile.columns::<V, 1, WHOLE, 3>(self.job, row),
        }
    }
}

/// The wanted columns of a row, in as many tiles as they need.
struct OneRow<'j, 'o, 'a, 'b, T> {
    job: &'j Job<'j, T>,
    wanted: &'j [Range<usize>],
    out: &'o mut Out<'a, 'b, T>,
}

impl<T: Float + Lane> VectorKernel<T> for OneRow<'_, '_, '_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<Element = T>>(self) {
        if const { !matches!(V::LEVEL, Level::Avx512) } {
            unreachable!("panels stand together at AVX-512 alone");
        }
        if const { most_groups::<T>() == 1 } {
            run::<V, 1, 1>(self.job, self.wanted, self.out);
        } else {
            run::<V, 1, 2>(self.job, self.wanted, self.out);
        }
    }
}

#[inline(always)]
fn run<V: Vector, const NV: usize, const MAX_GROUPS: usize>(
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
            (_, 0) => self.columns::<V, NV, 2, 0>(job, row),
            (_, 1) => self.columns::<V, NV, 2, 1>(job, row),
            (_, 2) => self.columns::<V, NV, 2, 2>(job, row),
            (_, _) => self.columns::<V, NV, 2, 3>(job, row),
        }
        self.count = 0;
    }

    #[inline(always)]
    fn columns<V: Vector, const NV: usize, const G: usize, const P: usize>(
        &self,
        job: &Job<'_, V::Element>,
        row: &mut [V::Element],
    ) {
        if const { G > MAX_GROUPS } {
            unreachable!("a tile has at most so many groups");
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
        for g in 0..G {
            sums.groups[g] = load_panels(&values[self.groups[g] * width..]);
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
        for g in 0..G {
            let panels = term.weights.panels(self.groups[g], GROUP);
            groups[g] = &panels.values[..depth * GROUP * width];
        }
        let (mut rest, mut stride): (&[V::Element], usize) = (&[], 0);
        if P > 0 && depth > 0 {
            let panels = term.weights.panels(self.rest, P);
            stride = panels.stride;
            rest = &panels.values[..(depth - 1) * stride + P * width];
        }
        for (k, value) in left.iter().enumerate() {
            let value = V::splat(*value);
            for g in 0..G {
                for p in 0..GROUP {
                    let at = (k * GROUP + p) * width;
                    // SAFETY: k < depth and p < GROUP, so the panel's row ends in the group.
                    let weights = unsafe { groups[g].get_unchecked(at..at + width) };
                    sums.groups[g][p] = multiply(value, weights, sums.groups[g][p]);
                }
            }
            for p in 0..P {
                let at = k * stride + p * width;
                // SAFETY: k < depth and p < P, so the panel's row ends in the rest.
                let weights = unsafe { rest.get_unchecked(at..at + width) };
                sums.rest[p] = multiply(value, weights, sums.rest[p]);
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
        for g in 0..G {
            store_tile([sums.groups[g]], &mut [&mut row[self.groups[g] * width..]]);
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
