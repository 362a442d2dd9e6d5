//! What a run of a network keeps: features, outputs, and everything that backward needs. The memory
//! is used again by the next run.

use ndarray::ArrayView3;

use crate::dense::{Dense, DensePrepared};
use crate::error::{Error, Result};
use crate::layer::time_loop::Keep;
use crate::network::pooling::{self, Pooling};
use crate::real::Real;
use crate::sequence::SequenceBatch;
use crate::stack::{LayerTrace, StackTrace};

/// The memory of a network's runs. Start with `NetworkTrace::default()`.
#[derive(Clone, Debug, Default)]
pub struct NetworkTrace<T> {
    pub(super) lengths: Vec<usize>,
    seq_len: usize,
    pub(super) stack: StackTrace<T>,
    /// What the head reads, `[B, S, D]`; empty where that is the outputs of the top layer.
    features: Vec<T>,
    /// Runs of valid rows: (sequence, rows). One run holds everything where nothing is padding.
    valid: Vec<(usize, usize)>,
    rows_each: usize,        // S
    pub(super) mask: Vec<T>, // the factors of dropout, or empty
    outputs: Vec<T>,         // [B, S, O]
    output_size: usize,
    pub(super) grad_features: Vec<T>, // [B, S, D]
    pub(super) grad_steps: Vec<T>,    // [B, T, D], mean over time only
    pub(super) grad_initial: Vec<Vec<T>>,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Empty,
    Traced,
    Spent,
}

