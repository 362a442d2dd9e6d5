//! The health of a network: numbers for each direction of each layer, and advice made of them.

use std::ops::Range;

use ndarray::{Array2, ArrayView2, Axis};
use serde::Serialize;

use super::advice::{Advice, advise};
use super::fixed_points::{FixedPoints, Search};
use super::linear::{largest_singular_value, spectral_radius};
use super::path::Path;
use super::reach::{Reach, Spread, lyapunov_exponent, norm, relative_norms};
use super::subject::{Followed, copy_of, name_of, walker_of};
use super::units::{Saturation, UnitCounts, effective_rank, saturation};
use crate::cell::{CellKind, ForgetGate};
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::layer::Direction;
use crate::model::Model;
use crate::network::{Network, WatchedRun, WatchedSide};
use crate::real::Real;
use crate::sequence::{SequenceBatch, TokenBatch};
use crate::task::Task;
use crate::text::Passage;

/// The most sequences that are looked at.
const MOST_SEQUENCES: usize = 48;
/// The most steps of them together, but for a first sequence that is longer.
const MOST_STEPS: usize = 20_000;
/// The steps of a stretch of text.
const TEXT_STEPS: u64 = 160;
/// The stretches of text.
const TEXT_STRETCHES: u64 = 16;
/// Wider recurrent weights take minutes to square.
const MOST_UNITS: usize = 512;

/// What was measured in a network along real sequences.
///
/// ```
/// use elman::see::Health;
/// use elman::{Dataset, Trainer};
/// use ndarray::array;
///
/// # fn main() -> elman::Result<()> {
/// let sequences = [array![[0.0], [1.0], [0.5]], array![[1.0], [0.0], [0.2]]];
/// let data = Dataset::with_labels(&sequences, &["up", "down"])?;
/// let model = Trainer::default().fit(&data)?.model;
/// let health = Health::measure(&model, &data)?;
/// let first = &health.sides[0];
/// assert_eq!((health.sample.sequences, first.counts.units), (2, 64));
/// assert_eq!(first.reach.lags[0].norm.median, 1.0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Health {
    /// What was looked at.
    pub sample: Sample,
    /// Each direction of each layer, the lowest layer first.
    pub sides: Vec<SideHealth>,
    /// What the numbers suggest.
    pub advice: Vec<Advice>,
    /// What was not measured, and why.
    pub left_out: Vec<String>,
}

/// The sequences that were looked at: evenly spaced ones, so many as can be followed in a moment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Sample {
    /// How many.
    pub sequences: usize,
    /// Of how many.
    pub of: usize,
    /// Their steps together.
    pub steps: usize,
    /// Their lengths.
    pub lengths: Spread,
}

/// One direction of one layer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SideHealth {
    /// The layer, from 0.
    pub layer: usize,
    /// The direction in which it reads.
    pub direction: Direction,
    /// The kind of its cell.
    pub cell: String,
    /// How far a gradient reaches back.
    pub reach: Reach,
    /// The largest Lyapunov exponent along the sequences, per step: below 0 small differences die out,
    /// above 0 they grow. `None` where no sequence has eight steps.
    pub lyapunov: Option<Spread>,
    /// Gates and states at their limits.
    pub saturation: Vec<Saturation>,
    /// Units that do nothing.
    pub counts: UnitCounts,
    /// How many directions the states use; see the participation ratio of Gao et al. (2017). `None`
    /// where they do not vary.
    pub effective_rank: Option<f64>,
    /// The mean of `‖h_t‖/√H`.
    pub state_norm: f64,
    /// The mean norm of the gradient of all weights of the direction, one sequence at a time.
    pub gradient_norm: f64,
    /// The recurrent weights, gate by gate; none for a cell without them.
    pub weights: Vec<Weights>,
}

/// The recurrent weights of one gate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Weights {
    /// The gate.
    pub gate: String,
    /// The largest absolute value of an eigenvalue; `None` where they are not square.
    pub spectral_radius: Option<f64>,
    /// The most by which they stretch a state.
    pub largest_singular_value: f64,
}

impl Health {
    /// Measures a model along sequences; their targets, if there are any, are not looked at.
    ///
    /// # Errors
    ///
    /// Data that the model does not read; no sequence with a step; a custom cell.
    pub fn measure<T: Real>(model: &Model<T>, data: &Dataset) -> Result<Self> {
        let looked = Looked::at(model, data)?;
        let mut health = looked.health()?;
        let members = model.members().len();
        if members > 1 {
            health.left_out.push(format!("the other members of {members}: these are the first's"));
        }
        Ok(health)
    }

    /// Measures a model of text along stretches of one, each from an empty state.
    ///
    /// # Errors
    ///
    /// A model of something else; a text that cannot be read.
    pub fn of_text<T: Real>(model: &Model<T>, passage: &Passage<'_>) -> Result<Self> {
        Looked::at_text(model, passage)?.health()
    }
}

/// A network that was followed along sequences.
pub(super) struct Looked {
    pub(super) network: Network<f64>,
    pub(super) runs: Vec<WatchedRun<f64>>,
    sample: Sample,
}

