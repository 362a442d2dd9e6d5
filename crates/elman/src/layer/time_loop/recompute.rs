//! Back-propagation from states at the borders of segments, where a run kept nothing else.
//!
//! A traced run of T steps keeps a trace of T steps. One that [`Keep::Borders`] asks for keeps the state
//! at the end of each segment of about √T steps; what backward needs of a segment is computed again from
//! there. Two sweeps, and the bits of a run that kept all:
//!
//! 1. Last segment to first: segment by segment the gradient of the state at each border.
//! 2. The weight gradients are chains over the steps in order, and no gradient that has been summed
//!    backwards has their bits. So all segments are gone through a second time in the order of the chains,
//!    now that each knows the state before it and the gradient behind it.
//!
//! Segments that know both depend on each other no more. They are computed several side by side, as rows
//! of a batch: a sequence alone, whose products read all weights for one row, makes its second and third
//! computation of a step in a fraction of the time of the first.

mod replay;

use elman_kernels::pointwise::{add_assign, resize};
use elman_kernels::{Aligned, Level};

use super::backward::{BackwardArrays, Gradients};
use super::parameter_gradient::chains;
use super::{BoundCell, LoopTrace, Shape, Sizes};
use crate::cell::Cell;
use crate::layer::Direction;
use crate::real::Real;
pub(crate) use replay::Replay;
use replay::SideBySide;

/// Segments that are computed side by side, where there are so many.
const ROWS: usize = 8;

/// The steps of a segment, for sequences of so many: few enough that traces of [`ROWS`] segments and the
/// states at all borders are small beside the whole.
pub(crate) fn segment_steps(seq_len: usize) -> usize {
    const LEAST: usize = 16;
    (seq_len.isqrt() / 2).max(LEAST)
}

/// One segment of one sequence.
#[derive(Clone, Copy, Debug)]
struct Segment {
    row: usize,
    index: usize,
}

/// What a backward run in segments has from the run forward.
struct Source<'a, T> {
    shape: Shape<'a>,
    arrays: BackwardArrays<'a, T>,
    /// [B, S]
    initial: &'a [T],
    /// [B, T / steps, S - output_size]
    borders: &'a [T],
    /// Of the outputs.
    grad_outputs: Option<&'a [T]>,
    steps: usize,
    direction: Direction,
    sizes: Sizes,
}

/// Where the second sweep puts its gradients.
struct Sums<'a, T> {
    /// Of the inputs, `[B, T, I]`, if they are wanted.
    inputs: Option<&'a mut [T]>,
    /// Of the parameters; added to.
    parameters: &'a mut [T],
    /// Memory for those of the second half of a large batch.
    second_half: &'a mut Aligned<T>,
}

impl<'a, T: Real> Source<'a, T> {
    fn length(&self, row: usize) -> usize {
        self.shape.span.lengths[row]
    }

    /// The segments of the longest row: the distance between two rows of a list of all.
    fn most(&self) -> usize {
        self.shape.span.seq_len.div_ceil(self.steps)
    }

    fn count(&self, row: usize) -> usize {
        self.length(row).div_ceil(self.steps)
    }

    /// The times of a segment.
    fn times(&self, segment: Segment) -> std::ops::Range<usize> {
        let length = self.length(segment.row);
        let start = segment.index * self.steps;
        let end = length.min(start + self.steps);
        match self.direction {
            Direction::Forward => start..end,
            Direction::Reverse => length - end..length - start,
        }
    }

    /// Appends the state before a segment.
    fn push_state(&self, segment: Segment, states: &mut Vec<T>) {
        let (Segment { row, index }, Sizes { output, state, .. }) = (segment, &self.sizes);
        let Some(before) = index.checked_sub(1) else {
            return states.extend_from_slice(&self.initial[row * state..][..*state]);
        };
        let t = self.direction.time(index * self.steps - 1, self.length(row));
        states.extend_from_slice(&self.output_row(self.arrays.outputs, row, t)[..*output]);
        let (inner, borders) = (self.sizes.inner(), self.shape.span.seq_len / self.steps);
        states.extend_from_slice(&self.borders[(row * borders + before) * inner..][..inner]);
    }

