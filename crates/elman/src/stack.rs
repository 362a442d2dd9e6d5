//! Layers on top of each other, each in one direction or in both.
//!
//! A layer in both directions is composition: a forward and a reverse cell read the same input, and
//! their outputs are merged. Concatenated outputs are written side by side where they belong; other
//! merges and residual connections make a second array of them.

pub(crate) mod bound;
mod config;
mod layer;
mod merge;
mod step;

use crate::dropout::{Draws, DropoutMode, Mask};
use crate::error::Result;
use crate::layer::Direction;
use crate::layer::time_loop::{Keep, LoopTrace, Span};
use crate::parameters::ParameterShape;
use crate::real::Real;
use crate::rng::MaskSource;
use bound::Bound;
use elman_kernels::pointwise::resize;
use layer::{Backward, StackLayer};

pub(crate) use step::StackMemory;

pub use config::{Directions, LayerConfig, Merge, Residual};

/// The layers of a network.
pub(crate) struct Stack<T> {
    layers: Vec<StackLayer<T>>,
}

/// What a forward run of a stack leaves behind.
#[derive(Clone, Debug, Default)]
pub(crate) struct StackTrace<T> {
    layers: Vec<LayerTrace<T>>,
    draws: Option<KeptDraws>,
    grad_outputs: Vec<T>,
    grad_inputs: Vec<T>,
    scratch: Scratch<T>,
}

/// The draws of a forward run, for its backward run.
#[derive(Clone, Debug)]
struct KeptDraws {
    source: MaskSource,
    sequences: Vec<usize>,
    first_step: usize,
}

impl KeptDraws {
    fn of(mode: DropoutMode<'_>) -> Option<Self> {
        let DropoutMode::On(Draws { source, sequences, first_step }) = mode else { return None };
        Some(KeptDraws { source, sequences: sequences.to_vec(), first_step })
    }

    fn mode(kept: &Option<Self>) -> DropoutMode<'_> {
        match kept {
            Some(KeptDraws { source, sequences, first_step }) => {
                DropoutMode::On(Draws { source: *source, sequences, first_step: *first_step })
            }
            None => DropoutMode::Off,
        }
    }
}

/// What a forward run of one layer leaves behind.
#[derive(Clone, Debug, Default)]
struct LayerTrace<T> {
    mask: Mask<T>,
    /// The outputs of the directions side by side, `[B, T, D]`.
    sides: Vec<T>,
    /// The outputs of the layer, where they are not the sides.
    merged: Vec<T>,
    runs: Vec<LoopTrace<T>>,
}

impl<T> LayerTrace<T> {
    fn outputs(&self) -> &[T] {
        if self.merged.is_empty() { &self.sides } else { &self.merged }
    }
}

/// Memory of a backward run that is used again.
#[derive(Clone, Debug, Default)]
struct Scratch<T> {
    second: Vec<T>,
    sides: Vec<T>,
    finals: Vec<T>,
}

/// What a run reads, and whether it drops values.
#[derive(Clone, Copy)]
pub(crate) struct StackInput<'a, T> {
    pub span: Span<'a>,
    pub inputs: &'a [T], // [B, T, I]
}

/// The gradients that arrive at the top of a stack; `None` is zero.
#[derive(Clone, Copy)]
pub(crate) struct Arriving<'a, T> {
    /// Of every output, `[B, T, D]`.
    pub outputs: Option<&'a [T]>,
    /// Of the [final outputs](Stack::final_outputs), `[B, D]`.
    pub finals: Option<&'a [T]>,
}

/// Where the gradients at the bottom of a stack go.
pub(crate) struct Leaving<'a, T> {
    pub parameters: &'a mut [T],
    /// `[B, T, I]`, if wanted.
    pub inputs: Option<&'a mut [T]>,
    /// `[B, S]` for each direction of each layer.
    pub initial: &'a mut [Vec<T>],
    /// What arrives at the sides of each layer, `[B, T, sides]`, if wanted.
    pub arrivals: Option<&'a mut Vec<Vec<T>>>,
}

impl<T: Real> Stack<T> {
    /// Layers of these descriptions; `make` binds a cell of the layer at an index to an input size and
    /// a direction.
    pub fn new(
        configs: &[LayerConfig],
        input_size: usize,
        make: impl Fn(usize, usize, Direction) -> Result<Box<dyn Bound<T>>>,
    ) -> Result<Self> {
        let mut layers: Vec<StackLayer<T>> = Vec::with_capacity(configs.len());
        let (mut width, mut start) = (input_size, 0);
        for (index, config) in configs.iter().enumerate() {
            let layer = StackLayer::new(config, index, width, start, &make)?;
            (width, start) = (layer.width(), layer.parameters_end());
            layers.push(layer);
        }
        Ok(Stack { layers })
    }

    /// D, the length of one output.
    pub fn output_size(&self) -> usize {
        self.layers.last().map_or(0, StackLayer::width)
    }

    /// The name and size of the state of each direction of each layer.
    pub fn states(&self) -> impl Iterator<Item = (&str, usize)> {
        self.layers.iter().flat_map(StackLayer::states)
    }

    pub fn state_sizes(&self) -> Vec<usize> {
        self.states().map(|(_, size)| size).collect()
    }

    pub fn parameter_shapes(&self) -> Vec<ParameterShape> {
        self.layers.iter().flat_map(StackLayer::parameter_shapes).collect()
    }