/// Batches of one sequence each, and how many sequences there are in all.
struct Chosen {
    sequences: Vec<SequenceBatch<f64>>,
    of: usize,
}

impl Looked {
    /// Along some sequences of data.
    pub(super) fn at<T: Real>(model: &Model<T>, data: &Dataset) -> Result<Self> {
        let data = &*model.inputs().read(data)?;
        let chosen = choose(&data.lengths());
        let sequences = chosen.iter().map(|&index| data.batch(&[index], model.scaling()));
        let sequences = sequences.collect::<Result<_>>()?;
        Looked::along(model, &Chosen { sequences, of: data.len() })
    }

    /// Along stretches of a text.
    pub(super) fn at_text<T: Real>(model: &Model<T>, passage: &Passage<'_>) -> Result<Self> {
        if !matches!(model.task(), Task::Text(_)) {
            return Err(Error::argument("model", "a model of text", "another"));
        }
        let stretches = stretches(passage);
        let length = stretches.first().map_or(1, |range| range.end - range.start);
        let sequences = stretches.into_iter().map(|range| {
            let mut ids = Vec::new();
            passage.corpus.read(range, &mut ids)?;
            SequenceBatch::from_tokens(vec![TokenBatch::from_sequences(&[&ids])])
        });
        let of = usize::try_from(passage.len() / length).unwrap_or(usize::MAX);
        let sequences = sequences.collect::<Result<_>>()?;
        Looked::along(model, &Chosen { sequences, of })
    }

    fn along<T: Real>(model: &Model<T>, chosen: &Chosen) -> Result<Self> {
        let Chosen { sequences, of } = chosen;
        let followed = Followed::of(model.task());
        let lengths: Vec<f64> = sequences.iter().map(|one| one.lengths()[0] as f64).collect();
        let Some(spread) = Spread::of(&lengths) else {
            return Err(Error::argument("data", "a sequence with a step", "none"));
        };
        let network = copy_of(model.network())?;
        let watched = sequences.iter().map(|one| network.watch(one, |out| followed.gradient(out)));
        let runs = watched.collect::<Result<Vec<_>>>()?;
        let steps = sequences.iter().map(|one| one.lengths()[0]).sum();
        let sample = Sample { sequences: sequences.len(), of: *of, steps, lengths: spread };
        Ok(Looked { network, runs, sample })
    }

    fn sides(&self) -> usize {
        self.runs.first().map_or(0, |run| run.sides.len())
    }

    fn health(self) -> Result<Health> {
        let sides = (0..self.sides()).map(|index| SideHealth::of(&self.network, &self.runs, index));
        let sides = sides.collect::<Result<Vec<_>>>()?;
        let left_out = left_out(&sides);
        let advice = advise(&self.sample, &sides, self.network.config());
        Ok(Health { sample: self.sample, sides, advice, left_out })
    }

    /// The fixed points of each side.
    pub(super) fn fixed_points(&self, search: Search) -> Result<Vec<FixedPoints>> {
        (0..self.sides()).map(|index| FixedPoints::of_side(self, index, search)).collect()
    }
}

/// Evenly spaced stretches of a text, so many and so long as can be followed in a moment.
fn stretches(passage: &Passage<'_>) -> Vec<Range<u64>> {
    let length = passage.len().min(TEXT_STEPS);
    let count = (passage.len() / length.max(1)).min(TEXT_STRETCHES);
    let room = passage.len() - length;
    let start = |place: u64| passage.range.start + place * room / (count - 1).max(1);
    (0..count).map(|place| start(place)..start(place) + length).collect()
}

/// The indices of the sequences that are looked at.
fn choose(lengths: &[usize]) -> Vec<usize> {
    let usable: Vec<usize> = (0..lengths.len()).filter(|&index| lengths[index] > 0).collect();
    let count = usable.len().min(MOST_SEQUENCES);
    let mut steps = 0;
    let spaced = (0..count).map(|place| usable[place * usable.len() / count]);
    spaced
        .take_while(|&index| {
            let fits = steps == 0 || steps + lengths[index] <= MOST_STEPS;
            steps += lengths[index];
            fits
        })
        .collect()
}

fn left_out(sides: &[SideHealth]) -> Vec<String> {
    let mut all = Vec::new();
    if sides.iter().any(|side| side.lyapunov.is_none()) {
        all.push("Lyapunov exponents where no sequence has eight steps".to_owned());
    }
    if sides.iter().any(|side| side.saturation.is_empty()) {
        let cells = "cells other than the usual LSTM and GRU and bounded simple cells";
        all.push(format!("saturation in {cells}: their values have no limits, or no names"));
    }
    if sides.iter().any(|side| side.counts.units > MOST_UNITS) {
        all.push(format!("the spectrum of more than {MOST_UNITS} units: it would take minutes"));
    }
    all
}

