//! Gradient descent, with or without momentum.

use elman_kernels::Level;
use elman_kernels::pointwise::{Descent, DescentStep, descend};
use serde::{Deserialize, Serialize};

use super::rule::{Advance, MomentStart, Rule, Slices, Step, slope};
use super::{Objective, check_range};
use crate::error::{Error, Field, Result};
use crate::real::Real;

/// Gradient descent.
///
/// ```text
/// g = ±∇L + λ p                        λ: weight_decay
/// p ← p − η d                          η: the learning rate
///
/// Momentum::None        d = g
/// Momentum::Classical   d = m          m ← μ m + (1 − τ) g, and m = g at the first step
/// Momentum::Nesterov    d = g + μ m    m ← μ m + g
/// ```
///
/// # Source
///
/// PyTorch's `SGD`, after Sutskever et al., *On the importance of initialization and momentum in
/// deep learning*, 2013; the rate multiplies the moment instead of being folded into it.
///
/// ```
/// use elman::optimizer::{Momentum, Sgd};
///
/// let sgd = Sgd { momentum: Momentum::Classical { factor: 0.9, dampening: 0.0 }, ..Sgd::default() };
/// assert!(sgd.check().is_ok());
/// assert!(Sgd { weight_decay: -1.0, ..sgd }.check().is_err());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sgd {
    /// What becomes of earlier gradients.
    pub momentum: Momentum,
    /// λ: added to the gradient as λ times the parameter; 0 or more.
    pub weight_decay: f64,
    /// Downhill or uphill.
    pub objective: Objective,
}

/// What becomes of earlier gradients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Momentum {
    /// They are forgotten.
    #[default]
    None,
    /// They live on in a moment, which is the step.
    Classical {
        /// μ: between 0 and 1, both excluded.
        factor: f64,
        /// τ: what is taken off the gradient before it enters the moment; in `[0, 1)`.
        #[serde(default)]
        dampening: f64,
    },
    /// They live on in a moment, and the step looks ahead along it.
    Nesterov {
        /// μ: between 0 and 1, both excluded.
        factor: f64,
    },
}

impl Sgd {
    /// Refuses settings out of their range.
    ///
    /// # Errors
    ///
    /// The first such setting.
    pub fn check(&self) -> Result<()> {
        check_range(Field::WeightDecay, self.weight_decay, 0.0..f64::INFINITY)?;
        match self.momentum {
            Momentum::None => Ok(()),
            Momentum::Nesterov { factor } => check_factor(factor),
            Momentum::Classical { factor, dampening } => {
                check_factor(factor)?;
                check_range(Field::Dampening, dampening, 0.0..1.0)
            }
        }
    }
}

fn check_factor(factor: f64) -> Result<()> {
    // A factor of 0 is Momentum::None, and says so.
    if factor > 0.0 && factor < 1.0 {
        return Ok(());
    }
    Err(Error::argument(
        Field::Momentum.called("momentum: factor"),
        "more than 0 and below 1",
        factor,
    ))
}

impl Rule for Sgd {
    fn moments(&self) -> Vec<MomentStart> {
        match self.momentum {
            Momentum::None => Vec::new(),
            Momentum::Classical { .. } | Momentum::Nesterov { .. } => {
                vec![MomentStart::zero("momentum")]
            }
        }
    }

    fn momentum(&self) -> Option<f64> {
        match self.momentum {
            Momentum::None => None,
            Momentum::Classical { factor, .. } | Momentum::Nesterov { factor } => Some(factor),
        }
    }

    fn advance(&self, _: Advance<'_>) {}

    fn step<T: Real>(&self, step: Step, slices: Slices<'_, '_, T>) {
        let Slices { grad, parameters, moments } = slices;
        let [moment] = moments.taken::<1>();
        let factor = T::from_f64(step.momentum.unwrap_or(0.0));
        let descent = match self.momentum {
            Momentum::None => Descent::Plain,
            Momentum::Classical { dampening, .. } => {
                // The moment starts at 0, so that the first step's m = g is a step without dampening.
                let share = if step.progress.updates > 1 { 1.0 - dampening } else { 1.0 };
                Descent::Classical { factor, share: T::from_f64(share), moment }
            }
            Momentum::Nesterov { .. } => Descent::Nesterov { factor, moment },
        };
        let slope = slope(self.objective, step.weight_decay);
        let rate = T::from_f64(step.rate);
        descend(Level::current(), DescentStep { rate, slope, descent }, grad, parameters);
    }
}
