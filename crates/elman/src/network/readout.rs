//! From the outputs of the top layer to what the head reads.

mod attention;
mod pool;

use crate::layer::time_loop::Span;
use crate::network::config::{Pooling, Readout};
use crate::parameters::ParameterShape;
use crate::real::Real;
use crate::stack::{Arriving, RowsMut, Stack, StackInput, StackTrace};
use attention::{Attention, AttentionGradients, AttentionTrace};
use elman_kernels::pointwise::{resize, zero};

/// The readout of a network, for outputs of D values.
pub(super) struct ReadoutLayer<T> {
    width: usize,
    parts: Vec<Part<T>>,
    every_step: bool,
}

enum Part<T> {
    LastStep,
    FirstStep,
    Mean,
    Max,
    Attention(Box<Attention<T>>),
}

/// What a run of a readout leaves behind.
#[derive(Clone, Debug, Default)]
pub(super) struct ReadoutTrace<T> {
    /// `[B, F]`; empty where the head reads the outputs themselves.
    features: Vec<T>,
    /// The step of each largest value, `[B, D]`.
    largest: Vec<usize>,
    attention: AttentionTrace<T>,
    grad_outputs: Vec<T>, // [B, T, D]
    grad_finals: Vec<T>,  // [B, D]
}

/// The columns of the features that a part makes or reads.
#[derive(Clone, Copy)]
struct Columns<'a, T> {
    values: &'a [T],
    stride: usize,
    offset: usize,
    width: usize,
}

impl<'a, T> Columns<'a, T> {
    fn row(&self, row: usize) -> &'a [T] {
        &self.values[row * self.stride + self.offset..][..self.width]
    }
}

/// A run of the layers over a batch.
pub(super) struct StackRun<'a, T> {
    pub span: Span<'a>,
    pub trace: &'a StackTrace<T>,
}

impl<T: Real> ReadoutLayer<T> {
    pub fn new(readout: &Readout, width: usize) -> Self {
        let (parts, every_step) = match readout {
            Readout::EveryStep => (Vec::new(), true),
            Readout::Pooled(parts) => {
                (parts.iter().map(|part| Part::new(*part, width)).collect(), false)
            }
        };
        ReadoutLayer { width, parts, every_step }
    }

    /// F, the values that the head reads at once.
    pub fn features(&self) -> usize {
        if self.every_step { self.width } else { self.width * self.parts.len() }
    }

    /// S, how often the head answers for a sequence of a batch with room for `seq_len` steps.
    pub fn answers(&self, seq_len: usize) -> usize {
        if self.every_step { seq_len } else { 1 }
    }

    pub fn parameter_shapes(&self) -> Vec<ParameterShape> {
        self.attention().map_or_else(Vec::new, Attention::parameter_shapes)
    }

    pub fn refresh(&mut self, parameters: &[T]) {
        for part in &mut self.parts {
            if let Part::Attention(attention) = part {
                attention.refresh(parameters);
            }
        }
    }

    fn attention(&self) -> Option<&Attention<T>> {
        self.parts.iter().find_map(|part| match part {
            Part::Attention(attention) => Some(&**attention),
            Part::LastStep | Part::FirstStep | Part::Mean | Part::Max => None,
        })
    }

    /// Makes the features of a run of `stack`.
    pub fn forward(
        &self,
        stack: &Stack<T>,
        input: StackInput<'_, T>,
        run: &StackTrace<T>,
        trace: &mut ReadoutTrace<T>,
    ) {
        let span = input.span;
        let stride = if self.every_step { 0 } else { self.features() };
        let ReadoutTrace { features, largest, attention: kept, .. } = trace;
        resize(features, span.batch_size() * stride);
        let outputs = Steps { span, width: self.width, values: run.outputs() };
        for (index, part) in self.parts.iter().enumerate() {
            let rows = RowsMut { values: features, stride, offset: index * self.width };
            match part {
                Part::LastStep => stack.final_outputs(input, run, rows),
                Part::FirstStep => pool::first(outputs, rows),
                Part::Mean => pool::mean(outputs, rows),
                Part::Max => pool::largest(outputs, largest, rows),
                Part::Attention(attention) => attention.forward(outputs, kept, rows),
            }
        }
    }

