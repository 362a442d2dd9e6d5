//! RMSprop.

use elman_kernels::Level;
use elman_kernels::pointwise::{CentredRmsProp, MomentumRmsProp, RmsProp as Kernel, step_entries};
use serde::{Deserialize, Serialize};

use super::rule::{Advance, MomentStart, Rule, Slices, Step, slope};
use super::{Objective, check_epsilon, check_range};
use crate::error::{Field, Result};
use crate::real::Real;

/// RMSprop: steps scaled by a running mean of the squared gradient.
///
/// ```text
/// g = ±∇L + λ p                        λ: weight_decay
/// v ← α v + (1 − α) g²
/// Centring::Uncentred   d = g / (√v + ε)
/// Centring::Centred     d = g / (√(v − ḡ²) + ε)       ḡ ← ḡ + (1 − α) (g − ḡ)
/// p ← p − η d, or with momentum μ   m ← μ m + d,  p ← p − η m
/// ```
///
/// # Source
///
/// Tieleman and Hinton, *Lecture 6.5: rmsprop*, 2012; centred as in Graves, *Generating Sequences
/// With Recurrent Neural Networks*, 2013; formulas and defaults of PyTorch's `RMSprop`, which adds ε
/// to the root, not below it.
///
/// ```
/// use elman::optimizer::{Centring, RmsProp};
///
/// let centred = RmsProp { centring: Centring::Centred, ..RmsProp::default() };
/// assert!(centred.check().is_ok());
/// assert!(RmsProp { alpha: 1.0, ..centred }.check().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RmsProp {
    /// α: what v keeps of itself; in `[0, 1)`.
    pub alpha: f64,
    /// ε: keeps the quotient finite where the gradient is 0; positive.
    pub epsilon: f64,
    /// Whether the gradient's mean is taken off.
    pub centring: Centring,
    /// μ: what the moment keeps of itself; in `[0, 1)`, and 0 is no moment.
    pub momentum: f64,
    /// λ: added to the gradient as λ times the parameter; 0 or more.
    pub weight_decay: f64,
    /// Downhill or uphill.
    pub objective: Objective,
}

/// What scales the steps of RMSprop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Centring {
    /// The gradient's second moment.
    #[default]
    Uncentred,
    /// Its variance.
    Centred,
}

impl Default for RmsProp {
    fn default() -> Self {
        RmsProp {
            alpha: 0.99,
            epsilon: 1e-8,
            centring: Centring::Uncentred,
            momentum: 0.0,
            weight_decay: 0.0,
            objective: Objective::Minimize,
        }
    }
}

impl RmsProp {
    /// Refuses settings out of their range.
    ///
    /// # Errors
    ///
    /// The first such setting.
    pub fn check(&self) -> Result<()> {
        check_range("alpha", self.alpha, 0.0..1.0)?;
        check_epsilon(self.epsilon)?;
        check_range(Field::Momentum, self.momentum, 0.0..1.0)?;
        check_range(Field::WeightDecay, self.weight_decay, 0.0..f64::INFINITY)
    }

    fn has_momentum(&self) -> bool {
        self.momentum > 0.0
    }
}

impl Rule for RmsProp {
    fn moments(&self) -> Vec<MomentStart> {
        let mut moments = vec![MomentStart::zero("square")];
        if self.centring == Centring::Centred {
            moments.push(MomentStart::zero("mean"));
        }
        if self.has_momentum() {
            moments.push(MomentStart::zero("momentum"));
        }
        moments
    }

    fn momentum(&self) -> Option<f64> {
        self.has_momentum().then_some(self.momentum)
    }

    fn advance(&self, _: Advance<'_>) {}

    fn step<T: Real>(&self, step: Step, slices: Slices<'_, '_, T>) {
        let rule = Kernel {
            slope: slope(self.objective, step.weight_decay),
            keep: T::from_f64(self.alpha),
            share: T::from_f64(1.0 - self.alpha),
            rate: T::from_f64(step.rate),
            epsilon: T::from_f64(self.epsilon),
        };
        let level = Level::current();
        let Slices { grad, parameters, moments } = slices;
        let Some(factor) = step.momentum else {
            return match self.centring {
                Centring::Uncentred => {
                    step_entries(level, rule, grad, parameters, moments.taken::<1>())
                }
                Centring::Centred => {
                    step_entries(
                        level,
                        CentredRmsProp(rule),
                        grad,
                        parameters,
                        moments.taken::<2>(),
                    );
                }
            };
        };
        let rule = MomentumRmsProp { rule, factor: T::from_f64(factor) };
        match self.centring {
            Centring::Uncentred => {
                step_entries(level, rule, grad, parameters, moments.taken::<2>())
            }
            Centring::Centred => step_entries(level, rule, grad, parameters, moments.taken::<3>()),
        }
    }
}
