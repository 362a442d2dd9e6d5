//! What is done to the values of a series before a network sees them, and undone afterwards.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::real::Float;

/// One step of a [`Transform`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// The natural logarithm; values must be above 0.
    Log,
    /// `(y^λ - 1) / λ`, and the logarithm for λ = 0; values must be above 0, or 0 where λ is above 0.
    ///
    /// Source: Box & Cox (1964), "An analysis of transformations".
    BoxCox {
        /// λ
        lambda: f64,
    },
    /// `y_t - y_{t-lag}`: a difference for a lag of 1, a seasonal one for the length of a season.
    Difference {
        /// How many steps before.
        lag: usize,
    },
}

/// Steps one after the other; undone in the other order.
///
/// Missing values (NaN) stay missing, and so do differences with them.
///
/// ```
/// use elman::forecast::{Step, Transform};
///
/// # fn main() -> elman::Result<()> {
/// let growth = Transform::new(vec![Step::Log, Step::Difference { lag: 1 }])?;
/// let history = [1.0, 2.0, 4.0];
/// let rates = growth.apply(&history)?;
/// assert_eq!(growth.lost(), 1);
/// assert!((rates[1] - 2.0_f64.ln()).abs() < 1e-15);
/// // Two more doublings.
/// let future = growth.undo(&history, &[rates[1], rates[1]])?;
/// assert!((future[1] - 16.0).abs() < 1e-12);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Step>", into = "Vec<Step>")]
pub struct Transform {
    steps: Vec<Step>,
}

impl TryFrom<Vec<Step>> for Transform {
    type Error = Error;

    fn try_from(steps: Vec<Step>) -> Result<Self> {
        Transform::new(steps)
    }
}

impl From<Transform> for Vec<Step> {
    fn from(transform: Transform) -> Self {
        transform.steps
    }
}

impl Transform {
    /// These steps.
    ///
    /// # Errors
    ///
    /// A lag of 0; a λ that is not finite; a logarithm or a power after another step.
    pub fn new(steps: Vec<Step>) -> Result<Self> {
        for (index, step) in steps.iter().enumerate() {
            match step {
                Step::Difference { lag: 0 } => {
                    return Err(Error::argument("lag", "at least 1", 0));
                }
                Step::BoxCox { lambda } if !lambda.is_finite() => {
                    return Err(Error::argument("lambda", "a finite number", lambda));
                }
                Step::Log | Step::BoxCox { .. } if index > 0 => {
                    let expected = "a logarithm or power as the first step";
                    return Err(Error::argument("transform", expected, format!("{step:?} later")));
                }
                _ => {}
            }
        }
        Ok(Transform { steps })
    }

    /// The steps.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// How many values at the start have no transformed one, because they are only subtracted.
    #[must_use]
    pub fn lost(&self) -> usize {
        self.steps.iter().map(|step| step.lag()).sum()
    }

    /// `log, difference 12`, or `none`.
    #[must_use]
    pub fn name(&self) -> String {
        let name = |step: &Step| match step {
            Step::Log => "log".to_owned(),
            Step::BoxCox { lambda } => format!("box-cox {lambda:.3}"),
            Step::Difference { lag: 1 } => "difference".to_owned(),
            Step::Difference { lag } => format!("difference {lag}"),
        };
        match self.steps.as_slice() {
            [] => "none".to_owned(),
            steps => steps.iter().map(name).collect::<Vec<_>>().join(", "),
        }
    }

