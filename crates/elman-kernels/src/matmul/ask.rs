//! A tile that asks the cache, on its way through the panels, for what is read soon.

use super::inner::{LeftRows, sweep};
use crate::pack::Panels;
use crate::vector::Vector;

/// Steps between two hints: as long as the journey of a few cache lines.
pub(crate) const CHUNK: usize = 16;

/// Hints for the cache.
pub(crate) trait Ask<T> {
    /// Gives those that are due before chunk `chunk`, of [`CHUNK`] steps each. What it does between two chunks
    /// is done while the multiplications before it are under way; before the first one they would wait.
    fn ask<V: Vector<Element = T>>(&mut self, chunk: usize);
}

/// `acc[r] += Σ_k rows[r][k · step] · panels[k]`, with hints on the way.
#[inline(always)]
pub(crate) fn multiply_and_ask<V: Vector, const NV: usize, const R: usize, const P: usize>(
    mut acc: [[[V; NV]; P]; R],
    left: LeftRows<'_, V::Element, R>,
    panels: Panels<'_, V::Element>,
    hints: &mut impl Ask<V::Element>,
) -> [[[V; NV]; P]; R] {
    for start in (0..panels.depth).step_by(CHUNK) {
        hints.ask::<V>(start / CHUNK);
        acc = sweep(acc, left, panels, start..panels.depth.min(start + CHUNK));
    }
    acc
}
