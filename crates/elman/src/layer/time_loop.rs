//! The one time loop: a cell over a ragged batch, forward and back through time.
//!
//! Rows are dealt to the workers in order of length, each worker runs the whole time loop of its
//! rows alone, and its batch shrinks as the shorter sequences end: a step past the end of a
//! sequence is never computed. A row's numbers do not depend on the other rows of its block, so the
//! number of workers changes no bit.

mod backward;
mod crew;
mod forward;
mod input_gradient;
mod kept;
mod parameter_gradient;

use elman_kernels::Aligned;

use crate::cell::{Cell, CellState};
use crate::real::Real;

pub(crate) use backward::{Gradients, backward};
pub(crate) use forward::forward;

/// The sizes of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape<'a> {
    pub lengths: &'a [usize], // [B]
    pub seq_len: usize,
    /// The distance between two outputs of one row: more than H where layers share an array.
    pub output_stride: usize,
    /// Where this layer's part of an output starts.
    pub output_offset: usize,
}

/// What a forward run leaves behind beside its outputs.
#[derive(Clone, Debug, Default)]
pub(crate) struct LoopTrace<T> {
    pub initial: Vec<T>,     // [B, S]
    pub final_state: Vec<T>, // [B, S]
    /// The trace, later the deltas: [B, T, delta_size]; empty after inference.
    pub kept: Aligned<T>,
    /// The parts of the states that are not outputs: [B, T, S - H]; empty after inference.
    pub inner: Aligned<T>,
    /// The parameter gradient of the second half of a large batch.
    pub second_half: Aligned<T>,
}

/// Whether a forward run keeps what backward needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    Nothing,
    Trace,
}

struct Sizes {
    input: usize,
    hidden: usize,
    state: usize,
    trace: usize,
    delta: usize,
}

impl Sizes {
    fn of<T: Real, C: Cell<T>>(cell: &C) -> Self {
        Sizes {
            input: cell.input_size(),
            hidden: cell.hidden_size(),
            state: cell.hidden_size() * C::State::PARTS,
            trace: cell.trace_size(),
            delta: cell.delta_size(),
        }
    }

    /// Multiply-adds of one step of one row, nearly.
    fn work(&self) -> usize {
        self.delta * (self.input + self.hidden)
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

/// Makes room for `len` elements without setting those that are there: every one is written before
/// it is read.
fn resize<T: Real>(values: &mut Vec<T>, len: usize) {
    values.truncate(len);
    values.resize(len, T::ZERO);
}
