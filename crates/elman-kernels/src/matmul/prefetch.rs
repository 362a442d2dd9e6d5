//! A tile that has the cache fetch, on its way through the panels, what is read soon.

use super::inner::{Left, sweep};
use crate::pack::Panels;
use crate::vector::Vector;

/// Steps between two hints: as long as the journey of a few cache lines.
pub(crate) const CHUNK: usize = 16;

/// Hints for the cache.
pub(crate) trait Prefetch<T> {
    /// Gives those that are due before chunk `chunk`, of [`CHUNK`] steps each. A few for each chunk are given
    /// while multiplications are under way; all of them in front of the tile would hold it up.
    fn prefetch<V: Vector<Element = T>>(&mut self, chunk: usize);
}

/// `acc[r] += Σ_k left[r][k] · panels[k]`, with hints on the way.
#[inline(always)]
pub(crate) fn multiply_and_prefetch<V: Vector, const NV: usize, const R: usize, const P: usize>(
    mut acc: [[[V; NV]; P]; R],
    left: impl Left<V::Element, R>,
    panels: Panels<'_, V::Element>,
    hints: &mut impl Prefetch<V::Element>,
) -> [[[V; NV]; P]; R] {
    for start in (0..panels.depth).step_by(CHUNK) {
        hints.prefetch::<V>(start / CHUNK);
        acc = sweep(acc, left, panels, start..panels.depth.min(start + CHUNK));
    }
    acc
}
