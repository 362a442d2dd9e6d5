//! The attributions of one output, by gradients along the path from the baseline to the sequence.

use ndarray::{Array2, Array3, Axis};

use crate::error::{Error, Result};
use crate::network::{Network, Readout};
use crate::sequence::SequenceBatch;

/// How near the sum of the attributions must come to the difference of the outputs, relative to it
/// where it is above 1.
const COMPLETE: f64 = 1e-4;
/// The most pieces of the path.
const MOST_PIECES: usize = 4096;
/// Points of the path that are computed side by side.
const ROWS: usize = 64;

/// One output for one sequence.
pub(super) struct Asked<'a> {
    pub network: &'a Network<f64>,
    pub batch: &'a SequenceBatch<f64>,
    pub answer: usize,
    pub column: usize,
}

/// What an integral came to.
pub(super) struct Integral {
    pub integrated: Array2<f64>, // [T, I]
    pub value: f64,
    pub baseline_value: f64,
    pub missed: f64,
    pub evaluations: usize,
}

impl Asked<'_> {
    pub fn gradient_times_input(&self) -> Result<Array2<f64>> {
        let inputs = self.batch.values().index_axis(Axis(0), 0).to_owned();
        Ok(self.gradient_sum(&[Node { place: 1.0, weight: 1.0 }])? * inputs)
    }

    pub fn hidden(&self) -> Result<Vec<Vec<f64>>> {
        let run = self.network.watch(self.batch, |outputs| Array3::zeros(outputs.dim()))?;
        let top = run.sides.last().map_or(0, |side| side.layer);
        let sides = run.sides.iter().filter(|side| side.layer == top);
        let mut rows = vec![Vec::new(); self.batch.seq_len()];
        for side in sides {
            for (row, outputs) in rows.iter_mut().zip(side.outputs.rows()) {
                row.extend(outputs.iter().copied());
            }
        }
        Ok(rows)
    }

    pub fn integrate(&self) -> Result<Integral> {
        let inputs = self.batch.values().index_axis(Axis(0), 0).to_owned();
        let (value, baseline_value) = (self.output(1.0)?, self.output(0.0)?);
        let difference = value - baseline_value;
        let (mut pieces, mut evaluations) = (1, 0);
        loop {
            let nodes = nodes(pieces);
            evaluations += nodes.len();
            let integrated = self.gradient_sum(&nodes)? * &inputs;
            let missed = integrated.sum() - difference;
            if missed.abs() <= COMPLETE * difference.abs().max(1.0) {
                return Ok(Integral { integrated, value, baseline_value, missed, evaluations });
            }
            if pieces >= MOST_PIECES {
                let expected = format!("attributions that add up to {difference} to 1e-4");
                return Err(Error::argument("integrated gradients", expected, missed + difference));
            }
            pieces *= 4;
        }
    }

    /// The output for the sequence times `place`.
    fn output(&self, place: f64) -> Result<f64> {
        let values = self.batch.values().mapv(|value| value * place);
        let outputs = self.network.forward(&SequenceBatch::full(values), None)?.outputs;
        Ok(outputs[[0, self.answer, self.column]])
    }

    /// The weighted sum of the gradients of the inputs at places between the baseline and the sequence.
    fn gradient_sum(&self, nodes: &[Node]) -> Result<Array2<f64>> {
        let (_, seq_len, input_size) = self.batch.values().dim();
        let mut sum = Array2::zeros((seq_len, input_size));
        for nodes in nodes.chunks(ROWS) {
            let shape = (nodes.len(), seq_len, input_size);
            let values = Array3::from_shape_fn(shape, |(row, t, channel)| {
                nodes[row].place * self.batch.values()[[0, t, channel]]
            });
            let config = self.network.config();
            let count = match config.body.readout {
                Readout::EveryStep => seq_len,
                Readout::Pooled(_) => 1,
            };
            let answers = (nodes.len(), count, config.output_size());
            let gradient = Array3::from_shape_fn(answers, |(_, answer, column)| {
                f64::from(u8::from((answer, column) == (self.answer, self.column)))
            });
            let batch = SequenceBatch::full(values);
            let gradient = self.network.input_gradient(&batch, None, gradient.view())?;
            for (node, own) in nodes.iter().zip(gradient.inputs.outer_iter()) {
                sum.scaled_add(node.weight, &own);
            }
        }
        Ok(sum)
    }
}

/// A point of an integral over [0, 1].
#[derive(Clone, Copy)]
struct Node {
    place: f64,
    weight: f64,
}

/// Gauss's points and weights on [-1, 1], of 8; the negative ones mirror these.
///
/// # Source
///
/// M. Abramowitz and I. A. Stegun, "Handbook of mathematical functions" (1964), table 25.4.
const GAUSS: [Node; 4] = [
    Node { place: 0.183_434_642_495_649_8, weight: 0.362_683_783_378_362 },
    Node { place: 0.525_532_409_916_329, weight: 0.313_706_645_877_887_3 },
    Node { place: 0.796_666_477_413_626_7, weight: 0.222_381_034_453_374_5 },
    Node { place: 0.960_289_856_497_536_2, weight: 0.101_228_536_290_376_3 },
];

/// The points of so many pieces of [0, 1].
fn nodes(pieces: usize) -> Vec<Node> {
    let half = 0.5 / pieces as f64;
    let mut all = Vec::with_capacity(8 * pieces);
    for piece in 0..pieces {
        let middle = half * (2 * piece + 1) as f64;
        for Node { place, weight } in GAUSS {
            for side in [-place, place] {
                all.push(Node { place: middle + half * side, weight: half * weight });
            }
        }
    }
    all
}

#[cfg(test)]
mod tests;
