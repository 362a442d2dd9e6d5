//! Schedules: the learning rate of each update.
//!
//! A [`Schedule`] is a function of the update, counted from 0 over the whole run, and of the base
//! rate that the user asked for; a run can be resumed at any update without more. [`Plateau`] alone
//! looks at something else, the metric after each evaluation, so it has a [`PlateauState`] that a
//! checkpoint keeps. [`Scheduler`] holds both, with an optional [`Warmup`] before any of them.
//!
//! ```
//! use elman::schedule::{Schedule, Scheduler, Warmup};
//!
//! # fn main() -> elman::Result<()> {
//! let cosine = Schedule::Cosine { updates: 100, least_rate: 0.0 };
//! let warmup = Warmup { updates: 10, start_factor: 0.1 };
//! let scheduler = Scheduler::new(cosine, Some(warmup), 0.02)?;
//! assert_eq!(scheduler.rates(0).learning_rate, 0.1 * 0.02);
//! assert_eq!(scheduler.rates(10).learning_rate, 0.02);
//! assert!((scheduler.rates(60).learning_rate - 0.01).abs() < 1e-15);
//! # Ok(())
//! # }
//! ```

mod one_cycle;
mod plateau;

use serde::{Deserialize, Serialize};

pub use one_cycle::{Annealing, CyclePhases, MomentumRange, OneCycle};
pub use plateau::{Goal, Plateau, PlateauState, Threshold};

use crate::error::{Error, Result};
use crate::optimizer::Rates;

/// How the learning rate goes over the updates, `{"kind": "step", "every": 1000, "factor": 0.5}` in
/// a settings file.
///
/// η₀ is the base rate and u the update, from 0.
///
/// # Source
///
/// PyTorch's `torch.optim.lr_scheduler`, stepped once after each update; warm restarts from
/// Loshchilov and Hutter, *SGDR*, 2017.
///
/// ```
/// use elman::schedule::Schedule;
///
/// let text = r#"{"kind": "multi-step", "at": [10, 20], "factor": 0.1}"#;
/// let schedule: Schedule = serde_json::from_str(text).unwrap();
/// let rate = |update| schedule.rates(1.0, update).learning_rate;
/// assert_eq!([rate(9), rate(10), rate(19)], [1.0, 0.1, 0.1]);
/// assert!((rate(20) - 0.01).abs() < 1e-15);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Schedule {
    /// `η₀`.
    #[default]
    Constant,
    /// `η₀ · factor^⌊u / every⌋`.
    Step {
        /// The updates between two changes; at least 1.
        every: u64,
        /// What the rate is multiplied by.
        factor: f64,
    },
    /// `η₀ · factor^n`, n being the number of listed updates up to u.
    MultiStep {
        /// The updates at which the rate changes, ascending.
        at: Vec<u64>,
        /// What the rate is multiplied by.
        factor: f64,
    },
    /// `η₀ · factor^u`.
    Exponential {
        /// What the rate is multiplied by at each update.
        factor: f64,
    },
    /// `least + ½ (η₀ − least) (1 + cos(π u / updates))`, which rises again after `updates`.
    Cosine {
        /// The updates from the base rate to the least one; at least 1.
        updates: u64,
        /// The least rate; 0 or more.
        #[serde(default)]
        least_rate: f64,
    },
    /// Cosines one after the other, each from the base rate to the least one.
    CosineRestarts {
        /// The updates of the first; at least 1.
        first: u64,
        /// How many times as long each one is as the one before; at least 1.
        #[serde(default = "once")]
        growth: u64,
        /// The least rate; 0 or more.
        #[serde(default)]
        least_rate: f64,
    },
    /// Up to the base rate and down again, once.
    OneCycle(OneCycle),
    /// Down whenever a metric has stopped to improve.
    Plateau(Plateau),
}

fn once() -> u64 {
    1
}

