//! The dense layers at the top: hidden ones with an activation, and the outputs.

mod rows;

use std::ops::Range;

use elman_kernels::Level;
use elman_kernels::pointwise::{ActivationBackward, ClippedCurve, multiply, resize, zero};

use self::rows::AnsweredRows;
use crate::activation::{Activation, ActivationKind};
use crate::dense::{Dense, DensePrepared, GradientBlock};
use crate::dropout::{DropoutMode, Droppable, Mask, MaskSpan, Place};
use crate::error::Result;
use crate::layer::time_loop::Span;
use crate::network::config::{HeadConfig, OutputWeights, Outputs};
use crate::parameters::ParameterShape;
use crate::real::Real;

/// The head of a network.
pub(super) struct Head<T> {
    layers: Vec<HeadLayer<T>>,
}

/// One dense layer, with the dropout of its inputs.
struct HeadLayer<T> {
    dense: Dense,
    prepared: DensePrepared<T>,
    name: String,
    /// Where its own parameters stand among those of the head.
    parameters: Range<usize>,
    weights: OutputWeights,
    dropout: f64,
    /// The outputs of the head have none.
    activation: Option<ActivationKind>,
    input_size: usize,
    size: usize,
}

/// What a run of a head leaves behind.
#[derive(Clone, Debug, Default)]
pub(super) struct HeadTrace<T> {
    rows: AnsweredRows,
    layers: Vec<DenseTrace<T>>,
    grad: Vec<T>,
    grad_below: Vec<T>,
    deltas: Vec<T>,
    /// The gradient of an output layer whose weights are an embedding: `[D, O]`, and the bias.
    shared: Vec<T>,
}

/// Where the gradients of the parameters of a head go.
pub(super) struct HeadGradients<'a, T> {
    /// Those of its own.
    pub parameters: &'a mut [T],
    /// Those of the embeddings.
    pub tables: &'a mut [T],
}

#[derive(Clone, Debug, Default)]
struct DenseTrace<T> {
    mask: Mask<T>,
    outputs: Vec<T>, // [B, S, size]
    /// The outputs before the activation, where its derivative cannot be read off its value.
    before: Vec<T>,
}

/// The rows that a head answers for.
#[derive(Clone, Copy)]
pub(super) enum Answers<'a> {
    /// One for each sequence.
    Sequences(usize),
    /// One for each step of each sequence.
    Steps(Span<'a>),
}

impl<T: Real> Head<T> {
    /// A head over `features` values.
    pub fn new(config: &HeadConfig, features: usize, outputs: &Outputs) -> Result<Self> {
        let mut head = Head { layers: Vec::with_capacity(config.hidden.len() + 1) };
        let (mut input_size, mut dropout) = (features, config.dropout);
        for (index, hidden) in config.hidden.iter().enumerate() {
            let name = format!("head.hidden.{index}");
            let activation = Some(hidden.activation);
            let weights = OutputWeights::Own;
            head.push(DenseLayer {
                name,
                input_size,
                size: hidden.size,
                dropout,
                activation,
                weights,
            })?;
            (input_size, dropout) = (hidden.size, hidden.dropout);
        }
        head.push(DenseLayer {
            name: "head".to_owned(),
            input_size,
            size: outputs.size(),
            dropout,
            activation: None,
            weights: config.output_weights,
        })?;
        Ok(head)
    }

    fn push(&mut self, layer: DenseLayer) -> Result<()> {
        let DenseLayer { name, input_size, size, dropout, activation, weights } = layer;
        let dense = Dense::new(input_size, size)?;
        let start = self.layers.last().map_or(0, |layer| layer.parameters.end);
        let len: usize = own_shapes(&dense, weights).map(|shape| shape.len()).sum();
        let (prepared, parameters) = (dense.unprepared(), start..start + len);
        self.layers.push(HeadLayer {
            dense,
            prepared,
            name,
            parameters,
            weights,
            dropout,
            activation,
            input_size,
            size,
        });
        Ok(())
    }

    pub fn parameter_shapes(&self) -> impl Iterator<Item = ParameterShape> {
        self.layers.iter().flat_map(|layer| {
            own_shapes(&layer.dense, layer.weights).map(|shape| ParameterShape {
                name: format!("{}.{}", layer.name, shape.name),
                shape: shape.shape,
            })
        })
    }

    /// Takes new values of its parameters, and of the embeddings.
    pub fn refresh(&mut self, parameters: &[T], tables: &[T]) {
        for layer in &mut self.layers {
            let own = &parameters[layer.parameters.clone()];
            match layer.weights {
                OutputWeights::Own => layer.dense.refresh(own, &mut layer.prepared),
                OutputWeights::Embedding => {
                    layer.dense.refresh_transposed(tables, own, &mut layer.prepared);
                }
            }
        }
    }

