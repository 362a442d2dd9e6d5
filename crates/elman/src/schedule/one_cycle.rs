//! One cycle: up to the base rate, down again, and further down.

use serde::{Deserialize, Serialize};

use super::Descent;
use crate::error::{Error, Result};
use crate::optimizer::Rates;

/// The one-cycle schedule over a run of a known number of updates.
///
/// The rate rises from `η₀ / initial_divisor` to the base rate η₀ and falls to the first rate over
/// `final_divisor`; after the last update it stays there. With a [`MomentumRange`], the momentum
/// goes the other way: it falls while the rate rises.
///
/// # Source
///
/// Smith and Topin, *Super-Convergence*, 2018, in the form of PyTorch's `OneCycleLR`, whose `max_lr`
/// is the base rate here.
///
/// ```
/// use elman::schedule::{OneCycle, Schedule};
///
/// let cycle = OneCycle { warmup_share: 0.25, ..OneCycle::new(101) };
/// let rate = |update| Schedule::OneCycle(cycle).rates(0.5, update).learning_rate;
/// assert_eq!(rate(0), 0.5 / 25.0);
/// assert!(rate(24) > 0.49 && rate(24) <= 0.5);
/// assert!((rate(100) - 0.5 / 25.0 / 1e4).abs() < 1e-12);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OneCycle {
    /// The updates of the whole cycle; at least 1.
    pub updates: u64,
    /// The share of the updates in which the rate rises; in `[0, 1]`, and at most ½ in three phases.
    #[serde(default = "warmup_share")]
    pub warmup_share: f64,
    /// Two phases or three.
    #[serde(default)]
    pub phases: CyclePhases,
    /// The shape of each phase.
    #[serde(default)]
    pub annealing: Annealing,
    /// The base rate over the first one; at least 1.
    #[serde(default = "initial_divisor")]
    pub initial_divisor: f64,
    /// The first rate over the last one; at least 1.
    #[serde(default = "final_divisor")]
    pub final_divisor: f64,
    /// The momentum's range; without it the optimiser keeps its own.
    #[serde(default)]
    pub momentum: Option<MomentumRange>,
}

fn warmup_share() -> f64 {
    0.3
}

fn initial_divisor() -> f64 {
    25.0
}

fn final_divisor() -> f64 {
    1e4
}

/// What follows the rise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CyclePhases {
    /// Down to the last rate in one phase.
    #[default]
    Two,
    /// Down to the first rate in as many updates as the rise took, then down to the last one.
    Three,
}

/// The shape of a phase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Annealing {
    /// Half a cosine wave.
    #[default]
    Cosine,
    /// A straight line.
    Linear,
}

/// The momentum over a cycle: `most` at its ends, `least` where the rate is highest.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MomentumRange {
    /// In `[0, 1)`.
    pub least: f64,
    /// In `[0, 1)`, and not below `least`.
    pub most: f64,
}

/// A phase: until when, and from where to where.
#[derive(Clone, Copy)]
struct Phase {
    end: f64,
    rate: Descent,
    momentum: Descent,
}

impl OneCycle {
    /// The usual cycle over some updates: PyTorch's defaults, without a momentum range.
    #[must_use]
    pub fn new(updates: u64) -> Self {
        OneCycle {
            updates,
            warmup_share: warmup_share(),
            phases: CyclePhases::Two,
            annealing: Annealing::Cosine,
            initial_divisor: initial_divisor(),
            final_divisor: final_divisor(),
            momentum: None,
        }
    }

    /// Refuses settings out of their range.
    ///
    /// # Errors
    ///
    /// The first such setting.
    pub fn check(&self) -> Result<()> {
        super::check_count("one-cycle: updates", self.updates)?;
        let most = match self.phases {
            CyclePhases::Two => 1.0,
            CyclePhases::Three => 0.5,
        };
        if !(0.0..=most).contains(&self.warmup_share) {
            let expected = format!("a number in [0, {most}]");
            return Err(Error::argument("one-cycle: warmup_share", expected, self.warmup_share));
        }
        for (name, divisor) in
            [("initial_divisor", self.initial_divisor), ("final_divisor", self.final_divisor)]
        {
            if !(divisor >= 1.0 && divisor.is_finite()) {
                let name = format!("one-cycle: {name}");
                return Err(Error::argument(name, "a finite number of 1 or more", divisor));
            }
        }
        let Some(MomentumRange { least, most }) = self.momentum else { return Ok(()) };
        if !(0.0..1.0).contains(&least) {
            let expected = "0 or more and below 1";
            return Err(Error::argument("one-cycle: momentum: least", expected, least));
        }
        if !(least..1.0).contains(&most) {
            let expected = format!("{least} or more and below 1");
            return Err(Error::argument("one-cycle: momentum: most", expected, most));
        }
        Ok(())
    }

    pub(super) fn rates(&self, base_rate: f64, update: u64) -> Rates {
        let phases = self.phases(base_rate);
        let at = update.min(self.updates.saturating_sub(1)) as f64;
        let [first, second, third] = phases;
        let (start, phase) = match at {
            at if at <= first.end => (0.0, first),
            at if at <= second.end => (first.end, second),
            _ => (second.end, third),
        };
        let width = phase.end - start;
        // A phase of no update is at its end.
        let share = if width > 0.0 { (at - start) / width } else { 1.0 };
        Rates {
            learning_rate: self.annealing.between(phase.rate, share),
            momentum: self.momentum.map(|_| self.annealing.between(phase.momentum, share)),
        }
    }

    /// Two or three; an array of three, its last one twice, so that nothing is allocated.
    fn phases(&self, base_rate: f64) -> [Phase; 3] {
        let (first, updates) = (base_rate / self.initial_divisor, self.updates as f64);
        let last = first / self.final_divisor;
        let MomentumRange { least, most } =
            self.momentum.unwrap_or(MomentumRange { least: 0.0, most: 0.0 });
        let falling = Descent { from: most, to: least };
        let rising = Descent { from: least, to: most };
        let up = Phase {
            end: self.warmup_share * updates - 1.0,
            rate: Descent { from: first, to: base_rate },
            momentum: falling,
        };
        match self.phases {
            CyclePhases::Two => {
                let rate = Descent { from: base_rate, to: last };
                let down = Phase { end: updates - 1.0, rate, momentum: rising };
                [up, down, down]
            }
            CyclePhases::Three => {
                let down = Phase {
                    end: 2.0 * self.warmup_share * updates - 2.0,
                    rate: Descent { from: base_rate, to: first },
                    momentum: rising,
                };
                let further = Phase {
                    end: updates - 1.0,
                    rate: Descent { from: first, to: last },
                    momentum: Descent { from: most, to: most },
                };
                [up, down, further]
            }
        }
    }
}

impl Annealing {
    fn between(self, ends: Descent, share: f64) -> f64 {
        match self {
            Annealing::Cosine => ends.at(share),
            Annealing::Linear => (ends.to - ends.from) * share + ends.from,
        }
    }
}
