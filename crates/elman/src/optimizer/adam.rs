//! Adam and AMSGrad.

use elman_kernels::Level;
use elman_kernels::pointwise::{AdamFactors, AdamState, adam};
use serde::{Deserialize, Serialize};

use super::{Objective, check_range, slope};
use crate::error::{Error, Field, Result};
use crate::parameters::Parameters;
use crate::real::{Float, Real};

/// Adam: steps scaled by running moments of the gradient.
///
/// ```text
/// g = ±∇L + λ p                        λ: weight_decay
/// m ← β₁ m + (1 − β₁) g                v ← β₂ v + (1 − β₂) g²
/// p ← p − η m̂ / (√v̂ + ε)               m̂ = m / (1 − β₁ᵗ),  v̂ = u / (1 − β₂ᵗ)  at step t
///
/// SecondMoment::Current   u = v
/// SecondMoment::Maximum   u = the largest v so far, entry by entry (AMSGrad)
/// ```
///
/// # Source
///
/// Kingma and Ba, *Adam: A Method for Stochastic Optimization*, 2015, in PyTorch's form: ε is added
/// to the corrected root (Keras adds it to √v before), and AMSGrad (Reddi, Kale and Kumar, *On the
/// Convergence of Adam and Beyond*, 2018) keeps the maximum of v, not of v̂. The weight decay is
/// part of the gradient, as in `torch.optim.Adam`, not decoupled as in `AdamW`.
///
/// ```
/// use elman::optimizer::{Adam, SecondMoment};
///
/// let amsgrad = Adam { second_moment: SecondMoment::Maximum, ..Adam::default() };
/// assert!(amsgrad.check().is_ok());
/// assert!(Adam { beta1: 1.0, ..amsgrad }.check().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Adam {
    /// β₁: what m keeps of itself; in `[0, 1)`.
    pub beta1: f64,
    /// β₂: what v keeps of itself; in `[0, 1)`.
    pub beta2: f64,
    /// ε: keeps the quotient finite where the gradient is 0; positive.
    pub epsilon: f64,
    /// λ: added to the gradient as λ times the parameter; 0 or more.
    pub weight_decay: f64,
    /// Adam or AMSGrad.
    pub second_moment: SecondMoment,
    /// Downhill or uphill.
    pub objective: Objective,
}

/// Which second moment scales the step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecondMoment {
    /// The current one: Adam.
    #[default]
    Current,
    /// The largest so far: AMSGrad.
    Maximum,
}

impl Default for Adam {
    fn default() -> Self {
        Adam {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
            second_moment: SecondMoment::Current,
            objective: Objective::Minimize,
        }
    }
}

impl Adam {
    /// Refuses settings out of their range.
    ///
    /// # Errors
    ///
    /// The first such setting.
    pub fn check(&self) -> Result<()> {
        check_range(Field::Betas.called("beta1"), self.beta1, 0.0..1.0)?;
        check_range(Field::Betas.called("beta2"), self.beta2, 0.0..1.0)?;
        if !(self.epsilon > 0.0 && self.epsilon.is_finite()) {
            return Err(Error::argument(Field::Epsilon, "a positive number", self.epsilon));
        }
        check_range(Field::WeightDecay, self.weight_decay, 0.0..f64::INFINITY)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Rule<T> {
    pub settings: Adam,
    mean: Parameters<T>,
    square: Parameters<T>,
    /// The largest `square` so far, where it is asked for.
    largest: Option<Parameters<T>>,
    /// β₁ᵗ and β₂ᵗ, multiplied up step by step: `powi` may round differently elsewhere.
    powers: (f64, f64),
}

impl<T: Real> Rule<T> {
    pub fn new(settings: Adam, parameters: &Parameters<T>) -> Self {
        let largest = match settings.second_moment {
            SecondMoment::Current => None,
            SecondMoment::Maximum => Some(parameters.zeros_like()),
        };
        let (mean, square) = (parameters.zeros_like(), parameters.zeros_like());
        Rule { settings, mean, square, largest, powers: (1.0, 1.0) }
    }

    pub fn moment(&self) -> &Parameters<T> {
        &self.mean
    }

    pub fn step(&mut self, learning_rate: f64, parameters: &mut [T], grad: &[T]) {
        let factors = self.next_factors(learning_rate);
        let state = AdamState {
            parameters,
            mean: self.mean.values_mut(),
            square: self.square.values_mut(),
            largest: self.largest.as_mut().map(Parameters::values_mut),
        };
        adam(Level::current(), factors, grad, state);
    }

    /// Goes on to the next step.
    fn next_factors(&mut self, learning_rate: f64) -> AdamFactors<T> {
        let Adam { beta1, beta2, epsilon, weight_decay, objective, .. } = self.settings;
        self.powers = (self.powers.0 * beta1, self.powers.1 * beta2);
        AdamFactors {
            slope: slope(objective, weight_decay),
            blend: T::from_f64(1.0 - beta1),
            keep: T::from_f64(beta2),
            share: T::from_f64(1.0 - beta2),
            rate: T::from_f64(learning_rate / (1.0 - self.powers.0)),
            spread: T::from_f64(Float::sqrt(1.0 - self.powers.1)),
            epsilon: T::from_f64(epsilon),
        }
    }
}
