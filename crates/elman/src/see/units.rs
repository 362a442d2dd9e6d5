//! Units and gates over the steps of a sample: what stands at its limits, what never moves, and how
//! many directions the states use.

use ndarray::{Array2, ArrayView1, Axis};
use serde::Serialize;

use super::path::Path;
use crate::activation::ActivationKind;
use crate::cell::{CellKind, GruOptions, LstmOptions};

/// A unit whose outputs differ by less never moves.
const CONSTANT: f64 = 1e-3;
/// A unit whose outputs are all below this is dead.
const DEAD: f64 = 1e-6;
/// How near a limit is at it: 1 % of the limit.
const NEAR: f64 = 0.01;

/// How often a gate or a state stands within 1 % of one of its limits.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Saturation {
    /// `forget gate`, say.
    pub what: String,
    /// The share of values near the lower limit, 0 or -1.
    pub low: f64,
    /// The share of values near the upper limit, 1.
    pub high: f64,
    /// The mean value.
    pub mean: f64,
}

/// Units that do nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct UnitCounts {
    /// All units.
    pub units: usize,
    /// Those whose output is 0 (below 1e-6) at every step.
    pub dead: usize,
    /// Those whose output is another constant: it varies by less than 0.001.
    pub constant: usize,
}

impl UnitCounts {
    /// Of the outputs of all steps `[steps, H]`.
    pub(super) fn of(outputs: &Array2<f64>) -> Self {
        let mut counts = UnitCounts { units: outputs.ncols(), dead: 0, constant: 0 };
        for unit in outputs.columns() {
            let largest = unit.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
            if largest < DEAD {
                counts.dead += 1;
            } else if range(unit) < CONSTANT {
                counts.constant += 1;
            }
        }
        counts
    }
}

fn range(values: ArrayView1<'_, f64>) -> f64 {
    let [low, high] =
        values.iter().fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], value| {
            [low.min(*value), high.max(*value)]
        });
    high - low
}

/// The participation ratio of the states: `(Σλ)² / Σλ²` of the eigenvalues λ of their covariance, 1
/// where all states lie on a line, H where they spread evenly in all directions.
///
/// No eigenvalue is needed: the sums are `tr C` and `tr C²`.
///
/// # Source
///
/// P. Gao et al., "A theory of multineuronal dimensionality", bioRxiv 214262 (2017).
pub(super) fn effective_rank(outputs: &Array2<f64>) -> Option<f64> {
    let mean = outputs.mean_axis(Axis(0))?;
    let centred = outputs - &mean;
    let covariance = centred.t().dot(&centred);
    let trace = covariance.diag().sum();
    let squares: f64 = covariance.iter().map(|value| value * value).sum();
    (squares > 0.0).then(|| trace * trace / squares)
}

/// The functions that a trace or a state holds values of, and how many columns each takes.
#[derive(Clone, Copy)]
enum Held {
    Trace(&'static [(&'static str, Limits)]),
    Output(&'static str, Limits),
    Nothing,
}

#[derive(Clone, Copy)]
struct Limits {
    low: f64,
    high: f64,
}

const SIGMOID: Limits = Limits { low: 0.0, high: 1.0 };
const TANH: Limits = Limits { low: -1.0, high: 1.0 };

/// What is known of a cell's gates: those of the usual LSTM and GRU, and the bounded functions of a
/// simple cell.
fn held(kind: &CellKind) -> Held {
    match kind {
        CellKind::Lstm(options) if *options == LstmOptions::DEFAULT => Held::Trace(&[
            ("input gate", SIGMOID),
            ("forget gate", SIGMOID),
            ("output gate", SIGMOID),
            ("candidate", TANH),
        ]),
        CellKind::Gru(options) if is_usual(options) => {
            Held::Trace(&[("reset gate", SIGMOID), ("update gate", SIGMOID), ("candidate", TANH)])
        }
        CellKind::Simple(options) => match options.activation {
            ActivationKind::Tanh => Held::Output("state", TANH),
            ActivationKind::Sigmoid => Held::Output("state", SIGMOID),
            _ => Held::Nothing,
        },
        _ => Held::Nothing,
    }
}

fn is_usual(options: &GruOptions) -> bool {
    GruOptions { reset: GruOptions::DEFAULT.reset, ..*options } == GruOptions::DEFAULT
}

/// How often the gates and states along some paths stand at their limits; none where a cell's gates
/// are not known.
pub(super) fn saturation(kind: &CellKind, units: usize, paths: &[Path]) -> Vec<Saturation> {
    match held(kind) {
        Held::Nothing => Vec::new(),
        Held::Output(what, limits) => {
            let states = paths.iter().flat_map(|path| path.states.iter().skip(1));
            vec![share(what, limits, states.flat_map(|state| state[..units].iter()))]
        }
        Held::Trace(parts) => {
            let part = |(index, (what, limits)): (usize, &(&str, Limits))| {
                let traces = paths.iter().flat_map(|path| &path.traces);
                let values = traces.flat_map(|trace| trace[index * units..][..units].iter());
                share(what, *limits, values)
            };
            parts.iter().enumerate().map(part).collect()
        }
    }
}

fn share<'a>(what: &str, limits: Limits, values: impl Iterator<Item = &'a f64>) -> Saturation {
    let (mut count, mut low, mut high, mut sum) = (0.0, 0.0, 0.0, 0.0);
    for value in values {
        count += 1.0;
        sum += value;
        low += f64::from(*value < limits.low + NEAR);
        high += f64::from(*value > limits.high - NEAR);
    }
    let of = |number: f64| if count > 0.0 { number / count } else { 0.0 };
    Saturation { what: what.to_owned(), low: of(low), high: of(high), mean: of(sum) }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn the_effective_rank_of_a_line_is_1_and_of_a_square_2() {
        let line = array![[0.0, 0.0, 1.0], [1.0, 2.0, 1.0], [3.0, 6.0, 1.0]];
        assert!((effective_rank(&line).unwrap() - 1.0).abs() < 1e-12);
        let square = array![[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]];
        assert!((effective_rank(&square).unwrap() - 2.0).abs() < 1e-12);
        // Eigenvalues 16 and 4 of the scatter: 20² / (256 + 16).
        let cross = array![[2.0, 1.0], [2.0, -1.0], [-2.0, 1.0], [-2.0, -1.0]];
        assert!((effective_rank(&cross).unwrap() - 400.0 / 272.0).abs() < 1e-12);
        assert_eq!(effective_rank(&array![[5.0, 5.0], [5.0, 5.0]]), None);
    }

    #[test]
    fn idle_units_are_counted_apart() {
        let outputs = array![[0.0, 0.7, 0.1], [0.0, 0.7005, 0.5], [1e-9, 0.7, -0.2]];
        assert_eq!(UnitCounts::of(&outputs), UnitCounts { units: 3, dead: 1, constant: 1 });
    }
}
