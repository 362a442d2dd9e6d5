//! Learned attention: a mean over the steps whose weights the outputs themselves decide.
//!
//! ```text
//! u_t = tanh(y_t·A)      s_t = v·u_t      α = softmax(s)      f = Σ_t α_t·y_t
//!
//! ds_t = α_t·(df·y_t - Σ_k α_k·(df·y_k))      dv += Σ_t ds_t·u_t      da_t = ds_t·v ⊙ (1 - u_t²)
//! dA += Σ_t y_tᵀ·da_t                         dy_t = α_t·df + da_t·Aᵀ
//! ```
//!
//! Sums over time are one chain in order of time, sums over units one chain in order of the units.

use elman_kernels::matmul::Start;
use elman_kernels::outer::{Left, OuterSum, Pairs, Strided};
use elman_kernels::pointwise::{Function, add_assign, add_multiple, resize};
use elman_kernels::{Level, PackedMatrix};

use super::{Columns, Steps};
use crate::dense::{Block, product};
use crate::parameters::ParameterShape;
use crate::real::Real;
use crate::stack::RowsMut;

/// One additive head.
pub(super) struct Attention<T> {
    width: usize,                // D
    size: usize,                 // K
    weights: PackedMatrix<T>,    // A  [D, K]
    transposed: PackedMatrix<T>, // Aᵀ [K, D]
    vector: Vec<T>,              // v  [K]
}

/// What a run of attention leaves behind.
#[derive(Clone, Debug, Default)]
pub(super) struct AttentionTrace<T> {
    hidden: Vec<T>, // u, [B, T, K]; on the way back da
    shares: Vec<T>, // α, [B, T]
    grad_rows: Vec<T>,
}

/// Where the gradients of an attention go.
pub(super) struct AttentionGradients<'a, T> {
    pub outputs: &'a mut [T],    // [B, T, D]
    pub parameters: &'a mut [T], // A and v
}

impl<T: Real> Attention<T> {
    pub fn new(width: usize, size: usize) -> Self {
        Attention {
            width,
            size,
            weights: PackedMatrix::zeros(width, size),
            transposed: PackedMatrix::zeros(size, width),
            vector: vec![T::ZERO; size],
        }
    }

    pub fn parameter_shapes(&self) -> Vec<ParameterShape> {
        vec![
            ParameterShape::new("readout.attention.weights", &[self.width, self.size]),
            ParameterShape::new("readout.attention.vector", &[self.size]),
        ]
    }

    pub fn refresh(&mut self, parameters: &[T]) {
        let (weights, vector) = parameters.split_at(self.width * self.size);
        self.weights.fill(weights);
        self.transposed.fill_transposed(weights, self.size);
        self.vector.copy_from_slice(vector);
    }

    pub fn made(&self, steps: usize, trace: &AttentionTrace<T>) -> bool {
        trace.shares.len() == steps && trace.hidden.len() == steps * self.size
    }

    pub fn forward(
        &self,
        outputs: Steps<'_, T>,
        trace: &mut AttentionTrace<T>,
        mut rows: RowsMut<'_, T>,
    ) {
        let (span, size) = (outputs.span, self.size);
        let steps = span.batch_size() * span.seq_len;
        resize(&mut trace.hidden, steps * size);
        resize(&mut trace.shares, steps);
        for (row, target) in rows.each(self.width).enumerate() {
            let valid = self.steps(outputs, row);
            let hidden = &mut trace.hidden[valid.start * size..valid.end * size];
            let shares = &mut trace.shares[valid];
            let inputs = &outputs.values[outputs.range(row)];
            product(
                Start::Zero,
                Block { values: inputs, width: self.width },
                &self.weights,
                hidden,
            );
            T::activation_forward(Level::current(), Function::Tanh, hidden);
            for (share, hidden) in shares.iter_mut().zip(hidden.chunks_exact(size)) {
                *share = dot(&self.vector, hidden);
            }
            softmax(shares);
            target.fill(T::ZERO);
            for (share, output) in shares.iter().zip(outputs.row(row)) {
                add_multiple(Level::current(), target, *share, output);
            }
        }
    }

