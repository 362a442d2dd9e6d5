//! Element by element: the parts of a cell between two products.

use crate::dispatch::{Kernel, VectorKernel, dispatch, dispatch_vectors};
use crate::float::Float;
use crate::level::Level;
use crate::vector::{Lane, Vector};

mod blocks;
mod function;
mod gru;
mod lstm;
mod optimizer;
mod parts;
mod softmax;
mod table;

pub use function::Function;
pub use gru::{GruBackward, GruBackwardPart, GruForward, GruForwardPart, GruFunctions};
pub(crate) use gru::{gru_backward, gru_forward};
pub use lstm::{LstmBackward, LstmForward, LstmFunctions};
pub(crate) use lstm::{lstm_backward, lstm_forward};
pub use optimizer::{
    AdamFactors, AdamState, Descent, Slope, adam, descend, interleaved_sum, scale_in_f64,
};
pub use softmax::{Partition, softmax_exponentials};
pub use table::{TablePart, gather_rows, scatter_add_rows};

use blocks::{Block, Blocks, each_block};
use function::{Formula, HardSigmoid, Relu, Sigmoid, Tanh};

/// `values = φ(values)`
pub(crate) fn activation_forward<T: Float + Lane>(
    level: Level,
    function: Function,
    values: &mut [T],
) {
    match function {
        Function::Tanh => dispatch_vectors(level, Apply(values, Tanh)),
        Function::Sigmoid => dispatch_vectors(level, Apply(values, Sigmoid)),
        Function::HardSigmoid => dispatch_vectors(level, Apply(values, HardSigmoid)),
        Function::Relu => dispatch_vectors(level, Apply(values, Relu)),
        Function::Identity => {}
    }
}

/// `delta = grad ⊙ φ'`, the derivative taken from the activation's value `hidden`.
///
/// # Panics
///
/// Slices of different length.
pub(crate) fn activation_backward<T: Float + Lane>(
    level: Level,
    function: Function,
    [hidden, grad]: [&[T]; 2],
    delta: &mut [T],
) {
    assert!(hidden.len() == delta.len() && grad.len() == delta.len(), "slices of one length");
    match function {
        Function::Tanh => dispatch_vectors(level, Derive { hidden, grad, delta, formula: Tanh }),
        Function::Sigmoid => {
            dispatch_vectors(level, Derive { hidden, grad, delta, formula: Sigmoid })
        }
        Function::HardSigmoid => {
            dispatch_vectors(level, Derive { hidden, grad, delta, formula: HardSigmoid });
        }
        Function::Relu => dispatch_vectors(level, Derive { hidden, grad, delta, formula: Relu }),
        Function::Identity => delta.copy_from_slice(grad),
    }
}

/// `target += source`
///
/// # Panics
///
/// Slices of different length.
pub fn add_assign<T: Float>(level: Level, target: &mut [T], source: &[T]) {
    assert_eq!(target.len(), source.len(), "slices of one length");
    dispatch(level, AddAssign { target, source });
}

struct Apply<'a, T, F>(&'a mut [T], F);

impl<T: Float, F: Formula> VectorKernel<T> for Apply<'_, T, F> {
    #[inline(always)]
    fn run<V: Vector<Element = T>>(mut self) {
        each_block::<V>(&mut self);
    }
}

impl<T: Float, F: Formula> Blocks<T> for Apply<'_, T, F> {
    #[inline(always)]
    fn len(&self) -> usize {
        self.0.len()
    }
    #[inline(always)]
    fn block<B: Block<Element = T>>(&mut self, at: usize) {
        B::store(self.1.value(B::load(self.0, at)), self.0, at);
    }
}

struct Derive<'a, T, F> {
    hidden: &'a [T],
    grad: &'a [T],
    delta: &'a mut [T],
    formula: F,
}

impl<T: Float, F: Formula> VectorKernel<T> for Derive<'_, T, F> {
    #[inline(always)]
    fn run<V: Vector<Element = T>>(mut self) {
        each_block::<V>(&mut self);
    }
}

impl<T: Float, F: Formula> Blocks<T> for Derive<'_, T, F> {
    #[inline(always)]
    fn len(&self) -> usize {
        self.delta.len()
    }
    #[inline(always)]
    fn block<B: Block<Element = T>>(&mut self, at: usize) {
        let (hidden, grad) = (B::load(self.hidden, at), B::load(self.grad, at));
        B::store(self.formula.backward(hidden, grad), self.delta, at);
    }
}

struct AddAssign<'a, T> {
    target: &'a mut [T],
    source: &'a [T],
}

impl<T: Float> Kernel for AddAssign<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for (target, source) in self.target.iter_mut().zip(self.source) {
            *target += *source;
        }
    }
}

#[cfg(test)]
mod tests;
