//! The function of a simple cell and its derivative.

use elman_kernels::Level;
use elman_kernels::pointwise::{ClippedCurve, Function};

use super::SimpleCell;
use crate::activation::{Activation, CustomActivation};
use crate::real::Real;

impl<T: Real> SimpleCell<T> {
    /// The function whose derivative is read off h, if it is one.
    pub(super) fn of_value(&self) -> Option<Function> {
        match self.activation {
            Activation::Known(kind) if self.clip.is_none() => kind.of_value(),
            _ => None,
        }
    }

    /// `values = φ(values)`, bounded first where there is a clip.
    pub(super) fn activate(&self, values: &mut [T]) {
        match self.activation {
            Activation::Known(kind) => {
                let curve = ClippedCurve { curve: kind.curve(), clip: self.clip };
                T::curve_forward(Level::current(), curve, values);
            }
            Activation::Custom(_) => self.activation.apply(values),
        }
    }

    /// The pre-activations become the deltas, for an activation whose derivative needs them; `slopes` is
    /// room for the derivative.
    pub(super) fn derive(&self, grad: &[T], hidden: &[T], slopes: &mut [T], deltas: &mut [T]) {
        match self.activation {
            Activation::Known(kind) => {
                let curve = ClippedCurve { curve: kind.curve(), clip: self.clip };
                slopes.copy_from_slice(hidden);
                T::curve_slope(Level::current(), curve, deltas, slopes);
                for ((delta, grad), slope) in deltas.iter_mut().zip(grad).zip(slopes) {
                    *delta = *grad * *slope;
                }
            }
            Activation::Custom(custom) => custom_backward(custom, grad, deltas),
        }
    }
}

/// The pre-activations become the deltas.
fn custom_backward<T: Real>(custom: CustomActivation<T>, grad: &[T], deltas: &mut [T]) {
    for (delta, grad) in deltas.iter_mut().zip(grad) {
        *delta = *grad * (custom.derivative)(*delta);
    }
}