impl Schedule {
    /// The rates of an update; of a [`Plateau`], those before its first reduction.
    #[must_use]
    pub fn rates(&self, base_rate: f64, update: u64) -> Rates {
        let learning_rate = match *self {
            Schedule::Constant | Schedule::Plateau(_) => base_rate,
            Schedule::Step { every, factor } => base_rate * power(factor, update / every),
            Schedule::MultiStep { ref at, factor } => {
                let passed = at.iter().filter(|at| **at <= update).count();
                base_rate * power(factor, passed as u64)
            }
            Schedule::Exponential { factor } => base_rate * power(factor, update),
            Schedule::Cosine { updates, least_rate } => {
                Descent { from: base_rate, to: least_rate }.at(update as f64 / updates as f64)
            }
            Schedule::CosineRestarts { first, growth, least_rate } => {
                let cycle = Cycle::at(update, first, growth);
                Descent { from: base_rate, to: least_rate }.at(cycle.share())
            }
            Schedule::OneCycle(ref cycle) => return cycle.rates(base_rate, update),
        };
        learning_rate.into()
    }

    /// Refuses settings out of their range.
    ///
    /// # Errors
    ///
    /// The first such setting.
    pub fn check(&self) -> Result<()> {
        match self {
            Schedule::Constant => Ok(()),
            Schedule::Step { every, factor } => {
                check_count("schedule: every", *every)?;
                check_factor(*factor)
            }
            Schedule::MultiStep { at, factor } => {
                if at.is_empty() {
                    return Err(Error::argument("schedule: at", "at least one update", "none"));
                }
                if let Some(index) = at.windows(2).position(|pair| pair[0] >= pair[1]) {
                    let name = format!("schedule: at[{}]", index + 1);
                    let expected = format!("an update after {}", at[index]);
                    return Err(Error::argument(name, expected, at[index + 1]));
                }
                check_factor(*factor)
            }
            Schedule::Exponential { factor } => check_factor(*factor),
            Schedule::Cosine { updates, least_rate } => {
                check_count("schedule: updates", *updates)?;
                check_least_rate(*least_rate)
            }
            Schedule::CosineRestarts { first, growth, least_rate } => {
                check_count("schedule: first", *first)?;
                check_count("schedule: growth", *growth)?;
                check_least_rate(*least_rate)
            }
            Schedule::OneCycle(cycle) => cycle.check(),
            Schedule::Plateau(plateau) => plateau.check(),
        }
    }
}

/// A straight rise to the schedule's rate over the first updates: at update u of the warm-up the
/// rate is that of the schedule's update 0 times `start + (1 − start) u / updates`. The schedule
/// begins when the warm-up has ended.
///
/// # Source
///
/// PyTorch's `LinearLR` before another scheduler in a `SequentialLR`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Warmup {
    /// The updates of the warm-up; at least 1.
    pub updates: u64,
    /// The share of the rate at update 0; in `[0, 1]`.
    #[serde(default)]
    pub start_factor: f64,
}

impl Warmup {
    /// Refuses settings out of their range.
    ///
    /// # Errors
    ///
    /// No update; a factor that is not in `[0, 1]`.
    pub fn check(&self) -> Result<()> {
        check_count("warmup: updates", self.updates)?;
        if (0.0..=1.0).contains(&self.start_factor) {
            return Ok(());
        }
        Err(Error::argument("warmup: start_factor", "a number in [0, 1]", self.start_factor))
    }

    fn factor(&self, update: u64) -> f64 {
        if update >= self.updates {
            return 1.0;
        }
        let share = update as f64 / self.updates as f64;
        self.start_factor + (1.0 - self.start_factor) * share
    }
}

/// A schedule at work: with its warm-up, its base rate and, for a plateau, what it has seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Scheduler {
    schedule: Schedule,
    warmup: Option<Warmup>,
    base_rate: f64,
    plateau: PlateauState,
}

