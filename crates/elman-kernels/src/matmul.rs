//! The register-blocked product with packed weights.
//!
//! One output element is one chain of fused multiply-adds: the starting value, then the terms in
//! the order given, each from its first row to its last. The blocks below only decide which
//! elements are computed side by side, so every block size and every level gives the same bits.
//!
//! ```text
//! for each group of panels (16 columns of f32 each)        the panels stay in L1
//!   for each block of up to 6 rows
//!     accumulators = start                                 12 registers of 16
//!     for each term, for each k                            one load per panel register,
//!       accumulators += row[k] · panel[k]                  one broadcast per row
//! ```

use crate::float::Float;
use crate::level::Level;
use crate::pack::{PackedMatrix, panel_width};
use crate::vector::{Lane, Vector};

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
}

impl<'a, T> Rows<'a, T> {
    #[inline(always)]
    fn row(&self, index: usize, len: usize) -> &'a [T] {
        match self {
            Rows::Strided { values, stride } => &values[index * stride..][..len],
            Rows::Slices(rows) => &rows[index][..len],
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

/// `out[r, :] = start + Σ_terms rows[r] · weights` for the rows of `out`, contiguous rows of as many
/// values as the weights have columns.
///
/// # Panics
///
/// Sizes that do not fit each other, no term, or terms that differ in columns or level.
pub(crate) fn product<T: Float + Lane>(start: Start<'_, T>, terms: &[Term<'_, T>], out: &mut [T]) {
    let columns = terms.first().map_or(1, |term| term.weights.columns());
    assert!(columns == 0 || out.len().is_multiple_of(columns), "out: whole rows");
    product_strided(start, terms, (out, columns));
}

/// As [`product`], with output rows that start `stride` values after each other: columns of wider
/// rows. Values between the rows are not touched.
///
/// # Panics
///
/// As [`product`]; a stride shorter than a row.
pub(crate) fn product_strided<T: Float + Lane>(
    start: Start<'_, T>,
    terms: &[Term<'_, T>],
    (out, stride): (&mut [T], usize),
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
    if columns == 0 || out.is_empty() {
        return;
    }
    assert!(stride >= columns, "out: rows that overlap");
    let rows = (out.len() + stride - columns) / stride;
    let job = Job { start, terms, columns, rows, stride };
    match level {
        Level::Portable => run::<T::Portable, 2>(&job, out),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a packed matrix exists only for a level that this processor supports.
        Level::Avx2 => unsafe { run_avx2(&job, out) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a packed matrix exists only for a level that this processor supports.
        Level::Avx512 => unsafe { run_avx512(&job, out) },
        #[cfg(not(target_arch = "x86_64"))]
        Level::Avx2 | Level::Avx512 => unreachable!("packed only for a supported level"),
    }
}

struct Job<'a, T> {
    start: Start<'a, T>,
    terms: &'a [Term<'a, T>],
    columns: usize,
    rows: usize,
    stride: usize,
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_avx2<T: Float + Lane>(job: &Job<'_, T>, out: &mut [T]) {
    run::<T::Avx2, 2>(job, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]
fn run_avx512<T: Float + Lane>(job: &Job<'_, T>, out: &mut [T]) {
    run::<T::Avx512, 1>(job, out);
}

/// The most rows of one block. With two registers for each row, 12 accumulators, 2 panel registers
/// and a broadcast fit in the 16 registers of AVX2.
pub(crate) const MAX_ROWS: usize = 6;

/// The most rows of one block of these vectors.
#[inline(always)]
pub(crate) const fn rows_per_tile<V: Vector>(registers_per_panel: usize) -> usize {
    let rows = V::ACCUMULATORS / registers_per_panel;
    if rows < MAX_ROWS { rows } else { MAX_ROWS }
}

/// Panels that a block of `rows` computes side by side. Few rows leave too few chains in flight to
/// hide the latency of a fused multiply-add; more panels make up for it.
#[inline(always)]
pub(crate) fn panels_per_tile<V: Vector>(
    rows: usize,
    registers_per_panel: usize,
    left: usize,
) -> usize {
    let fits =
        |count: &usize| *count <= left && rows * count * registers_per_panel <= V::ACCUMULATORS;
    [4, 2].into_iter().find(fits).unwrap_or(1)
}

#[inline(always)]
fn run<V: Vector, const NV: usize>(job: &Job<'_, V::Element>, out: &mut [V::Element]) {
    let rows = job.rows;
    let whole_panels = job.columns / panel_width::<V::Element>();
    let panels = job.columns.div_ceil(panel_width::<V::Element>());
    // Blocks of nearly equal height: 16 rows are 6 + 5 + 5, not 6 + 6 + 4.
    let blocks = rows.div_ceil(rows_per_tile::<V>(NV));
    let mut panel = 0;
    while panel < panels {
        let left = whole_panels.saturating_sub(panel);
        let count = panels_per_tile::<V>(rows.div_ceil(blocks), NV, left);
        for block in 0..blocks {
            let place = Place { row: rows * block / blocks, panel };
            let end = rows * (block + 1) / blocks;
            match count {
                4 => tile_of::<V, NV, 4>(end - place.row, job, place, out),
                2 => tile_of::<V, NV, 2>(end - place.row, job, place, out),
                _ => tile_of::<V, NV, 1>(end - place.row, job, place, out),
            }
        }
        panel += count;
    }
}

#[inline(always)]
fn tile_of<V: Vector, const NV: usize, const P: usize>(
    rows: usize,
    job: &Job<'_, V::Element>,
    place: Place,
    out: &mut [V::Element],
) {
    match rows {
        1 => tile::<V, NV, 1, P>(job, place, out),
        2 => tile::<V, NV, 2, P>(job, place, out),
        3 => tile::<V, NV, 3, P>(job, place, out),
        4 => tile::<V, NV, 4, P>(job, place, out),
        5 => tile::<V, NV, 5, P>(job, place, out),
        _ => tile::<V, NV, MAX_ROWS, P>(job, place, out),
    }
}

/// The first row and panel of a tile of the output.
#[derive(Clone, Copy)]
struct Place {
    row: usize,
    panel: usize,
}

/// `R` rows × `P` panels of the output.
#[inline(always)]
fn tile<V: Vector, const NV: usize, const R: usize, const P: usize>(
    job: &Job<'_, V::Element>,
    place: Place,
    out: &mut [V::Element],
) {
    if const { R * P * NV > V::ACCUMULATORS } {
        unreachable!("rows_per_tile and panels_per_tile keep to the registers");
    }
    let width = panel_width::<V::Element>();
    let first = place.panel * width;
    let mut acc = start_values::<V, NV, R, P>(job, place, out);
    for term in job.terms {
        let depth = term.weights.depth();
        let mut rows: [&[V::Element]; R] = [&[]; R];
        for (r, row) in rows.iter_mut().enumerate() {
            *row = term.rows.row(place.row + r, depth);
        }
        let panels =
            Panels { values: term.weights.panels(place.panel, P), stride: depth * width, depth };
        acc = multiply::<V, NV, R, P>(acc, rows, 1, panels);
    }
    for (r, panels) in acc.into_iter().enumerate() {
        let row = &mut out[(place.row + r) * job.stride..][..job.columns];
        for (p, registers) in panels.into_iter().enumerate() {
            store_panel(registers, &mut row[first + p * width..]);
        }
    }
}

#[inline(always)]
fn start_values<V: Vector, const NV: usize, const R: usize, const P: usize>(
    job: &Job<'_, V::Element>,
    place: Place,
    out: &[V::Element],
) -> [[[V; NV]; P]; R] {
    let width = panel_width::<V::Element>();
    let first = place.panel * width;
    let mut acc = [[[V::splat(V::Element::ZERO); NV]; P]; R];
    match job.start {
        Start::Zero => {}
        Start::Bias(bias) => {
            for p in 0..P {
                let values = load_panel(&bias[first + p * width..]);
                for panels in &mut acc {
                    panels[p] = values;
                }
            }
        }
        Start::Output => {
            for (r, panels) in acc.iter_mut().enumerate() {
                let row = &out[(place.row + r) * job.stride..][..job.columns];
                for (p, registers) in panels.iter_mut().enumerate() {
                    *registers = load_panel(&row[first + p * width..]);
                }
            }
        }
    }
    acc
}

/// Panels one after the other: panel `p` starts at `p * stride` and holds `depth` rows.
#[derive(Clone, Copy)]
pub(crate) struct Panels<'a, T> {
    pub values: &'a [T],
    pub stride: usize,
    pub depth: usize,
}

/// The inner loop: `acc[r] += Σ_k rows[r][k · step] · panels[k]`.
#[inline(always)]
pub(crate) fn multiply<V: Vector, const NV: usize, const R: usize, const P: usize>(
    mut acc: [[[V; NV]; P]; R],
    rows: [&[V::Element]; R],
    step: usize,
    panels: Panels<'_, V::Element>,
) -> [[[V; NV]; P]; R] {
    let width = NV * V::LANES;
    let depth = panels.depth;
    if depth == 0 {
        return acc;
    }
    for row in rows {
        assert!(row.len() > (depth - 1) * step, "row too short for the depth of the panels");
    }
    let mut pieces: [&[V::Element]; P] = [&[]; P];
    for (p, piece) in pieces.iter_mut().enumerate() {
        *piece = &panels.values[p * panels.stride..][..depth * width];
    }
    for k in 0..depth {
        let mut weights = [[V::splat(V::Element::ZERO); NV]; P];
        for p in 0..P {
            for (v, register) in weights[p].iter_mut().enumerate() {
                let at = k * width + v * V::LANES;
                // SAFETY: k < depth and v < NV, so at + LANES <= depth * width = piece length.
                *register = V::load(unsafe { pieces[p].get_unchecked(at..at + V::LANES) });
            }
        }
        for r in 0..R {
            // SAFETY: k * step <= (depth - 1) * step < row length, asserted above.
            let value = V::splat(unsafe { *rows[r].get_unchecked(k * step) });
            for p in 0..P {
                for v in 0..NV {
                    acc[r][p][v] = value.mul_add(weights[p][v], acc[r][p][v]);
                }
            }
        }
    }
    acc
}

/// The values of one panel; missing columns of the last panel are zero.
#[inline(always)]
pub(crate) fn load_panel<V: Vector, const NV: usize>(values: &[V::Element]) -> [V; NV] {
    let width = NV * V::LANES;
    let mut padded = [V::Element::ZERO; MAX_WIDTH];
    let source = if values.len() >= width {
        values
    } else {
        padded[..values.len()].copy_from_slice(values);
        &padded
    };
    let mut registers = [V::splat(V::Element::ZERO); NV];
    for (v, register) in registers.iter_mut().enumerate() {
        *register = V::load(&source[v * V::LANES..]);
    }
    registers
}

/// The widest panel: 16 `f32`.
const MAX_WIDTH: usize = 16;

/// Writes one panel; columns beyond the end of `target` are dropped.
#[inline(always)]
pub(crate) fn store_panel<V: Vector, const NV: usize>(
    registers: [V; NV],
    target: &mut [V::Element],
) {
    let width = NV * V::LANES;
    if target.len() >= width {
        for (v, register) in registers.into_iter().enumerate() {
            register.store(&mut target[v * V::LANES..]);
        }
    } else {
        let mut padded = [V::Element::ZERO; MAX_WIDTH];
        for (v, register) in registers.into_iter().enumerate() {
            register.store(&mut padded[v * V::LANES..]);
        }
        let len = target.len();
        target.copy_from_slice(&padded[..len]);
    }
}

#[cfg(test)]
mod tests;
