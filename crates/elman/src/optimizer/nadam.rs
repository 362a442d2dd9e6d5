//! NAdam: Adam that looks ahead.

use elman_kernels::Level;
use elman_kernels::pointwise::{NAdam as Kernel, step_entries};
use serde::{Deserialize, Serialize};

use super::rule::{Advance, MomentStart, Rule, Slices, Step, slope};
use super::{Decay, Objective, check_epsilon, check_range};
use crate::error::{Field, Result};
use crate::real::{Float, Real};

/// NAdam: Adam with Nesterov's momentum.
///
/// ```text
/// g = ±∇L + λ p                        λ: weight_decay
/// μ_t = β₁ (1 − ½ · 0.96^(t ψ))        ψ: momentum_decay, at step t
/// m ← β₁ m + (1 − β₁) g                v ← β₂ v + (1 − β₂) g²
/// p ← p − η ((1 − μ_t) / (1 − Π μ) · g + μ_(t+1) / (1 − μ_(t+1) Π μ) · m) / (√v̂ + ε)
///                                      Π μ = μ_1 ⋯ μ_t,  v̂ = v / (1 − β₂ᵗ)
/// ```
///
/// # Source
///
/// Dozat, *Incorporating Nesterov Momentum into Adam*, 2016; formulas and defaults of PyTorch's
/// `NAdam`, whose learning rate is 0.002 by default.
///
/// ```
/// use elman::optimizer::NAdam;
///
/// assert!(NAdam::default().check().is_ok());
/// assert!(NAdam { momentum_decay: -1.0, ..NAdam::default() }.check().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NAdam {
    /// β₁: what m keeps of itself; in `[0, 1)`.
    pub beta1: f64,
    /// β₂: what v keeps of itself; in `[0, 1)`.
    pub beta2: f64,
    /// ψ: how fast the look ahead grows to its full length; 0 or more.
    pub momentum_decay: f64,
    /// ε: keeps the quotient finite where the gradient is 0; positive.
    pub epsilon: f64,
    /// λ: 0 or more.
    pub weight_decay: f64,
    /// How the parameters decay.
    pub decay: Decay,
    /// Downhill or uphill.
    pub objective: Objective,
}

impl Default for NAdam {
    fn default() -> Self {
        NAdam {
            beta1: 0.9,
            beta2: 0.999,
            momentum_decay: 0.004,
            epsilon: 1e-8,
            weight_decay: 0.0,
            decay: Decay::InGradient,
            objective: Objective::Minimize,
        }
    }
}

impl NAdam {
    /// Refuses settings out of their range.
    ///
    /// # Errors
    ///
    /// The first such setting.
    pub fn check(&self) -> Result<()> {
        check_range(Field::Betas.called("beta1"), self.beta1, 0.0..1.0)?;
        check_range(Field::Betas.called("beta2"), self.beta2, 0.0..1.0)?;
        check_range("momentum_decay", self.momentum_decay, 0.0..f64::INFINITY)?;
        check_epsilon(self.epsilon)?;
        check_range(Field::WeightDecay, self.weight_decay, 0.0..f64::INFINITY)
    }

    /// μ at an update, counted from 1.
    fn look_ahead(&self, beta1: f64, update: u64) -> f64 {
        let power = Float::exp(update as f64 * self.momentum_decay * Float::ln(0.96));
        beta1 * (1.0 - 0.5 * power)
    }
}

impl Rule for NAdam {
    fn moments(&self) -> Vec<MomentStart> {
        vec![MomentStart::zero("mean"), MomentStart::zero("square")]
    }

    fn momentum(&self) -> Option<f64> {
        Some(self.beta1)
    }

    /// Π μ and β₂ᵗ.
    fn advance(&self, Advance { updates, momentum, products }: Advance<'_>) {
        products[0] *= self.look_ahead(momentum.unwrap_or(self.beta1), updates);
        products[1] *= self.beta2;
    }

    fn step<T: Real>(&self, step: Step, slices: Slices<'_, '_, T>) {
        let beta1 = step.momentum.unwrap_or(self.beta1);
        let [product, power] = step.progress.products;
        let now = self.look_ahead(beta1, step.progress.updates);
        let next = self.look_ahead(beta1, step.progress.updates + 1);
        let decay = self.decay.split(step);
        let rule = Kernel {
            slope: slope(self.objective, decay.in_gradient),
            shrink: T::from_f64(decay.shrink),
            blend: T::from_f64(1.0 - beta1),
            keep: T::from_f64(self.beta2),
            share: T::from_f64(1.0 - self.beta2),
            grad_rate: T::from_f64(step.rate * (1.0 - now) / (1.0 - product)),
            mean_rate: T::from_f64(step.rate * next / (1.0 - product * next)),
            spread: T::from_f64(Float::sqrt(1.0 - power)),
            epsilon: T::from_f64(self.epsilon),
        };
        let Slices { grad, parameters, moments } = slices;
        step_entries(Level::current(), rule, grad, parameters, moments.taken::<2>());
    }
}
