//! Segments that are computed again, each a row of a batch.

use super::{Segment, Source};
use crate::cell::{Cell, SequenceDeltas};
use crate::layer::Direction;
use crate::layer::time_loop::backward::{KeptArrays, StateGradients, propagate};
use crate::layer::time_loop::forward::{ForwardArrays, forward};
use crate::layer::time_loop::{
    BoundCell, Draws, Keep, Keeping, LoopTrace, Noise, Shape, Sizes, Span,
};
use crate::real::Real;
use elman_kernels::pointwise::resize;

/// Segments that stand side by side in the arrays of a replay, from row `first` on.
#[derive(Clone, Copy)]
pub(super) struct SideBySide<'a> {
    pub segments: &'a [Segment],
    pub first: usize,
}

/// The rows of a replay: their lengths, the indices in the data, the steps with which they start.
#[derive(Clone, Copy)]
struct ReplayRows<'a> {
    lengths: &'a [usize],
    sequences: &'a [usize],
    starts: &'a [usize],
}

/// Memory of a backward run in segments, used again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Replay<T> {
    /// The gradients of the states behind the segments, `[B, segments, S]`.
    pub(super) behind: Vec<T>,
    lengths: Vec<usize>,
    /// The index in the data of each segment's sequence, and the step with which it starts.
    sequences: Vec<usize>,
    starts: Vec<usize>,
    inputs: Vec<T>,                  // [rows, steps, I]
    outputs: Vec<T>,                 // [rows, steps, output_size]
    grad_outputs: Vec<T>,            // [rows, steps, output_size]
    grad_inputs: Vec<T>,             // [rows, steps, I]
    grad_final: Vec<T>,              // [rows, S]
    pub(super) grad_initial: Vec<T>, // [rows, S]
    trace: LoopTrace<T>,
}

impl<T: Real> Replay<T> {
    /// Computes segments again, each a row of a batch.
    pub(super) fn forward<C: Cell<T>>(
        &mut self,
        bound: BoundCell<'_, T, C>,
        source: &Source<'_, T>,
        segments: &[Segment],
    ) {
        let (steps, Sizes { input, output, .. }) = (source.steps, &source.sizes);
        resize(&mut self.inputs, segments.len() * steps * input);
        resize(&mut self.outputs, segments.len() * steps * output);
        self.lengths.clear();
        self.sequences.clear();
        self.starts.clear();
        self.trace.initial.clear();
        let inputs = self.inputs.chunks_exact_mut(steps * input);
        for (segment, target) in segments.iter().zip(inputs) {
            let (row, times) = (segment.row, source.times(*segment));
            let from = row * source.shape.span.seq_len + times.start;
            let values = &source.arrays.inputs[from * input..][..times.len() * input];
            target[..values.len()].copy_from_slice(values);
            source.push_state(*segment, &mut self.trace.initial);
            self.lengths.push(times.len());
            self.starts.push(times.start);
            self.sequences.push(source.shape.noise.map_or(row, |noise| noise.sequence(row)));
        }
        let Replay { lengths, sequences, starts, inputs, outputs, trace, .. } = self;
        let shape = part(source, ReplayRows { lengths, sequences, starts });
        let arrays = ForwardArrays { inputs, outputs };
        forward(bound, shape, arrays, Keeping { trace, keep: Keep::Trace });
    }