    /// The λ of Box and Cox under which the values of training series are most like normal ones:
    /// the largest likelihood among -1, -0.95, …, 2. Missing values are passed over.
    ///
    /// # Errors
    ///
    /// A value that is not above 0; fewer than two values.
    pub fn box_cox_lambda(values: &[f64]) -> Result<f64> {
        let known: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
        if known.len() < 2 {
            return Err(Error::argument("values", "at least two", known.len()));
        }
        known.iter().try_for_each(|value| positive(*value))?;
        let logs: f64 = known.iter().map(|value| Float::ln(*value)).sum();
        let likelihood = |lambda: f64| {
            let powers: Vec<f64> = known.iter().map(|value| power(*value, lambda)).collect();
            let count = powers.len() as f64;
            let mean = powers.iter().sum::<f64>() / count;
            let variance = powers.iter().map(|p| (p - mean) * (p - mean)).sum::<f64>() / count;
            (lambda - 1.0) * logs - count / 2.0 * Float::ln(variance.max(f64::MIN_POSITIVE))
        };
        let candidates = (-20..=40).map(|step| f64::from(step) / 20.0);
        let best = candidates.max_by(|a, b| likelihood(*a).total_cmp(&likelihood(*b)));
        Ok(best.unwrap_or(1.0))
    }

    /// The transformed values `[T - lost]` of values `[T]`.
    ///
    /// # Errors
    ///
    /// A value that has no logarithm or power; fewer values than are lost.
    pub fn apply(&self, values: &[f64]) -> Result<Vec<f64>> {
        if values.len() < self.lost() {
            let expected = format!("at least {}, which its differences take", self.lost());
            return Err(Error::argument("values", expected, values.len()));
        }
        let mut values = values.to_vec();
        for step in &self.steps {
            values = step.apply(&values)?;
        }
        Ok(values)
    }

    /// The values `[H]` that follow a history, of transformed ones `[H]` that follow it.
    ///
    /// # Errors
    ///
    /// A history that [`apply`](Self::apply) refuses, or with a missing value where it is added.
    pub fn undo(&self, history: &[f64], future: &[f64]) -> Result<Vec<f64>> {
        let mut stages = vec![history.to_vec()];
        for step in &self.steps {
            let next = match stages.last() {
                Some(values) if values.len() >= step.lag() => step.apply(values)?,
                _ => return Err(Error::argument("history", "more values", history.len())),
            };
            stages.push(next);
        }
        let mut future = future.to_vec();
        for (step, before) in self.steps.iter().zip(&stages).rev() {
            future = step.undo(before, &future);
        }
        Ok(future)
    }

    /// Its differences alone.
    pub(crate) fn differences(&self) -> Transform {
        let keep = |step: &&Step| step.lag() > 0;
        Transform { steps: self.steps.iter().filter(keep).copied().collect() }
    }

    /// The logarithm of the slope of a logarithm or power at a value: what a density is multiplied by.
    pub(crate) fn log_slope(&self, value: f64) -> f64 {
        match self.steps.first() {
            Some(Step::Log) => -Float::ln(value),
            Some(Step::BoxCox { lambda }) => (lambda - 1.0) * Float::ln(value),
            Some(Step::Difference { .. }) | None => 0.0,
        }
    }

    /// The same without differences: what makes errors alike in size.
    #[must_use]
    pub fn without_differences(&self) -> Transform {
        let keep = |step: &&Step| step.lag() == 0;
        Transform { steps: self.steps.iter().filter(keep).copied().collect() }
    }
}

impl Step {
    fn lag(self) -> usize {
        match self {
            Step::Difference { lag } => lag,
            Step::Log | Step::BoxCox { .. } => 0,
        }
    }

    fn apply(self, values: &[f64]) -> Result<Vec<f64>> {
        let lambda = match self {
            Step::Difference { lag } => {
                return Ok(values.iter().zip(&values[lag..]).map(|(old, new)| new - old).collect());
            }
            Step::Log => 0.0,
            Step::BoxCox { lambda } => lambda,
        };
        let of = |value: &f64| match value.is_nan() {
            true => Ok(f64::NAN),
            false if *value == 0.0 && lambda > 0.0 => Ok(-1.0 / lambda),
            false => positive(*value).map(|()| power(*value, lambda)),
        };
        values.iter().map(of).collect()
    }

