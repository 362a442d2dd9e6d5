//! Sums of outer products: the gradient of a weight matrix.
//!
//! `grad[m, n] += Σ_k left[k, m] · right[k, n]` with one chain of fused multiply-adds for each
//! element, `k` running through all pieces in their order. Both factors are copied into panels a
//! block of `k` at a time, so that the inner loop of [`crate::matmul`] reads forward whatever the
//! strides are.

use crate::dispatch::{Kernel, dispatch};
use crate::float::Float;
use crate::level::Level;
use crate::matmul::{
    MAX_ROWS, Panels, load_panel, multiply, panels_per_tile, rows_per_tile, store_panel,
};
use crate::pack::panel_width;
use crate::vector::{Lane, Vector};

/// Pairs of rows to be multiplied and summed: row `k` of `left` with row `k` of `right`.
#[derive(Clone, Copy, Debug)]
pub struct RowPairs<'a, T> {
    /// The left rows.
    pub left: &'a [T],
    /// The distance between two left rows.
    pub left_stride: usize,
    /// The right rows.
    pub right: &'a [T],
    /// The distance between two right rows.
    pub right_stride: usize,
    /// How many pairs.
    pub count: usize,
}

/// A part of the gradient: its rows `first..first + rows`, `columns` of them, each `stride` values
/// after the one before.
#[derive(Debug)]
pub struct GradientPart<'a, T> {
    /// The first row, an index into the left rows.
    pub first: usize,
    /// The columns: the length of a right row.
    pub columns: usize,
    /// The distance between two rows of `grad`, at least `columns`.
    pub stride: usize,
    /// The rows of this part.
    pub grad: &'a mut [T],
}

impl<T> GradientPart<'_, T> {
    #[inline(always)]
    fn rows(&self) -> usize {
        (self.grad.len() + self.stride - self.columns) / self.stride
    }
}