    /// Back-propagation through segments that were computed, the gradient of their inputs where it is
    /// wanted.
    pub(super) fn backward<C: Cell<T>>(
        &mut self,
        bound: BoundCell<'_, T, C>,
        source: &Source<'_, T>,
        rows: SideBySide<'_>,
        grad_inputs: Option<&mut [T]>,
    ) {
        let SideBySide { segments, first } = rows;
        self.gather(source, segments);
        let Sizes { input, output, state, delta, .. } = source.sizes;
        if grad_inputs.is_some() {
            resize(&mut self.grad_inputs, segments.len() * source.steps * input);
        }
        let rows = first..first + segments.len();
        let of_rows =
            |size: usize| rows.start * source.steps * size..rows.end * source.steps * size;
        let trace = &mut self.trace;
        let kept = KeptArrays {
            outputs: &self.outputs[of_rows(output)],
            initial: &trace.initial[rows.start * state..rows.end * state],
            inner: &trace.inner[of_rows(state - output)],
            computed: if trace.computed.is_empty() { &[] } else { &trace.computed[of_rows(state)] },
            dropped: if trace.dropped.is_empty() { &[] } else { &trace.dropped[of_rows(output)] },
            kept: &mut trace.kept[of_rows(delta)],
        };
        let own = ReplayRows {
            lengths: &self.lengths[rows.clone()],
            sequences: &self.sequences[rows.clone()],
            starts: &self.starts[rows.clone()],
        };
        let gradients = StateGradients {
            outputs: source.grad_outputs.map(|_| self.grad_outputs.as_slice()),
            final_state: Some(&self.grad_final),
            inputs: grad_inputs.is_some().then_some(self.grad_inputs.as_mut_slice()),
            initial: &mut self.grad_initial,
        };
        propagate(bound, part(source, own), kept, gradients);
        if let Some(target) = grad_inputs {
            self.hand_over(source, segments, target);
        }
    }

    /// Takes together the gradients that arrive at segments.
    fn gather(&mut self, source: &Source<'_, T>, segments: &[Segment]) {
        let (steps, Sizes { output, state, .. }) = (source.steps, &source.sizes);
        self.grad_final.clear();
        for Segment { row, index } in segments {
            let behind = (row * source.most() + index) * state;
            self.grad_final.extend_from_slice(&self.behind[behind..behind + state]);
        }
        resize(&mut self.grad_initial, segments.len() * state);
        let Some(grad) = source.grad_outputs else { return };
        resize(&mut self.grad_outputs, segments.len() * steps * output);
        let targets = self.grad_outputs.chunks_exact_mut(steps * output);
        for (segment, target) in segments.iter().zip(targets) {
            let times = source.times(*segment);
            for (t, target) in times.zip(target.chunks_exact_mut(*output)) {
                target.copy_from_slice(&source.output_row(grad, segment.row, t)[..*output]);
            }
        }
    }

    /// Puts the gradients of the inputs of segments where they belong.
    fn hand_over(&self, source: &Source<'_, T>, segments: &[Segment], target: &mut [T]) {
        let (size, seq_len) = (source.sizes.input, source.shape.span.seq_len);
        let grads = self.grad_inputs.chunks_exact(source.steps * size);
        for (segment, grad) in segments.iter().zip(grads) {
            let times = source.times(*segment);
            let (at, len) = ((segment.row * seq_len + times.start) * size, times.len() * size);
            target[at..at + len].copy_from_slice(&grad[..len]);
        }
    }

    /// The deltas of a segment that was gone through.
    pub(super) fn deltas(&self, source: &Source<'_, T>, row: usize) -> SequenceDeltas<'_, T> {
        let steps = source.steps;
        let Sizes { input, output, state, delta, .. } = source.sizes;
        let of_row = |size: usize| row * steps * size..(row + 1) * steps * size;
        let dropped = &self.trace.dropped;
        SequenceDeltas {
            inputs: &self.inputs[of_row(input)],
            input_size: input,
            initial: &self.trace.initial[row * state..][..output],
            outputs: &self.outputs[of_row(output)],
            output_stride: output,
            dropped: if dropped.is_empty() { &[] } else { &dropped[of_row(output)] },
            deltas: &self.trace.kept[of_row(delta)],
            delta_stride: delta,
            length: self.lengths[row],
            reverse: source.direction == Direction::Reverse,
        }
    }
}

/// The shape of a batch of segments.
fn part<'a, T>(source: &Source<'a, T>, rows: ReplayRows<'a>) -> Shape<'a> {
    let ReplayRows { lengths, sequences, starts } = rows;
    let draws = |draws: Draws<'a>| Draws { sequences, starts, ..draws };
    let noise = source.shape.noise;
    Shape {
        span: Span { lengths, seq_len: source.steps },
        output_stride: source.sizes.output,
        output_offset: 0,
        noise: noise.map(|noise| Noise { draws: noise.draws.map(draws), ..noise }),
    }
}
