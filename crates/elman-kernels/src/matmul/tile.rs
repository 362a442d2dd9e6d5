//! The block of a product that is held in registers from the first term to the last.

use std::ops::Range;

use super::inner::{LeftRows, multiply};
use super::{Job, Out, Start};
use crate::float::Float;
use crate::pack::{panel_width, panels_per_group};
use crate::vector::{Lane, Vector};

/// The most rows of one block of several panels. With two registers for each row, 12 accumulators,
/// 2 panel registers and a broadcast fit in the 16 registers of AVX2.
pub(crate) const MAX_ROWS: usize = 6;

/// Rows of a block of one or two panels, where the registers hold that many: fewer would leave too
/// few chains in flight to hide the latency of a fused multiply-add.
const MANY_ROWS: usize = 12;

/// The most panels of a block of one row.
const MAX_PANELS: usize = 8;

/// The most rows of one block of these vectors.
#[inline(always)]
pub(crate) const fn rows_per_tile<V: Vector>(registers_per_panel: usize) -> usize {
    let rows = V::ACCUMULATORS / registers_per_panel;
    if rows < MAX_ROWS { rows } else { MAX_ROWS }
}

/// The most panels of one block of so many rows.
#[inline(always)]
const fn panels_per_tile<V: Vector>(rows: usize, registers_per_panel: usize) -> usize {
    let fitting = V::ACCUMULATORS / (rows * registers_per_panel);
    let most = match panels_per_group(V::LEVEL) {
        1 if rows == 1 => MAX_PANELS,
        _ => V::MOST_PANELS,
    };
    if fitting < most { fitting } else { most }
}

/// Whether there are blocks of [`MANY_ROWS`].
#[inline(always)]
const fn takes_many_rows<V: Vector>(registers_per_panel: usize) -> bool {
    MANY_ROWS * registers_per_panel <= V::ACCUMULATORS && !V::Element::IS_COMPACT
}

/// Computes the columns of some panels, a group of panels after the other: the group's weights stay
/// in cache while all rows pass by.
#[inline(always)]
pub(super) fn run<V: Vector, const NV: usize>(
    job: &Job<'_, V::Element>,
    panels: Range<usize>,
    out: &mut Out<'_, '_, V::Element>,
) {
    // Blocks of nearly equal height: 16 rows are 6 + 5 + 5, not 6 + 6 + 4.
    let blocks = job.rows.div_ceil(rows_per_tile::<V>(NV));
    let most = panels_per_tile::<V>(job.rows.div_ceil(blocks), NV);
    let mut panel = panels.start;
    while panel < panels.end {
        let left = panels.end - panel;
        let count = match const { panels_per_group(V::LEVEL) } {
            1 => left.div_ceil(left.div_ceil(most)),
            group => left.min(group - panel % group).min(V::MOST_PANELS),
        };
        let mut row = 0;
        if const { takes_many_rows::<V>(NV) } {
            while job.rows - row >= MANY_ROWS && count * MANY_ROWS * NV <= V::ACCUMULATORS {
                tile_of_many::<V, NV>(count, job, Place { row, panel }, out);
                row += MANY_ROWS;
            }
        }
        let left = job.rows - row;
        let blocks = left.div_ceil(rows_per_tile::<V>(NV));
        for block in 0..blocks {
            let (first, end) = (left * block / blocks, left * (block + 1) / blocks);
            let shape = Shape { rows: end - first, panels: count };
            tile_of::<V, NV>(shape, job, Place { row: row + first, panel }, out);
        }
        panel += count;
    }
}

/// How many rows and panels a tile has.
#[derive(Clone, Copy)]
struct Shape {
    rows: usize,
    panels: usize,
}

/// The first row and panel of a tile of the output.
#[derive(Clone, Copy)]
struct Place {
    row: usize,
    panel: usize,
}

#[inline(always)]
fn tile_of_many<V: Vector, const NV: usize>(
    panels: usize,
    job: &Job<'_, V::Element>,
    place: Place,
    out: &mut Out<'_, '_, V::Element>,
) {
    match panels {
        1 => tile::<V, NV, MANY_ROWS, 1>(job, place, out),
        _ => tile::<V, NV, MANY_ROWS, 2>(job, place, out),
    }
}

#[inline(always)]
fn tile_of<V: Vector, const NV: usize>(
    Shape { rows, panels }: Shape,
    job: &Job<'_, V::Element>,
    place: Place,
    out: &mut Out<'_, '_, V::Element>,
) {
    match (rows, panels) {
        (1, 5) => tile::<V, NV, 1, 5>(job, place, out),
        (1, 6) => tile::<V, NV, 1, 6>(job, place, out),
        (1, 7) => tile::<V, NV, 1, 7>(job, place, out),
        (1, 8) => tile::<V, NV, 1, 8>(job, place, out),
        (1, _) => tile_of_panels::<V, NV, 1>(panels, job, place, out),
        (2, _) => tile_of_panels::<V, NV, 2>(panels, job, place, out),
        (3, _) => tile_of_panels::<V, NV, 3>(panels, job, place, out),
        (4, _) => tile_of_panels::<V, NV, 4>(panels, job, place, out),
        (5, _) => tile_of_panels::<V, NV, 5>(panels, job, place, out),
        _ => tile_of_panels::<V, NV, MAX_ROWS>(panels, job, place, out),
    }
}

