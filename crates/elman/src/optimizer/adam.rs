//! Adam, AdamW and AMSGrad.

use elman_kernels::Level;
use elman_kernels::pointwise::{AdamFactors, AdamState, adam};
use serde::{Deserialize, Serialize};

use super::rule::{Advance, MomentStart, Rule, Slices, Step, slope};
use super::{Decay, Objective, check_epsilon, check_range};
use crate::error::{Field, Result};
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
/// part of the gradient, as in `torch.optim.Adam`, not decoupled as in [`AdamW`]. Where a schedule
/// changes β₁ the correction of m divides by the product of all β₁ so far.
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
        check_epsilon(self.epsilon)?;
        check_range(Field::WeightDecay, self.weight_decay, 0.0..f64::INFINITY)
    }
}

/// AdamW: Adam whose weight decay does not pass through its moments.
///
/// ```text
/// p ← (1 − η λ) p                      λ: weight_decay
/// p ← p − η m̂ / (√v̂ + ε)               m̂ and v̂ as for Adam, of g = ±∇L
/// ```
///
/// # Source
///
/// Loshchilov and Hutter, *Decoupled Weight Decay Regularization*, 2019, in the form and with the
/// defaults of PyTorch's `AdamW`.
///
/// ```
/// use elman::optimizer::AdamW;
///
/// assert_eq!(AdamW::default().weight_decay, 0.01);
/// assert!(AdamW { weight_decay: -1.0, ..AdamW::default() }.check().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdamW {
    /// β₁: what m keeps of itself; in `[0, 1)`.
    pub beta1: f64,
    /// β₂: what v keeps of itself; in `[0, 1)`.
    pub beta2: f64,
    /// ε: keeps the quotient finite where the gradient is 0; positive.
    pub epsilon: f64,
    /// λ: 0 or more.
    pub weight_decay: f64,
    /// AdamW, or AMSGrad with the same decay.
    pub second_moment: SecondMoment,
    /// Downhill or uphill.
    pub objective: Objective,
}

impl Default for AdamW {
    fn default() -> Self {
        let Adam { beta1, beta2, epsilon, second_moment, objective, .. } = Adam::default();
        AdamW { beta1, beta2, epsilon, weight_decay: 0.01, second_moment, objective }
    }
}

impl AdamW {
    /// Refuses settings out of their range.
    ///
    /// # Errors
    ///
    /// The first such setting.
    pub fn check(&self) -> Result<()> {
        self.adam().check()
    }

    /// The same settings for Adam.
    fn adam(&self) -> Adam {
        let AdamW { beta1, beta2, epsilon, weight_decay, second_moment, objective } = *self;
        Adam { beta1, beta2, epsilon, weight_decay, second_moment, objective }
    }
}

impl Rule for Adam {
    fn moments(&self) -> Vec<MomentStart> {
        let mut moments = vec![MomentStart::zero("mean"), MomentStart::zero("square")];
        if self.second_moment == SecondMoment::Maximum {
            moments.push(MomentStart::zero("largest-square"));
        }
        moments
    }

    fn momentum(&self) -> Option<f64> {
        Some(self.beta1)
    }

    /// β₁ᵗ and β₂ᵗ, multiplied up step by step: `powi` may round differently elsewhere.
    fn advance(&self, Advance { momentum, products, .. }: Advance<'_>) {
        products[0] *= momentum.unwrap_or(self.beta1);
        products[1] *= self.beta2;
    }

    fn step<T: Real>(&self, step: Step, slices: Slices<'_, '_, T>) {
        self.step_with(Decay::InGradient, step, slices);
    }
}

impl Adam {
    fn step_with<T: Real>(&self, decay: Decay, step: Step, slices: Slices<'_, '_, T>) {
        let [first_power, second_power] = step.progress.products;
        let decay = decay.split(step);
        let factors = AdamFactors {
            slope: slope(self.objective, decay.in_gradient),
            shrink: T::from_f64(decay.shrink),
            blend: T::from_f64(1.0 - step.momentum.unwrap_or(self.beta1)),
            keep: T::from_f64(self.beta2),
            share: T::from_f64(1.0 - self.beta2),
            rate: T::from_f64(step.rate / (1.0 - first_power)),
            spread: T::from_f64(Float::sqrt(1.0 - second_power)),
            epsilon: T::from_f64(self.epsilon),
        };
        let Slices { grad, parameters, moments } = slices;
        let [mean, square, largest] = moments.taken::<3>();
        let largest = match self.second_moment {
            SecondMoment::Current => None,
            SecondMoment::Maximum => Some(largest),
        };
        adam(Level::current(), factors, grad, AdamState { parameters, mean, square, largest });
    }
}

impl Rule for AdamW {
    fn moments(&self) -> Vec<MomentStart> {
        self.adam().moments()
    }

    fn momentum(&self) -> Option<f64> {
        Some(self.beta1)
    }

    fn advance(&self, advance: Advance<'_>) {
        self.adam().advance(advance);
    }

    fn step<T: Real>(&self, step: Step, slices: Slices<'_, '_, T>) {
        self.adam().step_with(Decay::Decoupled, step, slices);
    }
}
