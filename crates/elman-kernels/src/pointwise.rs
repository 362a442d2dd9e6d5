//! Element by element: the parts of a cell between two products.

use std::ops::Range;

use crate::compiled::Compiled;
use crate::dispatch::{Kernel, VectorKernel, dispatch_vectors};
use crate::float::Float;
use crate::level::Level;
use crate::loops::run;
use crate::vector::{Lane, Vector};

mod blocks;
mod curve;
mod distance;
mod function;
mod gru;
mod gru_variant;
mod lstm;
mod lstm_variant;
mod minimal;
mod noise;
mod normalize;
mod optimizer;
mod parts;
mod piece;
mod softmax;
mod table;

pub use curve::{ClippedCurve, Curve};
pub(crate) use curve::{curve_forward, curve_slope};
pub use distance::squared_distances;
pub use function::Function;
pub use gru::{GruBackward, GruBackwardPart, GruForward, GruForwardPart, GruFunctions};
pub(crate) use gru::{gru_backward, gru_forward};
pub use gru_variant::{GruVariant, GruVariantBackward, GruVariantForward};
pub(crate) use gru_variant::{gru_variant_backward, gru_variant_forward};
pub use lstm::{LstmBackward, LstmForward, LstmFunctions};
pub(crate) use lstm::{lstm_backward, lstm_forward};
pub use lstm_variant::{Forget, LstmVariant, LstmVariantBackward, LstmVariantForward};
pub(crate) use lstm_variant::{lstm_variant_backward, lstm_variant_forward};
pub use minimal::{MinimalBackward, MinimalForward, MinimalKind};
pub(crate) use minimal::{minimal_backward, minimal_forward};
pub use noise::{Zoneout, split_gradient, through_dropout, write_product, zone_out};
pub use normalize::{NormalizeBackward, ScaleShift, add_scaled, normalize, normalize_backward};
pub use optimizer::{
    Adagrad, AdamFactors, AdamState, CentredRmsProp, Descent, DescentStep, Entry, EntryRule,
    MomentumRmsProp, NAdam, RmsProp, Slope, Summand, adam, descend, interleaved_sum, move_mean,
    scale_in_f64, step_entries,
};
pub use piece::{add_product, multiply};
pub use softmax::{Partition, softmax_exponentials};
pub use table::{Table, TablePart, Targets, gather_rows, scatter_add_rows};

/// The loops of this module that are compiled for each number type.
pub(crate) mod kernels {
    pub(crate) use super::noise::{SplitGradient, ThroughDropout, WriteProduct, ZoneOut};
    pub(crate) use super::normalize::{AddScaled, Normalize, NormalizeBackward};
    pub(crate) use super::optimizer::{
        Adagrad, Adam, AmsGrad, CentredRmsProp, Descend, InterleavedSum, MomentumRmsProp, MoveMean,
        NAdam, RmsProp, ScaleInF64, StepEntries,
    };
    pub(crate) use super::piece::{AddProduct, Multiply};
    pub(crate) use super::softmax::Exponentials;
    pub(crate) use super::table::{GatherRows, ScatterAddRows};
    pub(crate) use super::{AddAssign, AddMultiple, AddRows, Scale};
}

use blocks::{Block, Blocks, each_block};
pub(crate) use function::activation_forward;
use function::{Formula, Tanh, multiply_derivative};

/// The operands of one step back through an activation, rows one after the other.
#[derive(Debug)]
pub struct ActivationBackward<'a, 'b, T> {
    /// H.
    pub hidden_size: usize,
    /// The units to be computed; nothing of others is read or written.
    pub units: Range<usize>,
    /// Become `grad ⊙ φ'`, H for each row.
    pub deltas: &'a mut [&'b mut [T]],
    /// The activation's values, of which the derivative is taken: H for each row.
    pub hidden: &'a [&'a [T]],
    /// `[rows, H]`.
    pub grad: &'a [T],
}

/// `delta = grad ⊙ φ'` in each row.
///
/// # Panics
///
/// Slices whose lengths do not fit each other.
pub(crate) fn activation_backward<T: Float + Lane>(
    level: Level,
    function: Function,
    rows: ActivationBackward<'_, '_, T>,
) {
    let ActivationBackward { hidden_size, ref deltas, hidden, grad, .. } = rows;
    assert!(hidden_size > 0 && grad.len() == deltas.len() * hidden_size, "gradients: [rows, H]");
    assert!(deltas.iter().all(|row| row.len() >= hidden_size), "deltas: H for each row");
    let fits = hidden.iter().all(|row| row.len() == hidden_size);
    assert!(fits && hidden.len() == deltas.len(), "values: H for each row");
    if function == Function::Tanh {
        return dispatch_vectors(level, DeriveTanh { rows });
    }
    let ActivationBackward { units, deltas, hidden, grad, .. } = rows;
    let known = hidden.iter().zip(grad.chunks_exact(hidden_size));
    for (delta, (hidden, grad)) in deltas.iter_mut().zip(known) {
        let delta = &mut delta[units.clone()];
        delta.copy_from_slice(&grad[units.clone()]);
        multiply_derivative(level, function, delta, &hidden[units.clone()]);
    }
}

