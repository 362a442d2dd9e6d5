//! Optimisers: how a gradient changes the parameters.
//!
//! An [`Optimizer`] holds its moments in the layout of the parameters, so a step is one pass over
//! flat slices, a kernel; it allocates nothing. The learning rate is an argument of the step:
//! schedules are in [`schedule`](crate::schedule). [`ParameterGroups`] say which parameters decay
//! and which learn at a rate of their own; a [`WeightAverage`] averages the weights of many steps.
//! Formulas and defaults are PyTorch's, `foreach` and `fused` variants aside, which round
//! differently; only that biases and gains do not decay unless asked is our own.
//!
//! Every step touches every parameter, those with a gradient of 0 as well: moments fade, and decay
//! goes on.

/// Runs an expression with the rule of a configuration.
macro_rules! with_rule {
    ($config:expr, $rule:ident => $result:expr) => {
        match $config {
            OptimizerConfig::Sgd($rule) => $result,
            OptimizerConfig::Adam($rule) => $result,
            OptimizerConfig::AdamW($rule) => $result,
            OptimizerConfig::NAdam($rule) => $result,
            OptimizerConfig::RmsProp($rule) => $result,
            OptimizerConfig::Adagrad($rule) => $result,
        }
    };
}

mod adagrad;
mod adam;
mod average;
mod config;
mod groups;
mod nadam;
mod rms_prop;
mod rule;
mod sgd;

use std::ops::Range;

use serde::{Deserialize, Serialize};

pub use adagrad::Adagrad;
pub use adam::{Adam, AdamW, SecondMoment};
pub use average::{AverageProgress, Averaging, WeightAverage};
use config::check_epsilon;
pub use config::{Decay, Objective, OptimizerConfig};
pub use groups::{DecayScope, ParameterGroup, ParameterGroups};
pub use nadam::NAdam;
pub use rms_prop::{Centring, RmsProp};
pub use sgd::{Momentum, Sgd};

use crate::error::{ArgumentName, Error, Field, Result};
use crate::parameters::{ParameterShape, Parameters};
use crate::real::Real;
use groups::Segment;
use rule::{Advance, MomentStart, Moments, Rule, Slices, Step};

/// How far a step goes.
///
/// ```
/// use elman::optimizer::Rates;
///
/// assert_eq!(Rates::from(0.1), Rates { learning_rate: 0.1, momentum: None });
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// η: 0 or more.
    pub learning_rate: f64,
    /// The momentum of this step instead of the optimiser's own; in `[0, 1)`.
    pub momentum: Option<f64>,
}

impl From<f64> for Rates {
    fn from(learning_rate: f64) -> Self {
        Rates { learning_rate, momentum: None }
    }
}

/// A moment of an optimiser: a number for each parameter, in their layout.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment<T> {
    /// Its name, `mean` say.
    pub name: String,
    /// Its values.
    pub values: Parameters<T>,
}

/// What an optimiser knows besides its moments: a checkpoint has both.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptimizerProgress {
    /// The steps so far.
    pub updates: u64,
    /// The products that correct the moments' bias, multiplied up step by step: powers of β₁ and β₂,
    /// or what a rule has in their place.
    pub products: [f64; 2],
}

impl OptimizerProgress {
    const START: Self = OptimizerProgress { updates: 0, products: [1.0; 2] };
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
    config: OptimizerConfig,
    shapes: Vec<ParameterShape>,
    segments: Vec<Segment>,
    moments: Vec<Moment<T>>,
    progress: OptimizerProgress,
}

impl<T: Real> Optimizer<T> {
    /// An optimiser for parameters of this layout, before its first step; only weights decay.
    ///
    /// # Errors
    ///
    /// Settings out of their range.
    pub fn new(config: OptimizerConfig, parameters: &Parameters<T>) -> Result<Self> {
        Optimizer::with_groups(config, &ParameterGroups::default(), parameters)
    }

