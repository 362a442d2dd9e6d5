//! The inner loop: a tile's accumulators on their way along the rows of some panels.

use std::ops::Range;

use crate::float::Float;
use crate::pack::{Panels, panels_per_group};
use crate::vector::Vector;

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
    sweep(acc, left, panels, 0..panels.depth)
}

/// As [`multiply`], for the rows `steps` of the panels.
#[inline(always)]
pub(super) fn sweep<V: Vector, const NV: usize, const R: usize, const P: usize>(
    mut acc: [[[V; NV]; P]; R],
    left: LeftRows<'_, V::Element, R>,
    panels: Panels<'_, V::Element>,
    steps: Range<usize>,
) -> [[[V; NV]; P]; R] {
    let LeftRows { rows, step } = left;
    let (width, values) = (NV * V::LANES, panels.values);
    // A distance that is known to the compiler takes no register.
    let (stride, apart) = match const { panels_per_group(V::LEVEL) } {
        1 => (width, panels.apart),
        _ => (panels.stride, width),
    };
    if steps.is_empty() {
        return acc;
    }
    // The largest numbers where they go round: nothing is longer.
    let last = (steps.end - 1).saturating_mul(step);
    for row in rows {
        assert!(row.len() > last, "row too short for the depth of the panels");
    }
    let last_row = (steps.end - 1).saturating_mul(stride);
    let end = last_row.saturating_add((P - 1).saturating_mul(apart)).saturating_add(width);
    assert!(values.len() >= end, "panel too short");
    for k in steps {
        let mut weights = [[V::splat(V::Element::ZERO); NV]; P];
        for (p, panel) in weights.iter_mut().enumerate() {
            for (v, register) in panel.iter_mut().enumerate() {
                let at = k * stride + p * apart + v * V::LANES;
                // SAFETY: at + LANES is at most the end of the last panel in the last step, asserted above.
                *register = V::load(unsafe { values.get_unchecked(at..at + V::LANES) });
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
