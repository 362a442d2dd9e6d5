//! The gradient of the inputs, `dx_t = da_t · Wᵀ`. Nothing waits for it, so it is computed for some steps
//! at once: by the worker that made the deltas as long as its cache holds them, or, where workers share
//! units or are more than the sequences, when all deltas are there.

use elman_kernels::Share;

use super::{Shape, Sizes, pieces};
use crate::cell::Cell;
use crate::layer::Direction;
use crate::real::Real;
use crate::workers;

/// Steps whose input gradient is worth a worker.
const STEPS: usize = 64;

/// Whether the workers of the time loop leave none of the threads without a part of this work.
pub(super) fn belongs_in_the_loop(shape: Shape<'_>, sizes: &Sizes) -> bool {
    let steps = shape.lengths.iter().sum::<usize>();
    shape.lengths.len() >= workers::count(steps.div_ceil(STEPS), steps * sizes.delta * sizes.input)
}

/// When a worker of some rows computes it, and for which steps.
pub(super) struct InTheLoop {
    steps: usize,
    direction: Direction,
}

impl InTheLoop {
    pub fn new<T>(rows: usize, sizes: &Sizes, direction: Direction) -> Self {
        /// Bytes of deltas that stay in a processor's own cache beside the weights.
        const CACHE: usize = 1 << 19;
        /// Rows that a product with few columns takes at once.
        const TILE: usize = 12;
        let fitting = CACHE / (rows * sizes.delta * size_of::<T>()).max(1);
        let steps = if fitting < TILE { usize::MAX } else { fitting / TILE * TILE };
        InTheLoop { steps, direction }
    }

    /// Whether step `s` completes some steps.
    pub fn is_due(&self, s: usize) -> bool {
        s.is_multiple_of(self.steps)
    }

    /// The steps that step `s` completes, of one row.
    pub fn compute<T: Real, C: Cell<T>>(
        &self,
        (cell, prepared): (&C, &C::Prepared),
        (s, length): (usize, usize),
        kept: &mut Share<'_, T>,
        grad_inputs: &mut [T],
    ) {
        let end = length.min(s.saturating_add(self.steps));
        let times = match self.direction {
            Direction::Forward => s..end,
            Direction::Reverse => length - end..length - s,
        };
        if let Some(deltas) = kept.rows(times.clone()) {
            let size = cell.input_size();
            let target = &mut grad_inputs[times.start * size..times.end * size];
            cell.input_gradient(prepared, deltas, target);
        }
    }
}

/// All steps of all sequences; zero in padding.
pub(super) fn input_gradients<T: Real, C: Cell<T>>(
    (cell, prepared): (&C, &C::Prepared),
    shape: Shape<'_>,
    deltas: &[T],
    grad_inputs: &mut [T],
) {
    let (sizes, seq_len) = (Sizes::of(cell), shape.seq_len);
    let mut grad_inputs = pieces(grad_inputs, seq_len * sizes.input);
    let steps = shape.lengths.iter().sum::<usize>();
    let workers = workers::count(steps.div_ceil(STEPS), steps * sizes.delta * sizes.input);
    // Each worker gets a like number of steps, in pieces of one sequence each.
    let mut work: Vec<Vec<(&mut [T], &[T])>> = (0..workers).map(|_| Vec::new()).collect();
    let mut dealt = 0;
    for (row, &length) in shape.lengths.iter().enumerate() {
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
        for (grad_inputs, deltas) in pieces {
            cell.input_gradient(prepared, deltas, grad_inputs);
        }
    });
}
