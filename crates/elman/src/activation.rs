//! The functions that cells apply element by element: φ of the simple cell, the gates of the others.

use std::fmt;

use elman_kernels::Level;
use elman_kernels::pointwise::Function;
use serde::{Deserialize, Serialize};

use crate::real::Real;

/// The activations that a model file can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActivationKind {
    /// `tanh a`
    Tanh,
    /// `max(a, 0)`; its derivative at 0 is 0, as in PyTorch.
    Relu,
    /// `1 / (1 + e^-a)`
    Sigmoid,
    /// `min(max(a + 3, 0), 6) / 6`, as in Keras 3; its derivative at both ends is 0.
    HardSigmoid,
    /// `a`
    Identity,
}

impl ActivationKind {
    /// Every kind.
    pub const ALL: [ActivationKind; 5] = [
        ActivationKind::Tanh,
        ActivationKind::Relu,
        ActivationKind::Sigmoid,
        ActivationKind::HardSigmoid,
        ActivationKind::Identity,
    ];

    /// The function as the kernels know it.
    pub(crate) fn function(self) -> Function {
        match self {
            ActivationKind::Tanh => Function::Tanh,
            ActivationKind::Relu => Function::Relu,
            ActivationKind::Sigmoid => Function::Sigmoid,
            ActivationKind::HardSigmoid => Function::HardSigmoid,
            ActivationKind::Identity => Function::Identity,
        }
    }
}

impl fmt::Display for ActivationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ActivationKind::Tanh => "tanh",
            ActivationKind::Relu => "relu",
            ActivationKind::Sigmoid => "sigmoid",
            ActivationKind::HardSigmoid => "hard-sigmoid",
            ActivationKind::Identity => "identity",
        })
    }
}

/// An activation: one of the known ones, or a function and its derivative.
///
/// ```
/// use elman::{Activation, CustomActivation};
///
/// let softsign = Activation::Custom(CustomActivation {
///     function: |a: f64| a / (1.0 + a.abs()),
///     derivative: |a: f64| 1.0 / (1.0 + a.abs()).powi(2),
/// });
/// let mut values = [1.0, -3.0];
/// softsign.apply(&mut values);
/// assert_eq!(values, [0.5, -0.75]);
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Activation<T> {
    /// One of the known ones.
    Known(ActivationKind),
    /// The user's own.
    Custom(CustomActivation<T>),
}

/// A user's activation. Both functions take the pre-activation `a`.
#[derive(Clone, Copy, Debug)]
pub struct CustomActivation<T> {
    /// `φ(a)`
    pub function: fn(T) -> T,
    /// `φ'(a)`
    pub derivative: fn(T) -> T,
}

impl<T> From<ActivationKind> for Activation<T> {
    fn from(kind: ActivationKind) -> Self {
        Activation::Known(kind)
    }
}

impl<T: Real> Activation<T> {
    /// `values = φ(values)`
    pub fn apply(&self, values: &mut [T]) {
        match self {
            Activation::Known(kind) => {
                T::activation_forward(Level::current(), kind.function(), values);
            }
            Activation::Custom(custom) => {
                for value in values {
                    *value = (custom.function)(*value);
                }
            }
        }
    }
}
