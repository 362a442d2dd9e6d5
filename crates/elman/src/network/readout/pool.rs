//! One row for each sequence from the outputs of its valid steps, without parameters.

use elman_kernels::Level;
use elman_kernels::pointwise::add_assign;

use super::{Columns, Steps};
use crate::real::Real;
use crate::stack::RowsMut;

/// The output of the first step.
pub(super) fn first<T: Real>(outputs: Steps<'_, T>, mut rows: RowsMut<'_, T>) {
    for (row, target) in rows.each(outputs.width).enumerate() {
        match outputs.row(row).next() {
            Some(output) => target.copy_from_slice(output),
            None => target.fill(T::ZERO),
        }
    }
}

pub(super) fn first_backward<T: Real>(
    outputs: Steps<'_, T>,
    grad: Columns<'_, T>,
    grad_outputs: &mut [T],
) {
    for row in 0..outputs.span.batch_size() {
        if outputs.span.lengths[row] > 0 {
            let first = &mut grad_outputs[outputs.range(row)][..outputs.width];
            add_assign(Level::current(), first, grad.row(row));
        }
    }
}

/// The mean over the valid steps.
pub(super) fn mean<T: Real>(outputs: Steps<'_, T>, mut rows: RowsMut<'_, T>) {
    for (row, mean) in rows.each(outputs.width).enumerate() {
        mean.fill(T::ZERO);
        for output in outputs.row(row) {
            add_assign(Level::current(), mean, output);
        }
        divide(mean, outputs.span.lengths[row]);
    }
}

/// Spreads the gradient of the means over the valid steps.
pub(super) fn mean_backward<T: Real>(
    outputs: Steps<'_, T>,
    grad: Columns<'_, T>,
    grad_outputs: &mut [T],
) {
    each_share(outputs, grad, grad_outputs, |target, share| target.copy_from_slice(share));
}

/// As [`mean_backward`], added to what is there.
pub(super) fn mean_backward_added<T: Real>(
    outputs: Steps<'_, T>,
    grad: Columns<'_, T>,
    grad_outputs: &mut [T],
) {
    each_share(outputs, grad, grad_outputs, |target, share| {
        add_assign(Level::current(), target, share);
    });
}

fn each_share<T: Real>(
    outputs: Steps<'_, T>,
    grad: Columns<'_, T>,
    grad_outputs: &mut [T],
    give: impl Fn(&mut [T], &[T]),
) {
    let mut share = vec![T::ZERO; outputs.width];
    for row in 0..outputs.span.batch_size() {
        share.copy_from_slice(grad.row(row));
        divide(&mut share, outputs.span.lengths[row]);
        for target in grad_outputs[outputs.range(row)].chunks_exact_mut(outputs.width) {
            give(target, &share);
        }
    }
}

fn divide<T: Real>(values: &mut [T], length: usize) {
    // A length is below 2^53, so the conversion is exact; 0 steps have a mean of 0.
    let divisor = T::from_f64(length.max(1) as f64);
    for value in values {
        *value /= divisor;
    }
}

/// The largest value of each output, and the first step that has it, `[B, D]`.
pub(super) fn largest<T: Real>(
    outputs: Steps<'_, T>,
    steps: &mut Vec<usize>,
    mut rows: RowsMut<'_, T>,
) {
    steps.clear();
    steps.resize(outputs.span.batch_size() * outputs.width, 0);
    let steps = steps.chunks_exact_mut(outputs.width);
    for (row, (target, steps)) in rows.each(outputs.width).zip(steps).enumerate() {
        target.fill(T::ZERO);
        for (t, output) in outputs.row(row).enumerate() {
            for ((largest, step), value) in target.iter_mut().zip(&mut *steps).zip(output) {
                // A NaN is kept: it must be seen.
                if t == 0 || *value > *largest || value.to_f64().is_nan() {
                    (*largest, *step) = (*value, t);
                }
            }
        }
    }
}

pub(super) fn largest_backward<T: Real>(
    outputs: Steps<'_, T>,
    steps: &[usize],
    grad: Columns<'_, T>,
    grad_outputs: &mut [T],
) {
    for (row, steps) in steps.chunks_exact(outputs.width).enumerate() {
        if outputs.span.lengths[row] == 0 {
            continue;
        }
        let target = &mut grad_outputs[outputs.range(row)];
        for (column, (&t, &value)) in steps.iter().zip(grad.row(row)).enumerate() {
            target[t * outputs.width + column] += value;
        }
    }
}
