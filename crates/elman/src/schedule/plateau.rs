//! Plateau: the rate falls when a metric has stopped to improve.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Multiplies the rate by a factor when a metric has not improved for some evaluations.
///
/// # Source
///
/// PyTorch's `ReduceLROnPlateau`, stepped with the metric of each evaluation.
///
/// ```
/// use elman::schedule::{Plateau, Schedule, Scheduler};
///
/// # fn main() -> elman::Result<()> {
/// let plateau = Plateau { factor: 0.5, patience: 1, ..Plateau::default() };
/// let mut scheduler = Scheduler::new(Schedule::Plateau(plateau), None, 0.1)?;
/// for loss in [3.0, 2.0, 2.0, 2.0] {
///     scheduler.observe(loss);
/// }
/// assert_eq!(scheduler.rates(1000).learning_rate, 0.05);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plateau {
    /// What the rate is multiplied by; between 0 and 1, both excluded.
    pub factor: f64,
    /// How many evaluations in a row may bring no improvement.
    pub patience: u64,
    /// How many evaluations after a reduction do not count.
    pub cooldown: u64,
    /// By how much a metric has to be better to count as an improvement.
    pub threshold: Threshold,
    /// The rate is not reduced below it; 0 or more.
    pub least_rate: f64,
    /// Whether the metric should fall or rise.
    pub goal: Goal,
}

/// By how much a metric has to be better than the best so far.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Threshold {
    /// By this share of the best; 0 or more.
    Relative(f64),
    /// By this much; 0 or more.
    Absolute(f64),
}

/// Whether a metric should fall or rise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Goal {
    /// It should fall, as a loss.
    #[default]
    Minimize,
    /// It should rise, as an accuracy.
    Maximize,
}

impl Default for Plateau {
    fn default() -> Self {
        Plateau {
            factor: 0.1,
            patience: 10,
            cooldown: 0,
            threshold: Threshold::Relative(1e-4),
            least_rate: 0.0,
            goal: Goal::Minimize,
        }
    }
}

/// What a plateau has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlateauState {
    /// The best metric so far.
    pub best: Option<f64>,
    /// The evaluations in a row without an improvement.
    pub stale: u64,
    /// The evaluations that still do not count.
    pub cooling: u64,
    /// How often the rate has been reduced.
    pub reductions: u64,
}

impl Plateau {
    /// Refuses settings out of their range.
    ///
    /// # Errors
    ///
    /// The first such setting.
    pub fn check(&self) -> Result<()> {
        if !(self.factor > 0.0 && self.factor < 1.0) {
            let expected = "more than 0 and below 1";
            return Err(Error::argument("plateau: factor", expected, self.factor));
        }
        let (Threshold::Relative(threshold) | Threshold::Absolute(threshold)) = self.threshold;
        for (name, value) in [("threshold", threshold), ("least_rate", self.least_rate)] {
            if !(value >= 0.0 && value.is_finite()) {
                let expected = "a finite number of 0 or more";
                return Err(Error::argument(format!("plateau: {name}"), expected, value));
            }
        }
        Ok(())
    }

    /// Takes in the metric of an evaluation. NaN is no improvement.
    pub(super) fn observe(&self, state: &mut PlateauState, metric: f64) {
        if self.improves(state.best, metric) {
            state.best = Some(metric);
            state.stale = 0;
        } else {
            state.stale += 1;
        }
        if state.cooling > 0 {
            state.cooling -= 1;
            state.stale = 0;
        }
        if state.stale > self.patience {
            state.reductions += 1;
            state.cooling = self.cooldown;
            state.stale = 0;
        }
    }

    /// The rate after the reductions so far.
    pub(super) fn rate(&self, base_rate: f64, state: PlateauState) -> f64 {
        let mut rate = base_rate;
        for _ in 0..state.reductions {
            let next = rate * self.factor;
            if next <= self.least_rate {
                // A base rate below the least one stays what it is.
                return self.least_rate.min(rate);
            }
            rate = next;
        }
        rate
    }

    fn improves(&self, best: Option<f64>, metric: f64) -> bool {
        let Some(best) = best else { return !metric.is_nan() };
        let margin = match self.threshold {
            Threshold::Relative(share) => best * share,
            Threshold::Absolute(margin) => margin,
        };
        match self.goal {
            Goal::Minimize => metric < best - margin,
            Goal::Maximize => metric > best + margin,
        }
    }
}
