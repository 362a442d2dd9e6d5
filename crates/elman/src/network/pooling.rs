//! From the outputs of a stack to what the head reads.

use elman_kernels::Level;
use elman_kernels::pointwise::add_assign;
use serde::{Deserialize, Serialize};

use crate::real::Real;

/// What the head reads of a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pooling {
    /// The final hidden state of each direction: the last valid step forward, the first in reverse.
    LastStep,
    /// The mean of the outputs over the valid steps; zero for a sequence without steps.
    MeanOverTime,
    /// Every output by itself.
    EveryStep,
}

/// The mean over the valid steps of outputs `[B, T, D]` to `means` `[B, D]`.
pub(crate) fn mean<T: Real>(lengths: &[usize], outputs: &[T], means: &mut [T]) {
    let size = means.len().checked_div(lengths.len()).unwrap_or(0);
    if size == 0 {
        return;
    }
    let row_size = outputs.len() / lengths.len();
    for ((row, &length), mean) in lengths.iter().enumerate().zip(means.chunks_exact_mut(size)) {
        mean.fill(T::ZERO);
        for output in outputs[row * row_size..][..length * size].chunks_exact(size) {
            add_assign(Level::current(), mean, output);
        }
        scale(mean, length);
    }
}

/// Spreads the gradient of the means over the valid steps.
pub(crate) fn mean_backward<T: Real>(lengths: &[usize], grad_means: &[T], grad_outputs: &mut [T]) {
    let size = grad_means.len().checked_div(lengths.len()).unwrap_or(0);
    if size == 0 {
        return;
    }
    let row_size = grad_outputs.len() / lengths.len();
    let mut share = vec![T::ZERO; size];
    for (row, (&length, grad)) in lengths.iter().zip(grad_means.chunks_exact(size)).enumerate() {
        share.copy_from_slice(grad);
        scale(&mut share, length);
        for output in grad_outputs[row * row_size..][..length * size].chunks_exact_mut(size) {
            output.copy_from_slice(&share);
        }
    }
}

fn scale<T: Real>(values: &mut [T], length: usize) {
    // A length is below 2^53, so the conversion is exact; 0 steps have a mean of 0.
    let divisor = T::from_f64(length.max(1) as f64);
    for value in values {
        *value /= divisor;
    }
}