    fn undo(self, before: &[f64], future: &[f64]) -> Vec<f64> {
        match self {
            Step::Log => future.iter().map(|value| unpower(*value, 0.0)).collect(),
            Step::BoxCox { lambda } => future.iter().map(|value| unpower(*value, lambda)).collect(),
            Step::Difference { lag } => {
                let mut all = before[before.len() - lag..].to_vec();
                for value in future {
                    all.push(all[all.len() - lag] + value);
                }
                all.split_off(lag)
            }
        }
    }
}

fn positive(value: f64) -> Result<()> {
    match value > 0.0 {
        true => Ok(()),
        false => Err(Error::argument("value under a logarithm or power", "above 0", value)),
    }
}

fn power(value: f64, lambda: f64) -> f64 {
    let log = Float::ln(value);
    if lambda == 0.0 { log } else { (Float::exp(lambda * log) - 1.0) / lambda }
}

fn unpower(value: f64, lambda: f64) -> f64 {
    if lambda == 0.0 {
        return Float::exp(value);
    }
    // Beyond the pole of a power there is no value; the nearest one is at the pole.
    Float::exp(Float::ln((lambda * value + 1.0).max(f64::MIN_POSITIVE)) / lambda)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    #[test]
    fn undone_to_1e_12() {
        let mut rng = Rng::new(3);
        let values: Vec<f64> = (0..80).map(|_| 1.0 + 200.0 * rng.uniform()).collect();
        let lambda = Step::BoxCox { lambda: 0.35 };
        let (one, twelve) = (Step::Difference { lag: 1 }, Step::Difference { lag: 12 });
        let chains = [
            vec![],
            vec![Step::Log],
            vec![lambda],
            vec![Step::BoxCox { lambda: -0.5 }],
            vec![one],
            vec![twelve],
            vec![Step::Log, twelve, one],
            vec![lambda, one, one],
        ];
        for steps in chains {
            let transform = Transform::new(steps).unwrap();
            let (history, future) = values.split_at(50);
            let after = transform.apply(&values).unwrap().split_off(50 - transform.lost());
            assert_eq!(after.len(), future.len());
            let back = transform.undo(history, &after).unwrap();
            for (back, value) in back.iter().zip(future) {
                let error = (back - value).abs() / value;
                assert!(error < 1e-12, "{}: {back} {value}", transform.name());
            }
        }
    }

    #[test]
    fn what_has_no_logarithm_is_refused() {
        let log = Transform::new(vec![Step::Log]).unwrap();
        let error = log.apply(&[1.0, -2.0]).unwrap_err();
        assert_eq!(error.to_string(), "value under a logarithm or power: expected above 0, got -2");
        assert!(log.apply(&[1.0, f64::NAN]).unwrap()[1].is_nan());
        assert!(Transform::new(vec![Step::Difference { lag: 0 }]).is_err());
        assert!(Transform::new(vec![Step::Difference { lag: 1 }, Step::Log]).is_err());
    }

    /// Exponentials of evenly spread normal quantiles are most normal under the logarithm.
    #[test]
    fn the_logarithm_is_found() {
        let quantiles = [-1.64, -1.04, -0.67, -0.39, -0.13, 0.13, 0.39, 0.67, 1.04, 1.64];
        let values: Vec<f64> = quantiles.iter().map(|q: &f64| libm::exp(*q)).collect();
        assert!(Transform::box_cox_lambda(&values).unwrap().abs() <= 0.05);
    }

    #[test]
    fn it_is_saved_as_a_list_of_steps() {
        let transform = Transform::new(vec![Step::Log, Step::Difference { lag: 7 }]).unwrap();
        let text = serde_json::to_string(&transform).unwrap();
        assert_eq!(text, r#"["log",{"difference":{"lag":7}}]"#);
        assert_eq!(serde_json::from_str::<Transform>(&text).unwrap(), transform);
    }
}
