//! What is looked at: a copy of a network in `f64`, and the number whose gradient is followed.

use ndarray::{Array3, ArrayView1, ArrayView3, Axis};

use super::path::{Walker, walker};
use crate::cell::CellSizes;
use crate::error::Result;
use crate::layer::Direction;
use crate::network::{Network, WatchedSide};
use crate::real::{Float, Real};
use crate::task::Task;

/// The number whose gradient is followed where nothing is asked about one output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Followed {
    /// The log-odds of the most likely class, `z_c - ln Σ_{j≠c} exp z_j`. The gradient of the
    /// cross-entropy is a multiple of it wherever that class is the right one, and unlike it does not
    /// vanish where the network is sure.
    LogOdds,
    /// The sum of the outputs.
    Sum,
}

impl Followed {
    /// What a task's answers are about.
    pub fn of(task: &Task) -> Self {
        match task {
            Task::Regress(_) | Task::MultiLabel(_) => Followed::Sum,
            _ => Followed::LogOdds,
        }
    }

    /// Its gradient for the outputs `[1, S, O]`.
    pub fn gradient(self, outputs: ArrayView3<'_, f64>) -> Array3<f64> {
        let mut gradient = Array3::ones(outputs.dim());
        if self == Followed::LogOdds {
            let lanes = gradient.lanes_mut(Axis(2)).into_iter().zip(outputs.lanes(Axis(2)));
            for (mut row, logits) in lanes {
                let best = largest(logits);
                let others = || logits.iter().enumerate().filter(|(class, _)| *class != best);
                let most = others().map(|(_, z)| *z).fold(f64::NEG_INFINITY, f64::max);
                let total: f64 = others().map(|(_, z)| Float::exp(z - most)).sum();
                for (class, (value, z)) in row.iter_mut().zip(logits).enumerate() {
                    *value = if class == best { 1.0 } else { -Float::exp(z - most) / total };
                }
            }
        }
        gradient
    }
}

/// The index of the largest of some logits; the first of several equal ones.
pub(super) fn largest(logits: ArrayView1<'_, f64>) -> usize {
    let better =
        |best: usize, class: usize| if logits[class] > logits[best] { class } else { best };
    (0..logits.len()).fold(0, better)
}

/// A copy of a network in `f64`.
///
/// # Errors
///
/// A custom cell.
pub(super) fn copy_of<T: Real>(network: &Network<T>) -> Result<Network<f64>> {
    let mut copy = Network::<f64>::new(network.config().clone())?;
    copy.update(|parameters| {
        let values = parameters.values_mut().iter_mut().zip(network.parameters().values());
        values.for_each(|(target, value)| *target = value.to_f64());
    });
    Ok(copy)
}

/// The network above the inputs of another: it reads as numbers what that one's first layer reads, the
/// embedded tokens included.
///
/// # Errors
///
/// None, of a network that could be made.
pub(super) fn above_inputs(network: &Network<f64>) -> Result<Network<f64>> {
    let mut config = network.config().clone();
    config.inputs = config.inputs.width().into();
    let mut above = Network::<f64>::new(config)?;
    above.update(|parameters| {
        // The embeddings stand last.
        let values = parameters.values_mut().iter_mut().zip(network.parameters().values());
        values.for_each(|(target, value)| *target = *value);
    });
    Ok(above)
}

/// The name of a side as its parameters have it: `layers.0.forward`.
pub(super) fn name_of(layer: usize, direction: Direction) -> String {
    match direction {
        Direction::Forward => format!("layers.{layer}.forward"),
        Direction::Reverse => format!("layers.{layer}.reverse"),
    }
}

/// The cell of a side with its weights.
pub(super) fn walker_of(
    network: &Network<f64>,
    side: &WatchedSide<f64>,
) -> Result<Box<dyn Walker>> {
    let config = &network.config().body.layers[side.layer];
    let sizes = CellSizes { input_size: side.inputs.ncols(), hidden_size: config.hidden_size };
    walker(&config.cell, sizes, own_values(network, side.layer, side.direction).as_slice())
}

/// The parameters of a side, as its cell has them.
fn own_values(network: &Network<f64>, layer: usize, direction: Direction) -> Vec<f64> {
    let prefix = format!("{}.", name_of(layer, direction));
    let mut start = 0;
    let mut own = Vec::new();
    for shape in network.parameters().shapes() {
        let values = &network.parameters().values()[start..start + shape.len()];
        start += shape.len();
        if shape.name.starts_with(&prefix) && !shape.name.ends_with(".initial_state") {
            own.extend_from_slice(values);
        }
    }
    own
}
