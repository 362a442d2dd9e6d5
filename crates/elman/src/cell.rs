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
//!
//! A cell must bring what [`Cell`] asks for. It may bring more, for speed: [`InputsAhead`] and
//! [`UnitSharing`]. Cells whose gates stand side by side in one weight matrix find their packing and
//! products in [`gated`]; any cell can use the [`product`] that they are made of.

pub mod gated;
mod gru;
mod kind;
mod lstm;
mod minimal;
mod normalized;
mod operands;
mod simple;
mod single_step;
mod units;
mod weight_gradient;

use std::ops::Range;

use ndarray::{Array2, ArrayView2};

use crate::error::{Error, Result};
use crate::parameters::ParameterShape;
use crate::real::Real;

pub use gru::{GruActivations, GruCell, GruOptions, GruPrepared, GruState, ResetPlacement};
pub use kind::{CellKind, CellVisitor};
pub use lstm::{
    ForgetGate, LstmActivations, LstmCell, LstmOptions, LstmPrepared, LstmState, Peepholes,
};
pub use minimal::{
    MinGruCell, MinGruOptions, MinLstmCell, MinLstmOptions, MinimalCell, MinimalOptions,
    MinimalPrepared, MinimalState,
};
pub use normalized::Normalization;
pub use operands::{
    BackwardRows, Begun, Carried, SequenceDeltas, SequenceStep, StateRows, StepRows,
};
pub use simple::{Recurrence, SimpleCell, SimpleOptions, SimplePrepared, SimpleState};
pub use single_step::{StepGradient, StepTrace, step, step_backward};
pub(crate) use single_step::{check_parameters, flatten, unflatten};
pub use units::{InputsAhead, UnitSharing, Units};
pub(crate) use units::{most_members, share};
pub use weight_gradient::{
    Factor, GradientRows, RecurrentGradient, WeightGradient, add_weight_gradients,
};

/// The product that the cells of this crate are made of: `out = start + Σ rows · weights`, with packed
/// weights, called as [`Compiled::product`](crate::real::Compiled::product) of the number type.
///
/// Each output element is one chain of fused multiply-adds in the order of the terms, so that it has
/// the same bits on every instruction level and in every batch.
///
/// ```
/// use elman::cell::product::{PackedMatrix, Rows, Start, Term};
/// use elman::real::Compiled;
///
/// let mut weights = PackedMatrix::<f64>::zeros(2, 3); // [2, 3]
/// weights.fill(&[1.0, 2.0, 3.0, 10.0, 20.0, 30.0]);
/// let rows = Rows::Strided { values: &[1.0, 1.0, 0.0, 2.0], stride: 2 };
/// let mut out = [0.0; 6];
/// f64::product(Start::Bias(&[0.5, 0.0, 0.0]), &[Term { rows, weights: &weights }], &mut out);
/// assert_eq!(out, [11.5, 22.0, 33.0, 20.5, 40.0, 60.0]);
/// ```
pub mod product {
    pub use elman_kernels::PackedMatrix;
    pub use elman_kernels::matmul::{Out, Rows, Start, Term};
}

/// The state that a cell carries from step to step: named arrays, one row for each sequence.
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
/// the other, the hidden state first; S is its length. [`Layer::new`](crate::layer::Layer::new) checks
/// that the sizes agree with each other, and the layer checks every array before it calls.
///
/// # The deltas carry all that the parameters need
///
/// [`parameter_gradient`](Self::parameter_gradient) sees the inputs, the hidden states and the deltas
/// of all steps, and nothing else: the trace is gone, and so are the other parts of the state. What the
/// gradient of a parameter needs beyond `da_t` goes into columns of its own: make
/// [`delta_size`](Self::delta_size) larger and let [`step_backward`](Self::step_backward) write it there.
/// A leak λ for each unit needs `dλ_t` beside `da_t`; its gradient is the sum of these columns. A weight
/// matrix that multiplies something other than `x_t` or `h_{t-1}` needs that factor in columns
/// ([`Factor::Deltas`]).
///
/// `examples/custom_cell.rs` implements a cell and checks its gradients.
pub trait Cell<T: Real>: Send + Sync {
    /// What is derived from the parameters once for many steps: packed or transposed weights.
    type Prepared: Send + Sync;
    /// The state as the caller sees it.
    type State: CellState<T>;

    /// I.
    fn input_size(&self) -> usize;

    /// H, the number of units.
    fn hidden_size(&self) -> usize;

    /// The length of a row of one part of the state, counted as in [`CellState::parts`]. H, unless the
    /// cell projects its units.
    fn part_size(&self, _part: usize) -> usize {
        self.hidden_size()
    }

    /// The length of one output: that of the hidden state, the first part.
    fn output_size(&self) -> usize {
        self.part_size(0)
    }

    /// S, the length of a row of the whole state.
    fn state_size(&self) -> usize {
        (0..Self::State::PARTS).map(|part| self.part_size(part)).sum()
    }

    /// Values per row that [`step`](Self::step) keeps for [`step_backward`](Self::step_backward). The
    /// deltas take their place, so at most as many.
    fn trace_size(&self) -> usize;

    /// Values of a delta row.
    fn delta_size(&self) -> usize;

    /// Names and shapes of the parameters, in the order in which they stand in the flat slices.
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

    /// Whether training may drop values of `h_{t-1}` in the recurrent products. True promises that the
    /// cell uses the hidden part of `previous` there alone, and takes [`StepRows::undropped`] and
    /// [`BackwardRows::carried`] elsewhere.
    fn drops_state(&self) -> bool {
        false
    }

    /// Whether training may drop values of the candidate with which the cell updates its state. True
    /// promises that the cell multiplies it by [`StepRows::update_factors`].
    fn drops_update(&self) -> bool {
        false
    }

    /// The cell itself, if it can compute the part of several steps that does not need the state.
    fn inputs_ahead(&self) -> Option<&dyn InputsAhead<T, Self::Prepared>> {
        None
    }

    /// The cell itself, if several threads can share the units of one step.
    fn unit_sharing(&self) -> Option<&dyn UnitSharing<T, Self::Prepared>> {
        None
    }
}

/// The sizes that a cell is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellSizes {
    /// I, the channels of an input.
    pub input_size: usize,
    /// H, the number of units.
    pub hidden_size: usize,
}

impl CellSizes {
    /// More than any machine has memory for; products of two such sizes still fit a `usize`.
    const MOST: usize = 1 << 28;

    /// That both sizes are at least 1, and small enough to be multiplied with each other.
    ///
    /// # Errors
    ///
    /// Names the one that is not.
    pub fn check(self) -> Result<()> {
        for (name, size) in [("input_size", self.input_size), ("hidden_size", self.hidden_size)] {
            if size == 0 {
                return Err(Error::argument(name, "at least 1", size));
            }
            if size > Self::MOST {
                return Err(Error::argument(name, format!("at most {}", Self::MOST), size));
            }
        }
        Ok(())
    }
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
