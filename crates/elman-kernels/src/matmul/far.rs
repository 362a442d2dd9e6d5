//! The product with weights that a processor's own cache cannot hold.
//!
//! ```text
//! for each cut of the depth                                at most 384 KiB of weights for 4 panels
//!   for each group of 4 panels                             these stay in the processor's cache
//!     for each block of 5 or 6 rows
//!       accumulators = start, or the output so far
//!       for each k: multiply, and prefetch this block's share of the next group
//! ```
//!
//! The output between two cuts holds the sums so far, exactly: the chains go on where they stopped.

use std::ops::Range;

use super::inner::LeftRows;
use super::prefetch::{CHUNK, Prefetch, multiply_and_prefetch};
use super::tile::{MAX_ROWS, load_tile, store_tile};
use super::{Job, Out, Start, Term};
use crate::dispatch::{VectorKernel, dispatch_vectors};
use crate::float::Float;
use crate::level::Level;
use crate::pack::{PackedMatrix, Panels, panel_width, panels_per_group};
use crate::vector::{Lane, Vector};

/// The panels of a group: those that stand together.
const PANELS: usize = panels_per_group(Level::Avx512);

/// The most rows of weights in one pass: more of them, for four panels and with as many values of the
/// left rows, would leave the processor's own cache while the rows pass by.
const DEPTH: usize = 1536;

/// Whether weights are far, and the rows so many that they leave time for what they fetch.
pub(super) fn is_worth_it<T: Float + Lane>(job: &Job<'_, T>, panels: &Range<usize>) -> bool {
    let blocks = job.rows.div_ceil(MAX_ROWS);
    let far = job.terms.iter().any(|term| is_far(term.weights));
    far && job.rows / blocks >= MAX_ROWS - 1 && panels.start.is_multiple_of(PANELS)
}

/// Whether weights are larger than a processor's own cache, commonly 1 MiB, so that a sweep over them
/// reads from one that several share, or from memory.
fn is_far<T: Float>(weights: &PackedMatrix<T>) -> bool {
    weights.depth() * weights.columns() * size_of::<T>() > 1 << 20
}

/// Computes whole groups of panels and returns the panels that are left.
pub(super) fn product<T: Float + Lane>(
    job: &Job<'_, T>,
    panels: Range<usize>,
    out: &mut Out<'_, '_, T>,
) -> Range<usize> {
    dispatch_vectors(Level::Avx512, Far { job, panels, out })
}

/// A function of its own: among the near tiles this code would lengthen theirs, and `small` lose a tenth.
struct Far<'j, 'o, 'a, 'b, T> {
    job: &'j Job<'j, T>,
    panels: Range<usize>,
    out: &'o mut Out<'a, 'b, T>,
}

impl<T: Float + Lane> VectorKernel<T> for Far<'_, '_, '_, '_, T> {
    type Output = Range<usize>;

    #[inline(always)]
    fn run<V: Vector<Element = T>>(self) -> Range<usize> {
        if const { !matches!(V::LEVEL, Level::Avx512) } {
            unreachable!("panels stand together at AVX-512 alone");
        }
        run::<V, 1>(self.job, self.panels, self.out)
    }
}

#[inline(always)]
fn run<V: Vector, const NV: usize>(
    job: &Job<'_, V::Element>,
    panels: Range<usize>,
    out: &mut Out<'_, '_, V::Element>,
) -> Range<usize> {
    let blocks = job.rows.div_ceil(MAX_ROWS);
    let groups = Groups { first: panels.start, count: panels.len() / PANELS, blocks };
    let depth = job.terms.iter().map(|term| term.weights.depth()).sum::<usize>();
    if depth <= DEPTH {
        let pass = Pass { job, terms: job.terms, steps: 0..depth, start: *job.start };
        groups.pass::<V, NV>(&pass, out);
    } else {
        let mut start = *job.start;
        for terms in job.terms.chunks(1) {
            let depth = terms[0].weights.depth();
            let cuts = depth.div_ceil(DEPTH);
            for cut in 0..cuts {
                let steps = depth * cut / cuts..depth * (cut + 1) / cuts;
                groups.pass::<V, NV>(&Pass { job, terms, steps, start }, out);
                start = Start::Output;
            }
        }
    }
    panels.start + groups.count * PANELS..panels.end
}

