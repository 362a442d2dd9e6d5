//! The rows of one step that become the trace, and on the way back the deltas.

use elman_kernels::parallel::Share;

use super::Sizes;
use crate::real::Real;

/// Rows of `delta_size` values: those of the kept array itself where a worker computes all units, or
/// scratch from which its units are copied.
pub(super) struct KeptRows<T> {
    scratch: Vec<T>,
    size: usize,
}

impl<T: Real> KeptRows<T> {
    pub fn new(rows: usize, sizes: &Sizes, needs_scratch: bool) -> Self {
        let len = if needs_scratch { rows * sizes.delta } else { 0 };
        KeptRows { scratch: vec![T::ZERO; len], size: sizes.delta }
    }

    /// A slice for each row: its own place where it has one, else scratch. The memory of `slices` is
    /// used again.
    pub fn rows<'a>(
        &'a mut self,
        slices: Vec<&mut [T]>,
        places: impl Iterator<Item = Option<&'a mut [T]>>,
    ) -> Vec<&'a mut [T]> {
        let mut rows = emptied(slices);
        let mut scratch = self.scratch.chunks_exact_mut(self.size);
        rows.extend(places.map(|place| match place {
            Some(place) => place,
            None => scratch.next().unwrap_or_default(),
        }));
        rows
    }

    /// Fills the first `len` values of a scratch row from where step `t` is kept.
    pub fn read(&mut self, row: usize, t: usize, len: usize, kept: &mut Share<'_, T>) {
        if !kept.is_whole() {
            kept.read(t, &mut self.scratch[row * self.size..][..len]);
        }
    }

    /// Writes a scratch row to where step `t` is kept.
    pub fn write(&mut self, row: usize, t: usize, kept: &mut Share<'_, T>) {
        if !kept.is_whole() {
            kept.write(t, &self.scratch[row * self.size..][..self.size]);
        }
    }
}

/// The memory of a list of slices, for a list of other slices: collecting in place allocates nothing.
pub(super) fn emptied<A, B: Default>(mut slices: Vec<A>) -> Vec<B> {
    slices.clear();
    slices.into_iter().map(|_| B::default()).collect()
}
