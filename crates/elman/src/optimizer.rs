//! Optimisers: how a gradient changes the parameters.
//!
//! An [`Optimizer`] holds its moments in the layout of the parameters, so a step is one pass
//! over flat slices, a kernel; it allocates nothing. The learning rate is an argument of the step: schedules
//! are the trainer's affair. Formulas and defaults are PyTorch's, `foreach` and `fused` variants
//! aside, which round differently.

mod adam;
mod sgd;

use std::ops::Range;

use elman_kernels::pointwise::Slope;
use serde::{Deserialize, Serialize};

pub use adam::{Adam, SecondMoment};
pub use sgd::{Momentum, Sgd};

use crate::error::{ArgumentName, Error, Field, Result};
use crate::parameters::{ParameterShape, Parameters};
use crate::real::Real;

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
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum OptimizerConfig {
    /// Gradient descent, with or without momentum.
    Sgd(Sgd),
    /// Adam, or AMSGrad.
    Adam(Adam),
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
        match self {
            OptimizerConfig::Sgd(sgd) => sgd.check(),
            OptimizerConfig::Adam(adam) => adam.check(),
        }
    }
}

/// An optimiser at work on one set of parameters.
///
/// ```
/// use elman::optimizer::{Optimizer, OptimizerConfig, Sgd};
/// use elman::{ParameterShape, Parameters};
/// use ndarray::array;
///
/// # fn main() -> elman::Result<()> {
/// let mut parameters = Parameters::<f64>::zeros(vec![ParameterShape::new("bias", &[2])])?;
/// let mut grad = parameters.zeros_like();
/// grad.set("bias", array![1.0, -2.0].view())?;
/// let mut optimizer = Optimizer::new(OptimizerConfig::Sgd(Sgd::default()), &parameters)?;
/// optimizer.step(0.5, &mut parameters, &grad)?;
/// assert_eq!(parameters.values(), [-0.5, 1.0]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Optimizer<T> {
    rule: Rule<T>,
}

/// Settings with the moments they need.
#[derive(Clone, Debug)]
enum Rule<T> {
    Sgd(sgd::Rule<T>),
    Adam(adam::Rule<T>),
}