    pub fn refresh(&mut self, parameters: &[T]) {
        self.layers.iter_mut().for_each(|layer| layer.refresh(parameters));
    }

    /// Makes room in a trace for a run of this stack.
    pub fn start(&self, trace: &mut StackTrace<T>) {
        trace.layers.resize_with(self.layers.len(), LayerTrace::default);
        for (layer, kept) in self.layers.iter().zip(&mut trace.layers) {
            kept.runs.resize_with(layer.directions(), LoopTrace::default);
        }
    }

    /// Runs all layers from the initial states in the trace.
    pub fn forward(
        &self,
        input: StackInput<'_, T>,
        mode: DropoutMode<'_>,
        keep: Keep,
        trace: &mut StackTrace<T>,
    ) {
        trace.draws = KeptDraws::of(mode);
        for (index, layer) in self.layers.iter().enumerate() {
            let (below, rest) = trace.layers.split_at_mut(index);
            let inputs = below.last().map_or(input.inputs, LayerTrace::outputs);
            let input = StackInput { inputs, ..input };
            layer.forward(input, mode, keep, &mut rest[0]);
        }
    }

    /// The last output that each direction of the top layer computed, merged, to rows of `features`
    /// that start at `offset`; of a sequence without steps the output in its initial state.
    pub fn final_outputs(
        &self,
        input: StackInput<'_, T>,
        trace: &StackTrace<T>,
        rows: RowsMut<'_, T>,
    ) {
        let (Some(top), Some((kept, below))) = (self.layers.last(), trace.layers.split_last())
        else {
            return;
        };
        let inputs = below.last().map_or(input.inputs, LayerTrace::outputs);
        top.final_outputs(StackInput { inputs, ..input }, kept, rows);
    }

    /// Whether a traced run of this stack over `steps` steps left this.
    pub fn traced(&self, steps: usize, trace: &StackTrace<T>) -> bool {
        trace.layers.len() == self.layers.len()
            && self.layers.iter().zip(&trace.layers).all(|(layer, kept)| layer.traced(steps, kept))
    }

    /// Back-propagation through all layers.
    pub fn backward(
        &self,
        input: StackInput<'_, T>,
        trace: &mut StackTrace<T>,
        arriving: Arriving<'_, T>,
        leaving: Leaving<'_, T>,
    ) {
        let Leaving { parameters, mut inputs, initial, mut arrivals } = leaving;
        if let Some(all) = &mut arrivals {
            all.resize_with(self.layers.len(), Vec::new);
        }
        let StackTrace { layers, draws, grad_outputs, grad_inputs, scratch } = trace;
        let mut states = initial;
        for (index, layer) in self.layers.iter().enumerate().rev() {
            let (below, rest) = layers.split_at_mut(index);
            let read = below.last().map_or(input.inputs, LayerTrace::outputs);
            let (rest_states, own) = states.split_at_mut(states.len() - layer.directions());
            states = rest_states;
            let arriving = match index + 1 == self.layers.len() {
                true => arriving,
                false => Arriving { outputs: Some(grad_outputs), finals: None },
            };
            let wanted = index > 0 || inputs.is_some();
            let len = if wanted { read.len() } else { 0 };
            resize(grad_inputs, len);
            let backward = Backward {
                arriving,
                parameters,
                inputs: wanted.then_some(grad_inputs.as_mut_slice()),
                initial: own,
                arrivals: arrivals.as_deref_mut().map(|all| &mut all[index]),
                mode: KeptDraws::mode(draws),
                scratch,
            };
            layer.backward(StackInput { inputs: read, ..input }, &mut rest[0], backward);
            if index > 0 {
                std::mem::swap(grad_outputs, grad_inputs);
            } else if let Some(target) = &mut inputs {
                target.copy_from_slice(grad_inputs);
            }
        }
    }
}

/// Rows of an array, some of their columns.
pub(crate) struct RowsMut<'a, T> {
    pub values: &'a mut [T],
    pub stride: usize,
    pub offset: usize,
}

impl<T> RowsMut<'_, T> {
    /// The columns of each row, `size` of them.
    pub fn each(&mut self, size: usize) -> impl Iterator<Item = &mut [T]> {
        let offset = self.offset;
        self.values.chunks_exact_mut(self.stride).map(move |row| &mut row[offset..][..size])
    }
}

impl<T: Real> StackTrace<T> {
    /// The outputs of the top layer, `[B, T, D]`.
    pub fn outputs(&self) -> &[T] {
        self.layers.last().map_or(&[], LayerTrace::outputs)
    }

    /// The outputs of each layer, and those of its directions side by side.
    pub fn layers(&self) -> impl Iterator<Item = (&[T], &[T])> {
        self.layers.iter().map(|layer| (layer.outputs(), layer.sides.as_slice()))
    }

    /// The runs of all directions of all layers, in the order of the states.
    pub fn runs(&self) -> impl Iterator<Item = &LoopTrace<T>> {
        self.layers.iter().flat_map(|layer| &layer.runs)
    }

    pub fn runs_mut(&mut self) -> impl Iterator<Item = &mut LoopTrace<T>> {
        self.layers.iter_mut().flat_map(|layer| &mut layer.runs)
    }
}

#[cfg(test)]
mod noise_reference;
#[cfg(test)]
mod noise_tests;
