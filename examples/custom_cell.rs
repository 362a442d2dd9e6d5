//! A cell of your own: a leaky integrator whose units learn how fast they leak.
//!
//! ```text
//! a_t = x_t·W + h_{t-1}·U + b       c_t = tanh(a_t)       s = σ(λ)
//! h_t = h_{t-1} + s ⊙ (c_t - h_{t-1})
//! ```
//!
//! A unit with s = 1 is a simple one; a small s makes it slow. A cell is one step, written for rows
//! of plain slices. The layer brings time, directions, ragged batches, carried states and threads.
//!
//! Backward, with dh_t the gradient of the loss at h_t, comes from the same two lines read back:
//!
//! ```text
//! da_t     = dh_t ⊙ s ⊙ (1 - c_t²)                        through c_t = tanh(a_t)
//! dλ      += dh_t ⊙ (c_t - h_{t-1}) ⊙ s ⊙ (1 - s)         σ' = σ(1 - σ)
//! dh_{t-1} = dh_t ⊙ (1 - s) + da_t·Uᵀ                     the leak, and the way through a_t
//! dx_t     = da_t·Wᵀ     dW += x_tᵀ·da_t     dU += h_{t-1}ᵀ·da_t     db += da_t
//! ```
//!
//! Source: Jaeger, Lukoševičius, Popovici and Siewert, *Optimization and applications of echo state
//! networks with leaky-integrator neurons*, Neural Networks 20 (2007), with a leak for each unit.
//!
//! ```text
//! cargo run -p elman --example custom_cell [DECIMALS]
//! ```

#[path = "support/numbers.rs"]
mod numbers;

use std::error::Error;

use elman::cell::{BackwardRows, SequenceDeltas, StepRows};
use elman::real::Float;
use elman::{
    Cell, CellKind, Direction, GradientCheck, Layer, Network, NetworkConfig, ParameterShape, Rng,
    SequenceBatch, SimpleState,
};
use ndarray::{Array3, array};

use numbers::Numbers;

#[derive(Clone)]
struct LeakyCell {
    inputs: usize, // I
    units: usize,  // H
}

/// What many steps need: here the parameters by name, and s instead of λ.
struct LeakyWeights {
    input: Vec<f64>,     // W [I, H]
    recurrent: Vec<f64>, // U [H, H]
    bias: Vec<f64>,      // b [H]
    rate: Vec<f64>,      // s [H]
}

impl Cell<f64> for LeakyCell {
    type Prepared = LeakyWeights;
    type State = SimpleState<f64>; // one array h; a cell with more brings a type of its own

    fn input_size(&self) -> usize {
        self.inputs
    }

    fn hidden_size(&self) -> usize {
        self.units
    }

    /// A step keeps c_t of each unit for its way back.
    fn trace_size(&self) -> usize {
        self.units
    }

    /// The deltas of a step are what the parameters' gradients are summed from: da_t, then dλ_t.
    fn delta_size(&self) -> usize {
        2 * self.units
    }

    fn parameter_shapes(&self) -> Vec<ParameterShape> {
        vec![
            ParameterShape::new("input_weights", &[self.inputs, self.units]),
            ParameterShape::new("recurrent_weights", &[self.units, self.units]),
            ParameterShape::new("bias", &[self.units]),
            ParameterShape::new("leak", &[self.units]), // λ
        ]
    }

    /// The parameters arrive as one slice, in the order of their shapes.
    fn prepare(&self, parameters: &[f64]) -> LeakyWeights {
        let (input, rest) = parameters.split_at(self.inputs * self.units);
        let (recurrent, rest) = rest.split_at(self.units * self.units);
        let (bias, leak) = rest.split_at(self.units);
        LeakyWeights {
            input: input.to_vec(),
            recurrent: recurrent.to_vec(),
            bias: bias.to_vec(),
            rate: leak.iter().map(|&leak| 1.0 / (1.0 + Float::exp(-leak))).collect(),
        }
    }

    fn accepts(&self, weights: &LeakyWeights) -> bool {
        weights.input.len() == self.inputs * self.units && weights.rate.len() == self.units
    }

    fn step(&self, weights: &LeakyWeights, rows: StepRows<'_, '_, f64>) {
        let units = self.units;
        for (row, x) in rows.inputs.iter().enumerate() {
            let h_before = &rows.previous[row * units..][..units];
            for k in 0..units {
                let mut a = weights.bias[k];
                for (i, x) in x.iter().enumerate() {
                    a += x * weights.input[i * units + k];
                }
                for (j, h) in h_before.iter().enumerate() {
                    a += h * weights.recurrent[j * units + k];
                }
                let c = Float::tanh(a);
                if let Some(trace) = rows.trace.get_mut(row) {
                    trace[k] = c;
                }
                rows.state[row * units + k] = h_before[k] + weights.rate[k] * (c - h_before[k]);
            }
        }
    }

