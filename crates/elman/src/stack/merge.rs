//! From the outputs of the directions of a layer, side by side, to the outputs of the layer.

use super::{Merge, Residual};
use crate::layer::time_loop::Span;
use crate::real::Real;

/// How the sides of a layer become its outputs.
#[derive(Clone, Copy)]
pub(super) struct Joint {
    pub merge: Merge,
    pub residual: Residual,
    /// The values of one direction's output.
    pub side: usize,
    /// The values of all directions' outputs.
    pub sides: usize,
}

impl Joint {
    /// Whether the outputs are the sides as they stand.
    pub fn is_plain(&self) -> bool {
        self.merge == Merge::Concatenate && self.residual == Residual::None
    }

    /// The values of an output.
    pub fn width(&self) -> usize {
        if self.merge == Merge::Concatenate { self.sides } else { self.side }
    }

    /// Merges the sides of all valid steps; an output in padding becomes zero.
    pub fn forward<T: Real>(&self, span: Span<'_>, arrays: JointArrays<'_, T>, outputs: &mut [T]) {
        let width = self.width();
        let row_size = span.seq_len * width;
        for (row, &length) in span.lengths.iter().enumerate() {
            let (valid, padding) =
                outputs[row * row_size..][..row_size].split_at_mut(length * width);
            padding.fill(T::ZERO);
            for (t, output) in valid.chunks_exact_mut(width).enumerate() {
                let step = row * span.seq_len + t;
                self.merge(&arrays.sides[step * self.sides..][..self.sides], output);
                if self.residual == Residual::Identity {
                    add(output, &arrays.inputs[step * width..][..width]);
                }
            }
        }
    }

    /// One merged output.
    pub fn merge<T: Real>(&self, sides: &[T], output: &mut [T]) {
        if self.merge == Merge::Concatenate {
            return output.copy_from_slice(sides);
        }
        let half = T::from_f64(0.5);
        let (first, second) = sides.split_at(self.side);
        for ((output, a), b) in output.iter_mut().zip(first).zip(second) {
            *output = match self.merge {
                Merge::Mean => (*a + *b) * half,
                Merge::Product => *a * *b,
                Merge::Concatenate | Merge::Sum => *a + *b,
            };
        }
    }

    /// The gradient of the sides of all valid steps, for that of the outputs.
    pub fn backward<T: Real>(&self, span: Span<'_>, sides: &[T], grad: Gradient<'_, T>) {
        let width = self.width();
        for (row, &length) in span.lengths.iter().enumerate() {
            for step in row * span.seq_len..row * span.seq_len + length {
                let own = step * self.sides..(step + 1) * self.sides;
                let outputs = &grad.outputs[step * width..][..width];
                self.split(&sides[own.clone()], outputs, &mut grad.sides[own]);
            }
        }
    }

    /// The gradient of the sides of one output.
    pub fn split<T: Real>(&self, sides: &[T], grad_output: &[T], grad_sides: &mut [T]) {
        if self.merge == Merge::Concatenate {
            return grad_sides.copy_from_slice(grad_output);
        }
        let half = T::from_f64(0.5);
        for (side, grads) in grad_sides.chunks_exact_mut(self.side).enumerate() {
            let other = &sides[(1 - side) * self.side..][..self.side];
            for ((target, grad), other) in grads.iter_mut().zip(grad_output).zip(other) {
                *target = match self.merge {
                    Merge::Mean => *grad * half,
                    Merge::Product => *grad * *other,
                    Merge::Concatenate | Merge::Sum => *grad,
                };
            }
        }
    }
}

/// What the outputs of a layer are made of.
#[derive(Clone, Copy)]
pub(super) struct JointArrays<'a, T> {
    pub sides: &'a [T],  // [B, T, sides]
    pub inputs: &'a [T], // [B, T, I]
}

/// The gradient of the outputs, and where that of the sides goes.
pub(super) struct Gradient<'a, T> {
    pub outputs: &'a [T],   // [B, T, width]
    pub sides: &'a mut [T], // [B, T, sides]
}

/// `target += source`
pub(super) fn add<T: Real>(target: &mut [T], source: &[T]) {
    for (target, value) in target.iter_mut().zip(source) {
        *target += *value;
    }
}

/// `target += source` in the valid steps of arrays `[B, T, size]`.
pub(super) fn add_valid<T: Real>(span: Span<'_>, target: &mut [T], source: &[T]) {
    let steps = span.batch_size() * span.seq_len;
    let size = source.len().checked_div(steps).unwrap_or(0);
    for (row, &length) in span.lengths.iter().enumerate() {
        let start = row * span.seq_len * size;
        let valid = start..start + length * size;
        add(&mut target[valid.clone()], &source[valid]);
    }
}
