//! The sums of one part, block by block of pairs.

use std::ops::Range;

use super::split::PartOfSum;
use super::{BLOCK, Pairs};
use crate::aligned::Aligned;
use crate::float::Float;
use crate::matmul::{
    LeftColumns, MAX_ROWS, load_panels, load_rows, multiply, rows_per_tile, store_tile,
};
use crate::pack::{Panels, panel_width};
use crate::vector::Vector;

/// The right values of one block: the rows of a group of panels side by side.
struct Packed<'a, T> {
    values: &'a mut [T],
}

/// Consecutive pairs of one block whose rows stand at equal distances.
struct Segment<'a, T> {
    left: [&'a [T]; 2],
    left_strides: [usize; 2],
    right: &'a [T],
    right_stride: usize,
    /// The pair of the block that this segment starts with.
    at: usize,
    count: usize,
}

#[inline(always)]
pub(super) fn run<V: Vector, const NV: usize>(part: &mut PartOfSum<'_, V::Element>) {
    if part.columns.is_empty() {
        return;
    }
    let width = panel_width::<V::Element>();
    let depth = part.sum.pairs.iter().map(|pairs| pairs.count).sum::<usize>().min(BLOCK);
    let count = part.columns.len().div_ceil(width).min(panels_per_group::<V>(NV));
    let mut panels = Aligned::zeros(count * depth * width);
    let mut panels = Packed { values: &mut panels };
    let mut segments: Vec<Segment<'_, V::Element>> = Vec::new();
    let mut filled = 0;
    for pairs in part.sum.pairs {
        let mut taken = 0;
        while taken < pairs.count {
            let count = (pairs.count - taken).min(depth - filled);
            segments.push(segment(pairs, taken, filled..filled + count));
            (taken, filled) = (taken + count, filled + count);
            if filled == depth {
                block::<V, NV>(&segments, &mut panels, part);
                segments.clear();
                filled = 0;
            }
        }
    }
    if filled > 0 {
        block::<V, NV>(&segments, &mut panels, part);
    }
}

/// Panels that all rows of a tile leave room for.
#[inline(always)]
const fn panels_per_group<V: Vector>(registers_per_panel: usize) -> usize {
    let fitting = V::ACCUMULATORS / (rows_per_tile::<V>(registers_per_panel) * registers_per_panel);
    if fitting < V::MOST_PANELS { fitting } else { V::MOST_PANELS }
}

/// The most rows of a tile of so many panels. The compiler loads the left values of all rows
/// before it multiplies, so they need registers beside accumulators and panels; an accumulator
/// without one would go through memory in every step of the inner loop.
#[inline(always)]
const fn rows_of_panels<V: Vector>(panels: usize, registers_per_panel: usize) -> usize {
    let rows = rows_per_tile::<V>(registers_per_panel);
    // 24 accumulators, 4 panels and 6 left values are more than the 32 registers of AVX-512.
    if panels == 4 { rows - 1 } else { rows }
}

#[inline(always)]
fn segment<'a, T: Float>(
    pairs: &Pairs<'a, T>,
    taken: usize,
    packed: Range<usize>,
) -> Segment<'a, T> {
    let from = |values: &'a [T], stride: usize| values.get(taken * stride..).unwrap_or(&[]);
    Segment {
        left: pairs.left.map(|left| from(left.values, left.stride)),
        left_strides: pairs.left.map(|left| left.stride),
        right: from(pairs.right.values, pairs.right.stride),
        right_stride: pairs.right.stride,
        at: packed.start,
        count: packed.len(),
    }
}

