//! The functions that cells apply element by element: φ of the simple cell, the gates of the others.

use std::fmt;

use elman_kernels::Level;
use elman_kernels::pointwise::{ClippedCurve, Curve, Function};
use serde::{Deserialize, Serialize};

use crate::error::{ArgumentName, Error, Result};
use crate::real::Real;

/// The activations that a model file can name: those of PyTorch, Keras and ONNX.
///
/// ```
/// use elman::{Activation, ActivationKind};
///
/// let mut values = [-2.0, 3.0];
/// Activation::Known(ActivationKind::LeakyRelu { alpha: 0.25 }).apply(&mut values);
/// assert_eq!(values, [-0.5, 3.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
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
    /// `a / (1 + |a|)`
    Softsign,
    /// `ln(1 + e^a)`
    Softplus,
    /// `a σ(a)`, also called swish.
    Silu,
    /// `a (1 + tanh(√(2/π) (a + 0.044715 a³))) / 2`
    Gelu,
    /// `a` above 0, else `αa`; its derivative at 0 is α, as in PyTorch.
    LeakyRelu {
        /// α
        alpha: f64,
    },
    /// `a` above α, else 0
    ThresholdedRelu {
        /// α
        alpha: f64,
    },
    /// `a` above 0, else `α(e^a - 1)`; its derivative at 0 is α, as in PyTorch.
    Elu {
        /// α
        alpha: f64,
    },
    /// `αa + β`
    Affine {
        /// α
        alpha: f64,
        /// β
        beta: f64,
    },
    /// `α tanh(βa)`
    ScaledTanh {
        /// α
        alpha: f64,
        /// β
        beta: f64,
    },
    /// `min(max(αa + β, 0), 1)`, ONNX's HardSigmoid; its derivative at both ends is 0.
    ScaledHardSigmoid {
        /// α
        alpha: f64,
        /// β
        beta: f64,
    },
}

impl ActivationKind {
    /// One of every kind, with α and β that ONNX takes by default where that is another function than
    /// those before; `αa + β` and `α tanh(βa)` have no such default.
    pub const ALL: [ActivationKind; 15] = [
        ActivationKind::Tanh,
        ActivationKind::Relu,
        ActivationKind::Sigmoid,
        ActivationKind::HardSigmoid,
        ActivationKind::Identity,
        ActivationKind::Softsign,
        ActivationKind::Softplus,
        ActivationKind::Silu,
        ActivationKind::Gelu,
        ActivationKind::LeakyRelu { alpha: 0.01 },
        ActivationKind::ThresholdedRelu { alpha: 1.0 },
        ActivationKind::Elu { alpha: 1.0 },
        ActivationKind::Affine { alpha: 0.5, beta: 0.25 },
        ActivationKind::ScaledTanh { alpha: 1.7159, beta: 2.0 / 3.0 },
        ActivationKind::ScaledHardSigmoid { alpha: 0.2, beta: 0.5 },
    ];

    /// That α and β are numbers.
    ///
    /// # Errors
    ///
    /// Names the one that is not finite.
    pub fn check(self) -> Result<()> {
        let (alpha, beta) = match self {
            ActivationKind::LeakyRelu { alpha }
            | ActivationKind::ThresholdedRelu { alpha }
            | ActivationKind::Elu { alpha } => (alpha, 0.0),
            ActivationKind::Affine { alpha, beta }
            | ActivationKind::ScaledTanh { alpha, beta }
            | ActivationKind::ScaledHardSigmoid { alpha, beta } => (alpha, beta),
            _ => (0.0, 0.0),
        };
        for (name, value) in [("alpha", alpha), ("beta", beta)] {
            if !value.is_finite() {
                return Err(Error::argument(format!("{name} of {self}"), "a finite number", value));
            }
        }
        Ok(())
    }

    /// The function as the kernels know it, if its derivative can be read off its value.
    pub(crate) fn of_value(self) -> Option<Function> {
        match self {
            ActivationKind::Tanh => Some(Function::Tanh),
            ActivationKind::Relu => Some(Function::Relu),
            ActivationKind::Sigmoid => Some(Function::Sigmoid),
            ActivationKind::HardSigmoid => Some(Function::HardSigmoid),
            ActivationKind::Identity => Some(Function::Identity),
            _ => None,
        }
    }

