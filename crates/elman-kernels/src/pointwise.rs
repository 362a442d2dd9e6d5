//! Element by element: the parts of a cell between two products.

use crate::dispatch::{Kernel, dispatch};
use crate::float::Float;
use crate::level::Level;

/// A derivative that can be read off the activation's value `h = φ(a)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derivative {
    /// `1 - h²`
    Tanh,
    /// `h (1 - h)`
    Sigmoid,
    /// `1` where `h > 0`, else `0`
    Relu,
    /// `1`
    Identity,
}

/// `delta = grad ⊙ φ'`, the derivative taken from the activation's value `hidden`.
///
/// # Panics
///
/// Slices of different length.
pub fn activation_backward<T: Float>(
    level: Level,
    derivative: Derivative,
    [hidden, grad]: [&[T]; 2],
    delta: &mut [T],
) {
    assert!(hidden.len() == delta.len() && grad.len() == delta.len(), "slices of one length");
    let rows = Rows { hidden, grad, delta };
    match derivative {
        Derivative::Tanh => dispatch(level, Tanh(rows)),
        Derivative::Sigmoid => dispatch(level, Sigmoid(rows)),
        Derivative::Relu => dispatch(level, Relu(rows)),
        Derivative::Identity => delta.copy_from_slice(grad),
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

struct Rows<'a, T> {
    hidden: &'a [T],
    grad: &'a [T],
    delta: &'a mut [T],
}

impl<T: Float> Rows<'_, T> {
    #[inline(always)]
    fn each(self, formula: impl Fn(T, T) -> T) {
        for ((delta, h), grad) in self.delta.iter_mut().zip(self.hidden).zip(self.grad) {
            *delta = formula(*h, *grad);
        }
    }
}

struct Tanh<'a, T>(Rows<'a, T>);

impl<T: Float> Kernel for Tanh<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        self.0.each(|h, grad| grad * (-h).mul_add(h, T::ONE));
    }
}

struct Sigmoid<'a, T>(Rows<'a, T>);

impl<T: Float> Kernel for Sigmoid<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        self.0.each(|h, grad| grad * (h * (T::ONE - h)));
    }
}

struct Relu<'a, T>(Rows<'a, T>);

impl<T: Float> Kernel for Relu<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        self.0.each(|h, grad| if h > T::ZERO { grad } else { T::ZERO });
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
mod tests {
    use super::*;

    #[test]
    fn derivatives_agree_with_their_definitions() {
        let hidden = [-0.5f64, 0.0, 0.25, 0.75, 0.9];
        let grad = [2.0, -1.0, 4.0, 8.0, 1.0];
        let expect = |derivative, formula: fn(f64) -> f64| {
            for level in Level::ALL {
                let mut delta = [0.0; 5];
                activation_backward(level, derivative, [&hidden, &grad], &mut delta);
                for ((delta, h), grad) in delta.iter().zip(hidden).zip(grad) {
                    assert!((delta - grad * formula(h)).abs() < 1e-15, "{derivative:?} at {h}");
                }
            }
        };
        expect(Derivative::Tanh, |h| 1.0 - h * h);
        expect(Derivative::Sigmoid, |h| h * (1.0 - h));
        expect(Derivative::Relu, |h| if h > 0.0 { 1.0 } else { 0.0 });
        expect(Derivative::Identity, |_| 1.0);
    }
}
