//! The gradient of the inputs through a layer whose input weights no cache of one processor holds.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use elman::layer::ArrivingGradient;
use elman::{
    ActivationKind, Direction, Layer, Rng, SequenceBatch, SimpleCell, threads::with_threads,
};
use ndarray::{Array3, Axis};

const INPUT_SIZE: usize = 530;
const HIDDEN_SIZE: usize = 520;
const SEQUENCES: usize = 280;
const STEPS: usize = 3;

struct Problem {
    layer: Layer<SimpleCell<f64>>,
    weights: <SimpleCell<f64> as elman::Cell<f64>>::Prepared,
    values: Array3<f64>,
    grad_outputs: Array3<f64>,
}

impl Problem {
    fn new(direction: Direction) -> Self {
        let cell = SimpleCell::new(INPUT_SIZE, HIDDEN_SIZE, ActivationKind::Tanh).unwrap();
        let layer = Layer::new(cell, direction).unwrap();
        let mut rng = Rng::new(7);
        let mut parameters = layer.parameters::<f64>();
        parameters.values_mut().iter_mut().for_each(|value| *value = 0.03 * rng.normal());
        let mut noise =
            |size| Array3::from_shape_simple_fn((SEQUENCES, STEPS, size), || rng.normal());
        let (values, grad_outputs) = (noise(INPUT_SIZE), noise(HIDDEN_SIZE));
        let weights = layer.prepare(&parameters).unwrap();
        Problem { layer, weights, values, grad_outputs }
    }

    /// dx of some of the sequences, with lengths of 3, 2 and 1.
    fn grad_inputs(&self, rows: std::ops::Range<usize>) -> Array3<f64> {
        let lengths = rows.clone().map(|row| STEPS - row % STEPS).collect();
        let slice = rows.into();
        let values = self.values.slice_axis(Axis(0), slice).to_owned();
        let outputs = Some(self.grad_outputs.slice_axis(Axis(0), slice));
        let batch = SequenceBatch::with_lengths(values, lengths).unwrap();
        let mut trace = self.layer.forward_traced(&self.weights, &batch, None).unwrap();
        let arriving = ArrivingGradient { outputs, final_state: None };
        let mut grad = self.layer.parameters::<f64>();
        let back =
            self.layer.backward(&self.weights, &batch, &mut trace, arriving, &mut grad).unwrap();
        back.inputs
    }
}

/// A large batch takes the weights once for all steps of a sequence, a small one step by step.
#[test]
fn a_sequence_gets_the_same_gradient_of_its_inputs_alone_and_in_a_large_batch() {
    for direction in [Direction::Forward, Direction::Reverse] {
        let problem = Problem::new(direction);
        for threads in [1, 2] {
            let (whole, pairs) = with_threads(Some(threads), || {
                let pairs = [0, 101, 278].map(|row| (row, problem.grad_inputs(row..row + 2)));
                (problem.grad_inputs(0..SEQUENCES), pairs)
            })
            .unwrap();
            for (row, pair) in pairs {
                let piece = whole.slice_axis(Axis(0), (row..row + 2).into());
                assert!(pair == piece, "{direction:?}, {threads} threads, sequence {row}");
            }
        }
    }
}