impl<T: Real> NetworkTrace<T> {
    /// The outputs of the run, `[B, S, O]`.
    ///
    /// # Panics
    ///
    /// Never: the shape is kept beside the values.
    #[must_use]
    pub fn outputs(&self) -> ArrayView3<'_, T> {
        let shape = (self.lengths.len(), self.rows_each, self.output_size);
        ArrayView3::from_shape(shape, &self.outputs).expect("the shape of the values")
    }

    pub(super) fn start(&mut self, batch: &SequenceBatch<T>, layers: usize, directions: usize) {
        self.stage = Stage::Empty;
        self.lengths.clear();
        self.lengths.extend_from_slice(batch.lengths());
        self.seq_len = batch.seq_len();
        self.stack.layers.resize_with(layers, LayerTrace::default);
        for layer in &mut self.stack.layers {
            layer.runs.resize_with(directions, Default::default);
        }
    }

    pub(super) fn finish(&mut self, keep: Keep) {
        self.stage = match keep {
            Keep::Trace => Stage::Traced,
            Keep::Nothing => Stage::Spent,
        };
    }

    /// Fills the features from the top layer.
    pub(super) fn pool(&mut self, pooling: Pooling, hidden_size: usize, size: usize) {
        let batch_size = self.lengths.len();
        self.rows_each = if pooling == Pooling::EveryStep { self.seq_len } else { 1 };
        self.valid.clear();
        let ragged = self.lengths.iter().any(|&length| length != self.seq_len);
        if pooling == Pooling::EveryStep && ragged {
            self.valid.extend(self.lengths.iter().copied().enumerate());
        } else {
            self.valid.push((0, batch_size * self.rows_each));
        }
        let wanted = if pooling == Pooling::EveryStep { 0 } else { batch_size * size };
        self.features.resize(wanted, T::ZERO);
        let Some(top) = self.stack.layers.last() else { return };
        match pooling {
            Pooling::EveryStep => {}
            Pooling::MeanOverTime => pooling::mean(&self.lengths, &top.outputs, &mut self.features),
            Pooling::LastStep => {
                for (row, features) in self.features.chunks_exact_mut(size).enumerate() {
                    for (run, side) in top.runs.iter().zip(features.chunks_exact_mut(hidden_size)) {
                        let state_size = run.final_state.len() / batch_size;
                        side.copy_from_slice(&run.final_state[row * state_size..][..hidden_size]);
                    }
                }
            }
        }
    }

    /// Multiplies the features by factors that `fill` draws.
    pub(super) fn drop_features(&mut self, fill: impl FnOnce(&mut [T])) {
        if self.features.is_empty() {
            // The outputs of the layer stay as they are: its backward run reads them.
            self.features.extend_from_slice(read_features(&[], &self.stack));
        }
        self.mask.resize(self.features.len(), T::ZERO);
        fill(&mut self.mask);
        for (feature, factor) in self.features.iter_mut().zip(&self.mask) {
            *feature *= *factor;
        }
    }

    pub(super) fn apply_head(&mut self, head: &Dense, prepared: &DensePrepared<T>, size: usize) {
        self.output_size = size;
        self.outputs.clear();
        self.outputs.resize(self.lengths.len() * self.rows_each * size, T::ZERO);
        let features = read_features(&self.features, &self.stack);
        let width = features.len().checked_div(self.lengths.len()).unwrap_or(0);
        for &(sequence, rows) in &self.valid {
            let inputs = &features[sequence * width..];
            let outputs = &mut self.outputs[sequence * self.rows_each * size..][..rows * size];
            head.forward_rows(prepared, inputs, outputs);
        }
    }

    /// That backward can run on this trace for this batch and a gradient of this shape.
    pub(super) fn check(&self, batch: &SequenceBatch<T>, grad_shape: &[usize]) -> Result<()> {
        if self.stage != Stage::Traced {
            let found = if self.stage == Stage::Empty { "an empty one" } else { "a used one" };
            let expected = "one of forward_traced that backward has not used up";
            return Err(Error::argument("trace", expected, found));
        }
        if self.lengths != batch.lengths() || self.seq_len != batch.seq_len() {
            return Err(Error::argument("batch", "the one of the traced run", "other lengths"));
        }
        let expected = [self.lengths.len(), self.rows_each, self.output_size];
        if grad_shape != expected {
            return Err(Error::shape("grad_outputs", &expected, grad_shape));
        }
        Ok(())
    }

    /// Whether the run pooled like this, to features and outputs of these sizes.
    pub(super) fn made_by(&self, pooling: Pooling, features: usize, outputs: usize) -> bool {
        let rows = self.lengths.len() * self.rows_each;
        let each = if pooling == Pooling::EveryStep { self.seq_len } else { 1 };
        self.rows_each == each
            && read_features(&self.features, &self.stack).len() == rows * features
            && self.output_size == outputs
    }

    /// The gradients of the head's parameters and of the features.
    pub(super) fn head_backward(
        &mut self,
        head: &Dense,
        prepared: &DensePrepared<T>,
        grad_outputs: &[T],
        grad_parameters: &mut [T],
    ) {
        self.stage = Stage::Spent;
        let features = read_features(&self.features, &self.stack);
        let width = features.len().checked_div(self.lengths.len()).unwrap_or(0);
        let grad_width = self.rows_each * self.output_size;
        // What an earlier run left in padding stays there: nobody reads it.
        self.grad_features.resize(features.len(), T::ZERO);
        let mut blocks = Vec::with_capacity(self.valid.len());
        for &(sequence, rows) in &self.valid {
            let grad = &grad_outputs[sequence * grad_width..][..rows * self.output_size];
            let valid = (width * rows).checked_div(self.rows_each).unwrap_or(0);
            let target = &mut self.grad_features[sequence * width..][..valid];
            head.input_gradient(prepared, grad, target);
            blocks.push((&features[sequence * width..][..valid], grad));
        }
        head.parameter_gradient(&blocks, grad_parameters);
        for (grad, factor) in self.grad_features.iter_mut().zip(&self.mask) {
            *grad *= *factor;
        }
    }

    /// The gradient of the outputs of the top layer, where pooling stands between.
    pub(super) fn pool_backward(&mut self, pooling: Pooling) {
        if pooling == Pooling::MeanOverTime {
            let size = self.stack.layers.last().map_or(0, |top| top.outputs.len());
            self.grad_steps.resize(size, T::ZERO);
            pooling::mean_backward(&self.lengths, &self.grad_features, &mut self.grad_steps);
        }
    }
}

/// The features of a run: its own, or the outputs of the top layer.
fn read_features<'a, T>(own: &'a [T], stack: &'a StackTrace<T>) -> &'a [T] {
    match stack.layers.last() {
        Some(top) if own.is_empty() => &top.outputs,
        _ => own,
    }
}