/// Some terms, and the rows of their weights, as far as they have them.
struct Pass<'a, T> {
    job: &'a Job<'a, T>,
    terms: &'a [Term<'a, T>],
    steps: Range<usize>,
    start: Start<'a, T>,
}

/// Groups of panels from `first` on, and the blocks of rows that pass by each.
struct Groups {
    first: usize,
    count: usize,
    blocks: usize,
}

impl Groups {
    #[inline(always)]
    fn pass<V: Vector, const NV: usize>(
        &self,
        pass: &Pass<'_, V::Element>,
        out: &mut Out<'_, '_, V::Element>,
    ) {
        let (rows, blocks) = (pass.job.rows, self.blocks);
        for group in 0..self.count {
            let panel = self.first + group * PANELS;
            for block in 0..blocks {
                let row = rows * block / blocks;
                let place = Place { row, panel, block, blocks, is_last: group + 1 == self.count };
                match rows * (block + 1) / blocks - row {
                    5 => tile::<V, NV, 5>(pass, place, out),
                    _ => tile::<V, NV, MAX_ROWS>(pass, place, out),
                }
            }
        }
    }
}

/// The first row and panel of a tile, and which of the blocks it is.
#[derive(Clone, Copy)]
struct Place {
    row: usize,
    panel: usize,
    block: usize,
    blocks: usize,
    is_last: bool,
}

/// `R` rows × [`PANELS`] panels.
#[inline(always)]
fn tile<V: Vector, const NV: usize, const R: usize>(
    pass: &Pass<'_, V::Element>,
    place: Place,
    out: &mut Out<'_, '_, V::Element>,
) {
    if const { R * PANELS * NV > V::ACCUMULATORS } {
        unreachable!("run keeps to the registers");
    }
    let width = panel_width::<V::Element>();
    let first = place.panel * width;
    let taken = (pass.job.columns - first).min(PANELS * width);
    let mut target = out.pieces::<R>(place.row, first, taken);
    let mut acc: [[[V; NV]; PANELS]; R] = load_tile(pass.start, first, &target);
    for term in pass.terms {
        let steps = pass.steps.start..pass.steps.end.min(term.weights.depth());
        let mut rows: [&[V::Element]; R] = [&[]; R];
        for r in 0..R {
            rows[r] = &term.rows.row(place.row + r, steps.end)[steps.start..];
        }
        let next = next(term, &steps, place);
        let panels = panels(term, place.panel, steps);
        let share = next.depth.div_ceil(panels.depth.div_ceil(CHUNK).max(1)) * next.stride;
        let mut next = Next { lines: &next.values[..next.depth * next.stride], share };
        acc = multiply_and_prefetch(acc, LeftRows { rows, step: 1 }, panels, &mut next);
    }
    store_tile(acc, &mut target);
}

/// The rows `steps` of a group of panels.
#[inline(always)]
fn panels<'a, T: Float>(term: &Term<'a, T>, first: usize, steps: Range<usize>) -> Panels<'a, T> {
    let all = term.weights.panels(first, PANELS);
    Panels { values: &all.values[steps.start * all.stride..], depth: steps.len(), ..all }
}

/// What a block fetches: its share of the group that follows.
#[inline(always)]
fn next<'a, T: Float>(term: &Term<'a, T>, steps: &Range<usize>, place: Place) -> Panels<'a, T> {
    if place.is_last {
        return panels(term, place.panel, 0..0);
    }
    let share = |block| steps.start + steps.len() * block / place.blocks;
    panels(term, place.panel + PANELS, share(place.block)..share(place.block + 1))
}

/// What a block fetches: a share of the lines before each chunk.
struct Next<'a, T> {
    lines: &'a [T],
    share: usize,
}

impl<T: Float> Prefetch<T> for Next<'_, T> {
    #[inline(always)]
    fn prefetch<V: Vector<Element = T>>(&mut self, chunk: usize) {
        let lines = self.lines.get(chunk * self.share..).unwrap_or(&[]);
        for at in (0..self.share.min(lines.len())).step_by(panel_width::<T>()) {
            V::prefetch(&lines[at..]);
        }
    }
}