#[inline(always)]
fn tile_of_panels<V: Vector, const NV: usize, const R: usize>(
    panels: usize,
    job: &Job<'_, V::Element>,
    place: Place,
    out: &mut Out<'_, '_, V::Element>,
) {
    match panels {
        1 => tile::<V, NV, R, 1>(job, place, out),
        2 => tile::<V, NV, R, 2>(job, place, out),
        3 => tile::<V, NV, R, 3>(job, place, out),
        _ => tile::<V, NV, R, 4>(job, place, out),
    }
}

/// `R` rows × `P` panels of the output.
#[inline(always)]
fn tile<V: Vector, const NV: usize, const R: usize, const P: usize>(
    job: &Job<'_, V::Element>,
    place: Place,
    out: &mut Out<'_, '_, V::Element>,
) {
    if const { R < MANY_ROWS && P > panels_per_tile::<V>(R, NV) } {
        unreachable!("panels_per_tile keeps to the registers");
    }
    let width = panel_width::<V::Element>();
    let first = place.panel * width;
    let taken = (job.columns - first).min(P * width);
    let mut rows = out.pieces::<R>(place.row, first, taken);
    let mut acc: [[[V; NV]; P]; R] = load_tile(*job.start, first, &rows);
    for term in job.terms {
        let panels = term.weights.panels(place.panel, P);
        let mut left: [&[V::Element]; R] = [&[]; R];
        for r in 0..R {
            left[r] = term.rows.row(place.row + r, panels.depth);
        }
        acc = multiply(acc, LeftRows { rows: left, step: 1 }, panels);
    }
    store_tile(acc, &mut rows);
}

/// What the accumulators of some rows start from, for columns from `first` on.
#[inline(always)]
pub(super) fn load_tile<V: Vector, const NV: usize, const R: usize, const P: usize>(
    start: Start<'_, V::Element>,
    first: usize,
    rows: &[&mut [V::Element]; R],
) -> [[[V; NV]; P]; R] {
    let mut acc = [[[V::splat(V::Element::ZERO); NV]; P]; R];
    match start {
        Start::Zero => {}
        Start::Bias(bias) => acc = [load_panels(&bias[first..first + rows[0].len()]); R],
        Start::Output => acc = load_rows(rows),
    }
    acc
}

/// The values of rows of one length, which ends in the last of the panels side by side; missing columns are
/// zero.
#[inline(always)]
pub(crate) fn load_rows<V: Vector, const NV: usize, const R: usize, const P: usize>(
    rows: &[&mut [V::Element]; R],
) -> [[[V; NV]; P]; R] {
    let mut acc = [[[V::splat(V::Element::ZERO); NV]; P]; R];
    let width = NV * V::LANES;
    let (whole, fits) = row_lengths(rows, P, width);
    if whole {
        for r in 0..R {
            for p in 0..P {
                for v in 0..NV {
                    acc[r][p][v] = V::load(&rows[r][p * width + v * V::LANES..]);
                }
            }
        }
        return acc;
    }
    assert!(fits, "a row ends in its last panel");
    for r in 0..R {
        for p in 0..P - 1 {
            for v in 0..NV {
                acc[r][p][v] = V::load(&rows[r][p * width + v * V::LANES..]);
            }
        }
        acc[r][P - 1] = V::load_some(&rows[r][(P - 1) * width..]);
    }
    acc
}

/// Whether all rows have so many whole panels, and whether they have all but the last.
#[inline(always)]
fn row_lengths<T, const R: usize>(
    rows: &[&mut [T]; R],
    panels: usize,
    width: usize,
) -> (bool, bool) {
    // No branch for each row: a tile would have as many ways to start.
    let (mut whole, mut fits) = (true, true);
    for row in rows {
        whole &= row.len() >= panels * width;
        fits &= row.len() >= (panels - 1) * width;
    }
    (whole, fits)
}

/// Writes panels side by side to rows of one length, which ends in the last of them.
#[inline(always)]
pub(crate) fn store_tile<V: Vector, const NV: usize, const R: usize, const P: usize>(
    acc: [[[V; NV]; P]; R],
    rows: &mut [&mut [V::Element]; R],
) {
    let width = NV * V::LANES;
    let (whole, fits) = row_lengths(rows, P, width);
    if whole {
        for r in 0..R {
            for p in 0..P {
                for v in 0..NV {
                    acc[r][p][v].store(&mut rows[r][p * width + v * V::LANES..]);
                }
            }
        }
        return;
    }
    assert!(fits, "a row ends in its last panel");
    // Straight code: with a branch for each panel the accumulators of every tile go through memory.
    for r in 0..R {
        for p in 0..P - 1 {
            for v in 0..NV {
                acc[r][p][v].store(&mut rows[r][p * width + v * V::LANES..]);
            }
        }
        V::store_some(acc[r][P - 1], &mut rows[r][(P - 1) * width..]);
    }
}

/// The values of panels side by side; missing columns of the last panel are zero.
#[inline(always)]
pub(crate) fn load_panels<V: Vector, const NV: usize, const P: usize>(
    values: &[V::Element],
) -> [[V; NV]; P] {
    let width = NV * V::LANES;
    let mut panels = [[V::splat(V::Element::ZERO); NV]; P];
    if values.len() >= P * width {
        for p in 0..P {
            for v in 0..NV {
                panels[p][v] = V::load(&values[p * width + v * V::LANES..]);
            }
        }
        return panels;
    }
    assert!(values.len() >= (P - 1) * width, "values end in the last panel");
    for p in 0..P - 1 {
        for v in 0..NV {
            panels[p][v] = V::load(&values[p * width + v * V::LANES..]);
        }
    }
    panels[P - 1] = V::load_some(&values[(P - 1) * width..]);
    panels
}
