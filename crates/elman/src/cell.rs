//! A cell is one time step: forward, backward, and the gradients of its parameters.
//!
//! A cell knows nothing of time, direction or length. [`Layer`](crate::layer::Layer) owns the only
//! time loop and calls the cell for a block of rows at a time, so every cell, a user's own
//! included, gets ragged batches, both directions, carried states and threads without another line.
//!
//! Back-propagation runs in two passes. The first walks back through time: [`Cell::step_backward`]
//! turns the gradient of a state into *deltas* (the gradient of the pre-activations, `da_t`) and
//! the gradient of the state before. The second needs no order in time any more:
//! [`Cell::input_gradient`] and [`Cell::parameter_gradient`] turn the deltas of whole sequences
//! into `dx`, `dW`, `dU` and `db`.

mod gru;
mod lstm;
mod simple;
mod single_step;
mod units;
mod weight_gradient;

use std::ops::Range;

use ndarray::{Array2, ArrayView2};

use crate::error::{Error, Result};
use crate::parameters::ParameterShape;
use crate::real::Real;

pub use gru::{GruActivations, GruCell, GruPrepared, GruState, ResetPlacement};
pub use lstm::{LstmActivations, LstmCell, LstmPrepared, LstmState};
pub use simple::{SimpleCell, SimplePrepared, SimpleState};
pub use single_step::{StepGradient, StepTrace, step, step_backward};
pub(crate) use single_step::{check_parameters, flatten, unflatten};
pub use units::Units;
pub(crate) use units::{most_members, share};
pub use weight_gradient::{Recurrent, WeightGradient, add_weight_gradients};

/// The state that a cell carries from step to step: named arrays `[B, H]`.
pub trait CellState<T>: Clone + Send + Sync {
    /// How many arrays; the first one is the hidden state, the layer's output.
    const PARTS: usize;

    /// The arrays.
    fn parts(&self) -> Vec<ArrayView2<'_, T>>;

    /// The state made of these arrays; there are always [`PARTS`](Self::PARTS).
    fn from_parts(parts: Vec<Array2<T>>) -> Self;
}

/// One step of a recurrent network, for any number of rows.
///
/// All slices are row-major, row after row. A state row is the parts of [`Cell::State`] one after
/// the other, the hidden state first. The layer checks every size before it calls.
///
/// `examples/custom_cell.rs` implements one and checks its gradients.
pub trait Cell<T: Real>: Send + Sync {
    /// What is derived from the parameters once for many steps: packed or transposed weights.
    type Prepared: Send + Sync;
    /// The state as the caller sees it.
    type State: CellState<T>;

    /// I.
    fn input_size(&self) -> usize;
    /// H, the length of one output.
    fn hidden_size(&self) -> usize;
    /// Values that [`step`](Self::step) keeps for [`step_backward`](Self::step_backward), per row; the
    /// deltas take their place, so at most as many.
    fn trace_size(&self) -> usize;
    /// Values of a delta row.
    fn delta_size(&self) -> usize;
    /// Names and shapes of the parameters, in the order of the slices below.
    fn parameter_shapes(&self) -> Vec<ParameterShape>;

    /// Derives what the steps need.
    fn prepare(&self, parameters: &[T]) -> Self::Prepared;

    /// Derives it anew after the parameters changed, into the same memory where possible.
    fn refresh(&self, parameters: &[T], prepared: &mut Self::Prepared) {
        *prepared = self.prepare(parameters);
    }

    /// Whether `prepared` has the sizes of this cell; asked before every run, so that weights of
    /// another cell are an error and not a panic.
    fn accepts(&self, prepared: &Self::Prepared) -> bool;

    /// Whether [`step`](Self::step) and [`step_backward`](Self::step_backward) can compute some of
    /// the units alone, those of their `units`. Others are called for all units, always.
    fn shares_units(&self) -> bool {
        false
    }

    /// Whether the cell has [`begin_steps`](Self::begin_steps).
    fn begins_steps(&self) -> bool {
        false
    }

    /// Begins several steps of one sequence with what does not need the state, all steps at once: the
    /// weights of the inputs are then read once for all of them. `scratch` has the rows that the steps
    /// will find as their [`scratch`](StepRows::scratch), one for each row of `inputs`.
    fn begin_steps(
        &self,
        _prepared: &Self::Prepared,
        _inputs: &[&[T]],
        _scratch: &mut [&mut [T]],
        _units: &Units,
    ) {
    }

    /// One step forward: `state_t` from `x_t` and `state_{t-1}`.
    fn step(&self, prepared: &Self::Prepared, rows: StepRows<'_, '_, T>);

    /// One step backward: the deltas of step t and the gradient of `state_{t-1}`.
    fn step_backward(&self, prepared: &Self::Prepared, rows: BackwardRows<'_, '_, T>);

