//! The rules and their settings.

use serde::{Deserialize, Serialize};

use super::adagrad::Adagrad;
use super::adam::{Adam, AdamW};
use super::nadam::NAdam;
use super::rms_prop::RmsProp;
use super::rule::{MomentStart, Rule as _, Step};
use super::sgd::Sgd;
use crate::error::{Error, Field, Result};

/// Which way a step goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Objective {
    /// Against the gradient.
    #[default]
    Minimize,
    /// Along the gradient: PyTorch's `maximize`. Weight decay still shrinks the parameters.
    Maximize,
}

/// How the parameters decay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decay {
    /// As a part of the gradient, `g + λ p`, which passes through the moments.
    #[default]
    InGradient,
    /// Before the step, `p ← (1 − η λ) p`, apart from the moments.
    Decoupled,
}

/// What a step does of the decay, and where.
pub(super) struct SplitDecay {
    /// λ in the gradient.
    pub(super) in_gradient: f64,
    /// What is left of a parameter before the step.
    pub(super) shrink: f64,
}

impl Decay {
    pub(super) fn split(self, step: Step) -> SplitDecay {
        match self {
            Decay::InGradient => SplitDecay { in_gradient: step.weight_decay, shrink: 1.0 },
            Decay::Decoupled => {
                SplitDecay { in_gradient: 0.0, shrink: 1.0 - step.rate * step.weight_decay }
            }
        }
    }
}

/// An optimiser with its settings, `{"kind": "adam", "beta2": 0.99}` in a settings file.
///
/// ```
/// use elman::optimizer::{Momentum, OptimizerConfig, Sgd};
///
/// let text = r#"{"kind": "sgd", "momentum": {"nesterov": {"factor": 0.9}}}"#;
/// let config: OptimizerConfig = serde_json::from_str(text).unwrap();
/// let momentum = Momentum::Nesterov { factor: 0.9 };
/// assert_eq!(config, OptimizerConfig::Sgd(Sgd { momentum, ..Sgd::default() }));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum OptimizerConfig {
    /// Gradient descent, with or without momentum.
    Sgd(Sgd),
    /// Adam, or AMSGrad.
    Adam(Adam),
    /// Adam with decoupled weight decay.
    AdamW(AdamW),
    /// Adam with Nesterov's momentum.
    NAdam(NAdam),
    /// RMSprop, with or without momentum.
    RmsProp(RmsProp),
    /// Adagrad.
    Adagrad(Adagrad),
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        OptimizerConfig::Adam(Adam::default())
    }
}

impl OptimizerConfig {
    /// Refuses settings out of their range.
    ///
    /// # Errors
    ///
    /// The first such setting.
    pub fn check(&self) -> Result<()> {
        with_rule!(self, rule => rule.check())
    }

    /// The momentum that a schedule may change: that of SGD and RMSprop, β₁ of the Adams; `None`
    /// where there is none.
    #[must_use]
    pub fn momentum(&self) -> Option<f64> {
        with_rule!(self, rule => rule.momentum())
    }

    pub(super) fn weight_decay(&self) -> f64 {
        with_rule!(self, rule => rule.weight_decay)
    }

    /// How many numbers it keeps for each parameter.
    pub(crate) fn moment_count(&self) -> usize {
        self.moments().len()
    }

    pub(super) fn moments(&self) -> Vec<MomentStart> {
        with_rule!(self, rule => rule.moments())
    }
}

/// Refuses an ε that keeps no quotient finite.
pub(super) fn check_epsilon(epsilon: f64) -> Result<()> {
    if epsilon > 0.0 && epsilon.is_finite() {
        return Ok(());
    }
    Err(Error::argument(Field::Epsilon, "a positive number", epsilon))
}