/// Adds the products of one block of pairs.
#[inline(always)]
fn block<V: Vector, const NV: usize>(
    segments: &[Segment<'_, V::Element>],
    panels: &mut Packed<'_, V::Element>,
    part: &mut PartOfSum<'_, V::Element>,
) {
    let width = panel_width::<V::Element>();
    let columns = part.columns.clone();
    let count = columns.len().div_ceil(width);
    let groups = count.div_ceil(panels_per_group::<V>(NV));
    for group in 0..groups {
        let first = columns.start + count * group / groups * width;
        let end = (columns.start + count * (group + 1) / groups * width).min(columns.end);
        match (end - first).div_ceil(width) {
            1 => panel_group::<V, NV, 1>(segments, first..end, panels, part),
            2 => panel_group::<V, NV, 2>(segments, first..end, panels, part),
            3 => panel_group::<V, NV, 3>(segments, first..end, panels, part),
            _ => panel_group::<V, NV, 4>(segments, first..end, panels, part),
        }
    }
}

/// All rows × a group of columns, which fill `P` panels.
#[inline(always)]
fn panel_group<V: Vector, const NV: usize, const P: usize>(
    segments: &[Segment<'_, V::Element>],
    group: Range<usize>,
    panels: &mut Packed<'_, V::Element>,
    part: &mut PartOfSum<'_, V::Element>,
) {
    if const { P > panels_per_group::<V>(NV) } {
        unreachable!("panels_per_group keeps to the registers");
    }
    let (first, len) = (group.start, group.len());
    let columns = part.sum.first + first;
    match part.sum.sums {
        None => pack::<V, NV, P>(segments, columns, len, panels),
        Some(at) => {
            let mut row = part.grad::<1>(at, first, len);
            let mut sums: [[V; NV]; P] = load_panels(row[0]);
            pack_and_add(segments, columns, len, panels, &mut sums);
            store_tile([sums], &mut row);
        }
    }
    for (side, left) in part.sum.left.into_iter().enumerate() {
        let Some(left) = left else { continue };
        let tiles = left.rows.div_ceil(rows_of_panels::<V>(P, NV));
        for tile_index in 0..tiles {
            let row = left.rows * tile_index / tiles;
            let rows = left.rows * (tile_index + 1) / tiles - row;
            let place = Place { side, row, at: left.at + row * part.sum.stride, first, len };
            match rows {
                1 => tile::<V, NV, 1, P>(segments, panels, place, part),
                2 => tile::<V, NV, 2, P>(segments, panels, place, part),
                3 => tile::<V, NV, 3, P>(segments, panels, place, part),
                4 => tile::<V, NV, 4, P>(segments, panels, place, part),
                5 => tile::<V, NV, 5, P>(segments, panels, place, part),
                _ => tile::<V, NV, MAX_ROWS, P>(segments, panels, place, part),
            }
        }
    }
}

/// Copies the right values of `len` columns from `first` on into panels.
#[inline(always)]
fn pack<V: Vector, const NV: usize, const P: usize>(
    segments: &[Segment<'_, V::Element>],
    first: usize,
    len: usize,
    panels: &mut Packed<'_, V::Element>,
) {
    for segment in segments {
        for k in 0..segment.count {
            let row = &segment.right[k * segment.right_stride + first..][..len];
            store_row(load_panels::<V, NV, P>(row), segment.at + k, panels);
        }
    }
}

/// As [`pack`], adding the values to `sums` on the way.
#[inline(always)]
fn pack_and_add<V: Vector, const NV: usize, const P: usize>(
    segments: &[Segment<'_, V::Element>],
    first: usize,
    len: usize,
    panels: &mut Packed<'_, V::Element>,
    sums: &mut [[V; NV]; P],
) {
    let one = V::splat(V::Element::ONE);
    for segment in segments {
        for k in 0..segment.count {
            let row = &segment.right[k * segment.right_stride + first..][..len];
            let values = load_panels::<V, NV, P>(row);
            for p in 0..P {
                for v in 0..NV {
                    // One rounding, as in an addition.
                    sums[p][v] = one.mul_add(values[p][v], sums[p][v]);
                }
            }
            store_row(values, segment.at + k, panels);
        }
    }
}

/// Row `k` of all panels.
#[inline(always)]
fn store_row<V: Vector, const NV: usize, const P: usize>(
    values: [[V; NV]; P],
    k: usize,
    panels: &mut Packed<'_, V::Element>,
) {
    let width = NV * V::LANES;
    let row = &mut panels.values[k * P * width..][..P * width];
    for p in 0..P {
        for v in 0..NV {
            values[p][v].store(&mut row[p * width + v * V::LANES..]);
        }
    }
}

/// Some rows of one left factor and where their sums go.
#[derive(Clone, Copy)]
struct Place {
    side: usize,
    row: usize,
    at: usize,
    first: usize,
    len: usize,
}

/// `R` rows × `P` panels of the gradient.
#[inline(always)]
fn tile<V: Vector, const NV: usize, const R: usize, const P: usize>(
    segments: &[Segment<'_, V::Element>],
    panels: &Packed<'_, V::Element>,
    place: Place,
    part: &mut PartOfSum<'_, V::Element>,
) {
    if const { R > rows_of_panels::<V>(P, NV) } {
        unreachable!("rows_of_panels keeps to the registers");
    }
    let width = NV * V::LANES;
    let mut grad = part.grad::<R>(place.at, place.first, place.len);
    let mut acc: [[[V; NV]; P]; R] = load_rows(&grad);
    for segment in segments {
        let right = Panels {
            values: &panels.values[segment.at * P * width..],
            stride: P * width,
            apart: width,
            depth: segment.count,
        };
        let values = &segment.left[place.side][place.row..];
        let left = LeftColumns { values, step: segment.left_strides[place.side] };
        acc = multiply::<V, NV, R, P>(acc, left, right);
    }
    store_tile(acc, &mut grad);
}