    /// `grad_inputs = dx` for delta rows of any steps, one row of `grad_inputs` each.
    fn input_gradient(
        &self,
        prepared: &Self::Prepared,
        deltas: &[&[T]],
        grad_inputs: &mut [&mut [T]],
    );

    /// Adds the gradients of the parameters for all steps of all `sequences`.
    fn parameter_gradient(&self, sequences: &[SequenceDeltas<'_, T>], grad_parameters: &mut [T]);
}

/// The operands of one step forward.
#[derive(Debug)]
pub struct StepRows<'a, 'b, T> {
    /// `x_t`: one slice `[I]` for each row.
    pub inputs: &'a [&'a [T]],
    /// `state_{t-1}`, `[rows, S]`.
    pub previous: &'a [T],
    /// Becomes `state_t`, `[rows, S]`.
    pub state: &'a mut [T],
    /// For each row `[delta_size]` that the step may use as it likes.
    pub scratch: &'a mut [&'b mut [T]],
    /// Whether the scratch rows hold what [`Cell::begin_steps`] put there.
    pub begun: Begun,
    /// For each row `[delta_size]`, of which the step writes the first `trace_size` values: what
    /// backward needs. No row where nobody asks.
    pub trace: &'a mut [&'b mut [T]],
    /// The units to compute: all, unless the cell [shares](Cell::shares_units) them.
    pub units: &'a mut Units,
}

/// What is there of a step before it is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Nothing.
    Nothing,
    /// What [`Cell::begin_steps`] computed.
    Inputs,
}

/// A state of some rows, where it is kept.
#[derive(Clone, Copy, Debug)]
pub struct StateRows<'a, T> {
    /// h: one slice `[H]` for each row.
    pub hidden: &'a [&'a [T]],
    /// The other parts, one after the other: one slice `[S - H]` for each row; none where the state is
    /// h alone.
    pub inner: &'a [&'a [T]],
}

/// The operands of one step backward.
#[derive(Debug)]
pub struct BackwardRows<'a, 'b, T> {
    /// `state_{t-1}`.
    pub previous: StateRows<'a, T>,
    /// `state_t`.
    pub state: StateRows<'a, T>,
    /// The gradient of `state_t`, `[rows, S]`; may be overwritten.
    pub grad_state: &'a mut [T],
    /// For each row `[delta_size]`, which begins with the `trace_size` values that the step forward
    /// kept, and becomes the deltas of step t.
    pub deltas: &'a mut [&'b mut [T]],
    /// Becomes the gradient of `state_{t-1}`, `[rows, S]`.
    pub grad_previous: &'a mut [T],
    /// The units to compute: all, unless the cell [shares](Cell::shares_units) them.
    pub units: &'a mut Units,
}

/// One sequence after the pass back through time: what the parameter gradients are made of.
#[derive(Clone, Copy, Debug)]
pub struct SequenceDeltas<'a, T> {
    /// `[length, I]`
    pub(crate) inputs: &'a [T],
    pub(crate) input_size: usize,
    /// The hidden state before the first step in the layer's direction, `[H]`.
    pub(crate) initial: &'a [T],
    /// The outputs, the one of step t at `t * output_stride`.
    pub(crate) outputs: &'a [T],
    pub(crate) output_stride: usize,
    /// The deltas, those of step t at `t * delta_stride`.
    pub(crate) deltas: &'a [T],
    pub(crate) delta_stride: usize,
    pub(crate) length: usize,
    pub(crate) reverse: bool,
}

impl<'a, T: Real> SequenceDeltas<'a, T> {
    /// The steps of the sequence in order of time: `(x_t, h_before, deltas_t)`, where `h_before` is
    /// the hidden state that step t started from.
    pub fn steps(self) -> impl Iterator<Item = (&'a [T], &'a [T], &'a [T])> {
        let hidden_size = self.initial.len();
        (0..self.length).map(move |t| {
            let before = if self.reverse { t + 1 } else { t.wrapping_sub(1) };
            let hidden = if before < self.length {
                &self.outputs[before * self.output_stride..][..hidden_size]
            } else {
                self.initial
            };
            let inputs = &self.inputs[t * self.input_size..][..self.input_size];
            (inputs, hidden, &self.deltas[t * self.delta_stride..][..self.delta_stride])
        })
    }
}

/// That both sizes are at least 1.
fn check_sizes(input_size: usize, hidden_size: usize) -> Result<()> {
    for (name, size) in [("input_size", input_size), ("hidden_size", hidden_size)] {
        if size == 0 {
            return Err(Error::argument(name, "at least 1", size));
        }
    }
    Ok(())
}

/// The ranges of parameters of these shapes in their flat buffer.
#[must_use]
pub fn parameter_ranges(shapes: &[ParameterShape]) -> Vec<Range<usize>> {
    let mut start = 0;
    let ranges = shapes.iter().map(|shape| {
        let range = start..start + shape.len();
        start = range.end;
        range
    });
    ranges.collect()
}