    /// Whether the derivative looks at the argument, and not at the value alone.
    pub(crate) fn needs_argument(self) -> bool {
        match self {
            ActivationKind::Affine { .. } | ActivationKind::ScaledHardSigmoid { .. } => false,
            _ => self.of_value().is_none(),
        }
    }

    /// The function as the kernels know it, with a derivative that is taken at its argument.
    pub(crate) fn curve(self) -> Curve {
        match self {
            ActivationKind::Tanh => Curve::Value(Function::Tanh),
            ActivationKind::Relu => Curve::Value(Function::Relu),
            ActivationKind::Sigmoid => Curve::Value(Function::Sigmoid),
            ActivationKind::HardSigmoid => Curve::Value(Function::HardSigmoid),
            ActivationKind::Identity => Curve::Value(Function::Identity),
            ActivationKind::Softsign => Curve::Softsign,
            ActivationKind::Softplus => Curve::Softplus,
            ActivationKind::Silu => Curve::Silu,
            ActivationKind::Gelu => Curve::Gelu,
            ActivationKind::LeakyRelu { alpha } => Curve::LeakyRelu { alpha },
            ActivationKind::ThresholdedRelu { alpha } => Curve::ThresholdedRelu { alpha },
            ActivationKind::Elu { alpha } => Curve::Elu { alpha },
            ActivationKind::Affine { alpha, beta } => Curve::Affine { alpha, beta },
            ActivationKind::ScaledTanh { alpha, beta } => Curve::ScaledTanh { alpha, beta },
            ActivationKind::ScaledHardSigmoid { alpha, beta } => {
                Curve::ScaledHardSigmoid { alpha, beta }
            }
        }
    }
}

/// That a bound is one, or none.
pub(crate) fn check_clip(name: impl Into<ArgumentName>, clip: Option<f64>) -> Result<()> {
    match clip {
        Some(bound) if !(bound.is_finite() && bound > 0.0) => {
            Err(Error::argument(name, "a positive number", bound))
        }
        _ => Ok(()),
    }
}

impl fmt::Display for ActivationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            ActivationKind::Tanh => f.pad("tanh"),
            ActivationKind::Relu => f.pad("relu"),
            ActivationKind::Sigmoid => f.pad("sigmoid"),
            ActivationKind::HardSigmoid => f.pad("hard-sigmoid"),
            ActivationKind::Identity => f.pad("identity"),
            ActivationKind::Softsign => f.pad("softsign"),
            ActivationKind::Softplus => f.pad("softplus"),
            ActivationKind::Silu => f.pad("silu"),
            ActivationKind::Gelu => f.pad("gelu"),
            ActivationKind::LeakyRelu { alpha } => write!(f, "leaky-relu({alpha})"),
            ActivationKind::ThresholdedRelu { alpha } => write!(f, "thresholded-relu({alpha})"),
            ActivationKind::Elu { alpha } => write!(f, "elu({alpha})"),
            ActivationKind::Affine { alpha, beta } => write!(f, "affine({alpha}, {beta})"),
            ActivationKind::ScaledTanh { alpha, beta } => write!(f, "scaled-tanh({alpha}, {beta})"),
            ActivationKind::ScaledHardSigmoid { alpha, beta } => {
                write!(f, "scaled-hard-sigmoid({alpha}, {beta})")
            }
        }
    }
}

/// An activation: one of the known ones, or a function and its derivative.
///
/// ```
/// use elman::{Activation, CustomActivation};
///
/// let squared_relu = Activation::Custom(CustomActivation {
///     function: |a: f64| a.max(0.0) * a.max(0.0),
///     derivative: |a: f64| 2.0 * a.max(0.0),
/// });
/// let mut values = [1.5, -3.0];
/// squared_relu.apply(&mut values);
/// assert_eq!(values, [2.25, 0.0]);
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
                let curve = ClippedCurve { curve: kind.curve(), clip: None };
                T::curve_forward(Level::current(), curve, values);
            }
            Activation::Custom(custom) => {
                for value in values {
                    *value = (custom.function)(*value);
                }
            }
        }
    }
}
