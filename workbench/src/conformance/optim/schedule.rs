//! `torch.optim.lr_scheduler`: the rate of each step.

use std::collections::BTreeMap;

use elman::optimizer::Rates;
use elman::schedule::{
    Annealing, CyclePhases, Goal, MomentumRange, OneCycle, Plateau, Schedule, Scheduler, Threshold,
    Warmup,
};
use ndarray::Array1;
use serde_json::Value;

use crate::conformance::case::{Case, Stop};
use crate::conformance::computed::Computed;

/// Computes one case.
pub fn run(case: &Case) -> Result<Computed, Stop> {
    let steps = case.count("steps")?;
    let mut call = Call::parse(case.text("schedule")?)?;
    let mut scheduler = call.scheduler(case)?;
    call.refuse_unread()?;
    case.refuse_unread_options()?;
    let metrics: Option<Array1<f64>> =
        if scheduler.observes() { Some(case.array("metrics")?) } else { None };
    let mut rates = Vec::new();
    for step in 0..steps {
        rates.push(scheduler.rates(step as u64));
        if let Some(metric) = metrics.as_ref().and_then(|metrics| metrics.get(step)) {
            scheduler.observe(*metric);
        }
    }
    let mut computed = Computed::default();
    computed.put("lr", &rates.iter().map(|rates| rates.learning_rate).collect::<Array1<f64>>());
    let momentum: Option<Vec<f64>> = rates.iter().map(|Rates { momentum, .. }| *momentum).collect();
    if let Some(momentum) = momentum {
        computed.put("momentum", &Array1::from_vec(momentum));
    }
    Ok(computed)
}

/// A scheduler as Python writes it: `StepLR(step_size=10, gamma=0.5)`.
struct Call<'a> {
    name: &'a str,
    arguments: BTreeMap<&'a str, Value>,
}

impl<'a> Call<'a> {
    fn parse(text: &'a str) -> Result<Self, Stop> {
        let fault = || Stop::failed(format!("schedule: expected NAME(KEY=VALUE, …), got {text}"));
        let (name, rest) = text.split_once('(').ok_or_else(fault)?;
        let mut rest = rest.strip_suffix(')').ok_or_else(fault)?;
        let mut arguments = BTreeMap::new();
        while !rest.is_empty() {
            let (key, after) = rest.split_once('=').ok_or_else(fault)?;
            // A list has commas of its own.
            let end = match after.find(']') {
                Some(bracket) if after.starts_with('[') => bracket + 1,
                _ => after.find(',').unwrap_or(after.len()),
            };
            let (value, after) = after.split_at(end);
            let json = value.replace('\'', "\"").replace("True", "true").replace("False", "false");
            arguments.insert(key, serde_json::from_str(&json).map_err(|_| fault())?);
            rest = after.strip_prefix(", ").unwrap_or(after);
        }
        Ok(Call { name, arguments })
    }

    fn scheduler(&mut self, case: &Case) -> Result<Scheduler, Stop> {
        if self.name == "OneCycleLR" {
            // PyTorch sets the base rate aside.
            case.option("base_lr");
            let (cycle, rate) = (self.one_cycle()?, self.number("max_lr", None)?);
            return Ok(Scheduler::new(Schedule::OneCycle(cycle), None, rate)?);
        }
        let (schedule, warmup) = match self.name {
            "LinearLR" => (Schedule::Constant {}, Some(self.warmup()?)),
            _ => (self.schedule()?, None),
        };
        Ok(Scheduler::new(schedule, warmup, case.number("base_lr")?)?)
    }