impl<T: Real> Optimizer<T> {
    /// An optimiser for parameters of this layout, before its first step.
    ///
    /// # Errors
    ///
    /// Settings out of their range.
    pub fn new(config: OptimizerConfig, parameters: &Parameters<T>) -> Result<Self> {
        config.check()?;
        let rule = match config {
            OptimizerConfig::Sgd(sgd) => Rule::Sgd(sgd::Rule::new(sgd, parameters)),
            OptimizerConfig::Adam(adam) => Rule::Adam(adam::Rule::new(adam, parameters)),
        };
        Ok(Optimizer { rule })
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> OptimizerConfig {
        match &self.rule {
            Rule::Sgd(rule) => OptimizerConfig::Sgd(rule.settings),
            Rule::Adam(rule) => OptimizerConfig::Adam(rule.settings),
        }
    }

    /// Changes the parameters by one step.
    ///
    /// An infinite or NaN gradient is not looked for; it makes the parameters it belongs to
    /// infinite or NaN. The norm that [`Clip::apply`](crate::clip::Clip::apply) returns tells.
    ///
    /// # Errors
    ///
    /// A rate that is negative or not finite; a gradient of another layout than the parameters, or
    /// parameters of another layout than those the optimiser was made for. Nothing is then
    /// changed.
    pub fn step(
        &mut self,
        learning_rate: f64,
        parameters: &mut Parameters<T>,
        grad: &Parameters<T>,
    ) -> Result<()> {
        self.check_step(learning_rate, parameters, grad)?;
        match &mut self.rule {
            Rule::Sgd(rule) => rule.step(learning_rate, parameters.values_mut(), grad.values()),
            Rule::Adam(rule) => rule.step(learning_rate, parameters.values_mut(), grad.values()),
        }
        Ok(())
    }

    /// As [`step`](Self::step), for a gradient that is zero but for the ranges `touched` of the flat
    /// buffer, in order and apart: those of
    /// [`Touched`](crate::network::Touched), where a network has embeddings.
    ///
    /// SGD without momentum and weight decay then looks at these alone, and what the gradient holds
    /// elsewhere is not read. All other rules move parameters without a gradient as well (a moment
    /// decays, weights decay), so they take the whole step; the gradient must then really be zero.
    /// The bits are those of [`step`](Self::step) either way.
    ///
    /// # Errors
    ///
    /// As [`step`](Self::step); a range beyond the parameters.
    pub fn step_touched(
        &mut self,
        learning_rate: f64,
        parameters: &mut Parameters<T>,
        grad: &Parameters<T>,
        touched: &[Range<usize>],
    ) -> Result<()> {
        let len = parameters.values().len();
        if let Some(range) = touched.iter().find(|range| range.start > range.end || range.end > len)
        {
            let expected = format!("ranges of {len} parameters");
            return Err(Error::argument("touched", expected, format!("{range:?}")));
        }
        match &mut self.rule {
            Rule::Sgd(rule) if rule.leaves_the_rest_alone() => {}
            _ => return self.step(learning_rate, parameters, grad),
        }
        self.check_step(learning_rate, parameters, grad)?;
        let Rule::Sgd(rule) = &mut self.rule else { return Ok(()) };
        for range in touched {
            let (values, grad) = (parameters.values_mut(), grad.values());
            rule.step(learning_rate, &mut values[range.clone()], &grad[range.clone()]);
        }
        Ok(())
    }

    fn check_step(
        &self,
        learning_rate: f64,
        parameters: &Parameters<T>,
        grad: &Parameters<T>,
    ) -> Result<()> {
        if !(learning_rate >= 0.0 && learning_rate.is_finite()) {
            let expected = "a finite number of 0 or more";
            return Err(Error::argument(Field::LearningRate, expected, learning_rate));
        }
        same_layout("gradient", parameters, grad)?;
        let moment = match &self.rule {
            Rule::Sgd(rule) => rule.moment(),
            Rule::Adam(rule) => Some(rule.moment()),
        };
        moment.map_or(Ok(()), |moment| same_layout("parameters", moment, parameters))
    }
}

/// The gradient `±∇L + λ p` that both rules go by.
fn slope<T: Real>(objective: Objective, weight_decay: f64) -> Slope<T> {
    let sign = match objective {
        Objective::Minimize => T::ONE,
        Objective::Maximize => -T::ONE,
    };
    Slope { sign, decay: T::from_f64(weight_decay) }
}

/// Refuses parameters of another layout, and names the first that differs.
fn same_layout<T: Real>(what: &str, expected: &Parameters<T>, found: &Parameters<T>) -> Result<()> {
    if expected.same_layout(found) {
        return Ok(());
    }
    let (wanted, given) = (expected.shapes(), found.shapes());
    let at = wanted.iter().zip(given).take_while(|(wanted, given)| wanted == given).count();
    let describe = |shapes: &[ParameterShape]| match shapes.get(at) {
        Some(parameter) => format!("{} {:?}", parameter.name, parameter.shape),
        None => format!("{at} parameters"),
    };
    Err(Error::argument(format!("{what}: parameter {at}"), describe(wanted), describe(given)))
}

/// Refuses a setting outside of a range that includes its start and excludes its end.
fn check_range(name: impl Into<ArgumentName>, value: f64, range: Range<f64>) -> Result<()> {
    if range.contains(&value) {
        return Ok(());
    }
    let expected = if range.end.is_finite() {
        format!("{} or more and below {}", range.start, range.end)
    } else {
        format!("a finite number of {} or more", range.start)
    };
    Err(Error::argument(name, expected, value))
}

#[cfg(test)]
mod tests;