    /// The parameters of each layer among those of the head, and the number of its inputs.
    pub fn layers(&self) -> impl Iterator<Item = (Range<usize>, usize)> {
        self.layers.iter().map(|layer| (layer.parameters.clone(), layer.input_size))
    }

    /// Computes the answers to `features`.
    pub fn forward(
        &self,
        features: &[T],
        answers: Answers<'_>,
        mode: DropoutMode<'_>,
        trace: &mut HeadTrace<T>,
    ) {
        let HeadTrace { rows, layers, .. } = trace;
        rows.set(answers);
        layers.resize_with(self.layers.len(), DenseTrace::default);
        for (index, layer) in self.layers.iter().enumerate() {
            let (below, rest) = layers.split_at_mut(index);
            let inputs = below.last().map_or(features, |below| below.outputs.as_slice());
            let droppable = Droppable {
                values: inputs,
                batch_size: rows.all.checked_div(rows.each).unwrap_or(0),
                steps: rows.each,
                place: Place::Head(index),
                probability: layer.dropout,
                span: MaskSpan::Step,
            };
            layer.forward(droppable, rows, mode, &mut rest[0]);
        }
    }

    /// Memory for the answers of each layer to `rows` rows.
    pub fn memory(&self, rows: usize) -> Vec<Vec<T>> {
        self.layers.iter().map(|layer| vec![T::ZERO; rows * layer.size]).collect()
    }

    /// Answers to `features` `[rows, F]` in inference, in the memory of these rows.
    pub fn step(&self, features: &[T], memory: &mut [Vec<T>]) {
        for (index, layer) in self.layers.iter().enumerate() {
            let (below, rest) = memory.split_at_mut(index);
            let outputs = rest[0].as_mut_slice();
            let inputs = below.last().map_or(features, Vec::as_slice);
            layer.dense.forward_here(&layer.prepared, inputs, outputs);
            if let Some(activation) = layer.activation {
                Activation::Known(activation).apply(outputs);
            }
        }
    }

    /// Whether a run of this head over `rows` rows left this.
    pub fn made(&self, rows: usize, trace: &HeadTrace<T>) -> bool {
        let sizes = self.layers.iter().map(|layer| rows * layer.size);
        trace.rows.all == rows && sizes.eq(trace.layers.iter().map(|kept| kept.outputs.len()))
    }

    /// Adds the gradients of the parameters and leaves that of the features in the trace. What an
    /// earlier run left there in padding stays: nobody reads it.
    pub fn backward(
        &self,
        features: &[T],
        grad_outputs: &[T],
        trace: &mut HeadTrace<T>,
        gradients: HeadGradients<'_, T>,
    ) {
        let HeadGradients { parameters: grad_parameters, tables } = gradients;
        let HeadTrace { rows, layers, grad, grad_below, deltas, shared } = trace;
        for (index, layer) in self.layers.iter().enumerate().rev() {
            let (below, rest) = layers.split_at(index);
            let inputs = below.last().map_or(features, |below| below.outputs.as_slice());
            let grad_outputs = if index + 1 == self.layers.len() { grad_outputs } else { &*grad };
            let grad_outputs = layer.derive(grad_outputs, rows, &rest[0], deltas);
            let own = &mut grad_parameters[layer.parameters.clone()];
            resize(grad_below, rows.all * layer.input_size);
            let parameters = match layer.weights {
                OutputWeights::Own => &mut *own,
                OutputWeights::Embedding => {
                    resize(shared, (layer.input_size + 1) * layer.size);
                    zero(shared);
                    &mut *shared
                }
            };
            let gradients = DenseGradients { inputs: grad_below, parameters };
            layer.backward(inputs, grad_outputs, rows, &rest[0], gradients);
            if layer.weights == OutputWeights::Embedding {
                layer.share(shared, own, tables);
            }
            std::mem::swap(grad, grad_below);
        }
    }
}

/// A layer to be added.
struct DenseLayer {
    name: String,
    input_size: usize,
    size: usize,
    dropout: f64,
    activation: Option<ActivationKind>,
    weights: OutputWeights,
}

/// The parameters of a layer that are no one else's.
fn own_shapes(dense: &Dense, weights: OutputWeights) -> impl Iterator<Item = ParameterShape> {
    let shared = match weights {
        OutputWeights::Own => 0,
        // The weights stand first, then the bias.
        OutputWeights::Embedding => 1,
    };
    dense.parameter_shapes().into_iter().skip(shared)
}

