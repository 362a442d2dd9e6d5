//! Layers on top of each other, each in one direction or in both.
//!
//! Bidirectional is composition: a forward and a reverse layer read the same input and write side
//! by side into one output, `[B, T, 2H]`, the forward half first.

pub(crate) mod bound;

use std::ops::Range;

use elman_kernels::Level;
use elman_kernels::pointwise::add_assign;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::layer::Direction;
use crate::layer::time_loop::{
    BackwardArrays, ForwardArrays, Gradients, Keep, Keeping, LoopTrace, Shape, Span,
};
use crate::parameters::ParameterShape;
use crate::real::Real;
use bound::Bound;

/// The directions in which the layers of a stack read time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Directions {
    /// Forward only.
    Forward,
    /// Reverse only.
    Reverse,
    /// Forward and reverse, outputs side by side.
    Both,
}

impl Directions {
    /// The single directions, in the order of their outputs.
    #[must_use]
    pub fn each(self) -> &'static [Direction] {
        match self {
            Directions::Forward => &[Direction::Forward],
            Directions::Reverse => &[Direction::Reverse],
            Directions::Both => &[Direction::Forward, Direction::Reverse],
        }
    }
}

/// Layers of one width.
pub(crate) struct Stack<T> {
    layers: Vec<Vec<Part<T>>>,
    hidden_size: usize,
}

/// One direction of one layer, and where its parameters stand in the flat buffer.
struct Part<T> {
    cell: Box<dyn Bound<T>>,
    name: String,
    parameters: Range<usize>,
}

/// What a forward run of a stack leaves behind, layer by layer.
#[derive(Clone, Debug, Default)]
pub(crate) struct StackTrace<T> {
    pub layers: Vec<LayerTrace<T>>,
    grad_outputs: Vec<T>,
    grad_inputs: Vec<T>,
    grad_second: Vec<T>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct LayerTrace<T> {
    pub outputs: Vec<T>, // [B, T, D]
    pub runs: Vec<LoopTrace<T>>,
}

/// The gradient that arrives at the top of a stack.
pub(crate) enum Arriving<'a, T> {
    /// Of every output, `[B, T, D]`.
    Outputs(&'a [T]),
    /// Of the final hidden states, `[B, D]`, the directions side by side.
    Finals(&'a [T]),
}

/// The gradients at the bottom of a stack.
pub(crate) struct Leaving<'a, T> {
    pub parameters: &'a mut [T],
    /// `[B, T, I]`, if wanted.
    pub inputs: Option<&'a mut [T]>,
    /// `[B, S]` for each direction of each layer.
    pub initial: &'a mut Vec<Vec<T>>,
}

impl<T: Real> Stack<T> {
    /// `count` layers of cells made by `make` from their input size and direction.
    pub fn new(
        (count, directions): (usize, Directions),
        input_size: usize,
        make: impl Fn(usize, Direction) -> Result<Box<dyn Bound<T>>>,
    ) -> Result<Self> {
        let mut layers = Vec::with_capacity(count);
        let (mut width, mut start, mut hidden_size) = (input_size, 0, 0);
        for layer in 0..count {
            let mut parts = Vec::new();
            for &direction in directions.each() {
                let cell = make(width, direction)?;
                hidden_size = cell.output_size();
                let size: usize = cell.parameter_shapes().iter().map(ParameterShape::len).sum();
                let side = match direction {
                    Direction::Forward => "forward",
                    Direction::Reverse => "reverse",
                };
                let name = format!("layers.{layer}.{side}");
                parts.push(Part { cell, name, parameters: start..start + size });
                start += size;
            }
            width = hidden_size * parts.len();
            layers.push(parts);
        }
        Ok(Stack { layers, hidden_size })
    }

    /// D, the length of one output.
    pub fn output_size(&self) -> usize {
        self.hidden_size * self.layers.last().map_or(0, Vec::len)
    }

    /// The size of the state of each direction of each layer.
    pub fn state_sizes(&self) -> Vec<usize> {
        self.layers.iter().flatten().map(|part| part.cell.state_size()).collect()
    }

    pub fn parameter_shapes(&self) -> Vec<ParameterShape> {
        let named = |part: &Part<T>| {
            let prefix = part.name.clone();
            part.cell.parameter_shapes().into_iter().map(move |shape| ParameterShape {
                name: format!("{prefix}.{}", shape.name),
                shape: shape.shape,
            })
        };
        self.layers.iter().flatten().flat_map(named).collect()
    }

    pub fn refresh(&mut self, parameters: &[T]) {
        for part in self.layers.iter_mut().flatten() {
            part.cell.refresh(&parameters[part.parameters.clone()]);
        }
    }