    /// What stands at step `t` of a row of an array in the layout of the outputs.
    fn output_row(&self, values: &'a [T], row: usize, t: usize) -> &'a [T] {
        let step = row * self.shape.span.seq_len + t;
        &values[step * self.shape.output_stride + self.shape.output_offset..]
    }

    /// The segments in the order of a gradient's chain over these rows.
    fn in_order(&self, rows: &[usize]) -> Vec<Segment> {
        let of_row = |row: usize| {
            let segments = (0..self.count(row)).map(move |index| Segment { row, index });
            let mut segments: Vec<Segment> = segments.collect();
            if self.direction == Direction::Reverse {
                segments.reverse();
            }
            segments
        };
        rows.iter().flat_map(|row| of_row(*row)).collect()
    }
}

/// As [`backward`](super::backward), for a trace of [`Keep::Borders`].
pub(super) fn backward<T: Real, C: Cell<T>>(
    bound: BoundCell<'_, T, C>,
    shape: Shape<'_>,
    arrays: BackwardArrays<'_, T>,
    trace: &mut LoopTrace<T>,
    gradients: Gradients<'_, T>,
) {
    let LoopTrace { initial, inner, second_half, replay, segment, .. } = trace;
    let replay = replay.get_or_insert_with(Box::default);
    let source = Source {
        shape,
        arrays,
        initial,
        borders: inner,
        grad_outputs: gradients.outputs,
        steps: *segment,
        direction: bound.direction,
        sizes: Sizes::of(bound.cell),
    };
    let Gradients { final_state, inputs, initial, parameters, .. } = gradients;
    replay.start(&source, final_state, initial);
    replay.find_border_gradients(bound, &source, initial);
    replay.add_gradients(bound, &source, Sums { inputs, parameters, second_half });
}

impl<T: Real> Replay<T> {
    /// The gradients that are known from the start: behind the last segment of each row.
    fn start(&mut self, source: &Source<'_, T>, grad_final: Option<&[T]>, grad_initial: &mut [T]) {
        let size = source.sizes.state;
        resize(&mut self.behind, source.shape.span.batch_size() * source.most() * size);
        for row in 0..source.shape.span.batch_size() {
            let target = match source.count(row).checked_sub(1) {
                Some(last) => &mut self.behind[(row * source.most() + last) * size..][..size],
                None => &mut grad_initial[row * size..][..size],
            };
            match grad_final {
                Some(grad) => target.copy_from_slice(&grad[row * size..][..size]),
                None => target.fill(T::ZERO),
            }
        }
    }

    /// The first sweep: the gradient of the state at each border, and of the initial states.
    fn find_border_gradients<C: Cell<T>>(
        &mut self,
        bound: BoundCell<'_, T, C>,
        source: &Source<'_, T>,
        grad_initial: &mut [T],
    ) {
        let (most, size) = (source.most(), source.sizes.state);
        let rows = 0..source.shape.span.batch_size();
        let together = (ROWS / rows.len().max(1)).max(1);
        for end in (1..=most).rev().step_by(together) {
            let first = end.saturating_sub(together);
            let of_index = |index| {
                let rows = rows.clone().filter(move |row| index < source.count(*row));
                rows.map(move |row| Segment { row, index })
            };
            let segments: Vec<Segment> = (first..end).flat_map(of_index).collect();
            self.forward(bound, source, &segments);
            let mut behind = segments.len();
            for index in (first..end).rev() {
                let own = of_index(index).count();
                behind -= own;
                let own = &segments[behind..behind + own];
                let rows = SideBySide { segments: own, first: behind };
                self.backward(bound, source, rows, None);
                for (segment, grad) in own.iter().zip(self.grad_initial.chunks_exact(size)) {
                    let target = match index.checked_sub(1) {
                        Some(before) => {
                            &mut self.behind[(segment.row * most + before) * size..][..size]
                        }
                        None => &mut grad_initial[segment.row * size..][..size],
                    };
                    target.copy_from_slice(grad);
                }
            }
        }
    }

    /// The second sweep: the gradients of the inputs and of the parameters.
    fn add_gradients<C: Cell<T>>(
        &mut self,
        bound: BoundCell<'_, T, C>,
        source: &Source<'_, T>,
        sums: Sums<'_, T>,
    ) {
        let Sums { inputs: mut grad_inputs, parameters, second_half } = sums;
        let (span, input) = (source.shape.span, source.sizes.input);
        if let Some(grad) = grad_inputs.as_deref_mut() {
            for (row, grad) in grad.chunks_exact_mut(span.seq_len * input).enumerate() {
                grad[source.length(row) * input..].fill(T::ZERO);
            }
        }
        let chains = chains::<T>(span, &source.sizes);
        let together = ROWS.max(span.batch_size());
        for (half, rows) in chains.iter().enumerate() {
            if half > 0 {
                second_half.resize(parameters.len());
                second_half.fill(T::ZERO);
            }
            let target = if half > 0 { &mut **second_half } else { &mut *parameters };
            for segments in source.in_order(rows).chunks(together) {
                self.forward(bound, source, segments);
                let rows = SideBySide { segments, first: 0 };
                self.backward(bound, source, rows, grad_inputs.as_deref_mut());
                let deltas: Vec<_> =
                    (0..segments.len()).map(|row| self.deltas(source, row)).collect();
                bound.cell.parameter_gradient(&deltas, target);
            }
        }
        if chains.len() > 1 {
            add_assign(Level::current(), parameters, second_half);
        }
    }
}