    fn step_backward(&self, weights: &LeakyWeights, rows: BackwardRows<'_, '_, f64>) {
        let units = self.units;
        for (row, deltas) in rows.deltas.iter_mut().enumerate() {
            // c_t, which the step kept, gives way to da_t.
            let (da, dleak) = deltas.split_at_mut(units);
            for k in 0..units {
                let (at, s) = (row * units + k, weights.rate[k]);
                let (dh, c) = (rows.grad_state[at], da[k]);
                let h_before = rows.previous.hidden[row][k];
                da[k] = dh * s * (1.0 - c * c);
                dleak[k] = dh * (c - h_before) * s * (1.0 - s);
            }
            for j in 0..units {
                let at = row * units + j;
                let mut dh_before = rows.grad_state[at] * (1.0 - weights.rate[j]);
                for (k, da) in da.iter().enumerate() {
                    dh_before += da * weights.recurrent[j * units + k];
                }
                rows.grad_previous[at] = dh_before;
            }
        }
    }

    fn input_gradient(
        &self,
        weights: &LeakyWeights,
        deltas: &[&[f64]],
        grad_inputs: &mut [&mut [f64]],
    ) {
        let units = self.units;
        for (deltas, dx) in deltas.iter().zip(grad_inputs) {
            for (i, dx) in dx.iter_mut().enumerate() {
                *dx = (0..units).map(|k| deltas[k] * weights.input[i * units + k]).sum();
            }
        }
    }

    /// Sums over all steps of all sequences. No mean: that belongs to the loss.
    fn parameter_gradient(&self, sequences: &[SequenceDeltas<'_, f64>], grad: &mut [f64]) {
        let units = self.units;
        let (dw, rest) = grad.split_at_mut(self.inputs * units);
        let (du, rest) = rest.split_at_mut(units * units);
        let (db, dleak) = rest.split_at_mut(units);
        for (x, h_before, deltas) in sequences.iter().flat_map(|sequence| sequence.steps()) {
            for k in 0..units {
                let da = deltas[k];
                for (i, x) in x.iter().enumerate() {
                    dw[i * units + k] += x * da;
                }
                for (j, h) in h_before.iter().enumerate() {
                    du[j * units + k] += h * da;
                }
                db[k] += da;
                dleak[k] += deltas[units + k];
            }
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let numbers = Numbers::from_arguments()?;

    // Are the gradients those of what `step` computes? Ragged lengths and both directions find most
    // mistakes; the report names the array and the element that disagree.
    let mut rng = Rng::new(1);
    let inputs = Array3::from_shape_simple_fn((4, 6, 3), || rng.normal());
    let batch = SequenceBatch::with_lengths(inputs, vec![6, 0, 2, 5])?;
    for direction in [Direction::Forward, Direction::Reverse] {
        let layer = Layer::new(LeakyCell { inputs: 3, units: 5 }, direction)?;
        let mut parameters = layer.parameters();
        parameters.values_mut().iter_mut().for_each(|value| *value = 0.5 * rng.normal());
        let report = GradientCheck::default().layer(&layer, &parameters, &batch)?;
        println!("{direction:?}: {report}");
    }

    // The same cell twice over, under a dense head.
    let config = NetworkConfig {
        cell: CellKind::Custom { name: "leaky".into() },
        hidden_size: 5,
        layers: 2,
        ..NetworkConfig::new(3, 2)
    };
    let mut network = Network::with_cell(config, |inputs| Ok(LeakyCell { inputs, units: 5 }))?;
    network.initialize(&mut rng)?;
    println!("Network: {}", GradientCheck::default().network(&mut network, &batch)?);

    // σ(40) is 1 in f64: with that leak the cell is the simple one, and so these are the states of
    // `forward_bptt.rs`.
    let layer = Layer::new(LeakyCell { inputs: 2, units: 4 }, Direction::Forward)?;
    let mut parameters = layer.parameters();
    let input_weights = array![[0.01, 0.03, 0.05, 0.07], [0.03, 0.05, 0.07, 0.08]];
    let recurrent_weights = array![
        [0.01, 0.03, 0.05, 0.07],
        [0.02, 0.04, 0.06, 0.08],
        [0.03, 0.05, 0.07, 0.08],
        [0.04, 0.06, 0.08, 0.10],
    ];
    parameters.set("input_weights", input_weights.view())?;
    parameters.set("recurrent_weights", recurrent_weights.view())?;
    parameters.set("bias", array![1.0, 1.0, 1.0, 1.0].view())?;
    let x = array![[[1.0, 2.0], [2.0, 3.0], [3.0, 4.0]]] / 100.0;
    for (leak, name) in [(40.0, "states without a leak"), (0.0, "states that leak by half")] {
        parameters.set("leak", array![leak, leak, leak, leak].view())?;
        let weights = layer.prepare(&parameters)?;
        let run = layer.forward(&weights, &SequenceBatch::full(x.clone()), None)?;
        numbers.show(name, run.outputs.view());
    }
    Ok(())
}
