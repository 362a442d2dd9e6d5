//! Element by element: the parts of a cell between two products.

use crate::dispatch::{Kernel, dispatch};
use crate::float::Float;
use crate::level::Level;

mod function;
mod gru;
mod lstm;
mod optimizer;
mod parts;
mod softmax;
mod table;
mod update;

pub use function::Function;
pub use gru::{
    GruBackward, GruForward, GruFunctions, gru_after_backward, gru_after_forward,
    gru_before_backward, gru_before_gates, gru_before_reset, gru_before_state,
};
pub use lstm::{LstmBackward, LstmForward, LstmFunctions, lstm_backward, lstm_forward};
pub use optimizer::{
    AdamFactors, AdamState, Descent, Slope, adam, descend, interleaved_sum, scale_in_f64,
};
pub use softmax::{Partition, softmax_exponentials};
pub use table::{TablePart, gather_rows, scatter_add_rows};

use function::{Formula, HardSigmoid, Relu, Sigmoid, Tanh};
use update::{update0, update1, update2};

/// `values = φ(values)`
pub fn activation_forward<T: Float>(level: Level, function: Function, values: &mut [T]) {
    match function {
        Function::Tanh => dispatch(level, Apply(values, Tanh)),
        Function::Sigmoid => dispatch(level, Apply(values, Sigmoid)),
        Function::HardSigmoid => dispatch(level, Apply(values, HardSigmoid)),
        Function::Relu => dispatch(level, Apply(values, Relu)),
        Function::Identity => {}
    }
}

/// `delta = grad ⊙ φ'`, the derivative taken from the activation's value `hidden`.
///
/// # Panics
///
/// Slices of different length.
pub fn activation_backward<T: Float>(
    level: Level,
    function: Function,
    [hidden, grad]: [&[T]; 2],
    delta: &mut [T],
) {
    assert!(hidden.len() == delta.len() && grad.len() == delta.len(), "slices of one length");
    match function {
        Function::Tanh => dispatch(level, Derive { hidden, grad, delta, formula: Tanh }),
        Function::Sigmoid => dispatch(level, Derive { hidden, grad, delta, formula: Sigmoid }),
        Function::HardSigmoid => {
            dispatch(level, Derive { hidden, grad, delta, formula: HardSigmoid });
        }
        Function::Relu => dispatch(level, Derive { hidden, grad, delta, formula: Relu }),
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

impl<T: Float, F: Formula<T>> Kernel for Apply<'_, T, F> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        update0(self.0, |a| self.1.value(a));
    }
}

struct Derive<'a, T, F> {
    hidden: &'a [T],
    grad: &'a [T],
    delta: &'a mut [T],
    formula: F,
}

impl<T: Float, F: Formula<T>> Kernel for Derive<'_, T, F> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        update2(self.delta, self.hidden, self.grad, |_, h, grad| self.formula.backward(h, grad));
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
        update1(self.target, self.source, |a, b| a + b);
    }
}

#[cfg(test)]
mod tests;