    fn schedule(&mut self) -> Result<Schedule, Stop> {
        Ok(match self.name {
            "StepLR" => Schedule::Step {
                every: self.count("step_size", None)?,
                factor: self.number("gamma", Some(0.1))?,
            },
            "MultiStepLR" => {
                let at = self.arguments.remove("milestones").unwrap_or_default();
                let at: Option<Vec<u64>> =
                    at.as_array().into_iter().flatten().map(Value::as_u64).collect();
                Schedule::MultiStep {
                    at: at.ok_or_else(|| Stop::failed("milestones: expected counts"))?,
                    factor: self.number("gamma", Some(0.1))?,
                }
            }
            "ExponentialLR" => Schedule::Exponential { factor: self.number("gamma", None)? },
            "CosineAnnealingLR" => Schedule::Cosine {
                updates: self.count("T_max", None)?,
                least_rate: self.number("eta_min", Some(0.0))?,
            },
            "CosineAnnealingWarmRestarts" => Schedule::CosineRestarts {
                first: self.count("T_0", None)?,
                growth: self.count("T_mult", Some(1))?,
                least_rate: self.number("eta_min", Some(0.0))?,
            },
            "ReduceLROnPlateau" => Schedule::Plateau(self.plateau()?),
            other => return Err(Stop::unsupported(format!("schedule {other}"))),
        })
    }

    fn warmup(&mut self) -> Result<Warmup, Stop> {
        let end = self.number("end_factor", Some(1.0))?;
        if (end - 1.0).abs() > 0.0 {
            return Err(Stop::unsupported(format!("end_factor {end}")));
        }
        Ok(Warmup {
            updates: self.count("total_iters", Some(5))?,
            start_factor: self.number("start_factor", Some(1.0 / 3.0))?,
        })
    }

    fn one_cycle(&mut self) -> Result<OneCycle, Stop> {
        let three = self.arguments.remove("three_phase") == Some(Value::Bool(true));
        let annealing = match self.text("anneal_strategy", "cos").as_str() {
            "cos" => Annealing::Cosine,
            "linear" => Annealing::Linear,
            other => return Err(Stop::unsupported(format!("anneal_strategy {other}"))),
        };
        Ok(OneCycle {
            updates: self.count("total_steps", None)?,
            warmup_share: self.number("pct_start", Some(0.3))?,
            phases: if three { CyclePhases::Three } else { CyclePhases::Two },
            annealing,
            initial_divisor: self.number("div_factor", Some(25.0))?,
            final_divisor: self.number("final_div_factor", Some(1e4))?,
            // PyTorch changes the momentum unless `cycle_momentum` is false.
            momentum: Some(MomentumRange {
                least: self.number("base_momentum", Some(0.85))?,
                most: self.number("max_momentum", Some(0.95))?,
            }),
        })
    }

    fn plateau(&mut self) -> Result<Plateau, Stop> {
        let threshold = self.number("threshold", Some(1e-4))?;
        Ok(Plateau {
            factor: self.number("factor", Some(0.1))?,
            patience: self.count("patience", Some(10))?,
            cooldown: self.count("cooldown", Some(0))?,
            threshold: match self.text("threshold_mode", "rel").as_str() {
                "rel" => Threshold::Relative(threshold),
                "abs" => Threshold::Absolute(threshold),
                other => return Err(Stop::unsupported(format!("threshold_mode {other}"))),
            },
            least_rate: self.number("min_lr", Some(0.0))?,
            goal: match self.text("mode", "min").as_str() {
                "min" => Goal::Minimize,
                "max" => Goal::Maximize,
                other => return Err(Stop::unsupported(format!("mode {other}"))),
            },
        })
    }

    fn number(&mut self, key: &str, default: Option<f64>) -> Result<f64, Stop> {
        let found = self.arguments.remove(key);
        let number = found.as_ref().map_or(default, Value::as_f64);
        number.ok_or_else(|| Stop::failed(format!("{key}: expected a number, got {found:?}")))
    }

    fn count(&mut self, key: &str, default: Option<u64>) -> Result<u64, Stop> {
        let found = self.arguments.remove(key);
        let count = found.as_ref().map_or(default, Value::as_u64);
        count.ok_or_else(|| Stop::failed(format!("{key}: expected a count, got {found:?}")))
    }

    fn text(&mut self, key: &str, default: &str) -> String {
        match self.arguments.remove(key) {
            None => default.to_owned(),
            Some(Value::String(text)) => text,
            Some(other) => other.to_string(),
        }
    }

    fn refuse_unread(&self) -> Result<(), Stop> {
        match self.arguments.iter().next() {
            Some((key, value)) => Err(Stop::unsupported(format!("{key}: {value}"))),
            None => Ok(()),
        }
    }
}