/// Where the gradients of a dense layer go.
struct DenseGradients<'a, T> {
    inputs: &'a mut [T],
    parameters: &'a mut [T],
}

impl<T: Real> HeadLayer<T> {
    fn forward(
        &self,
        inputs: Droppable<'_, T>,
        rows: &AnsweredRows,
        mode: DropoutMode<'_>,
        kept: &mut DenseTrace<T>,
    ) {
        let inputs = kept.mask.apply(mode, inputs);
        // Padding is not computed, and zero.
        resize(&mut kept.outputs, rows.all * self.size);
        let mut end = 0;
        for rows in &rows.valid {
            zero(&mut kept.outputs[end * self.size..rows.start * self.size]);
            end = rows.end;
            let inputs = &inputs[rows.start * self.input_size..rows.end * self.input_size];
            let outputs = &mut kept.outputs[rows.start * self.size..rows.end * self.size];
            self.dense.forward_rows(&self.prepared, inputs, outputs);
        }
        zero(&mut kept.outputs[end * self.size..]);
        let Some(activation) = self.activation else { return };
        kept.before.clear();
        if activation.of_value().is_none() {
            kept.before.extend_from_slice(&kept.outputs);
        }
        for rows in &rows.valid {
            let outputs = &mut kept.outputs[rows.start * self.size..rows.end * self.size];
            Activation::Known(activation).apply(outputs);
        }
    }

    /// The gradient before the activation.
    fn derive<'a>(
        &self,
        grad_outputs: &'a [T],
        rows: &AnsweredRows,
        kept: &DenseTrace<T>,
        deltas: &'a mut Vec<T>,
    ) -> &'a [T] {
        let Some(activation) = self.activation else { return grad_outputs };
        resize(deltas, grad_outputs.len());
        for rows in &rows.valid {
            let range = rows.start * self.size..rows.end * self.size;
            let (grad, outputs) = (&grad_outputs[range.clone()], &kept.outputs[range.clone()]);
            let deltas = &mut deltas[range.clone()];
            match activation.of_value() {
                Some(function) => {
                    let mut rows: Vec<&mut [T]> = deltas.chunks_exact_mut(self.size).collect();
                    let hidden: Vec<&[T]> = outputs.chunks_exact(self.size).collect();
                    let operands = ActivationBackward {
                        hidden_size: self.size,
                        units: 0..self.size,
                        deltas: &mut rows,
                        hidden: &hidden,
                        grad,
                    };
                    T::activation_backward(Level::current(), function, operands);
                }
                None => {
                    let curve = ClippedCurve { curve: activation.curve(), clip: None };
                    deltas.copy_from_slice(outputs);
                    T::curve_slope(Level::current(), curve, &kept.before[range], deltas);
                    multiply(Level::current(), deltas, grad);
                }
            }
        }
        deltas
    }

    fn backward(
        &self,
        inputs: &[T],
        grad_outputs: &[T],
        rows: &AnsweredRows,
        kept: &DenseTrace<T>,
        gradients: DenseGradients<'_, T>,
    ) {
        let DenseGradients { inputs: grad_inputs, parameters: grad_parameters } = gradients;
        let inputs = kept.mask.applied(inputs);
        let mut blocks = Vec::with_capacity(rows.valid.len());
        for rows in &rows.valid {
            let below = rows.start * self.input_size..rows.end * self.input_size;
            let grad = &grad_outputs[rows.start * self.size..rows.end * self.size];
            self.dense.input_gradient(&self.prepared, grad, &mut grad_inputs[below.clone()]);
            blocks.push(GradientBlock { inputs: &inputs[below], grad_outputs: grad });
        }
        self.dense.parameter_gradient(&blocks, grad_parameters);
        kept.mask.backward(grad_inputs);
    }
}

impl<T: Real> HeadLayer<T> {
    /// Adds a gradient of weights `[D, O]` and bias to the embedding, `[O, D]`, and to the bias.
    fn share(&self, gradient: &[T], bias: &mut [T], table: &mut [T]) {
        let (weights, shift) = gradient.split_at(self.input_size * self.size);
        bias.iter_mut().zip(shift).for_each(|(target, value)| *target += *value);
        for (token, row) in table.chunks_exact_mut(self.input_size).enumerate() {
            for (feature, target) in row.iter_mut().enumerate() {
                *target += weights[feature * self.size + token];
            }
        }
    }
}

impl<T> HeadTrace<T> {
    /// The outputs, `[B, S, O]`.
    pub fn outputs(&self) -> &[T] {
        self.layers.last().map_or(&[], |layer| &layer.outputs)
    }

    /// The gradient of the features, `[B, S, F]`.
    pub fn grad_features(&self) -> &[T] {
        &self.grad
    }
}
