//! The one time loop: a cell over a ragged batch, forward and back through time.
//!
//! Rows are dealt to the workers in order of length, each worker runs the whole time loop of its
//! rows alone, and its batch shrinks as the shorter sequences end: a step past the end of a
//! sequence is never computed. A row's numbers do not depend on the other rows of its block, so the
//! number of workers changes no bit.

mod backward;
mod backward_noise;
mod crew;
mod forward;
mod input_gradient;
mod kept;
mod noise;
mod parameter_gradient;
mod recompute;
pub(crate) mod single;

use elman_kernels::Aligned;

use crate::cell::Cell;
use crate::layer::Direction;
use crate::real::Real;

pub(crate) use backward::{BackwardArrays, Gradients, backward};
pub(crate) use forward::{ForwardArrays, forward};
pub(crate) use noise::{Draws, Noise};
pub(crate) use recompute::{Replay, segment_steps};
pub(crate) use single::SingleStep;

/// A cell with its weights and the direction in which it reads time.
pub(crate) struct BoundCell<'a, T: Real, C: Cell<T>> {
    pub cell: &'a C,
    pub prepared: &'a C::Prepared,
    pub direction: Direction,
}

// Derived, they would ask for a cell that can be copied.
impl<T: Real, C: Cell<T>> Clone for BoundCell<'_, T, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Real, C: Cell<T>> Copy for BoundCell<'_, T, C> {}

/// The lengths of the sequences of a batch, and the steps that each has room for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span<'a> {
    pub lengths: &'a [usize], // [B]
    pub seq_len: usize,       // T
}

impl Span<'_> {
    /// B.
    pub fn batch_size(&self) -> usize {
        self.lengths.len()
    }

    /// The steps that are computed.
    pub fn steps(&self) -> usize {
        self.lengths.iter().sum()
    }
}

/// Where a run finds its steps and puts its outputs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape<'a> {
    pub span: Span<'a>,
    /// The distance between two outputs of one row: more than their length where layers share an array.
    pub output_stride: usize,
    /// Where this layer's part of an output starts.
    pub output_offset: usize,
    /// What is done to the states; the same in the forward and the backward run.
    pub noise: Option<Noise<'a>>,
}

/// What a forward run leaves behind beside its outputs.
#[derive(Clone, Debug, Default)]
pub(crate) struct LoopTrace<T> {
    pub initial: Vec<T>,     // [B, S]
    pub final_state: Vec<T>, // [B, S]
    /// The trace, later the deltas: [B, T, delta_size]; empty after inference.
    pub kept: Aligned<T>,
    /// The parts of the states that are not outputs: [B, T, S - output_size], or of each segment's last
    /// step, [B, T / segment, S - output_size]; empty after inference.
    pub inner: Aligned<T>,
    /// What the cell computed, where zoneout made other states of it: [B, T, S]; else empty.
    pub computed: Aligned<T>,
    /// `h_{t-1}` as the cell read it, where some was dropped: [B, T, output_size]; else empty.
    pub dropped: Aligned<T>,
    /// The parameter gradient of the second half of a large batch.
    pub second_half: Aligned<T>,
    /// The steps of a segment where only the states at their borders are kept; else 0.
    pub segment: usize,
    /// Memory for what is computed again.
    pub replay: Option<Box<Replay<T>>>,
}

/// Whether a forward run keeps what backward needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    Nothing,
    Trace,
    /// The states at the borders of segments of so many steps, from which backward computes the trace
    /// again.
    Borders(usize),
}

impl Keep {
    /// The rows of a sequence of `seq_len` steps that keep a state's inner parts.
    fn inner_rows(self, seq_len: usize) -> usize {
        match self {
            Keep::Nothing => 0,
            Keep::Trace => seq_len,
            Keep::Borders(steps) => seq_len / steps,
        }
    }

    /// The row for the state after the `s`-th step, at time `t`, if it is kept.
    fn inner_row(self, s: usize, t: usize) -> Option<usize> {
        match self {
            Keep::Nothing => None,
            Keep::Trace => Some(t),
            Keep::Borders(steps) => (s + 1).is_multiple_of(steps).then(|| (s + 1) / steps - 1),
        }
    }
}

/// What a forward run leaves behind, and how much of it.
pub(crate) struct Keeping<'a, T> {
    pub trace: &'a mut LoopTrace<T>,
    pub keep: Keep,
}

/// The lengths of the rows of a cell.
pub(crate) struct Sizes {
    pub input: usize,
    pub units: usize,
    pub output: usize,
    pub state: usize,
    pub trace: usize,
    pub delta: usize,
}

impl Sizes {
    pub fn of<T: Real, C: Cell<T>>(cell: &C) -> Self {
        Sizes {
            input: cell.input_size(),
            units: cell.hidden_size(),
            output: cell.output_size(),
            state: cell.state_size(),
            trace: cell.trace_size(),
            delta: cell.delta_size(),
        }
    }

    /// The values of a state that are no output.
    pub fn inner(&self) -> usize {
        self.state - self.output
    }

    /// Multiply-adds of one step of one row, nearly.
    fn work(&self) -> usize {
        self.delta * (self.input + self.output)
    }
}

/// Hands out consecutive pieces of `size` elements; empty ones once the slice is used up.
fn pieces<'a, T>(mut rest: &'a mut [T], size: usize) -> impl FnMut() -> &'a mut [T] {
    move || {
        let (piece, tail) =
            std::mem::take(&mut rest).split_at_mut_checked(size).unwrap_or_default();
        rest = tail;
        piece
    }
}
