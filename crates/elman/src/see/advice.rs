//! What the numbers of a health check suggest: rules with one threshold each.
//!
//! | rule | fires where |
//! |---|---|
//! | short reach | the answer is read off the last step, and in each direction of the top layer the gradient falls below 1 % of its size within half of the median length |
//! | growing gradient | the median gradient is 100 times as large at some lag as where it started |
//! | idle units | a quarter of the units of a layer are dead or constant |
//! | saturated state | half of the states of a bounded simple cell are within 1 % of a limit |
//! | saturated gate | three quarters of the values of a gate are within 1 % of a limit |

use serde::Serialize;

use super::health::{Sample, SideHealth};
use super::reach::LagNorm;
use super::units::Saturation;
use crate::cell::CellKind;
use crate::layer::Direction;
use crate::network::{NetworkConfig, Pooling, Readout};

const SHORT: f64 = 0.5;
const GROWN: f64 = 100.0;
const IDLE: f64 = 0.25;
const SATURATED_STATE: f64 = 0.5;
const SATURATED_GATE: f64 = 0.75;
/// A forget gate that keeps less than this of the cell state in each step forgets half in seven.
const FORGETFUL: f64 = 0.9;

/// A rule that fired, with its number.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Advice {
    /// The rule.
    pub rule: Rule,
    /// The layer it is about, from 0.
    pub layer: usize,
    /// The direction.
    pub direction: Direction,
    /// The number that fired it: steps, a factor, or a share.
    pub number: f64,
    /// What to think of it, and what to try.
    pub sentence: String,
}

/// The rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// Gradients do not reach the first half of the sequences.
    ShortReach,
    /// Gradients grow on the way back.
    GrowingGradient,
    /// Many units do nothing.
    IdleUnits,
    /// States stand at their limits.
    SaturatedState,
    /// A gate stands at its limits.
    SaturatedGate,
}

/// The rules that fire.
#[must_use]
pub fn advise(sample: &Sample, sides: &[SideHealth], config: &NetworkConfig) -> Vec<Advice> {
    let mut all: Vec<Advice> = short_reach(sample, sides, config).into_iter().collect();
    for side in sides {
        all.extend(growing(side));
        all.extend(idle(side));
        all.extend(side.saturation.iter().filter_map(|gate| saturated(side, gate)));
    }
    all
}

fn short_reach(sample: &Sample, sides: &[SideHealth], config: &NetworkConfig) -> Option<Advice> {
    match &config.body.readout {
        Readout::Pooled(poolings) if *poolings == [Pooling::LastStep] => {}
        _ => return None,
    }
    let top = sides.last()?.layer;
    let upper = sides.iter().filter(|side| side.layer == top);
    let reaches = upper.map(|side| Some((side.reach.lost_after?, side)));
    let (steps, side) = reaches.collect::<Option<Vec<_>>>()?.into_iter().max_by_key(|(k, _)| *k)?;
    let length = sample.lengths.median;
    if steps as f64 >= SHORT * length {
        return None;
    }
    let remedy = match &config.body.layers[top].cell {
        CellKind::Simple(_) => "use the LSTM or the GRU, or the mean over time".to_owned(),
        CellKind::Lstm(_) => match side.gate("forget gate") {
            Some(gate) if gate.mean < FORGETFUL => format!(
                "raise the forget bias (the forget gate is {:.2} on average), or take the mean over time",
                gate.mean
            ),
            _ => "take the mean over time".to_owned(),
        },
        _ => "take the mean over time".to_owned(),
    };
    let sentence = format!(
        "the gradient falls below 1 % of its size after {steps} steps; half of your sequences have \
         {length:.0} or more: if what counts stands early, {remedy}"
    );
    Some(of(side, Rule::ShortReach, steps as f64, sentence))
}

fn growing(side: &SideHealth) -> Option<Advice> {
    let larger = |a: &&LagNorm, b: &&LagNorm| a.norm.median.total_cmp(&b.norm.median);
    let most = side.reach.lags.iter().max_by(larger)?;
    let (factor, lag) = (most.norm.median, most.lag);
    (factor >= GROWN).then(|| {
        let sentence = format!(
            "the gradient grows to {factor:.0} times its size within {lag} steps: clip it, lower the \
             learning rate, or start from orthogonal recurrent weights"
        );
        of(side, Rule::GrowingGradient, factor, sentence)
    })
}

fn idle(side: &SideHealth) -> Option<Advice> {
    let counts = &side.counts;
    let idle = counts.dead + counts.constant;
    let share = idle as f64 / counts.units.max(1) as f64;
    (share >= IDLE).then(|| {
        let sentence = format!(
            "{idle} of {} units never change: fewer units would do, or a lower learning rate would \
             keep them alive",
            counts.units
        );
        of(side, Rule::IdleUnits, share, sentence)
    })
}