/// Adds the outer products of all pairs to a part of the gradient. Parts may be computed in any
/// order or side by side; the bits are the same.
///
/// # Panics
///
/// Rows that are too short, or a part whose rows overlap.
pub(crate) fn add_outer_products<T: Float + Lane>(
    level: Level,
    pairs: &[RowPairs<'_, T>],
    part: GradientPart<'_, T>,
) {
    assert!(level.is_supported(), "this processor cannot run level {}", level.name());
    if part.grad.is_empty() || part.columns == 0 {
        return;
    }
    assert!(part.stride >= part.columns, "gradient part: rows that overlap");
    assert!(part.grad.len() >= (part.rows() - 1) * part.stride + part.columns, "whole rows");
    match level {
        Level::Portable => run::<T::Portable, 2>(pairs, part),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the level is supported, asserted above.
        Level::Avx2 => unsafe { run_avx2(pairs, part) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the level is supported, asserted above.
        Level::Avx512 => unsafe { run_avx512(pairs, part) },
        #[cfg(not(target_arch = "x86_64"))]
        Level::Avx2 | Level::Avx512 => unreachable!("the level is supported, asserted above"),
    }
}

/// `sum[n] += Σ_k right[k, n]`, `k` in order: the gradient of a bias.
///
/// # Panics
///
/// Right rows shorter than `sum`.
pub fn add_row_sums<T: Float>(level: Level, pairs: &[RowPairs<'_, T>], sum: &mut [T]) {
    dispatch(level, RowSums { pairs, sum });
}

struct RowSums<'a, T> {
    pairs: &'a [RowPairs<'a, T>],
    sum: &'a mut [T],
}

impl<T: Float> Kernel for RowSums<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for piece in self.pairs {
            for k in 0..piece.count {
                let row = &piece.right[k * piece.right_stride..][..self.sum.len()];
                for (sum, value) in self.sum.iter_mut().zip(row) {
                    *sum += *value;
                }
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_avx2<T: Float + Lane>(pairs: &[RowPairs<'_, T>], part: GradientPart<'_, T>) {
    run::<T::Avx2, 2>(pairs, part);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]
fn run_avx512<T: Float + Lane>(pairs: &[RowPairs<'_, T>], part: GradientPart<'_, T>) {
    run::<T::Avx512, 1>(pairs, part);
}

/// Pairs per block: a right panel of this depth (8 KiB) stays in L1 while all tiles of left
/// columns pass by, and loading and storing the accumulators is 2 % of the work.
const BLOCK: usize = 128;

/// Left columns of one panel: four tiles, so that copying moves whole registers.
const LEFT_WIDTH: usize = 4 * MAX_ROWS;

#[inline(always)]
fn run<V: Vector, const NV: usize>(
    pairs: &[RowPairs<'_, V::Element>],
    mut part: GradientPart<'_, V::Element>,
) {
    let rows = part.rows();
    let width = panel_width::<V::Element>();
    let zero = V::Element::ZERO;
    let mut left = vec![zero; rows.div_ceil(LEFT_WIDTH) * LEFT_WIDTH * BLOCK];
    let mut right = vec![zero; part.columns.div_ceil(width) * width * BLOCK];
    let mut filled = 0;
    for piece in pairs {
        let mut taken = 0;
        while taken < piece.count {
            let count = (piece.count - taken).min(BLOCK - filled);
            for k in taken..taken + count {
                let row = &piece.left[k * piece.left_stride + part.first..][..rows];
                scatter(row, &mut left, filled, LEFT_WIDTH);
                let row = &piece.right[k * piece.right_stride..][..part.columns];
                scatter(row, &mut right, filled, width);
                filled += 1;
            }
            taken += count;
            if filled == BLOCK {
                multiply_block::<V, NV>(&left, &right, BLOCK, &mut part);
                filled = 0;
            }
        }
    }
    if filled > 0 {
        multiply_block::<V, NV>(&left, &right, filled, &mut part);
    }
}

/// Copies one row into panels of `width` columns and `BLOCK` rows.
#[inline(always)]
fn scatter<T: Float>(row: &[T], panels: &mut [T], k: usize, width: usize) {
    let mut chunks = row.chunks_exact(width);
    let mut at = k * width;
    for chunk in &mut chunks {
        panels[at..at + width].copy_from_slice(chunk);
        at += BLOCK * width;
    }
    let rest = chunks.remainder();
    if !rest.is_empty() {
        panels[at..at + rest.len()].copy_from_slice(rest);
    }
}

/// Adds the products of one block of pairs.
#[inline(always)]
fn multiply_block<V: Vector, const NV: usize>(
    left: &[V::Element],
    right: &[V::Element],
    depth: usize,
    part: &mut GradientPart<'_, V::Element>,
) {
    let width = panel_width::<V::Element>();
    let whole_panels = part.columns / width;
    let panels = part.columns.div_ceil(width);
    let mut panel = 0;
    while panel < panels {
        let count =
            panels_per_tile::<V>(rows_per_tile::<V>(NV), NV, whole_panels.saturating_sub(panel));
        let values = &right[panel * BLOCK * width..][..count * BLOCK * width];
        let right = Panels { values, stride: BLOCK * width, depth };
        match count {
            4 => panel_group::<V, NV, 4>(left, right, panel * width, part),
            2 => panel_group::<V, NV, 2>(left, right, panel * width, part),
            _ => panel_group::<V, NV, 1>(left, right, panel * width, part),
        }
        panel += count;
    }
}

/// All rows × `P` panels of the gradient.
#[inline(always)]
fn panel_group<V: Vector, const NV: usize, const P: usize>(
    left: &[V::Element],
    right: Panels<'_, V::Element>,
    column: usize,
    part: &mut GradientPart<'_, V::Element>,
) {
    let rows = part.rows();
    let mut row = 0;
    while row < rows {
        let within = row % LEFT_WIDTH;
        let left = &left[(row / LEFT_WIDTH) * LEFT_WIDTH * BLOCK + within..];
        let place = (row, column);
        match (rows - row).min(rows_per_tile::<V>(NV)) {
            1 => tile::<V, NV, 1, P>(left, right, place, part),
            2 => tile::<V, NV, 2, P>(left, right, place, part),
            3 => tile::<V, NV, 3, P>(left, right, place, part),
            4 => tile::<V, NV, 4, P>(left, right, place, part),
            5 => tile::<V, NV, 5, P>(left, right, place, part),
            _ => tile::<V, NV, MAX_ROWS, P>(left, right, place, part),
        }
        row += rows_per_tile::<V>(NV);
    }
}

/// `R` rows × `P` panels of the gradient.
#[inline(always)]
fn tile<V: Vector, const NV: usize, const R: usize, const P: usize>(
    left: &[V::Element],
    right: Panels<'_, V::Element>,
    (row, column): (usize, usize),
    part: &mut GradientPart<'_, V::Element>,
) {
    if const { R * P * NV > V::ACCUMULATORS } {
        unreachable!("rows_per_tile and panels_per_tile keep to the registers");
    }
    let width = NV * V::LANES;
    let mut rows: [&[V::Element]; R] = [&[]; R];
    let mut acc = [[[V::splat(V::Element::ZERO); NV]; P]; R];
    for r in 0..R {
        rows[r] = &left[r..];
        let grad = &part.grad[(row + r) * part.stride..][column..part.columns];
        for (p, registers) in acc[r].iter_mut().enumerate() {
            *registers = load_panel(&grad[p * width..]);
        }
    }
    let acc = multiply::<V, NV, R, P>(acc, rows, LEFT_WIDTH, right);
    for (r, panels) in acc.into_iter().enumerate() {
        let grad = &mut part.grad[(row + r) * part.stride..][column..part.columns];
        for (p, registers) in panels.into_iter().enumerate() {
            store_panel(registers, &mut grad[p * width..]);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn every_element_is_one_chain_whatever_the_split(
            counts in proptest::collection::vec(0usize..200, 1..4),
            rows in 1usize..40, columns in 1usize..40, split in 0usize..40,
        ) {
            let total: usize = counts.iter().sum();
            let value = |i: usize| ((i * 7919 + 13) % 1009) as f32 / 504.0 - 1.0;
            let left: Vec<f32> = (0..total * (rows + 2)).map(value).collect();
            let right: Vec<f32> = (0..total * (columns + 1)).map(|i| value(i + 5)).collect();
            let mut pairs = Vec::new();
            let mut start = 0;
            for &count in &counts {
                pairs.push(RowPairs {
                    left: &left[start * (rows + 2)..], left_stride: rows + 2,
                    right: &right[start * (columns + 1)..], right_stride: columns + 1, count,
                });
                start += count;
            }
            let mut expected = vec![0.5f32; rows * columns];
            for m in 0..rows {
                for n in 0..columns {
                    for k in 0..total {
                        let sum = &mut expected[m * columns + n];
                        *sum = left[k * (rows + 2) + m].mul_add(right[k * (columns + 1) + n], *sum);
                    }
                }
            }
            let split = split.min(rows);
            for level in Level::ALL.into_iter().filter(|level| level.is_supported()) {
                let mut grad = vec![0.5f32; rows * columns];
                let (top, bottom) = grad.split_at_mut(split * columns);
                let stride = columns;
                add_outer_products(level, &pairs, GradientPart { first: 0, columns, stride, grad: top });
                add_outer_products(level, &pairs, GradientPart { first: split, columns, stride, grad: bottom });
                prop_assert_eq!(&grad, &expected);
                let stride = columns + 3;
                let mut wide = vec![0.5f32; rows * stride];
                let part = GradientPart { first: 0, columns, stride, grad: &mut wide[2..] };
                add_outer_products(level, &pairs, part);
                for (row, wide) in expected.chunks_exact(columns).zip(wide.chunks_exact(stride)) {
                    prop_assert_eq!(row, &wide[2..columns + 2]);
                    prop_assert!([0, 1, columns + 2].iter().all(|&at| wide[at].to_bits() == 0.5f32.to_bits()));
                }
            }
        }
    }
}
