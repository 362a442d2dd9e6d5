//! Back-propagation.

use elman_kernels::pointwise::resize;
use ndarray::{Array3, ArrayView3};

use super::head::HeadGradients;
use super::inputs::span;
use super::readout::StackRun;
use super::{Network, NetworkGradient, NetworkTrace, rows};
use crate::error::{Error, Result};
use crate::parameters::Parameters;
use crate::real::Real;
use crate::sequence::SequenceBatch;
use crate::stack::{Leaving, StackInput};

/// Where the gradients of a run go.
struct Targets<'a, T> {
    parameters: &'a mut Parameters<T>,
    /// Those of the inputs, if they are wanted.
    inputs: Option<&'a mut NetworkGradient<T>>,
    /// Those that arrive at each layer, if they are wanted.
    arrivals: Option<&'a mut Vec<Vec<T>>>,
}

impl<T: Real> Network<T> {
    /// Back-propagation: adds the gradients of the parameters to `grad_parameters`, for the
    /// gradient of the outputs `[B, S, O]`, whose values in padding are not read. The trace is used
    /// up.
    ///
    /// # Errors
    ///
    /// Arrays whose shapes do not fit the trace, or a trace that was used before.
    pub fn backward(
        &self,
        batch: &SequenceBatch<T>,
        trace: &mut NetworkTrace<T>,
        grad_outputs: ArrayView3<'_, T>,
        grad_parameters: &mut Parameters<T>,
    ) -> Result<()> {
        let targets = Targets { parameters: grad_parameters, inputs: None, arrivals: None };
        self.propagate(batch, trace, grad_outputs, targets)
    }

    /// As [`backward`](Self::backward), with the gradients of the inputs and of the initial state.
    ///
    /// # Errors
    ///
    /// As [`backward`](Self::backward).
    pub fn backward_to_inputs(
        &self,
        batch: &SequenceBatch<T>,
        trace: &mut NetworkTrace<T>,
        grad_outputs: ArrayView3<'_, T>,
        grad_parameters: &mut Parameters<T>,
    ) -> Result<NetworkGradient<T>> {
        let mut bottom = NetworkGradient::default();
        self.backward_to_inputs_into(batch, trace, grad_outputs, grad_parameters, &mut bottom)?;
        Ok(bottom)
    }

    /// As [`backward_to_inputs`](Self::backward_to_inputs), in the memory of an earlier gradient: for
    /// training what stands below the network.
    ///
    /// # Errors
    ///
    /// As [`backward`](Self::backward).
    pub fn backward_to_inputs_into(
        &self,
        batch: &SequenceBatch<T>,
        trace: &mut NetworkTrace<T>,
        grad_outputs: ArrayView3<'_, T>,
        grad_parameters: &mut Parameters<T>,
        bottom: &mut NetworkGradient<T>,
    ) -> Result<()> {
        let targets = Targets { parameters: grad_parameters, inputs: Some(bottom), arrivals: None };
        self.propagate(batch, trace, grad_outputs, targets)
    }

    /// As [`backward`](Self::backward), keeping what arrives at the directions of each layer side by
    /// side, `[B, T, sides]`, before their own recurrence carries it back.
    pub(super) fn backward_watched(
        &self,
        batch: &SequenceBatch<T>,
        trace: &mut NetworkTrace<T>,
        grad_outputs: ArrayView3<'_, T>,
        grad_parameters: &mut Parameters<T>,
        arrivals: &mut Vec<Vec<T>>,
    ) -> Result<()> {
        let targets =
            Targets { parameters: grad_parameters, inputs: None, arrivals: Some(arrivals) };
        self.propagate(batch, trace, grad_outputs, targets)
    }

    fn propagate(
        &self,
        batch: &SequenceBatch<T>,
        trace: &mut NetworkTrace<T>,
        grad_outputs: ArrayView3<'_, T>,
        targets: Targets<'_, T>,
    ) -> Result<()> {
        self.inputs.check(batch)?;
        trace.check(batch, grad_outputs.shape())?;
        self.check_trace(trace)?;
        let Targets { parameters, inputs: mut bottom, arrivals } = targets;
        if !parameters.same_layout(&self.parameters) {
            let expected = "the names and shapes of the network's parameters";
            return Err(Error::argument("grad_parameters", expected, "others"));
        }
        trace.spend();
        let grad = grad_outputs.as_standard_layout();
        let mut parts = Parts::of(parameters.values_mut(), self);
        let NetworkTrace { inputs: kept, stack, readout, head, grad_initial, .. } = &mut *trace;
        let features = self.readout.read(stack, readout);
        let gradients = HeadGradients { parameters: parts.head, tables: &mut *parts.tables };
        self.head.backward(features, grad.as_slice().unwrap_or(&[]), head, gradients);
        let span = span(batch);
        let run = StackRun { span, trace: stack };
        let arriving = self.readout.backward(run, head.grad_features(), readout, parts.readout);
        let states = self.stack.state_sizes();
        grad_initial.resize_with(states.len(), Vec::new);
        for (grad, size) in grad_initial.iter_mut().zip(states) {
            resize(grad, batch.batch_size() * size);
        }
        let mut grad_read = std::mem::take(&mut kept.grad);
        let read = self.inputs.read(batch, kept);
        let target = match &mut bottom {
            Some(bottom) if self.inputs.is_plain() => bottom.make_inputs(batch),
            None if self.inputs.is_plain() => None,
            _ => {
                resize(&mut grad_read, read.len());
                Some(grad_read.as_mut_slice())
            }
        };
        let leaving = Leaving {
            parameters: parts.stack,
            inputs: target,
            initial: &mut *grad_initial,
            arrivals,
        };
        self.stack.backward(StackInput { span, inputs: read }, stack, arriving, leaving);
        kept.grad = grad_read;
        if trace.learned_start {
            sum_rows(&trace.grad_initial, batch.batch_size(), parts.initial);
        }
        self.leave(batch, trace, &mut parts, bottom);
        Ok(())
    }

