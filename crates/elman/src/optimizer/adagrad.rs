//! Adagrad.

use elman_kernels::Level;
use elman_kernels::pointwise::{Adagrad as Kernel, step_entries};
use serde::{Deserialize, Serialize};

use super::rule::{Advance, MomentStart, Rule, Slices, Step, slope};
use super::{Objective, check_epsilon, check_range};
use crate::error::{Field, Result};
use crate::real::Real;

/// Adagrad: steps scaled by all squared gradients so far.
///
/// ```text
/// g = ±∇L + λ p                        λ: weight_decay
/// s ← s + g²                           s starts at initial_sum
/// p ← p − η / (1 + (t − 1) γ) · g / (√s + ε)       γ: rate_decay, at step t
/// ```
///
/// An entry whose gradient is 0 does not change, but for its decay.
///
/// # Source
///
/// Duchi, Hazan and Singer, *Adaptive Subgradient Methods for Online Learning and Stochastic
/// Optimization*, 2011; formulas and defaults of PyTorch's `Adagrad`.
///
/// ```
/// use elman::optimizer::Adagrad;
///
/// assert!(Adagrad::default().check().is_ok());
/// assert!(Adagrad { rate_decay: -1.0, ..Adagrad::default() }.check().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Adagrad {
    /// γ: how fast the learning rate falls by itself; 0 or more.
    pub rate_decay: f64,
    /// What s starts at; 0 or more.
    pub initial_sum: f64,
    /// ε: keeps the quotient finite where all gradients were 0; positive.
    pub epsilon: f64,
    /// λ: added to the gradient as λ times the parameter; 0 or more.
    pub weight_decay: f64,
    /// Downhill or uphill.
    pub objective: Objective,
}

impl Default for Adagrad {
    fn default() -> Self {
        Adagrad {
            rate_decay: 0.0,
            initial_sum: 0.0,
            epsilon: 1e-10,
            weight_decay: 0.0,
            objective: Objective::Minimize,
        }
    }
}

impl Adagrad {
    /// Refuses settings out of their range.
    ///
    /// # Errors
    ///
    /// The first such setting.
    pub fn check(&self) -> Result<()> {
        check_range("rate_decay", self.rate_decay, 0.0..f64::INFINITY)?;
        check_range("initial_sum", self.initial_sum, 0.0..f64::INFINITY)?;
        check_epsilon(self.epsilon)?;
        check_range(Field::WeightDecay, self.weight_decay, 0.0..f64::INFINITY)
    }
}

impl Rule for Adagrad {
    fn moments(&self) -> Vec<MomentStart> {
        vec![MomentStart { name: "sum", value: self.initial_sum }]
    }

    fn momentum(&self) -> Option<f64> {
        None
    }

    fn advance(&self, _: Advance<'_>) {}

    fn step<T: Real>(&self, step: Step, slices: Slices<'_, '_, T>) {
        let earlier = (step.progress.updates - 1) as f64;
        let rule = Kernel {
            slope: slope(self.objective, step.weight_decay),
            rate: T::from_f64(step.rate / (1.0 + earlier * self.rate_decay)),
            epsilon: T::from_f64(self.epsilon),
        };
        let Slices { grad, parameters, moments } = slices;
        step_entries(Level::current(), rule, grad, parameters, moments.taken::<1>());
    }
}