    /// An optimiser for parameters of this layout that are treated as `groups` say.
    ///
    /// # Errors
    ///
    /// Settings out of their range; a group that no parameter's name fits.
    pub fn with_groups(
        config: OptimizerConfig,
        groups: &ParameterGroups,
        parameters: &Parameters<T>,
    ) -> Result<Self> {
        config.check()?;
        let moment = |MomentStart { name, value }| {
            let mut values = parameters.zeros_like();
            values.values_mut().fill(T::from_f64(value));
            Moment { name: name.to_owned(), values }
        };
        Ok(Optimizer {
            config,
            shapes: parameters.shapes().to_vec(),
            segments: groups.segments(config.weight_decay(), parameters)?,
            moments: config.moments().into_iter().map(moment).collect(),
            progress: OptimizerProgress::START,
        })
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> OptimizerConfig {
        self.config
    }

    /// The moments, to be saved.
    #[must_use]
    pub fn moments(&self) -> &[Moment<T>] {
        &self.moments
    }

    /// What a checkpoint needs besides the moments.
    #[must_use]
    pub fn progress(&self) -> OptimizerProgress {
        self.progress
    }

    /// Goes on where another optimiser of the same settings stopped.
    ///
    /// ```
    /// use elman::optimizer::{Optimizer, OptimizerConfig};
    /// use elman::{ParameterShape, Parameters};
    ///
    /// # fn main() -> elman::Result<()> {
    /// let mut parameters = Parameters::<f64>::zeros(vec![ParameterShape::new("bias", &[2])])?;
    /// let mut grad = parameters.zeros_like();
    /// grad.values_mut().fill(0.5);
    /// let mut first = Optimizer::new(OptimizerConfig::default(), &parameters)?;
    /// first.step(0.1, &mut parameters, &grad)?;
    ///
    /// let mut second = Optimizer::new(first.config(), &parameters)?;
    /// second.restore(first.progress(), first.moments().to_vec())?;
    /// let mut others = parameters.clone();
    /// first.step(0.1, &mut parameters, &grad)?;
    /// second.step(0.1, &mut others, &grad)?;
    /// assert_eq!(parameters, others);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Other moments than this optimiser's, by name, order or layout; products that are not in
    /// `[0, 1]`. Nothing is then changed.
    pub fn restore(&mut self, progress: OptimizerProgress, moments: Vec<Moment<T>>) -> Result<()> {
        let names = |moments: &[Moment<T>]| {
            let names: Vec<&str> = moments.iter().map(|moment| moment.name.as_str()).collect();
            if names.is_empty() { "none".to_owned() } else { names.join(", ") }
        };
        let (expected, found) = (names(&self.moments), names(&moments));
        if expected != found {
            return Err(Error::argument("moments", expected, found));
        }
        for moment in &moments {
            same_layout(&format!("moment {}", moment.name), &self.shapes, moment.values.shapes())?;
        }
        if let Some(product) = progress.products.iter().find(|p| !(0.0..=1.0).contains(*p)) {
            return Err(Error::argument("products", "numbers in [0, 1]", product));
        }
        (self.progress, self.moments) = (progress, moments);
        Ok(())
    }

    /// Changes the parameters by one step.
    ///
    /// An infinite or NaN gradient is not looked for; it makes the parameters it belongs to
    /// infinite or NaN. The norm that [`Clip::apply`](crate::clip::Clip::apply) returns tells.
    ///
    /// # Errors
    ///
    /// A rate that is negative or not finite; a momentum that is not in `[0, 1)`, or for a rule
    /// without one; a gradient of another layout than the parameters, or parameters of another
    /// layout than those the optimiser was made for. Nothing is then changed.
    pub fn step(
        &mut self,
        rates: impl Into<Rates>,
        parameters: &mut Parameters<T>,
        grad: &Parameters<T>,
    ) -> Result<()> {
        self.step_ranges(rates.into(), parameters, grad, None)
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
        rates: impl Into<Rates>,
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
        let alone = self.leaves_the_rest_alone().then_some(touched);
        self.step_ranges(rates.into(), parameters, grad, alone)
    }

    /// Whether a parameter without a gradient stays as it is.
    pub(crate) fn leaves_the_rest_alone(&self) -> bool {
        let decays = self.segments.iter().any(|segment| segment.weight_decay.abs() > 0.0);
        matches!(self.config, OptimizerConfig::Sgd(rule) if rule.momentum == Momentum::None)
            && !decays
    }

    /// A step for some ranges of the parameters, or for all.
    fn step_ranges(
        &mut self,
        rates: Rates,
        parameters: &mut Parameters<T>,
        grad: &Parameters<T>,
        touched: Option<&[Range<usize>]>,
    ) -> Result<()> {
        let Rates { learning_rate, momentum } = rates;
        let momentum = self.checked_momentum(momentum)?;
        check_range(Field::LearningRate, learning_rate, 0.0..f64::INFINITY)?;
        same_layout("gradient", parameters.shapes(), grad.shapes())?;
        same_layout("parameters", &self.shapes, parameters.shapes())?;
        with_rule!(self.config, rule => {
            self.progress.updates += 1;
            let (updates, products) = (self.progress.updates, &mut self.progress.products);
            rule.advance(Advance { updates, momentum, products });
            for segment in &self.segments {
                let step = Step {
                    rate: learning_rate * segment.rate_factor,
                    momentum,
                    weight_decay: segment.weight_decay,
                    progress: self.progress,
                };
                let all = [segment.range.clone()];
                for range in touched.unwrap_or(&all) {
                    let range = range.start.max(segment.range.start)..range.end.min(segment.range.end);
                    if range.is_empty() {
                        continue;
                    }
                    rule.step(step, Slices {
                        grad: &grad.values()[range.clone()],
                        parameters: &mut parameters.values_mut()[range.clone()],
                        moments: Moments::new(&mut self.moments, range),
                    });
                }
            }
        });
        Ok(())
    }

    /// The momentum of a step: that of the schedule, or the rule's own.
    fn checked_momentum(&self, momentum: Option<f64>) -> Result<Option<f64>> {
        let own = self.config.momentum();
        match (momentum, own) {
            (None, own) => Ok(own),
            (Some(momentum), None) => {
                Err(Error::argument(Field::Momentum, "none for a rule without momentum", momentum))
            }
            (Some(momentum), Some(_)) => {
                check_range(Field::Momentum, momentum, 0.0..1.0)?;
                Ok(Some(momentum))
            }
        }
    }
}

/// Refuses parameters of another layout, and names the first that differs.
fn same_layout(what: &str, expected: &[ParameterShape], found: &[ParameterShape]) -> Result<()> {
    if expected == found {
        return Ok(());
    }
    let at = expected.iter().zip(found).take_while(|(wanted, given)| wanted == given).count();
    let describe = |shapes: &[ParameterShape]| match shapes.get(at) {
        Some(parameter) => format!("{} {:?}", parameter.name, parameter.shape),
        None => format!("{at} parameters"),
    };
    Err(Error::argument(format!("{what}: parameter {at}"), describe(expected), describe(found)))
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