/// Rows that start `stride` values after each other.
#[derive(Debug)]
pub struct StridedMut<'a, T> {
    /// All rows, and what lies between them.
    pub values: &'a mut [T],
    /// The distance between two starts.
    pub stride: usize,
}

/// `target += source` for each row and its source, which may be shorter.
///
/// # Panics
///
/// A stride of 0, more sources than rows, or a source that is longer than its row.
pub fn add_rows<T: Compiled>(level: Level, target: StridedMut<'_, T>, sources: &[&[T]]) {
    let StridedMut { values: target, stride } = target;
    assert!(stride > 0, "rows that start after each other");
    assert!(target.len().div_ceil(stride) >= sources.len(), "a row for each source");
    run(level, AddRows { target, stride, sources });
}

/// `target += source`
///
/// # Panics
///
/// Slices of different length.
pub fn add_assign<T: Compiled>(level: Level, target: &mut [T], source: &[T]) {
    assert_eq!(target.len(), source.len(), "slices of one length");
    run(level, AddAssign { target, source });
}

/// `values = 0`
pub fn zero<T: Compiled>(values: &mut [T]) {
    T::set_zero(values);
}

/// Makes room for `len` values: those that were there, then 0.
pub fn resize<T: Compiled>(values: &mut Vec<T>, len: usize) {
    T::resize_with_zeros(values, len);
}

/// `values *= factor`
pub fn scale<T: Compiled>(level: Level, values: &mut [T], factor: T) {
    run(level, Scale { values, factor });
}

/// `target += factor · source`, the product rounded first.
///
/// # Panics
///
/// Slices of different length.
pub fn add_multiple<T: Compiled>(level: Level, target: &mut [T], factor: T, source: &[T]) {
    assert_eq!(target.len(), source.len(), "slices of one length");
    run(level, AddMultiple { target, factor, source });
}

/// The step back through the function that is used most, for all rows in one loop.
struct DeriveTanh<'a, 'b, T> {
    rows: ActivationBackward<'a, 'b, T>,
}

impl<T: Float> VectorKernel<T> for DeriveTanh<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<Element = T>>(self) {
        let ActivationBackward { hidden_size, units, deltas, hidden, grad } = self.rows;
        for r in 0..deltas.len() {
            each_block::<V>(&mut DeriveTanhRow {
                hidden: &hidden[r][units.clone()],
                grad: &grad[r * hidden_size..][units.clone()],
                delta: &mut deltas[r][units.clone()],
            });
        }
    }
}

struct DeriveTanhRow<'a, T> {
    hidden: &'a [T],
    grad: &'a [T],
    delta: &'a mut [T],
}

impl<T: Float> Blocks<T> for DeriveTanhRow<'_, T> {
    #[inline(always)]
    fn len(&self) -> usize {
        self.delta.len()
    }
    #[inline(always)]
    fn block<B: Block<Element = T>>(&mut self, at: usize) {
        let (hidden, grad) = (B::load(self.hidden, at), B::load(self.grad, at));
        B::store(Tanh.backward(hidden, grad), self.delta, at);
    }
}

pub(crate) struct AddRows<'a, T> {
    target: &'a mut [T],
    stride: usize,
    sources: &'a [&'a [T]],
}

impl<T: Float> Kernel for AddRows<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for (target, source) in self.target.chunks_mut(self.stride).zip(self.sources) {
            add(&mut target[..source.len()], source);
        }
    }
}

pub(crate) struct AddAssign<'a, T> {
    target: &'a mut [T],
    source: &'a [T],
}

impl<T: Float> Kernel for AddAssign<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        add(self.target, self.source);
    }
}

pub(crate) struct Scale<'a, T> {
    values: &'a mut [T],
    factor: T,
}

impl<T: Float> Kernel for Scale<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for value in self.values {
            *value *= self.factor;
        }
    }
}

pub(crate) struct AddMultiple<'a, T> {
    target: &'a mut [T],
    factor: T,
    source: &'a [T],
}

impl<T: Float> Kernel for AddMultiple<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for (target, source) in self.target.iter_mut().zip(self.source) {
            *target += self.factor * *source;
        }
    }
}

// The slices are arguments: that tells the compiler that they do not overlap.
#[inline(always)]
fn add<T: Float>(target: &mut [T], source: &[T]) {
    for (target, source) in target.iter_mut().zip(source) {
        *target += *source;
    }
}

#[cfg(test)]
mod tests;