fn saturated(side: &SideHealth, gate: &Saturation) -> Option<Advice> {
    let share = gate.low + gate.high;
    let (rule, limit) = match gate.what.as_str() {
        "state" => (Rule::SaturatedState, SATURATED_STATE),
        _ => (Rule::SaturatedGate, SATURATED_GATE),
    };
    (share >= limit).then(|| {
        let sentence = format!(
            "{:.0} % of the values of the {} stand at their limits, where no gradient passes: \
             standardise the inputs, lower the learning rate, or add weight decay",
            100.0 * share,
            gate.what
        );
        of(side, rule, share, sentence)
    })
}

fn of(side: &SideHealth, rule: Rule, number: f64, sentence: String) -> Advice {
    Advice { rule, layer: side.layer, direction: side.direction, number, sentence }
}

#[cfg(test)]
mod tests {
    use super::super::reach::{Reach, Spread};
    use super::super::units::UnitCounts;
    use super::*;
    use crate::network::Network;

    fn spread(value: f64) -> Spread {
        Spread { mean: value, lower: value, median: value, upper: value }
    }

    fn sample(length: f64) -> Sample {
        Sample { sequences: 1, of: 1, steps: 1, lengths: spread(length) }
    }

    fn side(lost_after: Option<usize>) -> SideHealth {
        SideHealth {
            layer: 0,
            direction: Direction::Forward,
            cell: "simple".into(),
            reach: Reach { lags: Vec::new(), lost_after },
            lyapunov: None,
            saturation: Vec::new(),
            counts: UnitCounts { units: 8, dead: 0, constant: 0 },
            effective_rank: None,
            state_norm: 0.0,
            gradient_norm: 0.0,
            weights: Vec::new(),
        }
    }

    fn fired(sides: &[SideHealth], config: &NetworkConfig) -> Vec<(Rule, f64)> {
        let all = advise(&sample(96.0), sides, config);
        all.into_iter().map(|advice| (advice.rule, advice.number)).collect()
    }

    #[test]
    fn a_reach_below_half_of_the_length_is_short_where_the_last_step_answers() {
        let last = Network::builder(1).simple(8).last_step().dense(2);
        assert_eq!(fired(&[side(Some(47))], &last), [(Rule::ShortReach, 47.0)]);
        assert_eq!(fired(&[side(Some(48))], &last), []);
        assert_eq!(fired(&[side(None)], &last), []);
        // One direction of the top layer is enough.
        assert_eq!(fired(&[side(Some(3)), side(Some(60))], &last), []);
        let mean = Network::builder(1).simple(8).mean().dense(2);
        assert_eq!(fired(&[side(Some(5))], &mean), []);
    }

    #[test]
    fn the_remedy_is_one_for_the_cell() {
        let sentence = |config: NetworkConfig, mean: f64| {
            let what = "forget gate".to_owned();
            let saturation = vec![Saturation { what, low: 0.0, high: 0.0, mean }];
            let side = SideHealth { saturation, ..side(Some(38)) };
            advise(&sample(96.0), &[side], &config).remove(0).sentence
        };
        let simple = sentence(Network::builder(1).simple(8).last_step().dense(2), 0.0);
        let expected = "the gradient falls below 1 % of its size after 38 steps; half of your \
            sequences have 96 or more: if what counts stands early, use the LSTM or the GRU, or the \
            mean over time";
        assert_eq!(simple, expected);
        let lstm = || Network::builder(1).lstm(8).last_step().dense(2);
        assert!(sentence(lstm(), 0.6).contains("raise the forget bias (the forget gate is 0.60"));
        assert!(!sentence(lstm(), 0.95).contains("forget"));
    }

    #[test]
    fn idle_units_growth_and_saturation_fire_from_their_thresholds_on() {
        let config = Network::builder(1).simple(8).mean().dense(2);
        let idle = |dead, constant| SideHealth {
            counts: UnitCounts { units: 8, dead, constant },
            ..side(None)
        };
        assert_eq!(fired(&[idle(1, 1)], &config), [(Rule::IdleUnits, 0.25)]);
        assert_eq!(fired(&[idle(1, 0)], &config), []);
        let grown = |norm| {
            let lags = vec![LagNorm { lag: 9, sequences: 1, norm: spread(norm) }];
            SideHealth { reach: Reach { lags, lost_after: None }, ..side(None) }
        };
        assert_eq!(fired(&[grown(100.0)], &config), [(Rule::GrowingGradient, 100.0)]);
        assert_eq!(fired(&[grown(99.0)], &config), []);
        let at = |what: &str, low, high| {
            let saturation = vec![Saturation { what: what.into(), low, high, mean: 0.0 }];
            SideHealth { saturation, ..side(None) }
        };
        assert_eq!(fired(&[at("state", 0.25, 0.25)], &config), [(Rule::SaturatedState, 0.5)]);
        assert_eq!(fired(&[at("input gate", 0.25, 0.25)], &config), []);
        assert_eq!(fired(&[at("input gate", 0.5, 0.25)], &config), [(Rule::SaturatedGate, 0.75)]);
    }
}
