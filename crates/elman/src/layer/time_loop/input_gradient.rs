//! The gradient of the inputs, `dx_t = da_t · Wᵀ`. Nothing waits for it, so it is computed for some steps
//! at once: by the worker that made the deltas as long as its cache holds them, or, where workers share
//! units or are more than the sequences, when all deltas are there.

use elman_kernels::parallel::Share;

use super::kept::emptied;
use super::{BoundCell, Sizes, Span, pieces};
use crate::cell::Cell;
use crate::layer::Direction;
use crate::real::Real;
use crate::workers;

/// Steps whose input gradient is worth a worker.
const STEPS: usize = 64;

/// Whether the workers of the time loop leave none of the threads without a part of this work.
pub(super) fn belongs_in_the_loop(span: Span<'_>, sizes: &Sizes) -> bool {
    let steps = span.steps();
    span.batch_size() >= workers::count(steps.div_ceil(STEPS), steps * sizes.delta * sizes.input)
}

/// When a worker of some rows computes it.
#[derive(Clone, Copy)]
enum When {
    /// After so many steps, of all rows at once, while the deltas are in the cache.
    Steps(usize),
    /// In the end, row by row: where weights are read from afar, once for all steps of a row.
    End,
}

impl When {
    fn of<T>(rows: usize, sizes: &Sizes) -> Self {
        /// Bytes of deltas that stay in a processor's own cache beside the weights.
        const CACHE: usize = 1 << 19;
        /// Bytes of weights that stay in such a cache, if they are all.
        const NEAR: usize = 1 << 20;
        let fitting = CACHE / (rows * sizes.delta * size_of::<T>()).max(1);
        let weights = sizes.delta * sizes.input * size_of::<T>();
        if fitting > 1 || weights <= NEAR { When::Steps(fitting.max(1)) } else { When::End }
    }

    /// Whether step `s` is the last that it waits for.
    fn is_due(self, s: usize) -> bool {
        match self {
            When::Steps(steps) => s.is_multiple_of(steps),
            When::End => s == 0,
        }
    }

    /// The first step of a row of `length` that is not part of those which step `s` completes.
    fn end(self, s: usize, length: usize) -> usize {
        match self {
            When::Steps(steps) => length.min(s + steps),
            When::End => length,
        }
    }
}

/// A worker's part of it, in the loop over the steps.
pub(super) struct InTheLoop<'a, T> {
    when: When,
    direction: Direction,
    /// Memory for lists, used again every time.
    deltas: Vec<&'a [T]>,
    grads: Vec<&'a mut [T]>,
}

/// What it is made of for one sequence.
pub(super) struct InputGradientRow<'r, 'k, T> {
    pub length: usize,
    /// The deltas.
    pub kept: &'r mut Share<'k, T>,
    /// Where the gradient goes, `[T, I]`.
    pub grad: &'r mut [T],
}

impl<T: Real> InTheLoop<'_, T> {
    /// For so many rows, the longest of which has `longest` steps.
    pub fn new(rows: usize, longest: usize, sizes: &Sizes, direction: Direction) -> Self {
        let when = When::of::<T>(rows, sizes);
        let most = match when {
            When::Steps(steps) => rows * steps.min(longest),
            When::End => longest,
        };
        let (deltas, grads) = (Vec::with_capacity(most), Vec::with_capacity(most));
        InTheLoop { when, direction, deltas, grads }
    }

    /// Computes it for the steps that step `s` completes, if it does.
    pub fn after_step<'r, 'k: 'r, C: Cell<T>>(
        &mut self,
        bound: BoundCell<'_, T, C>,
        s: usize,
        rows: impl Iterator<Item = InputGradientRow<'r, 'k, T>>,
    ) where
        T: 'r,
    {
        if !self.when.is_due(s) {
            return;
        }
        let mut deltas: Vec<&[T]> = emptied(std::mem::take(&mut self.deltas));
        let mut grads: Vec<&mut [T]> = emptied(std::mem::take(&mut self.grads));
        let BoundCell { cell, prepared, .. } = bound;
        let size = cell.input_size();
        for InputGradientRow { length, kept, grad } in rows {
            let end = self.when.end(s, length);
            let times = match self.direction {
                Direction::Forward => s..end,
                Direction::Reverse => length - end..length - s,
            };
            if let Some(kept) = kept.rows(times.clone()) {
                deltas.extend(kept.chunks_exact(cell.delta_size()));
                grads.extend(grad[times.start * size..times.end * size].chunks_exact_mut(size));
            }
            if let When::End = self.when {
                cell.input_gradient(prepared, &deltas, &mut grads);
                deltas.clear();
                grads.clear();
            }
        }
        if !deltas.is_empty() {
            cell.input_gradient(prepared, &deltas, &mut grads);
        }
        (self.deltas, self.grads) = (emptied(deltas), emptied(grads));
    }
}

/// All steps of all sequences; zero in padding.
pub(super) fn input_gradients<T: Real, C: Cell<T>>(
    bound: BoundCell<'_, T, C>,
    span: Span<'_>,
    deltas: &[T],
    grad_inputs: &mut [T],
) {
    let (sizes, seq_len) = (Sizes::of(bound.cell), span.seq_len);
    let mut grad_inputs = pieces(grad_inputs, seq_len * sizes.input);
    let steps = span.steps();
    let workers = workers::count(steps.div_ceil(STEPS), steps * sizes.delta * sizes.input);
    // Each worker gets a like number of steps, in pieces of one sequence each.
    let mut work: Vec<Vec<(&mut [T], &[T])>> = (0..workers).map(|_| Vec::new()).collect();
    let mut dealt = 0;
    for (row, &length) in span.lengths.iter().enumerate() {
        let (mut rest, padding) = grad_inputs().split_at_mut(length * sizes.input);
        padding.fill(T::ZERO);
        let mut deltas = &deltas[row * seq_len * sizes.delta..][..length * sizes.delta];
        while !deltas.is_empty() {
            let left = deltas.len() / sizes.delta;
            let worker = (dealt * workers / steps).min(workers - 1);
            let count = left.min((steps * (worker + 1)).div_ceil(workers) - dealt);
            let (piece, others) = rest.split_at_mut(count * sizes.input);
            let (own, next) = deltas.split_at(count * sizes.delta);
            work[worker].push((piece, own));
            (rest, deltas, dealt) = (others, next, dealt + count);
        }
    }
    workers::each(work, |pieces| {
        let (mut grads, mut deltas): (Vec<&mut [T]>, Vec<&[T]>) = (Vec::new(), Vec::new());
        for (own_grads, own_deltas) in pieces {
            deltas.extend(own_deltas.chunks_exact(sizes.delta));
            grads.extend(own_grads.chunks_exact_mut(sizes.input));
        }
        bound.cell.input_gradient(bound.prepared, &deltas, &mut grads);
    });
}