impl SideHealth {
    /// The side at an index, along all runs.
    fn of(network: &Network<f64>, runs: &[WatchedRun<f64>], index: usize) -> Result<Self> {
        let all: Vec<&WatchedSide<f64>> = runs.iter().map(|run| &run.sides[index]).collect();
        let first = all[0];
        let walker = walker_of(network, first)?;
        let (mut norms, mut exponents, mut paths) = (Vec::new(), Vec::new(), Vec::new());
        for (seed, side) in all.iter().enumerate() {
            let path = walker.follow(in_order(&side.inputs, side.direction).view(), &side.initial);
            let arriving = in_order(&side.arriving, side.direction);
            let arriving: Vec<Vec<f64>> = arriving.rows().into_iter().map(|r| r.to_vec()).collect();
            norms.push(relative_norms(walker.as_ref(), &path, &arriving));
            exponents.extend(lyapunov_exponent(walker.as_ref(), &path, seed as u64));
            paths.push(path);
        }
        let kind = &network.config().body.layers[first.layer].cell;
        let outputs = outputs_of(&paths, walker.output_size());
        let units = network.config().body.layers[first.layer].hidden_size;
        Ok(SideHealth {
            layer: first.layer,
            direction: first.direction,
            cell: kind.name().to_owned(),
            reach: Reach::of(&norms),
            lyapunov: Spread::of(&exponents),
            saturation: saturation(kind, units, &paths),
            counts: UnitCounts::of(&outputs),
            effective_rank: effective_rank(&outputs),
            state_norm: mean(
                outputs
                    .rows()
                    .into_iter()
                    .map(|row| norm(&row.to_vec()) / (row.len() as f64).sqrt()),
            ),
            gradient_norm: mean(runs.iter().map(|run| gradient_norm(run, first))),
            weights: weights(network, first, kind)?,
        })
    }

    /// The mean of a gate over all steps and units.
    #[must_use]
    pub fn gate(&self, what: &str) -> Option<&Saturation> {
        self.saturation.iter().find(|saturation| saturation.what == what)
    }
}

/// Steps in the order in which a direction reads them.
pub(super) fn in_order(steps: &Array2<f64>, direction: Direction) -> Array2<f64> {
    let mut steps = steps.clone();
    if direction == Direction::Reverse {
        steps.invert_axis(Axis(0));
    }
    steps
}

/// The outputs of all steps, `[steps, H]`.
fn outputs_of(paths: &[Path], size: usize) -> Array2<f64> {
    let states = paths.iter().flat_map(|path| path.states.iter().skip(1));
    let values: Vec<f64> = states.flat_map(|state| state[..size].iter().copied()).collect();
    let rows = values.len() / size.max(1);
    Array2::from_shape_vec((rows, size), values).unwrap_or_default()
}

fn gradient_norm(run: &WatchedRun<f64>, side: &WatchedSide<f64>) -> f64 {
    let prefix = format!("{}.", name_of(side.layer, side.direction));
    let own = run.gradient.shapes().iter().filter(|shape| shape.name.starts_with(&prefix));
    let values = own.filter_map(|shape| run.gradient.get(&shape.name).ok());
    let squares: f64 = values.map(|array| array.iter().map(|v| v * v).sum::<f64>()).sum();
    squares.sqrt()
}

fn mean(numbers: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = numbers.len().max(1) as f64;
    numbers.sum::<f64>() / count
}

/// The recurrent weights of each gate of a side.
fn weights(
    network: &Network<f64>,
    side: &WatchedSide<f64>,
    kind: &CellKind,
) -> Result<Vec<Weights>> {
    let name = format!("{}.recurrent_weights", name_of(side.layer, side.direction));
    let units = network.config().body.layers[side.layer].hidden_size;
    let Ok(all) = network.parameters().get(&name) else { return Ok(Vec::new()) };
    if units > MOST_UNITS {
        return Ok(Vec::new());
    }
    if all.ndim() == 1 {
        let largest = all.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
        let gate = "state".to_owned();
        let spectral_radius = Some(largest);
        return Ok(vec![Weights { gate, spectral_radius, largest_singular_value: largest }]);
    }
    let Ok(all) = all.into_dimensionality::<ndarray::Ix2>() else { return Ok(Vec::new()) };
    let blocks = all.axis_chunks_iter(Axis(1), units);
    gate_names(kind).iter().zip(blocks).map(|(gate, block)| Weights::of(gate, block)).collect()
}

impl Weights {
    fn of(gate: &str, block: ArrayView2<'_, f64>) -> Result<Self> {
        let square = block.nrows() == block.ncols();
        Ok(Weights {
            gate: gate.to_owned(),
            spectral_radius: if square { Some(spectral_radius(block)?) } else { None },
            largest_singular_value: largest_singular_value(block)?,
        })
    }
}

/// The gates of a cell in the order of their columns in the recurrent weights.
fn gate_names(kind: &CellKind) -> &'static [&'static str] {
    match kind {
        CellKind::Lstm(options) if options.forget_gate == ForgetGate::Coupled => {
            &["input gate", "output gate", "candidate"]
        }
        CellKind::Lstm(_) => &["input gate", "forget gate", "output gate", "candidate"],
        CellKind::Gru(_) => &["reset gate", "update gate", "candidate"],
        _ => &["state"],
    }
}
