//! The inner loop: a tile's accumulators on their way along the rows of some panels.

use std::ops::Range;

use crate::float::Float;
use crate::pack::{Panels, panels_per_group};
use crate::vector::Vector;

/// The `R` rows of the left factor.
///
/// # Safety
///
/// Where [`reaches`](Left::reaches) says so, values at all smaller `k` can be read.
pub(crate) unsafe trait Left<T, const R: usize>: Copy {
    /// Whether every row has a value at `k`.
    fn reaches(&self, k: usize) -> bool;

    /// The value of row `r` at `k`.
    ///
    /// # Safety
    ///
    /// `r < R`, and the rows reach `k`.
    unsafe fn value(&self, r: usize, k: usize) -> T;
}

/// Rows that start anywhere, and the distance between two of their values.
#[derive(Clone, Copy)]
pub(crate) struct LeftRows<'a, T, const R: usize> {
    pub rows: [&'a [T]; R],
    pub step: usize,
}

// SAFETY: k · step grows with k, so a row that is longer than one holds all before it.
unsafe impl<T: Copy, const R: usize> Left<T, R> for LeftRows<'_, T, R> {
    #[inline(always)]
    fn reaches(&self, k: usize) -> bool {
        // The largest number where it goes round: nothing is longer.
        let last = k.saturating_mul(self.step);
        let mut all = true;
        for r in 0..R {
            all &= self.rows[r].len() > last;
        }
        all
    }

    #[inline(always)]
    unsafe fn value(&self, r: usize, k: usize) -> T {
        // SAFETY: the row reaches k, by the contract.
        unsafe { *self.rows[r].get_unchecked(k * self.step) }
    }
}

/// Rows side by side: the value of row `r` at `k` is `values[k · step + r]`.
#[derive(Clone, Copy)]
pub(crate) struct LeftColumns<'a, T> {
    pub values: &'a [T],
    pub step: usize,
}

// SAFETY: k · step + r grows with k and r.
unsafe impl<T: Copy, const R: usize> Left<T, R> for LeftColumns<'_, T> {
    #[inline(always)]
    fn reaches(&self, k: usize) -> bool {
        self.values.len() > k.saturating_mul(self.step).saturating_add(R - 1)
    }

    #[inline(always)]
    unsafe fn value(&self, r: usize, k: usize) -> T {
        // SAFETY: k · step + r is at most k · step + R - 1, which is there by the contract.
        unsafe { *self.values.get_unchecked(k * self.step + r) }
    }
}

/// `acc[r] += Σ_k left[r][k] · panels[k]`.
#[inline(always)]
pub(crate) fn multiply<V: Vector, const NV: usize, const R: usize, const P: usize>(
    acc: [[[V; NV]; P]; R],
    left: impl Left<V::Element, R>,
    panels: Panels<'_, V::Element>,
) -> [[[V; NV]; P]; R] {
    sweep(acc, left, panels, 0..panels.depth)
}

/// As [`multiply`], for the rows `steps` of the panels.
#[inline(always)]
pub(super) fn sweep<V: Vector, const NV: usize, const R: usize, const P: usize>(
    mut acc: [[[V; NV]; P]; R],
    left: impl Left<V::Element, R>,
    panels: Panels<'_, V::Element>,
    steps: Range<usize>,
) -> [[[V; NV]; P]; R] {
    let (width, values) = (NV * V::LANES, panels.values);
    // A distance that is known to the compiler takes no register.
    let (stride, apart) = match const { panels_per_group(V::LEVEL) } {
        1 => (width, panels.apart),
        _ => (panels.stride, width),
    };
    if steps.is_empty() {
        return acc;
    }
    assert!(left.reaches(steps.end - 1), "row too short for the depth of the panels");
    // The largest numbers where they go round: nothing is longer.
    let last_row = (steps.end - 1).saturating_mul(stride);
    let end = last_row.saturating_add((P - 1).saturating_mul(apart)).saturating_add(width);
    assert!(values.len() >= end, "panel too short");
    for k in steps {
        let mut weights = [[V::splat(V::Element::ZERO); NV]; P];
        for p in 0..P {
            for v in 0..NV {
                let at = k * stride + p * apart + v * V::LANES;
                // SAFETY: at + LANES is at most the end of the last panel in the last step, asserted above.
                weights[p][v] = V::load(unsafe { values.get_unchecked(at..at + V::LANES) });
            }
        }
        for r in 0..R {
            // SAFETY: the rows reach the last step, asserted above.
            let value = V::splat(unsafe { left.value(r, k) });
            for p in 0..P {
                for v in 0..NV {
                    acc[r][p][v] = value.mul_add(weights[p][v], acc[r][p][v]);
                }
            }
        }
    }
    acc
}
