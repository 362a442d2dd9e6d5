//! One step of all layers in inference.

use elman_kernels::Aligned;

use super::layer::StackLayer;
use super::merge::add;
use super::{Residual, Stack};
use crate::cell::Begun;
use crate::layer::Direction;
use crate::layer::time_loop::SingleStep;
use crate::real::Real;

/// The states of all layers for some rows, and memory for their steps.
#[derive(Clone, Debug)]
pub(crate) struct StackMemory<T> {
    rows: usize,
    layers: Vec<LayerMemory<T>>,
}

#[derive(Clone, Debug)]
struct LayerMemory<T> {
    state: Aligned<T>,    // [rows, S]
    previous: Aligned<T>, // [rows, S]
    scratch: Aligned<T>,  // [rows, delta_size]
    outputs: Vec<T>,      // [rows, width]
}

impl<T: Real> StackMemory<T> {
    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The state of each layer, `[rows, S]`.
    pub fn states(&self) -> impl Iterator<Item = &[T]> {
        self.layers.iter().map(|layer| &layer.state[..])
    }

    pub fn states_mut(&mut self) -> impl Iterator<Item = &mut [T]> {
        self.layers.iter_mut().map(|layer| &mut layer.state[..])
    }

    /// The outputs of the top layer in the last step, `[rows, D]`.
    pub fn outputs(&self) -> &[T] {
        self.layers.last().map_or(&[], |layer| &layer.outputs)
    }

    /// The scratch rows of the bottom layer, for what [`Stack::begin`] gives.
    pub fn bottom_scratch(&mut self) -> &mut [T] {
        self.layers.first_mut().map_or(&mut [], |layer| &mut layer.scratch)
    }
}

impl<T: Real> Stack<T> {
    /// The first layer that does not read time forward alone.
    pub fn backward_layer(&self) -> Option<usize> {
        self.layers.iter().position(|layer| !layer.is_forward())
    }

    /// Memory for steps of `rows` rows, all states zero.
    pub fn memory(&self, rows: usize) -> StackMemory<T> {
        StackMemory { rows, layers: self.layers.iter().map(|layer| layer.memory(rows)).collect() }
    }

    /// What the bottom layer computes of inputs `[n, I]` alone, `[n, delta_size]`; `None` if its cell
    /// cannot part that from the rest.
    pub fn begin(&self, inputs: &[T]) -> Option<Vec<T>> {
        self.layers.first()?.parts.first()?.cell.begin(inputs)
    }

    /// The length of a row of [`begin`](Self::begin).
    pub fn begun_size(&self) -> usize {
        let cell = self.layers.first().and_then(|layer| layer.parts.first());
        cell.map_or(0, |part| part.cell.delta_size())
    }

    /// Whether the bottom layer adds its input to its output.
    pub fn adds_input(&self) -> bool {
        self.layers.first().is_some_and(|layer| layer.joint.residual == Residual::Identity)
    }

    /// One step of all layers, all of which read time forward. With [`Begun::Inputs`] the scratch rows
    /// of the bottom layer hold what [`begin`](Self::begin) gives for the inputs.
    pub fn step(&self, inputs: &[T], begun: Begun, memory: &mut StackMemory<T>) {
        for (index, layer) in self.layers.iter().enumerate() {
            let (below, rest) = memory.layers.split_at_mut(index);
            match below.last() {
                None => layer.step(inputs, begun, &mut rest[0]),
                Some(below) => layer.step(&below.outputs, Begun::Nothing, &mut rest[0]),
            }
        }
    }
}

impl<T: Real> StackLayer<T> {
    fn is_forward(&self) -> bool {
        matches!(self.parts.as_slice(), [only] if only.direction == Direction::Forward)
    }

    fn memory(&self, rows: usize) -> LayerMemory<T> {
        let size: usize = self.parts.iter().map(|part| part.cell.state_size()).sum();
        let delta: usize = self.parts.iter().map(|part| part.cell.delta_size()).sum();
        LayerMemory {
            state: Aligned::zeros(rows * size),
            previous: Aligned::zeros(rows * size),
            scratch: Aligned::zeros(rows * delta),
            outputs: vec![T::ZERO; rows * self.width()],
        }
    }

    fn step(&self, inputs: &[T], begun: Begun, memory: &mut LayerMemory<T>) {
        let Some(part) = self.parts.first() else { return };
        let LayerMemory { state, previous, scratch, outputs } = memory;
        std::mem::swap(state, previous);
        let chances = self.regularization;
        part.cell.step(SingleStep { inputs, previous, state, scratch, begun, chances });
        let (size, width) = (part.cell.state_size(), self.width());
        for (output, state) in outputs.chunks_exact_mut(width).zip(state.chunks_exact(size)) {
            output.copy_from_slice(&state[..width]);
        }
        if self.joint.residual == Residual::Identity {
            add(outputs, inputs);
        }
    }
}