    /// What the head reads, `[B, S, F]`.
    pub fn read<'a>(&self, run: &'a StackTrace<T>, trace: &'a ReadoutTrace<T>) -> &'a [T] {
        if self.every_step { run.outputs() } else { &trace.features }
    }

    /// Whether a run of this readout over `rows` sequences and `steps` steps left this.
    pub fn made(&self, rows: usize, steps: usize, trace: &ReadoutTrace<T>) -> bool {
        let features = if self.every_step { 0 } else { rows * self.features() };
        let has_max = self.parts.iter().any(|part| matches!(part, Part::Max));
        trace.features.len() == features
            && (!has_max || trace.largest.len() == rows * self.width)
            && self.attention().is_none_or(|attention| attention.made(steps, &trace.attention))
    }

    /// The gradients of the outputs and of the final outputs for that of the features, `[B, S, F]`.
    pub fn backward<'a>(
        &self,
        run: StackRun<'_, T>,
        grad_features: &'a [T],
        trace: &'a mut ReadoutTrace<T>,
        parameters: &mut [T],
    ) -> Arriving<'a, T> {
        if self.every_step {
            return Arriving { outputs: Some(grad_features), finals: None };
        }
        let ReadoutTrace { largest, attention: kept, grad_outputs, grad_finals, .. } = trace;
        let StackRun { span, trace: run } = run;
        let outputs = Steps { span, width: self.width, values: run.outputs() };
        let dense = self.parts.iter().filter(|part| !matches!(part, Part::LastStep)).count();
        let len = if dense > 0 { outputs.values.len() } else { 0 };
        resize(grad_outputs, len);
        // A mean alone writes every valid step; what else there is adds to some of them.
        let mean_alone = dense == 1 && self.parts.iter().any(|part| matches!(part, Part::Mean));
        if !mean_alone {
            zero(grad_outputs);
        }
        let mut finals = None;
        for (index, part) in self.parts.iter().enumerate() {
            let grad = Columns {
                values: grad_features,
                stride: self.features(),
                offset: index * self.width,
                width: self.width,
            };
            match part {
                Part::LastStep if self.parts.len() == 1 => finals = Some(grad_features),
                Part::LastStep => {
                    grad_finals.clear();
                    (0..span.batch_size()).for_each(|row| grad_finals.extend(grad.row(row)));
                }
                Part::FirstStep => pool::first_backward(outputs, grad, grad_outputs),
                Part::Mean if mean_alone => pool::mean_backward(outputs, grad, grad_outputs),
                Part::Mean => pool::mean_backward_added(outputs, grad, grad_outputs),
                Part::Max => pool::largest_backward(outputs, largest, grad, grad_outputs),
                Part::Attention(attention) => {
                    let gradients =
                        AttentionGradients { outputs: grad_outputs, parameters: &mut *parameters };
                    attention.backward(outputs, kept, grad, gradients);
                }
            }
        }
        let has_last = self.parts.len() > dense;
        let finals = finals.or_else(|| has_last.then_some(grad_finals.as_slice()));
        Arriving { outputs: (dense > 0).then_some(grad_outputs.as_slice()), finals }
    }
}

impl<T: Real> Part<T> {
    fn new(pooling: Pooling, width: usize) -> Self {
        match pooling {
            Pooling::LastStep => Part::LastStep,
            Pooling::FirstStep => Part::FirstStep,
            Pooling::Mean => Part::Mean,
            Pooling::Max => Part::Max,
            Pooling::Attention { size } => Part::Attention(Box::new(Attention::new(width, size))),
        }
    }
}

/// The outputs of the top layer.
#[derive(Clone, Copy)]
struct Steps<'a, T> {
    span: Span<'a>,
    width: usize,    // D
    values: &'a [T], // [B, T, D]
}

impl<'a, T> Steps<'a, T> {
    /// Where the valid steps of a sequence stand.
    fn range(&self, row: usize) -> std::ops::Range<usize> {
        let start = row * self.span.seq_len * self.width;
        start..start + self.span.lengths[row] * self.width
    }

    /// The outputs of the valid steps of a sequence.
    fn row(&self, row: usize) -> std::slice::ChunksExact<'a, T> {
        self.values[self.range(row)].chunks_exact(self.width)
    }
}
