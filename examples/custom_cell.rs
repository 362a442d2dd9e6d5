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

use elman::cell::gated::{GateInputs, GateSizes, GatedWeights};
use elman::cell::product::{Out, Rows, Start};
use elman::cell::{BackwardRows, SequenceDeltas, StepRows, Units};
use elman::real::{Compiled, Float};
use elman::{
    Cell, CellKind, CellSizes, Direction, GradientCheck, Layer, LayerConfig, Network,
    ParameterShape, Rng, SequenceBatch, SimpleState,
};
use ndarray::{Array3, array};

use numbers::Numbers;

/// The cell: its sizes, as the weights come from outside.
#[derive(Clone)]
pub struct LeakyCell {
    /// I.
    pub inputs: usize,
    /// H.
    pub units: usize,
}

/// What many steps need: W, U and b packed for the products, and s instead of λ.
pub struct LeakyWeights {
    gates: GatedWeights<f64>,
    rate: Vec<f64>, // s [H]
}

impl LeakyCell {
    /// One gate, so to speak: W is [I, H], U [H, H] and b [H].
    fn sizes(&self) -> GateSizes {
        GateSizes { input_size: self.inputs, recurrent_size: self.units, columns: self.units }
    }
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
        let mut shapes = self.sizes().parameter_shapes(); // W, U and b
        shapes.push(ParameterShape::new("leak", &[self.units])); // λ
        shapes
    }

    /// The parameters arrive as one slice, in the order of their shapes.
    fn prepare(&self, parameters: &[f64]) -> LeakyWeights {
        let leak = &parameters[self.sizes().end()..];
        LeakyWeights {
            gates: GatedWeights::ungrouped(self.sizes(), parameters),
            rate: leak.iter().map(|&leak| Float::sigmoid(leak)).collect(),
        }
    }

    fn accepts(&self, weights: &LeakyWeights) -> bool {
        weights.gates.sizes() == self.sizes()
    }

    fn step(&self, weights: &LeakyWeights, rows: StepRows<'_, '_, f64>) {
        let units = self.units;
        // a_t = b + x_t·W + h_{t-1}·U, for all rows at once, in the place of h_t.
        let hidden = Rows::Strided { values: rows.previous, stride: units };
        let inputs = GateInputs { inputs: rows.inputs, hidden, begun: rows.begun };
        let out = Out::Strided { values: &mut *rows.state, stride: units };
        weights.gates.all().pre_activations(inputs, out, &Units::all(units));
        for (row, state) in rows.state.chunks_exact_mut(units).enumerate() {
            let h_before = &rows.previous[row * units..][..units];
            for k in 0..units {
                let c = Float::tanh(state[k]);
                if let Some(trace) = rows.trace.get_mut(row) {
                    trace[k] = c;
                }
                state[k] = h_before[k] + weights.rate[k] * (c - h_before[k]);
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
                rows.grad_previous[at] = dh * (1.0 - s);
            }
        }
        // dh_{t-1} += da_t·Uᵀ, for all rows at once.
        let deltas = Rows::Mutable { rows: rows.deltas, first: 0 };
        let term = weights.gates.all().transposed_term(deltas);
        f64::product(Start::Output, &[term], rows.grad_previous);
    }

    fn input_gradient(
        &self,
        weights: &LeakyWeights,
        deltas: &[&[f64]],
        grad_inputs: &mut [&mut [f64]],
    ) {
        weights.gates.input_gradient(deltas, grad_inputs); // dx_t = da_t·Wᵀ
    }

    /// Sums over all steps of all sequences. No mean: that belongs to the loss.
    fn parameter_gradient(&self, sequences: &[SequenceDeltas<'_, f64>], grad: &mut [f64]) {
        let units = self.units;
        let (dw, rest) = grad.split_at_mut(self.inputs * units);
        let (du, rest) = rest.split_at_mut(units * units);
        let (db, dleak) = rest.split_at_mut(units);
        for step in sequences.iter().flat_map(|sequence| sequence.steps()) {
            for k in 0..units {
                let da = step.deltas[k];
                for (i, x) in step.inputs.iter().enumerate() {
                    dw[i * units + k] += x * da;
                }
                for (j, h) in step.hidden.iter().enumerate() {
                    du[j * units + k] += h * da;
                }
                db[k] += da;
                dleak[k] += step.deltas[units + k];
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
    let layer = LayerConfig::new(CellKind::Custom { name: "leaky".into() }, 5);
    let config = Network::builder(3).layer(layer.clone()).layer(layer).dense(2);
    let own =
        |sizes: CellSizes| Ok(LeakyCell { inputs: sizes.input_size, units: sizes.hidden_size });
    let mut network = Network::with_cell(config, own)?;
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
        let computed = layer.forward(&weights, &SequenceBatch::full(x.clone()), None)?;
        numbers.show(name, computed.outputs.view());
    }
    Ok(())
}
