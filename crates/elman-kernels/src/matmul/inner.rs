//! The inner loop: a tile's accumulators on their way along the rows of some panels.

use std::ops::Range;

use crate::float::Float;
use crate::vector::Vector;

/// Some rows of panels: those of panel `p` start at `p * stride` and are `depth`.
#[derive(Clone, Copy)]
pub(crate) struct Panels<'a, T> {
    pub values: &'a [T],
    pub stride: usize,
    pub depth: usize,
}

/// The rows of the left factor, and the distance between two of their values.
#[derive(Clone, Copy)]
pub(crate) struct LeftRows<'a, T, const R: usize> {
    pub rows: [&'a [T]; R],
    pub step: usize,
}

/// `acc[r] += Σ_k rows[r][k · step] · panels[k]`.
#[inline(always)]
pub(crate) fn multiply<V: Vector, const NV: usize, const R: usize, const P: usize>(
    acc: [[[V; NV]; P]; R],
    left: LeftRows<'_, V::Element, R>,
    panels: Panels<'_, V::Element>,
) -> [[[V; NV]; P]; R] {
    let pieces = pieces::<V, NV, P>(panels);
    sweep(acc, left, pieces, 0..panels.depth)
}

/// Each panel's rows.
#[inline(always)]
pub(super) fn pieces<V: Vector, const NV: usize, const P: usize>(
    panels: Panels<'_, V::Element>,
) -> [&[V::Element]; P] {
    let mut pieces: [&[V::Element]; P] = [&[]; P];
    for (p, piece) in pieces.iter_mut().enumerate() {
        *piece = &panels.values[p * panels.stride..][..panels.depth * NV * V::LANES];
    }
    pieces
}

/// The rows `steps` of the panels.
#[inline(always)]
pub(super) fn sweep<V: Vector, const NV: usize, const R: usize, const P: usize>(
    mut acc: [[[V; NV]; P]; R],
    left: LeftRows<'_, V::Element, R>,
    pieces: [&[V::Element]; P],
    steps: Range<usize>,
) -> [[[V; NV]; P]; R] {
    let LeftRows { rows, step } = left;
    let width = NV * V::LANES;
    if steps.is_empty() {
        return acc;
    }
    // The largest number where it goes round: no row is longer.
    let last = (steps.end - 1).saturating_mul(step);
    for row in rows {
        assert!(row.len() > last, "row too short for the depth of the panels");
    }
    for piece in pieces {
        assert!(piece.len() >= steps.end * width, "panel too short");
    }
    for k in steps {
        let mut weights = [[V::splat(V::Element::ZERO); NV]; P];
        for p in 0..P {
            for (v, register) in weights[p].iter_mut().enumerate() {
                let at = k * width + v * V::LANES;
                // SAFETY: k < steps.end and v < NV, so at + LANES <= steps.end * width <= length.
                *register = V::load(unsafe { pieces[p].get_unchecked(at..at + V::LANES) });
            }
        }
        for r in 0..R {
            // SAFETY: k * step <= last < row length, asserted above.
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