    /// Runs all layers. `trace.layers[..].runs[..].initial` holds the initial states.
    pub fn forward(
        &self,
        (lengths, seq_len): (&[usize], usize),
        inputs: &[T],
        (trace, keep): (&mut StackTrace<T>, Keep),
    ) {
        for (index, parts) in self.layers.iter().enumerate() {
            let width = self.hidden_size * parts.len();
            let (below, rest) = trace.layers.split_at_mut(index);
            let LayerTrace { outputs, runs } = &mut rest[0];
            outputs.resize(lengths.len() * seq_len * width, T::ZERO);
            let inputs = below.last().map_or(inputs, |layer| layer.outputs.as_slice());
            for (side, (part, run)) in parts.iter().zip(runs).enumerate() {
                let output_offset = side * self.hidden_size;
                let span = Span { lengths, seq_len };
                let shape = Shape { span, output_stride: width, output_offset, noise: None };
                let arrays = ForwardArrays { inputs, outputs };
                part.cell.forward(shape, arrays, Keeping { trace: run, keep });
            }
        }
    }

    /// Whether a traced run of this stack over `steps` steps left this.
    pub fn traced(&self, steps: usize, trace: &StackTrace<T>) -> bool {
        let layer = |(parts, kept): (&Vec<Part<T>>, &LayerTrace<T>)| {
            kept.runs.len() == parts.len()
                && kept.outputs.len() == steps * parts.len() * self.hidden_size
                && parts.iter().zip(&kept.runs).all(|(part, run)| part.cell.traced(steps, run))
        };
        trace.layers.len() == self.layers.len() && self.layers.iter().zip(&trace.layers).all(layer)
    }

    /// Back-propagation through all layers.
    pub fn backward(
        &self,
        (lengths, seq_len): (&[usize], usize),
        inputs: &[T],
        trace: &mut StackTrace<T>,
        (arriving, mut leaving): (Arriving<'_, T>, Leaving<'_, T>),
    ) {
        let StackTrace { layers, grad_outputs, grad_inputs, grad_second } = trace;
        let steps = lengths.len() * seq_len;
        let mut finals = Vec::new();
        for (index, parts) in self.layers.iter().enumerate().rev() {
            let width = self.hidden_size * parts.len();
            let (below, rest) = layers.split_at_mut(index);
            let LayerTrace { outputs, runs } = &mut rest[0];
            let inputs = below.last().map_or(inputs, |layer| layer.outputs.as_slice());
            let input_size = inputs.len().checked_div(steps).unwrap_or(0);
            let top = index + 1 == self.layers.len();
            let wants_inputs = index > 0 || leaving.inputs.is_some();
            let wanted = if wants_inputs { steps * input_size } else { 0 };
            grad_inputs.resize(wanted, T::ZERO);
            for (side, (part, run)) in parts.iter().zip(runs).enumerate() {
                let output_offset = side * self.hidden_size;
                let span = Span { lengths, seq_len };
                let shape = Shape { span, output_stride: width, output_offset, noise: None };
                let target = if side == 0 { &mut *grad_inputs } else { &mut *grad_second };
                target.resize(wanted, T::ZERO);
                let state_size = part.cell.state_size();
                let (grad_out, grad_final) = match &arriving {
                    Arriving::Outputs(grad) if top => (Some(*grad), None),
                    Arriving::Finals(grad) if top => {
                        let place = (width, output_offset, self.hidden_size);
                        widen(grad, place, state_size, &mut finals);
                        (None, Some(finals.as_slice()))
                    }
                    _ => (Some(grad_outputs.as_slice()), None),
                };
                let state = index * parts.len() + side;
                let gradients = Gradients {
                    outputs: grad_out,
                    final_state: grad_final,
                    inputs: wants_inputs.then_some(target.as_mut_slice()),
                    initial: &mut leaving.initial[state],
                    parameters: &mut leaving.parameters[part.parameters.clone()],
                };
                let arrays = BackwardArrays { inputs, outputs };
                part.cell.backward(shape, arrays, run, gradients);
            }
            if parts.len() > 1 && wants_inputs {
                add_assign(Level::current(), grad_inputs, grad_second);
            }
            if index > 0 {
                std::mem::swap(grad_outputs, grad_inputs);
            } else if let Some(target) = &mut leaving.inputs {
                target.copy_from_slice(grad_inputs);
            }
        }
    }
}

/// The gradient of one direction's final states `[B, S]` from that of the features `[B, D]`; only
/// the hidden part of a state is a feature.
fn widen<T: Real>(
    features: &[T],
    (width, offset, hidden_size): (usize, usize, usize),
    state_size: usize,
    finals: &mut Vec<T>,
) {
    finals.clear();
    for row in features.chunks_exact(width) {
        finals.extend_from_slice(&row[offset..offset + hidden_size]);
        finals.extend(std::iter::repeat_n(T::ZERO, state_size - hidden_size));
    }
}

#[cfg(test)]
mod noise_reference;
#[cfg(test)]
mod noise_tests;