    /// The valid steps of a sequence, among those of all.
    fn steps(&self, outputs: Steps<'_, T>, row: usize) -> std::ops::Range<usize> {
        let start = row * outputs.span.seq_len;
        start..start + outputs.span.lengths[row]
    }

    pub fn backward(
        &self,
        outputs: Steps<'_, T>,
        trace: &mut AttentionTrace<T>,
        grad: Columns<'_, T>,
        gradients: AttentionGradients<'_, T>,
    ) {
        let size = self.size;
        let AttentionGradients { outputs: grad_outputs, parameters } = gradients;
        let (grad_weights, grad_vector) = parameters.split_at_mut(self.width * size);
        for row in 0..outputs.span.batch_size() {
            let valid = self.steps(outputs, row);
            let hidden = &mut trace.hidden[valid.start * size..valid.end * size];
            let shares = &mut trace.shares[valid];
            let target = &mut grad_outputs[outputs.range(row)];
            let grad = grad.row(row);
            for (share, grad_output) in shares.iter().zip(target.chunks_exact_mut(self.width)) {
                add_multiple(Level::current(), grad_output, *share, grad);
            }
            score_gradients(shares, grad, outputs.row(row));
            for (slope, hidden) in shares.iter().zip(hidden.chunks_exact_mut(size)) {
                add_multiple(Level::current(), grad_vector, *slope, hidden);
                for (value, weight) in hidden.iter_mut().zip(&self.vector) {
                    *value = *slope * *weight * (T::ONE - *value * *value);
                }
            }
            resize(&mut trace.grad_rows, target.len());
            let deltas = Block { values: hidden, width: size };
            product(Start::Zero, deltas, &self.transposed, &mut trace.grad_rows);
            add_assign(Level::current(), target, &trace.grad_rows);
        }
        self.weight_gradient(outputs, &trace.hidden, grad_weights);
    }

    /// `dA += Σ_t y_tᵀ·da_t`
    fn weight_gradient(&self, outputs: Steps<'_, T>, deltas: &[T], grad_weights: &mut [T]) {
        let nothing = Strided { values: &[][..], stride: 0 };
        let pairs = (0..outputs.span.batch_size()).map(|row| {
            let valid = self.steps(outputs, row);
            let left = &outputs.values[outputs.range(row)];
            let right = &deltas[valid.start * self.size..valid.end * self.size];
            Pairs {
                left: [Strided { values: left, stride: self.width }, nothing],
                right: Strided { values: right, stride: self.size },
                count: valid.len(),
            }
        });
        let pairs: Vec<_> = pairs.filter(|pairs| pairs.count > 0).collect();
        let sum = OuterSum {
            pairs: &pairs,
            left: [Some(Left { rows: self.width, at: 0 }), None],
            sums: None,
            first: 0,
            columns: self.size,
            stride: self.size,
        };
        crate::workers::add_outer_products(&[sum], grad_weights);
    }
}

/// Turns the shares α into the gradients of the scores.
fn score_gradients<'a, T: Real>(
    shares: &mut [T],
    grad: &[T],
    outputs: impl Iterator<Item = &'a [T]> + Clone,
) {
    let slopes = outputs.clone().map(|output| dot(grad, output));
    let mean = shares.iter().zip(slopes).fold(T::ZERO, |sum, (share, slope)| sum + *share * slope);
    for (share, output) in shares.iter_mut().zip(outputs) {
        *share *= dot(grad, output) - mean;
    }
}

/// One chain in order.
fn dot<T: Real>(left: &[T], right: &[T]) -> T {
    left.iter().zip(right).fold(T::ZERO, |sum, (a, b)| sum + *a * *b)
}

/// `e^(s_t - max s) / Σ_k e^(s_k - max s)`
fn softmax<T: Real>(scores: &mut [T]) {
    let Some(first) = scores.first().copied() else { return };
    let largest = scores.iter().fold(first, |largest, score| largest.max(*score));
    let mut sum = T::ZERO;
    for score in scores.iter_mut() {
        *score = (*score - largest).exp();
        sum += *score;
    }
    for score in scores {
        *score /= sum;
    }
}