    /// Takes the gradients at the bottom of the layers to the embeddings and to the caller.
    fn leave(
        &self,
        batch: &SequenceBatch<T>,
        trace: &mut NetworkTrace<T>,
        parts: &mut Parts<'_, T>,
        mut bottom: Option<&mut NetworkGradient<T>>,
    ) {
        if let Some(bottom) = &mut bottom {
            if !self.inputs.is_plain()
                && let Some(target) = bottom.make_inputs(batch)
            {
                self.inputs.numeric_gradient(batch, &trace.inputs, target);
            }
            bottom.embedded.truncate(batch.tokens().len());
            bottom.keep_initial(&trace.grad_initial, batch.batch_size());
        }
        let (batch_size, seq_len) = (batch.batch_size(), batch.seq_len());
        self.inputs.backward(batch, &mut trace.inputs, parts.tables, |channel, grad| {
            let Some(bottom) = &mut bottom else { return };
            let width = grad.len().checked_div(batch_size * seq_len).unwrap_or(0);
            let array = Array3::from_shape_fn((batch_size, seq_len, width), |(row, t, column)| {
                grad[(row * seq_len + t) * width + column]
            });
            match bottom.embedded.get_mut(channel) {
                Some(target) => *target = array,
                None => bottom.embedded.push(array),
            }
        });
    }

    fn check_trace(&self, trace: &NetworkTrace<T>) -> Result<()> {
        let rows = trace.lengths.len();
        let steps = rows * trace.seq_len;
        let answers = self.readout.answers(trace.seq_len);
        let made_here = self.inputs.made(steps, &trace.inputs)
            && self.stack.traced(steps, &trace.stack)
            && self.readout.made(rows, steps, &trace.readout)
            && self.head.made(rows * answers, &trace.head);
        if made_here {
            return Ok(());
        }
        Err(Error::argument("trace", "the trace of a run of this network", "another's"))
    }
}

/// The gradients of the parameters, part by part.
struct Parts<'a, T> {
    stack: &'a mut [T],
    readout: &'a mut [T],
    head: &'a mut [T],
    initial: &'a mut [T],
    tables: &'a mut [T],
}

impl<'a, T: Real> Parts<'a, T> {
    fn of(values: &'a mut [T], network: &Network<T>) -> Self {
        let regions = &network.regions;
        let (stack, rest) = values.split_at_mut(regions.stack.len());
        let (readout, rest) = rest.split_at_mut(regions.readout.len());
        let (head, rest) = rest.split_at_mut(regions.head.len());
        let (initial, tables) = rest.split_at_mut(regions.initial.len());
        Parts { stack, readout, head, initial, tables }
    }
}

/// Adds the gradients of the states of all sequences, one after the other: one state started them all.
fn sum_rows<T: Real>(grads: &[Vec<T>], batch_size: usize, mut target: &mut [T]) {
    for grad in grads {
        let size = grad.len().checked_div(batch_size).unwrap_or(0);
        let (own, rest) = target.split_at_mut(size);
        for row in grad.chunks_exact(size.max(1)) {
            own.iter_mut().zip(row).for_each(|(sum, value)| *sum += *value);
        }
        target = rest;
    }
}

impl<T: Real> NetworkGradient<T> {
    /// The memory for the gradient of the numeric inputs of a batch.
    fn make_inputs(&mut self, batch: &SequenceBatch<T>) -> Option<&mut [T]> {
        let shape = batch.values().dim();
        if self.inputs.dim() != shape || !self.inputs.is_standard_layout() {
            self.inputs = Array3::from_elem(shape, T::ZERO);
        }
        self.inputs.as_slice_mut()
    }

    fn keep_initial(&mut self, grads: &[Vec<T>], batch_size: usize) {
        let layers = &mut self.initial_state.layers;
        layers.truncate(grads.len());
        for (index, grad) in grads.iter().enumerate() {
            let size = grad.len().checked_div(batch_size).unwrap_or(0);
            match layers.get_mut(index) {
                Some(array) if array.dim() == (batch_size, size) => {
                    array.iter_mut().zip(grad).for_each(|(target, value)| *target = *value);
                }
                Some(array) => *array = rows(grad, size),
                None => layers.push(rows(grad, size)),
            }
        }
    }
}