impl Scheduler {
    /// A schedule before its first update.
    ///
    /// # Errors
    ///
    /// Settings out of their range; a base rate that is negative or not finite.
    pub fn new(schedule: Schedule, warmup: Option<Warmup>, base_rate: f64) -> Result<Self> {
        schedule.check()?;
        warmup.map_or(Ok(()), |warmup| warmup.check())?;
        if !(base_rate >= 0.0 && base_rate.is_finite()) {
            let expected = "a finite number of 0 or more";
            return Err(Error::argument("learning_rate", expected, base_rate));
        }
        Ok(Scheduler { schedule, warmup, base_rate, plateau: PlateauState::default() })
    }

    /// The rates of an update, from 0.
    #[must_use]
    pub fn rates(&self, update: u64) -> Rates {
        let (factor, since) = match &self.warmup {
            None => (1.0, update),
            Some(warmup) => (warmup.factor(update), update.saturating_sub(warmup.updates)),
        };
        let mut rates = self.schedule.rates(self.base_rate, since);
        if let Schedule::Plateau(plateau) = &self.schedule {
            rates.learning_rate = plateau.rate(self.base_rate, self.plateau);
        }
        rates.learning_rate *= factor;
        rates
    }

    /// Whether [`observe`](Self::observe) has a say: the schedule is a plateau.
    #[must_use]
    pub fn observes(&self) -> bool {
        matches!(self.schedule, Schedule::Plateau(_))
    }

    /// Tells a plateau the metric of an evaluation; other schedules do not listen.
    pub fn observe(&mut self, metric: f64) {
        if let Schedule::Plateau(plateau) = &self.schedule {
            plateau.observe(&mut self.plateau, metric);
        }
    }

    /// What a plateau has seen: the part of a scheduler that a checkpoint keeps.
    #[must_use]
    pub fn plateau_state(&self) -> PlateauState {
        self.plateau
    }

    /// Goes on with what a plateau had seen.
    pub fn restore(&mut self, plateau: PlateauState) {
        self.plateau = plateau;
    }
}

/// A half wave from one rate to another.
#[derive(Clone, Copy)]
struct Descent {
    from: f64,
    to: f64,
}

impl Descent {
    /// The rate after a share of the way.
    fn at(self, share: f64) -> f64 {
        // `libm`, so that the rate is the same on every machine.
        let wave = 1.0 + libm::cos(std::f64::consts::PI * share);
        self.to + 0.5 * (self.from - self.to) * wave
    }
}

/// Where an update stands in a row of cycles that grow.
struct Cycle {
    since: u64,
    updates: u64,
}

impl Cycle {
    fn at(update: u64, first: u64, growth: u64) -> Cycle {
        if growth == 1 {
            return Cycle { since: update % first, updates: first };
        }
        let mut cycle = Cycle { since: update, updates: first };
        while cycle.since >= cycle.updates {
            cycle.since -= cycle.updates;
            cycle.updates = cycle.updates.saturating_mul(growth);
        }
        cycle
    }

    fn share(&self) -> f64 {
        self.since as f64 / self.updates as f64
    }
}

/// `factor^exponent`, by `libm`: the same on every machine.
fn power(factor: f64, exponent: u64) -> f64 {
    libm::pow(factor, exponent as f64)
}

fn check_count(name: &str, count: u64) -> Result<()> {
    if count > 0 { Ok(()) } else { Err(Error::argument(name, "1 or more", count)) }
}

fn check_factor(factor: f64) -> Result<()> {
    if factor > 0.0 && factor <= 1.0 {
        return Ok(());
    }
    Err(Error::argument("schedule: factor", "more than 0 and at most 1", factor))
}

fn check_least_rate(rate: f64) -> Result<()> {
    if rate >= 0.0 && rate.is_finite() {
        return Ok(());
    }
    Err(Error::argument("schedule: least_rate", "a finite number of 0 or more", rate))
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "rates that are passed through are exact")]
mod tests;
