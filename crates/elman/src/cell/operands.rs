//! What a cell is called with.

use crate::real::Real;

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
    /// What the scratch rows hold already.
    pub begun: Begun,
    /// For each row `[delta_size]`, of which the step writes the first `trace_size` values: what
    /// backward needs. No row where nothing is to be kept.
    pub trace: &'a mut [&'b mut [T]],
    /// Where training drops values of `h_{t-1}` in the recurrent products, `previous` holds what is left
    /// of them; this is the state before that, `[rows, S]`, for a cell that uses it elsewhere.
    pub carried: Option<&'a [T]>,
    /// Where training drops values of the candidate, its factors, `[rows, H]`.
    pub update_factors: Option<&'a [T]>,
}

impl<'a, T> StepRows<'a, '_, T> {
    /// `state_{t-1}` with nothing dropped, `[rows, S]`.
    #[must_use]
    pub fn undropped(&self) -> &'a [T] {
        self.carried.unwrap_or(self.previous)
    }
}

/// What has been computed of a step before it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Nothing.
    Nothing,
    /// What [`InputsAhead::begin_steps`](super::InputsAhead::begin_steps) left in the scratch rows.
    Inputs,
}

/// A state of some rows, where it is kept.
#[derive(Clone, Copy, Debug)]
pub struct StateRows<'a, T> {
    /// h: one slice for each row, as long as an output.
    pub hidden: &'a [&'a [T]],
    /// The other parts, one after the other: one slice for each row; none where the state is h alone.
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
    /// kept. The step writes all of it: the deltas of step t.
    pub deltas: &'a mut [&'b mut [T]],
    /// Becomes the gradient of `state_{t-1}`, `[rows, S]`.
    pub grad_previous: &'a mut [T],
    /// Where training dropped values of `h_{t-1}`, what a cell needs that used it elsewhere as well.
    pub carried: Option<Carried<'a, T>>,
    /// Where training dropped values of the candidate, its factors, `[rows, H]`.
    pub update_factors: Option<&'a [T]>,
}

/// The hidden state past dropout in a step back.
#[derive(Debug)]
pub struct Carried<'a, T> {
    /// `h_{t-1}` with nothing dropped: one slice for each row.
    pub hidden: &'a [&'a [T]],
    /// Zeros, to which the cell adds the gradient of this `h_{t-1}`, `[rows, output_size]`;
    /// `grad_previous` has that of the dropped one alone.
    pub grad: &'a mut [T],
}

/// One sequence after the pass back through time: what the parameter gradients are made of.
#[derive(Clone, Copy, Debug)]
pub struct SequenceDeltas<'a, T> {
    /// `[length, I]`
    pub(crate) inputs: &'a [T],
    pub(crate) input_size: usize,
    /// The hidden state before the first step in the layer's direction, as long as an output.
    pub(crate) initial: &'a [T],
    /// The outputs, the one of step t at `t * output_stride`.
    pub(crate) outputs: &'a [T],
    pub(crate) output_stride: usize,
    /// The hidden states before each step as the products read them, where some values were dropped,
    /// `[length, output_size]`; else empty.
    pub(crate) dropped: &'a [T],
    /// The deltas, those of step t at `t * delta_stride`.
    pub(crate) deltas: &'a [T],
    pub(crate) delta_stride: usize,
    pub(crate) length: usize,
    pub(crate) reverse: bool,
}

/// One step of a sequence after the pass back through time.
#[derive(Clone, Copy, Debug)]
pub struct SequenceStep<'a, T> {
    /// `x_t`, `[I]`.
    pub inputs: &'a [T],
    /// The hidden state that the step started from: `h_{t-1}`, or `h_{t+1}` in a reverse layer.
    pub hidden: &'a [T],
    /// The deltas of the step, `[delta_size]`.
    pub deltas: &'a [T],
}

impl<'a, T: Real> SequenceDeltas<'a, T> {
    /// The steps of the sequence in order of time.
    pub fn steps(self) -> impl Iterator<Item = SequenceStep<'a, T>> {
        let output_size = self.initial.len();
        (0..self.length).map(move |t| {
            let before = if self.reverse { t + 1 } else { t.wrapping_sub(1) };
            let hidden = if !self.dropped.is_empty() {
                &self.dropped[t * output_size..][..output_size]
            } else if before < self.length {
                &self.outputs[before * self.output_stride..][..output_size]
            } else {
                self.initial
            };
            SequenceStep {
                inputs: &self.inputs[t * self.input_size..][..self.input_size],
                hidden,
                deltas: &self.deltas[t * self.delta_stride..][..self.delta_stride],
            }
        })
    }
}
